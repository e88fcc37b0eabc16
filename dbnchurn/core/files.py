"""Files and folders written atomically, and locks that keep other processes out."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from dbnchurn.core.errors import ConfigError


@contextmanager
def atomic_write(path: Path, aside: Path | None = None) -> Iterator[Path]:
    """Write a file under another name; it is renamed once it is complete, and removed on failure.

    Parameters
    ----------
    path : Path
        What was there before is replaced; its folder is made if need be.
    aside : Path, optional
        Folder of the same file system for the unfinished file; by default that of `path`.

    Yields
    ------
    Path
        The unfinished file, to be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with atomic_write(Path(folder, "scores.csv")) as unfinished:
    ...         _ = unfinished.write_text("id,probability")
    ...     [file.name for file in Path(folder).iterdir()]
    ['scores.csv']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = (aside or path.parent) / f".{path.name}.unfinished"
    try:
        yield unfinished
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(unfinished, path)
        _sync_folder(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make a renaming last, where folders can be opened."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def atomic_folder(folder: Path, aside: Path | None = None) -> Iterator[Path]:
    """A folder to write into, aside, that takes its place `folder` if all goes well.

    Parameters
    ----------
    folder : Path
        New; what is above it is made if need be.
    aside : Path, optional
        Its name until then, in the same file system; by default a hidden one beside `folder`. What
        a killed process left there is removed.

    Yields
    ------
    Path
        The unfinished folder, to be written into.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     with atomic_folder(Path(parent, "run")) as aside:
    ...         _ = Path(aside, "scores.csv").write_text("id,probability")
    ...     [path.name for path in Path(parent).iterdir()]
    ['run']
    """
    aside = aside or folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(parents=True)
        yield aside
        os.replace(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def lock(path: Path, refusal: str) -> Iterator[None]:
    """Keep other processes from the same lock inside the block, at most until this one ends.

    Parameters
    ----------
    path : Path
        Made if it is not there; its folder has to exist.
    refusal : str
        What to say where another process holds it.

    Yields
    ------
    None

    Raises
    ------
    ConfigError
        With `refusal`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with lock(Path(folder, "lock"), "another process is at work"):
    ...         Path(folder, "lock").exists()
    True
    """
    holder = FileLock(path, blocking=False)
    try:
        holder.acquire()
    except Timeout:
        raise ConfigError(refusal) from None
    try:
        yield
    finally:
        holder.release()
