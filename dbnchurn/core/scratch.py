"""Folders for unfinished and spilled data, which are removed even if their process was killed.

A scratch folder holds a file that its process has locked. A folder whose file can be locked by
another is of a process that has ended: the next one that makes a scratch folder in the same place
removes it. Neither numbers of processes nor times are compared, so this holds between containers
that share a disk too.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from dbnchurn.core.locks import HeldLock, try_lock

LOCK = ".dbnchurn-lock"
BESIDE = ".{name}.{unique}.unfinished"
ELSEWHERE = "dbnchurn-{unique}"
PATTERN = re.compile(r"\..*\.[0-9a-f]{12}\.unfinished|dbnchurn-[0-9a-f]{12}", re.DOTALL)
SHOWN = 40  # characters of a name; with the rest a name has to fit into 255 bytes


class ScratchFolder:
    """A folder of this process alone, removed with :meth:`remove` or at the end of a ``with``.

    What ended processes left in the same place is removed first.

    Parameters
    ----------
    parent : Path, optional
        Where it is made; by default the folder for temporary files.
    name : str, optional
        Of the file or folder that is made in it; part of the name of a folder in `parent`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     with ScratchFolder(Path(parent), "scores.csv") as folder:
    ...         folder.name.startswith(".scores.csv."), len(list(Path(parent).iterdir()))
    ...     list(Path(parent).iterdir())
    (True, 1)
    []
    """

    def __init__(self, parent: Path | None = None, name: str = "") -> None:
        above = Path(tempfile.gettempdir()) if parent is None else parent
        remove_remains(above)
        self.path, held = _make(above, ELSEWHERE if parent is None else BESIDE, name)
        self._finalizer = weakref.finalize(self, _end, self.path, held, os.getpid())

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.remove()

    def remove(self) -> None:
        """Remove the folder with all that is in it; the second time nothing happens."""
        self._finalizer()


def _make(parent: Path, pattern: str, name: str) -> tuple[Path, HeldLock]:
    """A new folder, and the lock on the file in it."""
    while True:
        unique = uuid.uuid4().hex[:12]
        folder = parent / pattern.format(name=name[:SHOWN], unique=unique)
        os.mkdir(folder, 0o700)
        held = None
        try:
            held = try_lock(folder / LOCK)
        except FileNotFoundError:  # another process took the empty folder for a remainder
            if folder.exists():
                raise
        except BaseException:
            _remove(folder)
            raise
        if held is not None:
            return folder, held


def _end(folder: Path, held: HeldLock, process: int) -> None:
    """Remove a scratch folder, unless this is a fork of the process that made it."""
    if process == os.getpid():
        _remove(folder)
        held.release()


def _remove(folder: Path) -> None:
    """Remove a folder, its lock last: what is left after a kill is still known as a remainder."""
    with suppress(OSError):
        for entry in os.scandir(folder):
            if entry.name == LOCK:
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                with suppress(OSError):
                    os.unlink(entry.path)
        if len(os.listdir(folder)) > 1:
            return  # something could not be removed; the next process tries again
        with suppress(FileNotFoundError):
            os.unlink(folder / LOCK)
        os.rmdir(folder)


def remains(parent: Path) -> list[Path]:
    """Scratch folders in a folder whose processes have ended.

    Parameters
    ----------
    parent : Path

    Returns
    -------
    list of Path
        In the order of their names.
    """
    found = []
    for folder in _scratch_folders(parent):
        with suppress(OSError):
            if not (folder / LOCK).exists():
                if not any(folder.iterdir()):
                    found.append(folder)
            elif (held := try_lock(folder / LOCK, create=False)) is not None:
                held.release()
                found.append(folder)
    return found


def remove_remains(parent: Path) -> None:
    """Remove scratch folders whose processes have ended.

    Parameters
    ----------
    parent : Path
        A folder, or nothing: then nothing is done.
    """
    for folder in _scratch_folders(parent):
        with suppress(OSError):
            if not (folder / LOCK).exists():
                os.rmdir(folder)  # killed before it had a lock, or after: empty, or not ours
            elif (held := try_lock(folder / LOCK, create=False)) is not None:
                _remove(folder)
                held.release()


def _scratch_folders(parent: Path) -> Iterator[Path]:
    try:
        entries = sorted(
            entry.path
            for entry in os.scandir(parent)
            if PATTERN.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
        )
    except OSError:
        return
    yield from map(Path, entries)
