"""The folder of a run: it has a name of its own and appears when all of it is written."""

from __future__ import annotations

import errno
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dbnchurn.errors import ConfigError


def open_output(parent: Path) -> None:
    """Make the folder of the runs, before hours go into something that cannot be written.

    Raises
    ------
    ConfigError
        If nothing can be written there.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        if not os.access(parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise ConfigError(f"output: no run can be written to {parent}: {error.strerror}") from error


@contextmanager
def new_folder(folder: Path, aside: Path | None = None) -> Iterator[Path]:
    """A folder to write into, aside, that takes its place `folder` if all goes well."""
    aside = aside or folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    shutil.rmtree(aside, ignore_errors=True)  # of a run that was killed while it wrote
    aside.mkdir(parents=True)
    try:
        yield aside
        os.replace(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def write_json(path: Path, plain: Any) -> None:
    """Write plain data so that people can read it too."""
    path.write_text(json.dumps(plain, indent=1, allow_nan=False), encoding="utf-8")


def free_folder(parent: Path, name: str) -> Path:
    """The folder of that name, with a number added if there is one already.

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
