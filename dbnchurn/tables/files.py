"""Which files are tables, and which files a path, folder or pattern stands for."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from dbnchurn.core.errors import ConfigError, DataError, did_you_mean, listed
from dbnchurn.core.made_by import note_read

FileKind = Literal["csv", "parquet", "excel"]
PACKED = ("", ".gz", ".zip")
ARCHIVES = (".zip", ".gz", ".tgz", ".7z", ".rar", ".bz2", ".xz", ".zst", ".tar")
ENDINGS: dict[FileKind, tuple[str, ...]] = {
    "csv": tuple(f"{name}{packed}" for name in (".csv", ".tsv", ".txt") for packed in PACKED),
    "parquet": (".parquet", ".pq"),
    "excel": (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"),
}
"""Kind of file → endings of its name."""

ALL_ENDINGS = tuple(ending for endings in ENDINGS.values() for ending in endings)
NAMES: dict[FileKind, str] = {"csv": "CSV", "parquet": "Parquet", "excel": "Excel"}


def kind_of_file(path: Path) -> FileKind | None:
    """The kind of a file by the ending of its name; None if it is none of a table.

    Examples
    --------
    >>> kind_of_file(Path("Customers.CSV.gz")), kind_of_file(Path("notes.pdf"))
    ('csv', None)
    """
    name = path.name.lower()
    return next((kind for kind, endings in ENDINGS.items() if name.endswith(endings)), None)


def checked_file(path: Path) -> Path:
    """The path of one file with a table.

    Raises
    ------
    DataError
        If there is no such file, it is a folder or empty, or of another kind.
    """
    if path.is_symlink() and not path.exists():
        raise DataError(f"{path} is a link to a file that is not there; mend the link")
    if not path.exists():
        raise DataError(f"{path}: no such file{nearby(path)}")
    if path.is_dir():
        raise DataError(f"{path} is a folder; give one file with a table")
    if kind_of_file(path) is None:
        raise _unknown(path)
    if not path.is_file():
        raise DataError(f"{path} is no plain file but a pipe or device; store the table in a file")
    if path.stat().st_size == 0:
        raise DataError(f"{path}: the file is empty; it needs a header and rows")
    return path


def files_at(path: str, name: str) -> list[Path]:
    """The table files of an input: one file, or all of a folder or pattern.

    Parameters
    ----------
    path : str
        A file, a folder, or a pattern with ``*``.
    name : str
        Name of the table, for messages.

    Returns
    -------
    list of Path

    Raises
    ------
    DataError
        As :func:`checked_file` and :func:`find_files`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for month in ("2026-08.csv", "2026-09.csv"):
    ...         _ = (Path(folder) / month).write_text("id")
    ...     [file.name for file in files_at(folder, "bills")]
    ['2026-08.csv', '2026-09.csv']
    """
    place = Path(path)
    several = place.is_dir() or "*" in path
    return find_files(path, name) if several else [checked_file(place)]


def _is_archive(path: Path) -> bool:
    """Whether a file is packed, and its name does not say what is in it."""
    return path.name.lower().endswith(ARCHIVES) and kind_of_file(path) is None and path.is_file()


def _unknown(path: Path) -> DataError:
    endings = listed(ALL_ENDINGS, limit=20)
    packed = "; unpack it, or let its name say what is in it, such as NAME.csv.zip"
    return DataError(
        f"{path}: unknown ending; a table is one of {endings}{packed if _is_archive(path) else ''}"
    )


def check_options(file: Path, *, sheet: str | None, dialect: bool) -> None:
    """Refuse what is said of a file of another kind, which would not be used.

    Parameters
    ----------
    file : Path
    sheet : str or None
        Sheet of a spreadsheet.
    dialect : bool
        Whether delimiter, encoding or quote of a CSV file are given.

    Raises
    ------
    ConfigError
        If the file is no spreadsheet and a sheet is named, or no CSV file and these are given.
    """
    kind = kind_of_file(file)
    this = f"this is no {{}}{'' if kind is None else f' but {NAMES[kind]}'}"
    if sheet is not None and kind != "excel":
        raise ConfigError(
            f"{file}: {this.format('spreadsheet')}, so it has no sheet {sheet!r}; leave sheet out"
        )
    if dialect and kind != "csv":
        raise ConfigError(
            f"{file}: {this.format('CSV file')}, so it has no delimiter, encoding or quote; leave "
            "them out"
        )


def nearby(path: Path) -> str:
    """End of a message about a missing file: a similar name, or the folder that was searched."""
    if path.parent.is_dir():
        tables = sorted(p.name for p in path.parent.iterdir() if kind_of_file(p) is not None)
        if tables:
            return f", {did_you_mean(path.name, tables)}"
    return "" if path.is_absolute() else f" (looked in {Path.cwd()})"


def find_files(path: str, name: str) -> list[Path]:
    """The table files that a path, folder or pattern stands for, sorted by name.

    Parameters
    ----------
    path : str
        A file, a folder (with its subfolders), or a pattern with ``*``. Empty files are left out,
        and so are the marks ``~$NAME`` of tables that are open in a spreadsheet program.
    name : str
        Name of the table, for messages.

    Returns
    -------
    list of Path
        All of one kind.

    Raises
    ------
    DataError
        If there are none, or several kinds are mixed.
    """
    note_read([path])
    place = Path(path)
    where = f"table {name!r}: {path}"
    if place.is_dir():
        inside = sorted(place.rglob("*"))
        if packed := [file for file in inside if _is_archive(file)]:
            raise _unknown(packed[0])
        files = [file for file in inside if kind_of_file(file) is not None]
    elif "*" in path:
        anchor = Path(place.anchor) if place.is_absolute() else Path()
        files = sorted(anchor.glob(str(place.relative_to(place.anchor))))
    else:
        files = [place] if place.exists() else []
    # A spreadsheet program leaves files ~$NAME beside the tables that are open in it.
    files = [f for f in files if f.stat().st_size > 0 and not f.name.startswith("~$")]
    if not files:
        folder = "" if place.is_absolute() else f" (looked in {Path.cwd()})"
        endings = listed(ALL_ENDINGS, limit=20)
        raise DataError(f"{where}: no table there{folder}; it needs one of {endings}")
    if unknown := [file for file in files if kind_of_file(file) is None]:
        raise _unknown(unknown[0])
    kinds = sorted({NAMES[kind] for file in files if (kind := kind_of_file(file)) is not None})
    if len(kinds) > 1:
        raise DataError(f"{where}: holds both {' and '.join(kinds)} files; keep one kind")
    return files
