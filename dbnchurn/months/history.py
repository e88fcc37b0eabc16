"""A folder of months: one file for every month and model, whole or not there.

A month gets its scores when it is scored, and its outcomes when these are known. Written again with
the same content it stays as it is, so that a job that was killed can be run again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.files import write_whole
from dbnchurn.core.html.format import percent, thousands
from dbnchurn.core.locks import folder_lock
from dbnchurn.core.places import check_places, make_folder
from dbnchurn.core.scratch import remove_remains
from dbnchurn.evaluate.outcome_gaps import OutcomeGap
from dbnchurn.months.estimate import ScoreGroups, estimates, plain_estimates
from dbnchurn.months.month_names import month_name
from dbnchurn.months.scored_outcomes import ScoredOutcomes
from dbnchurn.months.stored_facts import StoredMonth, read_stored
from dbnchurn.runs.backtest_result import Backtest
from dbnchurn.scoring.result import Job
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.writing import relation_of

FORMAT = 1
NAME = re.compile(r"(\d{4}-\d{2}-\d{2})\.([0-9A-Za-z_-]+)\.json")
WAIT = 60.0  # seconds for another process that writes
STORED_GROUPS = 20
MEMORY = "200MB"
SAME_MEAN = 1e-4  # of a mean score, up to which two are the same but for rounding
STEPS = 5000  # of the probability, within which scores count as one
Part = Literal["scores", "outcomes"]
MEASURED = ("roc_auc", "average_precision", "lift_top_decile", "brier")


@dataclass(frozen=True)
class Month:
    """One month of one model.

    Parameters
    ----------
    month : date
        The cutoff.
    model : str
        Version of the model.
    scores : mapping
        ``rows``, ``scored``, ``called``, ``mean``, ``groups`` (mean score and rows, rising),
        ``estimate`` (what is expected if the scores are true) and ``drift``; empty before scoring.
    outcomes : mapping
        ``gap`` (promised and observed leavers), ``groups`` (mean score, rows and leavers),
        ``estimate`` for the same customers, and ``measured``; empty before outcomes.
    """

    month: date
    model: str
    scores: Mapping[str, Any] = field(default_factory=dict)
    outcomes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """Name of its file."""
        return f"{self.month}.{self.model}.json"


def read_history(folder: str | Path) -> tuple[Month, ...]:
    """All months of a folder, the earliest first.

    Parameters
    ----------
    folder : path

    Returns
    -------
    tuple of Month

    Raises
    ------
    ConfigError
        If there is no such folder.
    DataError
        If a file of it cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ConfigError(
            f"{folder}: there is no such history; 'dbnchurn score --history' and 'dbnchurn "
            "evaluate --history' write one"
        )
    files = sorted(path for path in folder.iterdir() if NAME.fullmatch(path.name))
    return tuple(sorted(map(_read, files), key=lambda month: (month.month, month.model)))


def _read(path: Path) -> Month:
    stored = read_stored(path, StoredMonth, FORMAT)
    day = date.fromisoformat(stored["month"])
    month = Month(day, stored["model"], stored["scores"], stored["outcomes"])
    if month.file != path.name:
        raise DataError(f"{path} holds the month {month.file}; it was renamed, so name it so")
    return month


def add_month(
    folder: str | Path, month: date, model: str, part: Part, facts: Mapping[str, Any]
) -> str:
    """Add scores or outcomes of a month to a history.

    Parameters
    ----------
    folder : path
        Made if it is not there; the folder above it has to exist.
    month : date
    model : str
    part : {"scores", "outcomes"}
    facts : mapping
        Plain data, as :func:`score_facts` and :func:`outcome_facts` give it.

    Returns
    -------
    str
        What was done, in a sentence: added, already there, or replaced.

    Raises
    ------
    ConfigError, DataError, ResourceError
        If the folder cannot be used or its month cannot be read, or another process holds it.
    """
    folder = Path(folder)
    empty = Month(month, model)
    if not NAME.fullmatch(empty.file):
        raise ConfigError(f"the model {model!r} has no version by which a history could name it")
    check_history(folder)
    folder.mkdir(exist_ok=True)
    facts = json.loads(json.dumps(facts))
    with folder_lock(folder, WAIT):
        remove_remains(folder)  # of a process that was killed after it had written this month
        path = folder / empty.file
        there = asdict(_read(path)) if path.exists() else asdict(empty)
        before = there[part]
        if before == facts:
            return f"history: the {part} of {month} are there already, and the same"
        there[part] = facts
        content = {**there, "month": str(month), "format": FORMAT}
        write_whole(path, json.dumps(content, indent=1, sort_keys=True) + "\n")
    done = "replaced by others" if before else "added"
    said = f"history: the {part} of {month} were {done}: {path}"
    now = Month(month, model, there["scores"], there["outcomes"])
    return "\n".join(line for line in (said, differing_customers(now)) if line)


