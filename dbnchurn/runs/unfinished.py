"""The folder of an unfinished run: config and checkpoints, from which the run is resumed."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dbnchurn.config import dump
from dbnchurn.core.checkpoints import CheckpointStore
from dbnchurn.core.errors import ConfigError, DbnchurnError, ResourceError
from dbnchurn.core.files import lock
from dbnchurn.runs.config import RunConfig, read_config

SUFFIX = ".unfinished"
CONFIG = "config.yaml"
DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# Messages of libraries that do not raise a MemoryError.
NO_MEMORY = ("bad_alloc", "can't allocate memory", "out of memory", "cannot allocate memory")


class Interrupted(KeyboardInterrupt):
    """A run was stopped by its user; the message names the command that continues it."""


@dataclass(frozen=True)
class Unfinished:
    """A run between its start and its end.

    Parameters
    ----------
    folder : Path
        ``NAME.unfinished`` beside the run folders, with the resolved config and the checkpoints.
    fresh : bool
        Whether it has just begun, and is not resumed.
    """

    folder: Path
    fresh: bool = False

    @classmethod
    def begin(cls, config: RunConfig, name: str) -> Unfinished:
        """A new one, with the config as its only file.

        Parameters
        ----------
        config : RunConfig
        name : str
            Gets a number, from 2 on, if there is a run of that name, finished or not.

        Returns
        -------
        Unfinished
        """
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
        """The unfinished run in `folder`, given with or without its ending.

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
        """Where the results are written before they are complete."""
        return self.folder / "result"

    @property
    def store(self) -> CheckpointStore:
        """Checkpoints of finished stages."""
        return CheckpointStore(self.folder / "checkpoints")

    def config(self) -> RunConfig:
        """The config that the run was begun with."""
        return read_config(self.folder / CONFIG)

    @property
    def complete(self) -> bool:
        """Whether the results are written: the run was stopped when nothing was left to do."""
        return self.target.exists()

    def discard(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder)

    @contextmanager
    def underway(self) -> Iterator[None]:
        """Lock the run while inside; remove its folder afterwards unless the run can be resumed.

        Yields
        ------
        None

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
                    mistake = isinstance(error, DbnchurnError)  # resuming would raise it again
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
    """The advice for an error that means too little memory or disk; empty for other errors.

    Examples
    --------
    >>> lacking(MemoryError())
    'memory does not suffice: free some, or set classifier.large_tables.memory lower'
    >>> lacking(KeyError("debt"))
    ''
    """
    message = str(error)
    if isinstance(error, OSError) and (error.errno in DISK_FULL or "No space left" in message):
        return f"the disk is full ({message}): free some space"
    if isinstance(error, MemoryError) or any(text in message.lower() for text in NO_MEMORY):
        return "memory does not suffice: free some, or set classifier.large_tables.memory lower"
    return ""
