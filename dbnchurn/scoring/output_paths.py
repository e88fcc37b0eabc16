"""The files that a scoring job writes."""

from __future__ import annotations

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
        Rows that cannot be scored.
    summary : Path
        Counts, drift and unusual values of the job, as JSON.
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
        """Derive all names from that of the scores, and make its folder.

        Parameters
        ----------
        output : Path
            ``.csv`` or ``.parquet``.
        rejected : path, optional
            By default ``NAME.rejected.csv`` beside ``NAME.csv``.

        Returns
        -------
        OutputPaths

        Raises
        ------
        ConfigError
            If an ending is another one, or scores cannot be written there.
        """
        ending = ending_of(output)
        rejected = Path(rejected or output.with_suffix(f".rejected{ending}"))
        ending_of(rejected)
        if output.is_dir():
            raise ConfigError(f"{output}: scores cannot be written there: it is a folder")
        with disk_errors(output):
            output.parent.mkdir(parents=True, exist_ok=True)
        return cls(
            output,
            rejected,
            output.with_suffix(".job.json"),
            output.with_suffix(".quarantine"),
            output.with_name(output.name + ".parts"),
        )


@contextmanager
def disk_errors(output: Path) -> Iterator[None]:
    """Re-raise a full or unwritable disk as a ConfigError of one sentence.

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
