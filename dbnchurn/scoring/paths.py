"""Where a scoring job writes."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dbnchurn.core.errors import ConfigError
from dbnchurn.tables.writing import ending_of


@dataclass(frozen=True)
class OutputPaths:
    """The files of a job, named after its scores.

    Parameters
    ----------
    output : Path
        The scores.
    rejected : Path
        Rows that cannot be read.
    summary : Path
        What is known about the job.
    quarantine : Path
        Folder for rows of raw tables that broke their contract.
    work : Path
        Folder for finished chunks.
    """

    output: Path
    rejected: Path
    summary: Path
    quarantine: Path
    work: Path

    @classmethod
    def of(cls, output: Path, rejected: str | Path | None = None) -> OutputPaths:
        """Names that follow from that of the scores, for which a folder is made.

        Raises
        ------
        ConfigError
            If scores cannot be written there.
        """
        ending = ending_of(output)
        aside = Path(rejected or output.with_suffix(f".rejected{ending}"))
        ending_of(aside)
        with disk_errors(output):
            output.parent.mkdir(parents=True, exist_ok=True)
            if output.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        return cls(
            output,
            aside,
            output.with_suffix(".job.json"),
            output.with_suffix(".quarantine"),
            output.with_name(output.name + ".parts"),
        )


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
