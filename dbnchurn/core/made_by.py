"""Which command a page is made by, and of which files: what it takes to make the page again.

The command line opens a :class:`Command`; readers name what they read to it, and the frame of the
pages writes it into every page. A page that is made from Python says that no command made it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias, cast

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.provenance import versions
from dbnchurn.core.scratch import LOCK, PATTERN
from dbnchurn.core.secrets import holds_password

CHANGED = "changed while it was read"
RUN = {"run": True}
"""Of the report of a run, which is made of the files of its folder alone."""
Plain: TypeAlias = Mapping[str, object]
Entries: TypeAlias = Mapping[str, Mapping[str, str]]
_Files: TypeAlias = tuple[tuple[str, int, int], ...]  # name, bytes, time of the last change


@dataclass(frozen=True)
class Input:
    """One file, folder or pattern that a page was made of.

    Parameters
    ----------
    digest : str
        SHA-256 of the bytes, for a folder of names and bytes; or ``changed while it was read``.
    size : int
        Bytes, of a folder of all its files.
    """

    digest: str
    size: int


@dataclass
class Command:
    """A command while it runs.

    Parameters
    ----------
    words : sequence of str
        As typed after ``dbnchurn``.
    stand_ins : mapping of path → path, optional
        Files that are read in the place of others.
    entries_before : mapping of place → entry → digest, optional
        Collections of entries, of which these alone are read, as they were.

    Attributes
    ----------
    stood_in : set of str
        Paths of `stand_ins` that were read so.
    """

    words: Sequence[str]
    stand_ins: Mapping[str, Path] = field(default_factory=dict)
    entries_before: Entries = field(default_factory=dict)
    stood_in: set[str] = field(init=False, default_factory=set)
    _read: dict[str, _Files] = field(init=False, default_factory=dict)
    _inputs: dict[str, Input] = field(init=False, default_factory=dict)  # read once for all pages
    _databases: dict[str, None] = field(init=False, default_factory=dict)
    _entries: dict[str, Mapping[str, str]] = field(init=False, default_factory=dict)
    _pages: int = field(init=False, default=0)

    def read(self, path: str) -> None:
        """Take a path among the inputs, unless it lies in a scratch folder."""
        if path not in self._read and not any(map(PATTERN.fullmatch, Path(path).parts)):
            self._read[path] = _files(path)

    def read_database(self, variable: str) -> None:
        """Take a database among the inputs, by the environment variable of its URL."""
        self._databases[variable] = None

    def read_entries(self, place: str, digests: Mapping[str, str]) -> None:
        """Take entries of a collection that grows among the inputs.

        Parameters
        ----------
        place : str
            Of the collection.
        digests : mapping of entry → str
        """
        self._entries[place] = digests

    def as_dict(self) -> Plain:
        """What the next page of the command says of it."""
        self._pages += 1
        if any(map(holds_password, self.words)):
            return {"command": None}
        return {
            "command": [*self.words],
            "page": self._pages,
            "dbnchurn": versions().get("dbnchurn", "unknown"),
            "inputs": {path: vars(self._input(path)) for path in sorted(self._read)},
            "databases": sorted(self._databases),
            **({"entries": self._entries} if self._entries else {}),
        }

    def _input(self, path: str) -> Input:
        if path not in self._inputs:
            try:
                self._inputs[path] = input_of(path)
            except OSError:  # a file of the folder that nobody may read, or that is gone
                return Input(CHANGED, 0)
        found = self._inputs[path]
        return found if _files(path) == self._read[path] else Input(CHANGED, found.size)


_current: ContextVar[Command | None] = ContextVar("command", default=None)


@contextmanager
def running(command: Command) -> Iterator[None]:
    """Inside, pages are made by a command."""
    before = _current.set(command)
    try:
        yield
    finally:
        _current.reset(before)


def note_read(paths: Iterable[str | Path]) -> None:
    """Name files, folders and patterns that are read to the command that runs, if one does."""
    if (command := _current.get()) is not None:
        for path in paths:
            command.read(str(path))


def note_database(variable: str) -> None:
    """Name a database that is read to the command that runs, if one does."""
    if (command := _current.get()) is not None:
        command.read_database(variable)


def note_entries(place: str, digests: Mapping[str, str]) -> None:
    """Name entries of a collection that are read to the command that runs, if one does.

    Parameters
    ----------
    place : str
        Of the collection, as the command names it.
    digests : mapping of entry → str
    """
    if (command := _current.get()) is not None:
        command.read_entries(place, digests)


def entries_before(place: str) -> Mapping[str, str] | None:
    """The only entries of a collection that the command that runs may read; None for all.

    Returns
    -------
    mapping of entry → digest, or None
    """
    command = _current.get()
    return None if command is None else command.entries_before.get(place)


def stand_in(path: str) -> str:
    """The file to read in the place of another: itself, unless the command that runs has one.

    Examples
    --------
    >>> stand_in("log.csv")
    'log.csv'
    """
    command = _current.get()
    if command is None or path not in command.stand_ins:
        return path
    command.stood_in.add(path)
    return str(command.stand_ins[path])


def made_by() -> str:
    """What a page says of the command that makes it, as JSON.

    Examples
    --------
    >>> made_by()
    '{"command": null}'
    >>> with running(Command(["plan", "campaign.yaml"])):
    ...     json.loads(made_by())["command"]
    ['plan', 'campaign.yaml']
    """
    command = _current.get()
    return json.dumps({"command": None} if command is None else command.as_dict())


def input_of(path: str) -> Input:
    """Digest and size of a file, of all files of a folder, or of those of a pattern.

    Parameters
    ----------
    path : str
        Of what is not there the digest is that of no files.

    Returns
    -------
    Input

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.csv").write_bytes(b"id")
    ...     input_of(f"{folder}/a.csv").size, input_of(f"{folder}/*.csv").size
    (2, 2)
    """
    place = Path(path)
    if place.is_file():
        return Input(digest_of(place), place.stat().st_size)
    digest, size = hashlib.sha256(), 0
    for file in _found(path):
        name = file.relative_to(place) if place.is_dir() else file.name
        digest.update(f"{digest_of(file)}  {name}\n".encode())
        size += file.stat().st_size
    return Input(digest.hexdigest(), size)


def digest_of(file: Path, first: int | None = None) -> str:
    """SHA-256 of a file in hexadecimal, as ``sha256sum`` prints it.

    Parameters
    ----------
    file : Path
    first : int, optional
        Of so many bytes from its start alone.

    Returns
    -------
    str
    """
    digest, left = hashlib.sha256(), file.stat().st_size if first is None else first
    with file.open("rb") as stream:
        while left > 0 and (some := stream.read(min(left, 1 << 20))):
            digest.update(some)
            left -= len(some)
    return digest.hexdigest()


def inputs_of(said: Plain) -> dict[str, Input]:
    """The inputs that a page names.

    Raises
    ------
    ConfigError
        If they are written in another way than pages write them.
    """
    try:
        named = cast("Mapping[str, Mapping[str, object]]", said["inputs"])
        return {p: Input(str(one["digest"]), int(str(one["size"]))) for p, one in named.items()}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise ConfigError(
            "what the page says of its inputs was changed and cannot be read; make the page anew"
        ) from None


def entries_of(said: Plain) -> Entries:
    """The entries that a page names, by the place of their collection.

    Raises
    ------
    ConfigError
        If they are written in another way than pages write them.
    """
    found = said.get("entries", {})
    try:
        named = cast("Mapping[str, Mapping[str, object]]", found)
        return {
            place: {name: str(digest) for name, digest in digests.items()}
            for place, digests in named.items()
        }
    except AttributeError:
        raise ConfigError(
            "what the page says of its inputs was changed and cannot be read; make the page anew"
        ) from None


def _found(path: str) -> list[Path]:
    """All files that a path stands for, sorted."""
    place = Path(path)
    if place.is_dir():
        return sorted(
            file
            for file in place.rglob("*")
            if file.is_file()
            and file.name not in (LOCK, ".lock")
            and not any(map(PATTERN.fullmatch, file.relative_to(place).parts))
        )
    if "*" in path:
        anchor = Path(place.anchor) if place.is_absolute() else Path()
        return sorted(filter(Path.is_file, anchor.glob(str(place.relative_to(place.anchor)))))
    return [place] if place.is_file() else []


def _files(path: str) -> _Files:
    try:
        stats = [(file, os.stat(file)) for file in _found(path)]
    except (OSError, ValueError):  # what reads the path says so
        return ()
    return tuple((str(file), stat.st_size, stat.st_mtime_ns) for file, stat in stats)
