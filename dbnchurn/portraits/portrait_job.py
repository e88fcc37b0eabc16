"""One job of portraits: config in; a customer's page, pages of personas and profiles out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dbnchurn.core.errors import ConfigError, DataError, listed
from dbnchurn.core.files import atomic_write, replace_folder, write_whole
from dbnchurn.core.places import check_places, make_folder
from dbnchurn.core.progress import stage
from dbnchurn.core.scratch import ScratchFolder
from dbnchurn.portraits.config import PortraitConfig
from dbnchurn.portraits.customer_page import customer_page
from dbnchurn.portraits.persona_pages import INDEX, TABLE, VIEWS, persona_files
from dbnchurn.portraits.portraits import Portraits
from dbnchurn.portraits.profiles import profile_lines


@dataclass(frozen=True)
class WrittenPortraits:
    """What a job of portraits did.

    Parameters
    ----------
    customers : int
        Of the table that names them.
    personas : tuple of str
    profiles : int or None
        Lines that were written; None where none were asked for.
    notes : tuple of str
        What was converted, assumed or left out.
    """

    customers: int
    personas: tuple[str, ...]
    profiles: int | None
    notes: tuple[str, ...]

    def summary(self) -> str:
        """The result as text."""
        said = [f"note: {note}" for note in self.notes]
        said.append(f"{self.customers:,} customers, {len(self.personas)} personas")
        if self.profiles is not None:
            said.append(f"{self.profiles:,} profiles")
        return "\n".join(said)


def write_portraits(
    config: PortraitConfig,
    *,
    customer: str | None = None,
    page: Path | None = None,
    personas: Path | None = None,
    profiles: Path | None = None,
    mkdir: bool = False,
) -> WrittenPortraits:
    """Write what is asked for: a page of one customer, pages of all personas, all profiles.

    Parameters
    ----------
    config : PortraitConfig
    customer : str, optional
        Id of the customer of the page.
    page : Path, optional
        HTML page of that customer.
    personas : Path, optional
        Folder with a page for each persona, ``figures.csv`` and ``views.sql``; an earlier one is
        replaced, if nothing else is in it.
    profiles : Path, optional
        JSON lines, one a customer.
    mkdir : bool, default False
        Make folders of outputs that are not there.

    Returns
    -------
    WrittenPortraits

    Raises
    ------
    ConfigError, DataError
        With everything that is wrong. Then nothing is written.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pd.DataFrame({"id": [7, 8], "age": [30, None]}).to_parquet(f"{folder}/a.parquet")
    ...     source = {"path": f"{folder}/a.parquet", "as_of": "2026-08-31"}
    ...     config = PortraitConfig(id="id", customers=source, basic=["age"])
    ...     _ = write_portraits(config, profiles=Path(folder, "p.jsonl"))
    ...     print(Path(folder, "p.jsonl").read_text().splitlines()[1][:90])
    {"customer": "8", "persona": null, "basic": {"as_of": "2026-08-31", "values": {"age": null
    """
    if (customer is None) != (page is None):
        raise ConfigError("a page is of one customer: give both --customer ID and --page FILE")
    if page is None and personas is None and profiles is None:
        raise ConfigError(
            "nothing is asked for: give --customer ID with --page FILE, --personas FOLDER or "
            "--profiles FILE"
        )
    if personas is not None:
        _check_folder(personas, config)
    written = {"--page": page, "--personas": personas, "--profiles": profiles}
    check_places(written, _read(config), emptied=["--personas"], mkdir=mkdir)
    with stage("read"), Portraits(config) as portraits:
        shown = None if customer is None else customer_page(portraits, customer)
        files = {} if personas is None else persona_files(portraits)
        for role, path in written.items():
            if path is not None and mkdir:
                make_folder(path.parent, role)
        made = None if profiles is None else _write_profiles(portraits, profiles)
        if page is not None and shown is not None:
            write_whole(page, shown)
        if personas is not None:
            with ScratchFolder(personas.parent, personas.name) as scratch:
                folder = scratch / "made"
                folder.mkdir()
                for name, content in files.items():
                    (folder / name).write_text(content, encoding="utf-8")
                replace_folder(folder, personas)
        return WrittenPortraits(
            portraits.figures.customers[None],
            tuple(portraits.personas),
            made,
            tuple(portraits.notes),
        )


def _write_profiles(portraits: Portraits, path: Path) -> int:
    lines = 0
    with atomic_write(path) as unfinished, unfinished.open("w", encoding="utf-8") as file:
        for some in profile_lines(portraits):
            file.write(some)
            lines += some.count("\n")
        if lines != portraits.figures.customers[None]:
            raise DataError(
                f"{lines} profiles were made of {portraits.figures.customers[None]} customers; a "
                "table changed while it was read: call again"
            )
    return lines


def _check_folder(folder: Path, config: PortraitConfig) -> None:
    if config.personas is None:
        raise ConfigError("--personas: the config names no table 'personas'")
    ours = (folder / INDEX).exists() and (folder / TABLE).exists()
    if folder.exists() and not ours and (folder.is_file() or any(folder.iterdir())):
        raise ConfigError(f"{folder} exists and holds no portraits; choose another folder")
    if ours and (others := sorted(p.name for p in folder.iterdir() if not _is_ours(p))):
        raise ConfigError(
            f"{folder} is replaced as a whole, and {listed(others)} in it are no pages of "
            "personas; move them, or choose another folder"
        )


def _is_ours(path: Path) -> bool:
    return path.is_file() and (path.suffix == ".html" or path.name in (TABLE, VIEWS))


def _read(config: PortraitConfig) -> dict[str, list[str | Path]]:
    found: dict[str, list[str | Path]] = {
        name: [source.path]
        for name in config.given
        if (source := getattr(config, name)).path is not None
    }
    if config.words is not None:
        found["words"] = [config.words]
    return found
