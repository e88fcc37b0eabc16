"""Files of one folder that are replaced as one, also where the folder itself cannot be renamed.

One of them, the index, holds the SHA-256 of the others. The others are first written beside their
places, as ``NAME.HASH`` with the first digits of their hash; then the index is renamed into its
place, which is the moment of the change; then each ``NAME.HASH`` takes its place. A reader
takes what the index names, from either place, so that it gets all files of before or all
of after, whenever the writer is stopped. A folder that is a mount point is written in the same way.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from dbnchurn.core.files import atomic_write, sync
from dbnchurn.core.locks import folder_lock

Read = TypeVar("Read")
DIGITS = 16  # of a hash, in a name
ENDING = re.compile(rf"\.[0-9a-f]{{{DIGITS}}}")
WAIT = 60.0  # seconds that a writer waits for another, and a reader for writers
ATTEMPTS = 5  # of a reader, before it keeps writers out


def waiting_name(name: str, digest: str) -> str:
    """The name under which a file waits for its place.

    Parameters
    ----------
    name : str
    digest : str
        Its SHA-256 in hexadecimal.

    Returns
    -------
    str

    Examples
    --------
    >>> waiting_name("card.md", "0123456789abcdef" * 4)
    'card.md.0123456789abcdef'
    """
    return f"{name}.{digest[:DIGITS]}"


def is_waiting(name: str, names: frozenset[str]) -> bool:
    """Whether a file is one of `names` that waits for its place.

    Parameters
    ----------
    name : str
    names : frozenset of str

    Returns
    -------
    bool

    Examples
    --------
    >>> is_waiting("card.md.0123456789abcdef", frozenset({"card.md"}))
    True
    """
    return name[: -DIGITS - 1] in names and ENDING.fullmatch(name[-DIGITS - 1 :]) is not None


def replace_files(folder: Path, files: Mapping[str, bytes], index: str) -> None:
    """Replace the files of a folder as one; one process at a time.

    Parameters
    ----------
    folder : Path
        Has to exist.
    files : mapping of name → contents
    index : str
        The one of `files` that holds the SHA-256 of the others in hexadecimal.

    Raises
    ------
    ResourceError
        If another process writes it for more than a minute.
    """
    others = {name: content for name, content in files.items() if name != index}
    with folder_lock(folder, WAIT):
        _settle(folder, frozenset(others), index)
        waiting = {}
        try:
            for name, content in others.items():
                waiting[name] = folder / waiting_name(name, hashlib.sha256(content).hexdigest())
                with open(waiting[name], "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
            sync(folder)
            with atomic_write(folder / index) as unfinished:
                unfinished.write_bytes(files[index])
        finally:  # after a failure the index says which ones are needed
            _settle(folder, frozenset(others), index)


def _settle(folder: Path, names: frozenset[str], index: str) -> None:
    """Give waiting files that the index names their places; remove the others."""
    try:
        named = (folder / index).read_bytes()
    except FileNotFoundError:
        named = b""
    moved = False
    for entry in sorted(folder.iterdir()):
        if is_waiting(entry.name, names):
            moved = True
            digest = hashlib.sha256(entry.read_bytes()).hexdigest()
            if digest.encode() in named:
                os.replace(entry, folder / entry.name[: -DIGITS - 1])
            else:
                entry.unlink()
    if moved:
        sync(folder)


def read_as_one(folder: Path, index: str, read: Callable[[], Read]) -> Read:
    """Read files that :func:`replace_files` may replace meanwhile.

    A reading that fails while the index changes is repeated, five times at once and then, so that
    it ends, with writers kept out. One that fails while nothing changes fails.

    Parameters
    ----------
    folder : Path
    index : str
    read : function without arguments
        Reads and checks all of them.

    Returns
    -------
    What `read` returns.
    """
    for _ in range(ATTEMPTS):
        before = _state(folder / index)
        try:
            return read()
        except Exception:
            if _state(folder / index) == before:
                raise
    with folder_lock(folder, WAIT, shared=True):
        return read()


def content_of(
    folder: Path, name: str, digest: str, read: Callable[[str], bytes]
) -> tuple[bytes, bool]:
    """The contents of a file, from its place or from where it waits for it.

    Parameters
    ----------
    folder : Path
    name : str
    digest : str
        SHA-256 that the index names.
    read : function of a name
        Gives the bytes of that file of the folder.

    Returns
    -------
    content : bytes
    right : bool
        Whether it has that hash.
    """
    before, waiting = _state(folder / name), waiting_name(name, digest)
    if before is not None and hashlib.sha256(content := read(name)).hexdigest() == digest:
        return content, True
    if (folder / waiting).is_file():
        with suppress(Exception):  # it may take its place meanwhile
            if hashlib.sha256(content := read(waiting)).hexdigest() == digest:
                return content, True
    if before is not None and _state(folder / name) == before:
        return content, False
    content = read(name)
    return content, hashlib.sha256(content).hexdigest() == digest


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
