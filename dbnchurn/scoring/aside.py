"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbnchurn.errors import ConfigError


@contextmanager
def written_whole(path: Path, aside: Path | None = None) -> Iterator[Path]:
    """Write under another name; renamed when all of it is on disk, removed if anything fails.

    Parameters
    ----------
    path : Path
        What was there before is replaced; its folder is made if need be.
    aside : Path, optional
        Folder of the same file system for the unfinished file; by default that of `path`.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with written_whole(Path(folder, "scores.csv")) as unfinished:
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
def disk_errors(output: Path) -> Iterator[None]:
    """Tell of a full or unwritable disk in one sentence.

    Raises
    ------
    ConfigError
        In place of an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise ConfigError(
            f"{output}: scores cannot be written there: {why}; with that mended, the same command "
            "goes on from the chunks that are finished"
        ) from error
