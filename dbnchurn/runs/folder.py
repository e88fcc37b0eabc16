"""Folders of runs: free names, JSON files, and a lock against a second process."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.files import write_whole
from dbnchurn.core.locks import lock
from dbnchurn.core.made_by import note_read
from dbnchurn.core.places import check_places, conflicts

LOCK = ".lock"
"""In the folder of an experiment or a search."""


def open_output(
    parent: Path, read: Iterable[str | Path | None] = (), *, mkdir: bool = False
) -> None:
    """Make the folder of the runs and check, before training, that it can be written to.

    Parameters
    ----------
    parent : Path
        New or there; the folder above it has to exist.
    read : iterable of path or None
        Tables that are read; None where a table is no file.
    mkdir : bool, default False
        Whether folders above it are made if they do not exist.

    Raises
    ------
    ConfigError
        If nothing can be written there, the folder above it does not exist, or it lies in a table.
    """
    sources = [path for path in read if path is not None]
    note_read(sources)
    if clashes := conflicts({"output": parent}, {"source": sources}):
        raise ConfigError(f"{'; '.join(clashes)}; write the runs somewhere else")
    if not parent.exists():
        check_places({"output": parent}, mkdir=mkdir)
    try:
        parent.mkdir(parents=True, exist_ok=True)
        if not os.access(parent, os.W_OK):
            refused = os.strerror(errno.EACCES)
            raise ConfigError(f"output: no run can be written to {parent}: {refused}")
    except OSError as error:
        raise ConfigError(f"output: no run can be written to {parent}: {error.strerror}") from error


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Make the folder of an experiment or a search and lock it while inside.

    Raises
    ------
    ConfigError
        If another process holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with lock(folder / LOCK, f"{folder}: another process works on it"):
        yield


def read_json(path: Path) -> Any:
    """Plain data from a file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, plain: Any) -> None:
    """Write plain data as indented JSON.

    Parameters
    ----------
    path : Path
    plain : nested dicts, lists and scalars
        Without NaN and infinities.
    """
    write_whole(path, json.dumps(plain, indent=1, allow_nan=False))


def check_new_file(
    output: str | Path | None,
    read: Mapping[str, Iterable[str | Path]],
    *,
    mkdir: bool = False,
) -> None:
    """Refuse, before any work, a file that is there already or would lie in what is read.

    Parameters
    ----------
    output : path or None
        None where nothing is written.
    read : mapping of what it is → paths
    mkdir : bool, default False
        Whether folders above it are made if they do not exist.

    Raises
    ------
    ConfigError
        If it cannot be written there.
    """
    if output is None:
        return
    if Path(output).exists():
        raise ConfigError(f"{output} exists already; name a new file")
    check_places({"output": output}, read, mkdir=mkdir)


def write_new_file(output: str | Path | None, plain: Any) -> None:
    """Write plain data to a file that was checked; the folder above it is made.

    Parameters
    ----------
    output : path or None
        None where nothing is written.
    plain : nested dicts, lists and scalars
    """
    if output is not None:
        Path(output).parent.mkdir(parents=True, exist_ok=True)  # only asked for: see mkdir
        write_json(Path(output), plain)


def free_folder(parent: Path, name: str) -> Path:
    """A folder that does not exist yet.

    Parameters
    ----------
    parent : Path
    name : str
        Gets a number, from 2 on, if there is a folder of that name.

    Returns
    -------
    Path

    Examples
    --------
    >>> free_folder(Path("nowhere"), "tv").name
    'tv'
    """
    folder, number = parent / name, 1
    while folder.exists():
        number += 1
        folder = parent / f"{name}-{number}"
    return folder
