"""Locks between processes, which end with the process that holds them, however it ends.

A lock is a lock of the operating system on a file or a folder; what is stored in the file does not
matter. A file may be removed by the process that holds it, so a lock counts only if the file that
was locked is still the one at its path.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbnchurn.core.errors import ConfigError, ResourceError

PAUSE = 0.01  # seconds between two attempts


class HeldLock:
    """A lock that this process holds until :meth:`release`.

    Parameters
    ----------
    handle : int
        Of the open file.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def release(self) -> None:
        """Give the lock back; the second time nothing happens."""
        if self._handle >= 0:
            handle, self._handle = self._handle, -1
            os.close(handle)


def try_lock(path: Path, *, create: bool = True) -> HeldLock | None:
    """Lock a file, unless another process, or another part of this one, holds it.

    Parameters
    ----------
    path : Path
        Its folder has to exist.
    create : bool, default True
        Make the file if it is not there.

    Returns
    -------
    HeldLock or None
        None where it is held already.

    Raises
    ------
    FileNotFoundError
        If the folder, or with ``create=False`` the file, does not exist.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     held = try_lock(Path(folder, "lock"))
    ...     try_lock(Path(folder, "lock")) is None, held.release()
    (True, None)
    """
    flags = os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    while True:
        handle = os.open(path, flags | (os.O_CREAT if create else 0), 0o666)
        try:
            if not _lock(handle, shared=False):
                os.close(handle)
                return None
            if _is_at(handle, path):
                return HeldLock(handle)
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # it was removed between opening and locking


def _is_at(handle: int, path: Path) -> bool:
    """Whether the open file is still the one at its path."""
    opened = os.fstat(handle)
    try:
        there = os.stat(path)
    except FileNotFoundError:
        return False
    return (opened.st_dev, opened.st_ino) == (there.st_dev, there.st_ino)


def _lock(handle: int, shared: bool) -> bool:
    """Lock an open file without waiting; whether that went well."""
    if sys.platform == "win32":  # pragma: no cover
        import msvcrt

        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
    else:
        import fcntl

        try:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


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
    held = try_lock(path)
    if held is None:
        raise ConfigError(refusal)
    try:
        yield
    finally:
        held.release()


@contextmanager
def folder_lock(folder: Path, seconds: float, *, shared: bool = False) -> Iterator[None]:
    """Lock a folder itself while inside, without a file in it; wait for those who hold it.

    Where a file system or an operating system has no locks on folders, nothing is locked.

    Parameters
    ----------
    folder : Path
        Has to exist.
    seconds : float
        How long to wait at most.
    shared : bool, default False
        Whether others with a shared lock may be inside at the same time.

    Yields
    ------
    None

    Raises
    ------
    ResourceError
        If it is still held then.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, folder_lock(Path(folder), 1.0):
    ...     len(list(Path(folder).iterdir()))
    0
    """
    handle = None
    try:
        if sys.platform != "win32":
            handle = _locked_folder(folder, time.monotonic() + seconds, seconds, shared)
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _locked_folder(folder: Path, until: float, seconds: float, shared: bool) -> int | None:
    while True:
        handle = os.open(folder, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        try:
            taken = _lock(handle, shared)
            if taken and _is_at(handle, folder):
                return handle
        except OSError:  # NFS has no exclusive locks on what is opened for reading
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
        if time.monotonic() > until:
            raise ResourceError(
                f"{folder}: another process has been writing it for {seconds:g} seconds; wait for "
                "it, or end it, and call again"
            )
        time.sleep(PAUSE)
