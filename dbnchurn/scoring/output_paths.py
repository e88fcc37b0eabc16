"""The files that a scoring job writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dbnchurn.core.errors import ConfigError, ResourceError
from dbnchurn.tables.writing import ending_of


@dataclass(frozen=True)
class OutputPaths:
    """The files of a job, named after its scores with their ending, so that no two jobs share one.

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
    raw_text : bool, default False
        Whether texts of CSV files are left as they are; otherwise those that a spreadsheet would
        compute have an apostrophe in front.
    """

    output: Path
    rejected: Path
    summary: Path
    quarantine: Path
    work: Path
    raw_text: bool = False

    @classmethod
    def of(
        cls, output: Path, rejected: str | Path | None = None, *, raw_text: bool = False
    ) -> OutputPaths:
        """Derive all names from that of the scores.

        Parameters
        ----------
        output : Path
            ``.csv`` or ``.parquet``.
        rejected : path, optional
            By default ``NAME.rejected.csv`` beside ``NAME.csv``.
        raw_text : bool, default False

        Returns
        -------
        OutputPaths

        Raises
        ------
        ConfigError
            If an ending is another one, or there is a folder of one of these names.
        """
        ending = ending_of(output)
        rejected = Path(rejected or output.with_suffix(f".rejected{ending}"))
        ending_of(rejected)
        for path in (output, rejected):
            if path.is_dir():
                raise ConfigError(f"{path}: scores cannot be written there: it is a folder")
        return cls(
            output,
            rejected,
            output.with_name(output.name + ".job.json"),
            output.with_name(output.name + ".quarantine"),
            output.with_name(output.name + ".parts"),
            raw_text,
        )

    @property
    def written(self) -> dict[str, Path]:
        """Role → file or folder of the job, as messages name them."""
        return {
            "output": self.output,
            "rejected": self.rejected,
            "summary": self.summary,
            "quarantine": self.quarantine,
            "parts": self.work,
        }


@contextmanager
def disk_errors(output: Path) -> Iterator[None]:
    """Re-raise a full or unwritable disk as a ResourceError of one sentence.

    Raises
    ------
    ResourceError
        In place of an ``OSError``; it says that finished chunks are kept.
    """
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise ResourceError(
            f"{output}: scores cannot be written there: {why}; with that mended, the same command "
            "goes on from the chunks that are finished"
        ) from error
