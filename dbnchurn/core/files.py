"""Files and folders that appear whole or not at all, whatever fails or ends the process meanwhile.

They are written in a folder of this process beside their place, made durable, and renamed. All
renaming and syncing of the package is done here and in :mod:`dbnchurn.core.file_sets`.
"""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbnchurn.core.errors import ResourceError
from dbnchurn.core.scratch import SHOWN, ScratchFolder

TAKEN = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EISDIR}


@contextmanager
def atomic_write(path: Path, aside: Path | None = None) -> Iterator[Path]:
    """Write a file under another name; it is renamed once it is complete, and removed on failure.

    Parameters
    ----------
    path : Path
        What was there before is replaced; its folder is made if need be. Several processes may
        write it at the same time: each has a name of its own, and the last one to end remains.
    aside : Path, optional
        Folder of the same file system for the unfinished file, which this process has locked and
        whose remains it clears; by default a :class:`~dbnchurn.core.scratch.ScratchFolder` beside
        `path`.

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
    scratch = ScratchFolder(path.parent, path.name) if aside is None else None
    name = path.name if scratch else f".{path.name[:SHOWN]}.{uuid.uuid4().hex[:12]}.unfinished"
    unfinished = (scratch.path if scratch else aside or path.parent) / name
    try:
        yield unfinished
        sync(unfinished)
        os.replace(unfinished, path)
        sync(path.parent)
    finally:
        if scratch is not None:
            scratch.remove()
        else:
            unfinished.unlink(missing_ok=True)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file at once, as :func:`atomic_write` does.

    Parameters
    ----------
    path : Path
    content : str or bytes
        Text is written as UTF-8.
    """
    with atomic_write(path) as unfinished:
        unfinished.write_bytes(content.encode() if isinstance(content, str) else content)


def sync(path: Path) -> None:
    """Make the contents of a file, or the names in a folder, last; folders where they can be."""
    if os.name != "posix" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_all(folder: Path) -> None:
    """Make a folder with all that is in it last."""
    for above, _, files in os.walk(folder):
        for name in files:
            sync(Path(above, name))
        sync(Path(above))


@contextmanager
def atomic_folder(folder: Path, aside: Path | None = None) -> Iterator[Path]:
    """A folder to write into, aside, that takes its place `folder` if all goes well.

    Parameters
    ----------
    folder : Path
        New; what is above it is made if need be.
    aside : Path, optional
        Its name until then, in the same file system, in a folder that this process has locked; by
        default in a :class:`~dbnchurn.core.scratch.ScratchFolder` beside `folder`. What a killed
        process left there is removed.

    Yields
    ------
    Path
        The unfinished folder, to be written into.

    Raises
    ------
    ResourceError
        If another process has made `folder` meanwhile.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     with atomic_folder(Path(parent, "run")) as aside:
    ...         _ = Path(aside, "scores.csv").write_text("id,probability")
    ...     [path.name for path in Path(parent).iterdir()]
    ['run']
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = ScratchFolder(folder.parent, folder.name) if aside is None else None
    unfinished = scratch.path / folder.name if scratch else aside or folder
    if aside is not None and os.path.lexists(unfinished):
        shutil.rmtree(unfinished)
    try:
        unfinished.mkdir(parents=True)
        yield unfinished
        sync_all(unfinished)
        rename_new(unfinished, folder)
    finally:
        if scratch is not None:
            scratch.remove()
        else:
            shutil.rmtree(unfinished, ignore_errors=True)


def rename_new(unfinished: Path, folder: Path) -> None:
    """Give a finished folder its name, which no other has.

    Parameters
    ----------
    unfinished : Path
    folder : Path
        New, or an empty folder.

    Raises
    ------
    ResourceError
        If there is something of that name.
    """
    try:
        os.rename(unfinished, folder)
    except OSError as error:
        if error.errno not in TAKEN:
            raise
        raise ResourceError(
            f"{folder} was made by another process meanwhile; move it away, or choose another "
            "name, and call again"
        ) from error
    sync(folder.parent)


def replace_folder(unfinished: Path, folder: Path) -> None:
    """Put a finished folder in the place of another, which is removed.

    Parameters
    ----------
    unfinished : Path
        Beside `folder`.
    folder : Path
        New, or a folder.
    """
    sync_all(unfinished)
    with ScratchFolder(folder.parent, folder.name) as scratch:
        if folder.exists():
            os.rename(folder, scratch / "old")
        try:
            os.rename(unfinished, folder)
        except BaseException:
            if (scratch / "old").exists():
                os.rename(scratch / "old", folder)
            raise
    sync(folder.parent)
