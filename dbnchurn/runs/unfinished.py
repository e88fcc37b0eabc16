"""The folder of an unfinished run: config and checkpoints, from which the run is resumed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from dbnchurn.config import dump
from dbnchurn.core.checkpoints import CheckpointStore
from dbnchurn.core.errors import ConfigError, DbnchurnError, ResourceError, lacking
from dbnchurn.core.files import rename_new
from dbnchurn.core.locks import HeldLock, try_lock
from dbnchurn.core.scratch import ScratchFolder, remove_remains
from dbnchurn.runs.config import RunConfig, read_config

SUFFIX = ".unfinished"
CONFIG, ELSEWHERE = "config.yaml", "another_engine"


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
    def begin(cls, config: RunConfig, name: str, *, elsewhere: bool = False) -> Unfinished:
        """A new one, with the config as its only file.

        Parameters
        ----------
        config : RunConfig
        name : str
            Gets a number, from 2 on, if there is a run of that name, finished or not.
        elsewhere : bool, default False
            Whether another engine than this machine builds its tables.

        Returns
        -------
        Unfinished
        """
        parent, number, free = Path(config.output), 1, name
        parent.mkdir(parents=True, exist_ok=True)
        with ScratchFolder(parent, name) as scratch:
            aside = scratch / name
            aside.mkdir()
            (aside / CONFIG).write_text(dump(config), encoding="utf-8")
            if elsewhere:
                (aside / ELSEWHERE).touch()
            while True:
                folder = parent / f"{free}{SUFFIX}"
                if not (parent / free).exists() and not folder.exists():
                    with suppress(ResourceError):  # another run has taken the name meanwhile
                        rename_new(aside, folder)
                        return cls(folder, fresh=True)
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

    @property
    def elsewhere(self) -> bool:
        """Whether another engine than this machine builds its tables."""
        return (self.folder / ELSEWHERE).exists()

    def config(self) -> RunConfig:
        """The config that the run was begun with."""
        return read_config(self.folder / CONFIG)

    @property
    def complete(self) -> bool:
        """Whether the results are written: the run was stopped when nothing was left to do."""
        return self.target.exists()

    def discard(self) -> None:
        """Remove the folder, what resumes it first: one that is partly removed is not resumed."""
        (self.folder / CONFIG).unlink(missing_ok=True)
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
        how += " --engine spark" if self.elsewhere else ""
        remove_remains(self.folder.parent)  # of a process that was killed
        held, needed = self._locked(), True
        try:
            yield
            needed = False
        except KeyboardInterrupt as error:
            raise Interrupted(how) from error
        except Exception as error:
            # Resuming would raise a user's mistake again.
            mistake = isinstance(error, DbnchurnError) and not isinstance(error, ResourceError)
            if self.fresh and (mistake or not self.store.kept):
                needed = False
                how = "nothing was learned yet"
            if reason := lacking(error):
                raise ResourceError(f"{reason}; {how}") from error
            raise
        finally:
            if not needed:
                if os.name != "posix":  # Windows removes no file that is open
                    held.release()
                self.discard()  # while it is locked: nobody else may have resumed it
            held.release()

    def _locked(self) -> HeldLock:
        """The lock on the folder.

        Raises
        ------
        ConfigError
            If another process trains it, or has just finished it.
        """
        try:
            held = try_lock(self.folder / "lock")
        except FileNotFoundError:
            raise ConfigError(f"{self.folder} is no longer there: the run is finished") from None
        if held is None:
            raise ConfigError(f"{self.folder} is being trained by another process")
        return held
