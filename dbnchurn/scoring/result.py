"""The result of a scoring job: its files, counts and drift."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from dbnchurn.core.spreadsheet_text import original_frame
from dbnchurn.data.coverage import Coverage
from dbnchurn.predictor.odd_rows import OddRows
from dbnchurn.predictor.scores import Oddities
from dbnchurn.scoring.campaign import CampaignList
from dbnchurn.scoring.drift import Drift
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.writing import ending_of, relation_of

MEMORY = "400MB"  # of DuckDB, to sort the scores


@dataclass(frozen=True)
class Job:
    """A finished scoring job.

    Parameters
    ----------
    output : Path
        The scores, with the columns ``id``, ``probability``, ``decision``, ``risk``, ``model``, and
        the reasons if they were asked for.
    rejected : Path or None
        The rows that could not be scored, if there are any.
    summary : Path
        The content of :meth:`as_dict`, as JSON.
    model : str
        Version of the model.
    rows, scored, called : int
        Rows read, scored, and at or above the threshold.
    mean : float
        Mean probability.
    without_id, repeated_ids : int
        Rows without an id, and rows whose id an earlier row has; both are scored all the same.
    unusual : Oddities
        Values that the training rows did not have.
    drift : Drift or None
        None for models from before distributions of the training rows were stored.
    campaign : CampaignList or None
    changed : tuple of str, default ()
        A sentence for every column that was emptied, or filled with unknown categories, and that
        was allowed to be.
    month : Coverage, optional
        Of a month that was built from raw tables: what these lack, and why that was allowed.
    digest : str, default ""
        Of the model folder; empty if that is not known.
    sources : mapping of table → what was read for it
        Of a month that was built from raw tables; empty otherwise.
    raw_text : bool, default False
        Whether texts of CSV files were left as they are.
    odd : OddRows, optional
        How many rows are odder than 1 in 1,000; None where plausibility was not asked for.
    notes : tuple of str, default ()
        What was assumed, converted or left out when the table was read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     scores = Path(folder, "scores.csv")
    ...     pd.DataFrame({"id": [1, 2, 3], "probability": [0.1, 0.4, 0.3]}).to_csv(scores)
    ...     job = Job(output=scores, rejected=None, summary=scores.with_suffix(".job.json"),
    ...               model="0a1b2c3d4e5f", rows=3, scored=3, called=1, mean=0.27, without_id=0,
    ...               repeated_ids=0, unusual=Oddities(3), drift=None, campaign=None)
    ...     job.highest(2)["probability"].tolist(), job.as_dict()["rejected"]
    ([0.4, 0.3], 0)
    """

    output: Path
    rejected: Path | None
    summary: Path
    model: str
    rows: int
    scored: int
    called: int
    mean: float
    without_id: int
    repeated_ids: int
    unusual: Oddities
    drift: Drift | None
    campaign: CampaignList | None
    changed: tuple[str, ...] = ()
    month: Coverage | None = None
    digest: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    raw_text: bool = False
    odd: OddRows | None = None
    notes: tuple[str, ...] = ()

    def read(self) -> pd.DataFrame:
        """The scores, in memory."""
        if ending_of(self.output) != ".csv":
            return pd.read_parquet(self.output)
        written = pd.read_csv(self.output)
        return written if self.raw_text else original_frame(written)

    def highest(self, count: int) -> pd.DataFrame:
        """The customers with the highest probabilities, best first; the others stay on disk.

        Returns
        -------
        DataFrame of at most `count` rows
            Columns as they were written; ids of a CSV file are text.
        """
        with Session(MEMORY, n_threads=1) as session:
            customers: pd.DataFrame = session.connection.execute(
                f"SELECT * FROM {relation_of([self.output], raw_text=self.raw_text)} "
                f"ORDER BY CAST(probability AS DOUBLE) DESC, id LIMIT {count}"
            ).df()
        columns = map(str, customers)
        numbers = [n for n in columns if n == "probability" or n.startswith("contribution_")]
        return customers.astype(dict.fromkeys(numbers, float))

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; the same for the same job."""
        return {
            "model": self.model,
            "digest": self.digest,
            "rows": self.rows,
            "scored": self.scored,
            "rejected": self.rows - self.scored,
            "at_or_above_threshold": self.called,
            "mean_probability": self.mean,
            "without_id": self.without_id,
            "repeated_ids": self.repeated_ids,
            "unusual": self.unusual.as_dict(),
            "plausibility": None if self.odd is None else self.odd.as_dict(),
            "drift": None if self.drift is None else self.drift.as_dict(),
            "campaign": None
            if self.campaign is None
            else {**asdict(self.campaign), "path": str(self.campaign.path)},
            "changed_columns": list(self.changed),
            "month": None if self.month is None else asdict(self.month),
            "sources": dict(self.sources),
            "notes": list(self.notes),
        }
