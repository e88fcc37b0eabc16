"""What a disk that is full or closed means for a scoring job."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.files import atomic_write
from dbnchurn.predictor.scores import Oddities
from dbnchurn.scoring.campaign import Campaign, CampaignList, write_campaign
from dbnchurn.scoring.drift import Drift, drift
from dbnchurn.scoring.paths import OutputPaths
from dbnchurn.scoring.scorer import Scorer
from dbnchurn.scoring.work_folder import WorkFolder
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.writing import ending_of, relation_of, write_pieces

log = logging.getLogger(__name__)
TOLD = 5  # findings
MEMORY = "200MB"  # to count ids; with more it is no faster


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
        What is known about the job, as JSON.
    model : str
        Version of the model.
    rows, scored, called : int
        Rows read, scored, and at or above the threshold.
    mean : float
        Mean probability.
    nameless, repeated : int
        Rows without an id, and rows whose id an earlier row has; both are scored all the same.
    unusual : Oddities
        What training had not seen.
    drift : Drift or None
        None for models of before training was remembered.
    campaign : CampaignList or None
    """

    output: Path
    rejected: Path | None
    summary: Path
    model: str
    rows: int
    scored: int
    called: int
    mean: float
    nameless: int
    repeated: int
    unusual: Oddities
    drift: Drift | None
    campaign: CampaignList | None

    def read(self) -> pd.DataFrame:
        """The scores, in memory."""
        csv = ending_of(self.output) == ".csv"
        return pd.read_csv(self.output) if csv else pd.read_parquet(self.output)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; the same for the same job."""
        return {
            "model": self.model,
            "rows": self.rows,
            "scored": self.scored,
            "rejected": self.rows - self.scored,
            "at_or_above_threshold": self.called,
            "mean_probability": self.mean,
            "without_id": self.nameless,
            "repeated_ids": self.repeated,
            "unusual": self.unusual.as_dict(),
            "drift": None if self.drift is None else self.drift.as_dict(),
            "campaign": None
            if self.campaign is None
            else {**asdict(self.campaign), "path": str(self.campaign.path)},
        }


def finish(
    scorer: Scorer,
    parts: WorkFolder,
    paths: OutputPaths,
    campaign: Campaign | None,
) -> Job:
    """Write everything, the scores last."""
    job = _summed(scorer, parts, paths)
    if job.rejected is not None:
        write_rejected(parts, paths)
    else:
        paths.rejected.unlink(missing_ok=True)  # of an earlier job
    if campaign is not None:
        job = replace(job, campaign=write_campaign(parts.files, campaign))
    with atomic_write(paths.summary, parts.folder) as unfinished:
        unfinished.write_text(json.dumps(job.as_dict(), indent=1) + "\n", encoding="utf-8")
    with atomic_write(paths.output, parts.folder) as unfinished:
        write_pieces(parts.tables(), unfinished, ending_of(paths.output))
    return job


def write_rejected(parts: WorkFolder, paths: OutputPaths) -> None:
    """List the rows that could not be scored, of which there are some."""
    with atomic_write(paths.rejected) as unfinished:
        write_pieces(parts.rejected(), unfinished, ending_of(paths.rejected))


def _summed(scorer: Scorer, parts: WorkFolder, paths: OutputPaths) -> Job:
    facts = parts.facts
    rows, rejected = (sum(getattr(f, name) for f in facts) for name in ("rows", "rejected"))
    unusual = sum((Oddities(**f.unusual) for f in facts), Oddities())
    counts: dict[str, Any] = {}
    for one in facts:
        for name, found in one.counts.items():
            counts[name] = counts.get(name, 0) + np.asarray(found, np.int64)
    nameless, repeated = _check_ids(parts) if scorer.id is not None else (0, 0)
    if nameless or repeated:
        log.warning(
            "%d rows have no %s, %d repeat that of another row", nameless, scorer.id, repeated
        )
    if lines := unusual.lines():
        rest = len(lines) - TOLD
        more = f"; and {rest} more, see {paths.summary}" if rest > 0 else ""
        log.warning("unusual: %s%s", "; ".join(lines[:TOLD]), more)
    reference = scorer.predictor.reference
    return Job(
        output=paths.output,
        rejected=paths.rejected if rejected else None,
        summary=paths.summary,
        model=scorer.predictor.version,
        rows=rows,
        scored=rows - rejected,
        called=sum(f.called for f in facts),
        mean=sum(f.probability for f in facts) / (rows - rejected),
        nameless=nameless,
        repeated=repeated,
        unusual=unusual,
        drift=None if reference is None else drift(reference, counts),
        campaign=None,
    )


def _check_ids(parts: WorkFolder) -> tuple[int, int]:
    """Rows without an id, and rows beyond the first of their id; out of core."""
    scores = relation_of(parts.files)
    with Session(MEMORY, n_threads=1) as session:
        nameless = session.row(f"SELECT count(*) - count(id) FROM {scores}")[0]
        repeated = session.row(
            f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM {scores} "
            "WHERE id IS NOT NULL GROUP BY id HAVING count(*) > 1)"
        )[0]
    return int(nameless), int(repeated)
