"""Arguments and options that several verbs share, and the checks of ``--output``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from dbnchurn.core.errors import ConfigError, listed
from dbnchurn.core.places import make_folder

if TYPE_CHECKING:
    from dbnchurn.tables.dialect import CsvSettings

# Endings by which a path is a file even if it does not exist.
FILE_ENDINGS = (
    ".csv", ".html", ".json", ".md", ".onnx", ".parquet", ".tsv", ".txt", ".xlsx", ".yaml", ".yml",
)  # fmt: skip


class IdMatch(StrEnum):
    """How ids of two tables are compared, as ``dbnchurn.campaign.id_match`` has it."""

    EXACT = "exact"
    DIGITS = "digits"
    LOOSE = "loose"


Config = Annotated[Path, typer.Argument(help="YAML config.")]
Model = Annotated[Path, typer.Argument(help="Model folder.")]
Id = Annotated[str | None, typer.Option(help="Column that names the customer.")]
RawText = Annotated[
    bool,
    typer.Option(
        "--raw-text",
        help="Leave texts of CSV files as they are; by default those that a spreadsheet would "
        "compute (= + - @) have an apostrophe in front.",
    ),
]
Sheet = Annotated[
    str | None,
    typer.Option(help="Sheet of a spreadsheet; needed where several hold something."),
]
Delimiter = Annotated[str | None, typer.Option(help="Delimiter of a CSV file.")]
Encoding = Annotated[str | None, typer.Option(help="Encoding of a CSV file, such as cp1250.")]
Database = Annotated[str | None, typer.Option(help="Environment variable with a PostgreSQL URL.")]
Cutoff = typer.Option(
    formats=["%Y-%m-%d"], help="Build a month: from the records before this date."
)
Mkdir = Annotated[
    bool, typer.Option("--mkdir", help="Make the folder of an output if it is not there.")
]
HISTORY = "a folder, or postgresql:NAME, where NAME is an environment variable with a URL"
History = Annotated[
    str | None,
    typer.Option(
        metavar="HISTORY",
        help=f"Add the month to this history, which 'dbnchurn monitor' reads: {HISTORY}.",
    ),
]
AllowStale = Annotated[
    str | None,
    typer.Option(
        metavar="REASON", help="Build a month from tables that do not reach over its windows."
    ),
]
AllowChanged = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="Column that may be empty, or hold others than the values of training.",
    ),
]
RawTables = typer.Option("--table", metavar="NAME=PATH", help="Where a raw table lies.")
RawSources = Annotated[
    Path | None,
    typer.Option(
        "--sources",
        metavar="FILE",
        help="YAML file that names the raw tables' sources: files, queries, databases; or the "
        "config of the training.",
    ),
]
TrustSources = Annotated[
    bool,
    typer.Option("--trust-sources", help="Read raw tables where the model says they lie."),
]
Engine = Annotated[
    Literal["local", "spark"],
    typer.Option(help="Where tables are read, joined and scored: this machine, or Spark."),
]
Expect = Annotated[
    str | None,
    typer.Option(metavar="DIGEST", help="Refuse any model but that of 'dbnchurn digest MODEL'."),
]
PublicKey = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Refuse a model that the owner of this key has not signed."),
]


def csv_settings(delimiter: str | None, encoding: str | None) -> CsvSettings | None:
    """What the options ``--delimiter`` and ``--encoding`` say.

    Parameters
    ----------
    delimiter, encoding : str, optional

    Returns
    -------
    CsvSettings or None
        None where neither was given.
    """
    from dbnchurn.tables.dialect import CsvSettings

    return None if delimiter is None and encoding is None else CsvSettings(delimiter, encoding)


PathOrText = TypeVar("PathOrText", Path, str)


def make_above(output: Path, mkdir: bool) -> None:
    """Make the folder above an output if the user asked for that.

    Parameters
    ----------
    output : Path
        A file, or the folder of the runs.
    mkdir : bool
        Whether ``--mkdir`` was given.

    Raises
    ------
    ConfigError
        If it cannot be made.
    """
    if mkdir:
        make_folder(output.parent, "output")


def output_file(*endings: str, help: str, option: str = "--output") -> Any:
    """The option ``--output`` of a verb that writes one file, or another one that names a file.

    Parameters
    ----------
    *endings : str
        Endings that the name may have.
    help : str
    option : str, default "--output"

    Returns
    -------
    typer option
        Its metavar is FILE; another ending, or a folder, is refused.
    """

    def check(path: Path | None) -> Path | None:
        return None if path is None else file_of(path, endings, option)

    return typer.Option(option, metavar="FILE", help=help, callback=check)


def file_of(path: str | Path, endings: Sequence[str], option: str = "--output") -> Path:
    """The file that an option names.

    Parameters
    ----------
    path : path
    endings : sequence of str
        That its name may have.
    option : str, default "--output"

    Returns
    -------
    Path

    Raises
    ------
    ConfigError
        If it is a folder, or has another ending.
    """
    place = Path(path)
    if place.is_dir() or place.suffix.lower() not in endings:
        raise ConfigError(
            f"{option} {path}: a file is written here, so give a name with one of the "
            f"endings {listed(endings)}"
        )
    return place


Page = Annotated[Path | None, output_file(".html", help="Write a page too.", option="--page")]
Facts = Annotated[
    Path | None, output_file(".json", help="Write all numbers too.", option="--facts")
]


def print_written(*paths: Path | None) -> None:
    """Say which outputs were written; None stands for one that was not asked for."""
    print(f"written: {', '.join(str(path) for path in paths if path is not None)}")


def output_folder(*, help: str) -> Any:
    """The option ``--output`` of a verb that writes several files into one folder.

    Returns
    -------
    typer option
        Its metavar is FOLDER; a file, or a name that ends like one, is refused.
    """

    def check(path: PathOrText) -> PathOrText:
        refuse_file(path)
        return path

    return typer.Option("--output", metavar="FOLDER", help=help, callback=check)


def refuse_file(path: str | Path) -> None:
    """Refuse a file where ``--output`` is a folder.

    Raises
    ------
    ConfigError
        If there is such a file, or the name ends like one.
    """
    place = Path(path)
    if place.is_file() or place.suffix.lower() in FILE_ENDINGS:
        raise ConfigError(f"--output {path}: a folder is written here, so give no name of a file")


def refuse_options(context: typer.Context, allowed: Collection[str], why: str) -> None:
    """Refuse options that were given and would be passed over.

    Parameters
    ----------
    context : typer.Context
    allowed : collection of str
        Names of the parameters that count.
    why : str
        Begins the message.

    Raises
    ------
    ConfigError
        With all such options.
    """
    given = [
        max(parameter.opts, key=len)
        for parameter in context.command.params
        if parameter.name not in allowed
        and str(context.get_parameter_source(parameter.name or "")).endswith("COMMANDLINE")
    ]
    if given:
        raise ConfigError(f"{why}: leave out {', '.join(given)}")


def paths_by_table(texts: Sequence[str] | None) -> dict[str, str]:
    """Table → path of the texts ``NAME=PATH`` that ``--table`` was given.

    Raises
    ------
    ConfigError
        If a text has no ``=``.
    """
    for text in texts or ():
        if "=" not in text:
            raise ConfigError(f"--table {text!r}: write NAME=PATH")
    return {name: path for name, _, path in (text.partition("=") for text in texts or ())}


def check_month_options(history: str | None, month: object, cutoff: object) -> None:
    """Refuse a month that no history is told, and one that is told twice.

    Parameters
    ----------
    history : str or None
    month, cutoff : object
        What ``--month`` and ``--cutoff`` were given, empty or None where nothing.

    Raises
    ------
    ConfigError
        If ``--month`` is given without ``--history``, or with ``--cutoff``.
    """
    if history is None and month:
        raise ConfigError("--month belongs to --history HISTORY")
    if month and cutoff:
        raise ConfigError("--month and --cutoff are the same here; give --cutoff alone")
