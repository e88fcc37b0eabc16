"""Where the entries of a history are kept: what a store does, and the store that is a folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.files import write_whole
from dbnchurn.core.locks import folder_lock
from dbnchurn.core.made_by import note_read
from dbnchurn.core.places import check_places, conflicts, make_folder
from dbnchurn.core.scratch import remove_remains

NAME = re.compile(
    r"(?P<month>\d{4}-\d{2}-\d{2})\.(?P<model>[0-9A-Za-z_-]+)\.json"
    r"|campaigns\.(?P<campaigns>\d{4}-\d{2}-\d{2})\.json"
)
WAIT = 60.0  # seconds for another process that writes
Change = Callable[[str | None], str | None]


@dataclass(frozen=True, order=True)
class Entry:
    """What is kept under one name: a month of a model, or the campaigns of a month.

    Parameters
    ----------
    month : date
    model : str
        Version of the model; empty for the campaigns.
    """

    month: date
    model: str

    @property
    def file(self) -> str:
        """Name of its file in a folder.

        Examples
        --------
        >>> Entry(date(2024, 7, 1), "0a1b").file, Entry(date(2024, 7, 1), "").file
        ('2024-07-01.0a1b.json', 'campaigns.2024-07-01.json')
        """
        return f"{self.month}.{self.model}.json" if self.model else f"campaigns.{self.month}.json"


class HistoryStore(Protocol):
    """Texts by entry. An entry is written whole or not at all, by one process at a time."""

    def where(self, entry: Entry) -> str:
        """The entry as messages name it."""

    def check(
        self, written: Mapping[str, Path], read: Mapping[str, Iterable[str | Path]], *, mkdir: bool
    ) -> None:
        """Refuse, before any work, a history that cannot be written.

        Parameters
        ----------
        written : mapping of role → path
            Other outputs of the command.
        read : mapping of role → paths
            Its inputs.
        mkdir : bool
            Whether what is above a folder is made.
        """

    def refuse_output(self, output: Path) -> None:
        """Refuse an output that would lie in the history, which is read for it."""

    def texts(self) -> dict[Entry, str]:
        """All entries, read at one time."""

    def update(self, entry: Entry, change: Change) -> None:
        """Write an entry anew, while no other process does.

        Parameters
        ----------
        entry : Entry
        change : callable
            Given what the entry holds, or None, it returns what it is to hold, or None to leave it.
        """


class FolderHistory:
    """A folder with one JSON file for every entry.

    Parameters
    ----------
    folder : path
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def where(self, entry: Entry) -> str:
        """The path of the file."""
        return str(self.folder / entry.file)

    def check(
        self, written: Mapping[str, Path], read: Mapping[str, Iterable[str | Path]], *, mkdir: bool
    ) -> None:
        """Refuse a file, a folder whose parent is not there, and one that is another path too.

        Parameters
        ----------
        written, read, mkdir
            As :meth:`HistoryStore.check` takes them.

        Raises
        ------
        ConfigError
            If the history cannot be written.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise ConfigError(f"{self.folder} is a file; a history is a folder")
        check_places({"history": self.folder, **written}, read, mkdir=mkdir)
        if mkdir:
            make_folder(self.folder.parent, "history")

    def refuse_output(self, output: Path) -> None:
        """Refuse an output that would lie in the folder."""
        if clashes := conflicts({"output": output}, {"history": [self.folder]}):
            raise ConfigError(f"{'; '.join(clashes)}; write somewhere else")

    def texts(self) -> dict[Entry, str]:
        """All entries of the folder.

        Returns
        -------
        dict of Entry → str

        Raises
        ------
        ConfigError
            If there is no such folder.
        DataError
            If a file cannot be read.
        """
        if not self.folder.is_dir():
            raise ConfigError(
                f"{self.folder}: there is no such history; 'dbnchurn score --history' and "
                "'dbnchurn evaluate --history' write one"
            )
        note_read([self.folder])
        found = {}
        for path in sorted(self.folder.iterdir()):
            if (named := NAME.fullmatch(path.name)) is not None:
                day = named["month"] or named["campaigns"]
                found[Entry(_day(day, path), named["model"] or "")] = _text(path)
        return found

    def update(self, entry: Entry, change: Change) -> None:
        """Write the file anew, where the folder is locked.

        Parameters
        ----------
        entry : Entry
        change : callable
            As :meth:`HistoryStore.update` takes it.

        Raises
        ------
        DataError, ResourceError
            If the file cannot be read, or another process holds the folder.
        """
        self.folder.mkdir(exist_ok=True)
        path = self.folder / entry.file
        with folder_lock(self.folder, WAIT):
            remove_remains(self.folder)  # of a process that was killed after it had written
            if (text := change(_text(path) if path.exists() else None)) is not None:
                write_whole(path, text)


def _day(text: str, path: Path) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"{path}: {text} is no date; name the file after its month") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read ({error})") from error