def differing_customers(month: Month) -> str | None:
    """What is said where scores and outcomes of a month are not of the same customers.

    The history holds no customer: what differs is their number, or their mean score.

    Parameters
    ----------
    month : Month

    Returns
    -------
    str or None
        None where nothing differs, or one of both is not known.
    """
    gap = gap_of(month)
    if gap is None or not month.scores:
        return None
    scored, mean = month.scores["scored"], month.scores["mean"]
    if gap.rows == scored and abs(gap.promised - mean) <= SAME_MEAN * max(gap.promised, mean):
        return None
    numbers = (
        f"{thousands(scored)} customers were scored (mean {percent(mean, 2)}), and outcomes are "
        f"those of {thousands(gap.rows)} (mean score {percent(gap.promised, 2)})"
    )
    return (
        f"Scores and outcomes of {month_name(month.month)} are not of the same customers: "
        f"{numbers}; what the scores let expect is compared on those with outcomes alone."
    )


def check_history(folder: str | Path, *, mkdir: bool = False) -> None:
    """Refuse, before any work, a history that cannot be written.

    Parameters
    ----------
    folder : path
    mkdir : bool, default False
        Whether what is above it is made.

    Raises
    ------
    ConfigError
        If it is a file, or the folder above it is not there.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file; a history is a folder")
    check_places({"history": folder}, mkdir=mkdir)
    if mkdir:
        make_folder(folder.parent, "history")


def score_facts(job: Job) -> dict[str, Any]:
    """What a history keeps of a finished scoring job.

    Parameters
    ----------
    job : Job

    Returns
    -------
    dict
    """
    relation = relation_of([job.output], raw_text=job.raw_text)
    with Session(MEMORY, n_threads=1) as session:
        found = session.rows(
            f"SELECT avg(p), count(*) FROM (SELECT CAST(probability AS DOUBLE) AS p FROM "
            f"{relation}) GROUP BY floor(p * {STEPS}) ORDER BY 1"
        )
    groups = ScoreGroups(
        np.array([score for score, _ in found]), np.array([rows for _, rows in found], np.int64)
    )
    return {
        "rows": job.rows,
        "scored": job.scored,
        "called": job.called,
        "mean": job.mean,
        "groups": _stored(groups),
        "estimate": plain_estimates(estimates(groups)),
        "drift": None if job.drift is None else job.drift.as_dict(),
    }


def outcome_facts(found: Backtest | ScoredOutcomes) -> dict[str, Any] | None:
    """What a history keeps of a month whose outcome is known.

    Parameters
    ----------
    found : Backtest or ScoredOutcomes

    Returns
    -------
    dict or None
        None where nothing new was measured, because the model learned from these customers, or
        where they are weighted because of a campaign.
    """
    if not found.gaps:
        return None
    groups = ScoreGroups.of(found.scores, found.outcomes)
    return {
        "gap": found.gaps[0].plain(),
        "by": [gap.plain() for gap in found.gaps[1:]],
        "groups": _stored(groups),
        "estimate": plain_estimates(estimates(groups)),
        "measured": {name: dict(found.measured[name]) for name in MEASURED},
    }


def gap_of(month: Month) -> OutcomeGap | None:
    """Promised and observed leavers of a month; None before outcomes."""
    if not month.outcomes:
        return None
    names = OutcomeGap.__dataclass_fields__
    return OutcomeGap(**{name: month.outcomes["gap"][name] for name in names})


def _stored(groups: ScoreGroups) -> list[list[float]]:
    few = groups.coarse(STORED_GROUPS)
    columns = [few.score.tolist(), few.rows.tolist()]
    if few.left is not None:
        columns.append(few.left.tolist())
    return [list(row) for row in zip(*columns, strict=True)]
