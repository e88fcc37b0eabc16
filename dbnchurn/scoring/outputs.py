"""Writes the files of a scoring job from its finished chunks, and sums these up."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dbnchurn.core.errors import DataError
from dbnchurn.core.files import atomic_write, replace_folder
from dbnchurn.core.scratch import ScratchFolder
from dbnchurn.core.typing import Ints
from dbnchurn.data.build import QUARANTINE, Built
from dbnchurn.predictor.changed import changed_columns, refuse_changed
from dbnchurn.predictor.odd_rows import OddRows
from dbnchurn.predictor.scores import Oddities
from dbnchurn.scoring.campaign import Campaign, write_campaign
from dbnchurn.scoring.drift import drift
from dbnchurn.scoring.input_columns import id_faults
from dbnchurn.scoring.output_paths import OutputPaths
from dbnchurn.scoring.result import Job
from dbnchurn.scoring.scorer import Scorer
from dbnchurn.scoring.work_folder import ChunkFacts, WorkFolder
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.id_spelling import zeros_lost_refusal
from dbnchurn.tables.writing import ending_of, relation_of, write_pieces

log = logging.getLogger(__name__)
SHOWN = 5  # sentences on unusual values that are logged
MEMORY = "200MB"  # to count ids; with more it is no faster


def write_outputs(
    scorer: Scorer,
    work_folder: WorkFolder,
    paths: OutputPaths,
    campaign: Campaign | None,
    *,
    allow_changed: Collection[str] = (),
    month: Built | None = None,
    sources: Mapping[str, str] | None = None,
) -> Job:
    """Write everything, the scores last; nothing if columns or suppression list are refused.

    Parameters
    ----------
    scorer : Scorer
        What scored the chunks.
    work_folder : WorkFolder
        All chunks of the job.
    paths : OutputPaths
    campaign : Campaign or None
    allow_changed : collection of str, optional
        Columns that may be emptied or full of unknown categories.
    month : Built, optional
        The month that was built from raw tables.
    sources : mapping of table → what was read for it, optional
        Of that month.

    Returns
    -------
    Job

    Raises
    ------
    DataError
        If a column is not what it was in training, or ids of the suppression list match nobody.
    """
    unusual = sum((Oddities(**f.unusual) for f in work_folder.facts), Oddities())
    allowed = set(allow_changed)
    if month is not None and month.coverage.uncovered:  # it was allowed, so what it empties is too
        allowed |= {found.column for found in changed_columns(unusual) if found.emptied}
    changed = refuse_changed(unusual, allowed)
    _refuse_lost_zeros(scorer, work_folder, allowed)
    job = replace(
        _summed(scorer, work_folder, paths, unusual),
        changed=changed,
        month=None if month is None else month.coverage,
        sources=dict(sources or {}),
        notes=scorer.notes if month is None else (*scorer.notes, *month.reading, *month.notes),
    )
    if campaign is not None:
        # Whether its folder may be made was checked before the first row.
        campaign = replace(campaign, raw_text=paths.raw_text)
        made = write_campaign(work_folder.files, campaign, id=scorer.id, mkdir=True)
        job = replace(job, campaign=made)
    if month is not None:
        _write_quarantine(month, paths)
    if job.rejected is not None:
        write_rejected(work_folder, paths)
    else:
        paths.rejected.unlink(missing_ok=True)  # of an earlier job
    with atomic_write(paths.summary, work_folder.folder) as unfinished:
        unfinished.write_text(json.dumps(job.as_dict(), indent=1) + "\n", encoding="utf-8")
    with atomic_write(paths.output, work_folder.folder) as unfinished:
        ending = ending_of(paths.output)
        write_pieces(work_folder.tables(), unfinished, ending, raw_text=paths.raw_text)
    return job


def write_rejected(work_folder: WorkFolder, paths: OutputPaths) -> None:
    """Write the rows that could not be scored.

    Parameters
    ----------
    work_folder : WorkFolder
        With at least one such row.
    paths : OutputPaths
    """
    with atomic_write(paths.rejected, _aside(paths.rejected, work_folder)) as unfinished:
        ending = ending_of(paths.rejected)
        write_pieces(work_folder.rejected(), unfinished, ending, raw_text=paths.raw_text)


def _aside(path: Path, work_folder: WorkFolder) -> Path | None:
    """The work folder, where it is beside a file that is to be written."""
    return work_folder.folder if path.parent == work_folder.folder.parent else None


def _write_quarantine(month: Built, paths: OutputPaths) -> None:
    """Copy the rows of the raw tables that broke their contract."""
    if not (month.folder / QUARANTINE).exists():
        shutil.rmtree(paths.quarantine, ignore_errors=True)  # of an earlier job
    else:
        with ScratchFolder(paths.quarantine.parent, paths.quarantine.name) as scratch:
            shutil.copytree(month.folder / QUARANTINE, scratch / QUARANTINE)
            replace_folder(scratch / QUARANTINE, paths.quarantine)
        aside = {name: sum(table.quarantined.values()) for name, table in month.tables.items()}
        log.warning(
            "rows of the raw tables that broke their contract or repeat a key are in %s: %s",
            paths.quarantine,
            ", ".join(f"{name} {rows:,}" for name, rows in aside.items() if rows),
        )


def _summed(scorer: Scorer, work_folder: WorkFolder, paths: OutputPaths, unusual: Oddities) -> Job:
    facts = work_folder.facts
    rows, rejected = sum(f.rows for f in facts), sum(f.rejected for f in facts)
    without_id, repeated = _check_ids(work_folder) if scorer.id is not None else (0, 0)
    for sentence in id_faults(scorer.id or "id", without_id, repeated):
        log.warning("%s", sentence)
    if sentences := unusual.lines():
        others = len(sentences) - SHOWN
        ending = f"; and {others} more, see {paths.summary}" if others > 0 else ""
        log.warning("unusual: %s%s", "; ".join(sentences[:SHOWN]), ending)
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
        without_id=without_id,
        repeated_ids=repeated,
        unusual=unusual,
        drift=None if reference is None else drift(reference, summed_counts(facts)),
        campaign=None,
        digest=scorer.predictor.digest,
        raw_text=paths.raw_text,
        odd=_summed_odd(facts),
    )


def _summed_odd(facts: Sequence[ChunkFacts]) -> OddRows | None:
    """Odd rows of all chunks; None where plausibility was not asked for."""
    found = [OddRows(**chunk.odd) for chunk in facts if chunk.odd is not None]
    return sum(found, OddRows()) if found else None


def summed_counts(facts: Sequence[ChunkFacts]) -> Mapping[str, Ints]:
    """Column → rows in every slot of its distribution, over all chunks."""
    totals: dict[str, Ints] = {}
    for chunk in facts:
        for column, counts in chunk.counts.items():
            totals[column] = totals.get(column, 0) + np.asarray(counts, np.int64)
    return totals


def _refuse_lost_zeros(scorer: Scorer, work_folder: WorkFolder, allowed: Collection[str]) -> None:
    """Refuse ids that had zeros before them in training, all or some of which were lost."""
    trained = scorer.id_spelling(allowed)
    if not trained.padded:
        return
    with Session(MEMORY, n_threads=1) as session:
        counts = session.row(
            f"SELECT {', '.join(trained.counts_sql('w', 'regexp_matches'))} FROM "
            f"(SELECT CAST(id AS VARCHAR) AS w FROM {relation_of(work_folder.files)})"
        )
    if why := trained.zeros_lost(*map(int, counts)):
        raise DataError(zeros_lost_refusal(str(scorer.id), why))


def _check_ids(work_folder: WorkFolder) -> tuple[int, int]:
    """Rows without an id, and rows beyond the first of their id; out of core."""
    scores = relation_of(work_folder.files)
    with Session(MEMORY, n_threads=1) as session:
        without_id = session.row(f"SELECT count(*) - count(id) FROM {scores}")[0]
        repeated = session.row(
            f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM {scores} "
            "WHERE id IS NOT NULL GROUP BY id HAVING count(*) > 1)"
        )[0]
    return int(without_id), int(repeated)
