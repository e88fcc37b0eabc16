"""The folder of a run that is not finished: there from the start, and what it is taken up from."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbnchurn.config import dump
from dbnchurn.core.checkpoints import CheckpointStore
from dbnchurn.core.errors import ConfigError, DbnchurnError, ResourceError
from dbnchurn.core.files import lock
from dbnchurn.runs.config import read_config

SUFFIX = ".unfinished"
CONFIG = "config.yaml"
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# What libraries say instead of raising a MemoryError.
NO_MEMORY = ("bad_alloc", "can't allocate memory", "out of memory", "cannot allocate memory")


class Interrupted(KeyboardInterrupt):
    """A run was stopped by its user; the message says how to continue it."""


@dataclass(frozen=True)
class Unfinished:
    """A run between its start and its end.

    Parameters
    ----------
    folder : Path
        ``NAME.unfinished`` beside the run folders, with the resolved config and the checkpoints.
    fresh : bool
        Whether it has only just begun, rather than been taken up.
    """

    folder: Path
    fresh: bool = False

    @classmethod
    def begin(cls, config: Any, name: str) -> Unfinished:
        """A new one; the name gets a number if there is a run of that name."""
        parent, number, free = Path(config.output), 1, name
        aside = parent / f".{name}.{uuid.uuid4().hex[:8]}"
        aside.mkdir(parents=True)
        (aside / CONFIG).write_text(dump(config), encoding="utf-8")
        while True:
            folder = parent / f"{free}{SUFFIX}"
            if not (parent / free).exists() and not folder.exists():
                try:
                    os.rename(aside, folder)  # fails if another run takes the name meanwhile
                    return cls(folder, fresh=True)
                except OSError as error:
                    if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                        raise
            number += 1
            free = f"{name}-{number}"

    @classmethod
    def at(cls, folder: str | Path) -> Unfinished:
        """The one in `folder`, given with or without its ending.

        Raises
        ------
        ConfigError
            If there is none; the message names those that are there.
        """
        folder = Path(folder)
        for candidate in (folder, folder.with_name(f"{folder.name}{SUFFIX}")):
            if candidate.name.endswith(SUFFIX) and (candidate / CONFIG).exists():
                return cls(candidate)
        others = sorted(str(path) for path in folder.parent.glob(f"*{SUFFIX}"))
        there = f"those that are not: {', '.join(others)}" if others else "none is unfinished there"
        state = "is finished" if folder.exists() else "does not exist"
        raise ConfigError(f"the run {folder} {state}, so it cannot be resumed; {there}")

    @property
    def target(self) -> Path:
        """The run folder that it becomes."""
        return self.folder.with_name(self.folder.name.removesuffix(SUFFIX))

    @property
    def aside(self) -> Path:
        """Where the results are written before they are whole."""
        return self.folder / "result"

    @property
    def store(self) -> CheckpointStore:
        """Where finished pieces are kept."""
        return CheckpointStore(self.folder / "checkpoints")

    def config(self) -> Any:
        """The config that it was begun with."""
        return read_config(self.folder / CONFIG)

    @property
    def whole(self) -> bool:
        """Whether the results are written: it was stopped when nothing was left to do."""
        return self.target.exists()

    def discard(self) -> None:
        """Remove what is no longer needed."""
        shutil.rmtree(self.folder)

    @contextmanager
    def underway(self) -> Iterator[None]:
        """While inside, the run is trained by this process alone; afterwards it is finished.

        Raises
        ------
        Interrupted
            Instead of a KeyboardInterrupt.
        ResourceError
            If memory or disk do not suffice.
        ConfigError
            If another process trains it.
        """
        how = f"what was learned is kept; continue with: dbnchurn train --resume {self.folder}"
        needed = True  # the folder, which is removed unlocked: Windows removes no open file
        try:
            with lock(self.folder / "lock", f"{self.folder} is being trained by another process"):
                try:
                    yield
                except KeyboardInterrupt as error:
                    raise Interrupted(how) from error
                except Exception as error:
                    mistake = isinstance(error, DbnchurnError)  # which continuing would not mend
                    if self.fresh and (mistake or not self.store.kept):
                        needed = False
                        how = "nothing was learned yet"
                    if reason := lacking(error):
                        raise ResourceError(f"{reason}; {how}") from error
                    raise
                needed = False
        finally:
            if not needed:
                self.discard()


def lacking(error: BaseException) -> str:
    """What was not there in sufficient quantity when `error` was raised; empty if something else.

    Examples
    --------
    >>> lacking(MemoryError())
    'memory does not suffice: free some, or set classifier.large_tables.memory lower'
    >>> lacking(KeyError("debt"))
    ''
    """
    said = str(error)
    if isinstance(error, OSError) and (error.errno in DISK_FULL or "No space left" in said):
        return f"the disk is full ({said}): free some space"
    if isinstance(error, MemoryError) or any(words in said.lower() for words in NO_MEMORY):
        return "memory does not suffice: free some, or set classifier.large_tables.memory lower"
    return ""
