"""A history of months: one entry for every month and model, whole or not there.

It is a folder with a file for every entry, or a table of a PostgreSQL database. A month gets its
scores when it is scored, and its outcomes when these are known. Written again with the same content
it stays as it is, so that a job that was killed can be run again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

import numpy as np

from dbnchurn.core.errors import ConfigError, DataError, listed
from dbnchurn.core.html.format import percent, thousands
from dbnchurn.core.made_by import entries_before, note_entries
from dbnchurn.evaluate.outcome_gaps import OutcomeGap
from dbnchurn.months.estimate import ScoreGroups, estimates, plain_estimates
from dbnchurn.months.history_store import NAME, Entry, FolderHistory, HistoryStore
from dbnchurn.months.month_names import month_name
from dbnchurn.months.postgres_history import PostgresHistory, is_database
from dbnchurn.months.scored_outcomes import ScoredOutcomes
from dbnchurn.months.stored_facts import StoredMonth, parse_stored
from dbnchurn.runs.backtest_result import Backtest
from dbnchurn.scoring.result import Job
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.writing import relation_of

FORMAT = 1
STORED_GROUPS = 20
MEMORY = "200MB"
FEW_WITHOUT = 0.01  # share of the scored, up to which those without an outcome are no doubt
SAME_MEAN = 1e-4  # of a mean score, up to which two are the same but for rounding
STEPS = 5000  # of the probability, within which scores count as one
MOST_CAMPAIGNS = 12  # of an entry, of which all selections are tried
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
    def entry(self) -> Entry:
        """The name that it is kept under."""
        return Entry(self.month, self.model)


def history_at(place: str | Path) -> HistoryStore:
    """The store of a history.

    Parameters
    ----------
    place : path or str
        A folder, or a table of a database: ``postgresql:NAME``, where NAME is an environment
        variable that holds the URL, or a URL without a password.

    Returns
    -------
    HistoryStore

    Raises
    ------
    ConfigError
        If it names a database and holds a password, or nothing that could be one.
    """
    if isinstance(place, str) and is_database(place):
        return PostgresHistory(place)
    return FolderHistory(place)


def read_history(place: str | Path) -> tuple[Month, ...]:
    """All months of a history, the earliest first.

    Parameters
    ----------
    place : path or str
        As :func:`history_at` takes it.

    Returns
    -------
    tuple of Month

    Raises
    ------
    ConfigError
        If there is no such history.
    DataError
        If an entry of it cannot be read.
    """
    return months_of(*read_entries(place))


def read_entries(place: str | Path) -> tuple[HistoryStore, dict[Entry, str]]:
    """All entries of a history, read at one time; of a page that is made again those it was of.

    Parameters
    ----------
    place : path or str
        As :func:`history_at` takes it.

    Returns
    -------
    HistoryStore
    dict of Entry → str
        The earliest first.

    Raises
    ------
    ConfigError, DataError
        If there is no such history, or an entry is not what it was when the page was made.
    """
    store = history_at(place)
    texts = dict(sorted(store.texts().items()))
    if (before := entries_before(str(place))) is not None:
        texts = _as_they_were(store, texts, before)
    note_entries(str(place), {entry.file: _digest(text) for entry, text in texts.items()})
    return store, texts


def _as_they_were(
    store: HistoryStore, texts: Mapping[Entry, str], before: Mapping[str, str]
) -> dict[Entry, str]:
    """The entries with these digests, without what was added to them later."""
    found = {}
    for entry, text in texts.items():
        if (digest := before.get(entry.file)) is None:
            continue
        if _digest(text) != digest:
            if entry.model:
                _parsed(store, entry, text)
            text = next((one for one in _earlier(entry, text) if _digest(one) == digest), "")
        if not text:
            raise ConfigError(
                f"{store.where(entry)} has other bytes than when the page was made, so its numbers "
                "cannot be the same; restore it, or make the page anew"
            )
        found[entry] = text
    if gone := sorted(before.keys() - {entry.file for entry in found}):
        raise ConfigError(
            f"of the entries of the history that the page was made of {listed(gone)} are gone; "
            "restore them, or make the page anew"
        )
    return found


def _earlier(entry: Entry, text: str) -> Iterator[str]:
    """What an entry may have been before scores, outcomes or campaigns were added to it."""
    try:
        stored = json.loads(text)
        campaigns = {} if entry.model else dict(stored["campaigns"])
    except (ValueError, TypeError, KeyError):
        return
    if entry.model:
        yield from (_dumped({**stored, part: {}}) for part in ("outcomes", "scores"))
    for n in reversed(range(1, len(campaigns))) if len(campaigns) <= MOST_CAMPAIGNS else ():
        for some in combinations(campaigns.items(), n):
            yield _dumped({**stored, "campaigns": dict(some)})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def months_of(store: HistoryStore, texts: Mapping[Entry, str]) -> tuple[Month, ...]:
    """The months among the entries of a history.

    Parameters
    ----------
    store : HistoryStore
    texts : mapping of Entry → str
        As :func:`read_entries` gives it.

    Returns
    -------
    tuple of Month

    Raises
    ------
    DataError
        If an entry cannot be read.
    """
    return tuple(_parsed(store, entry, text) for entry, text in texts.items() if entry.model)


def _parsed(store: HistoryStore, entry: Entry, text: str) -> Month:
    where = store.where(entry)
    stored = parse_stored(text, where, StoredMonth, FORMAT)
    day = date.fromisoformat(stored["month"])
    month = Month(day, stored["model"], stored["scores"], stored["outcomes"])
    if month.entry != entry:
        raise DataError(
            f"{where} holds the month {month.entry.file}; it was renamed, so name it so"
        )
    return month


def add_month(
    place: str | Path, month: date, model: str, part: Part, facts: Mapping[str, Any]
) -> str:
    """Add scores or outcomes of a month to a history.

    Parameters
    ----------
    place : path or str
        As :func:`history_at` takes it. A folder or table is made if it is not there; the folder
        above it has to exist.
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
        If the history cannot be used or its month cannot be read, or another process holds it.
    """
    store = history_at(place)
    empty = Month(month, model)
    entry = empty.entry
    if not model or not NAME.fullmatch(entry.file):
        raise ConfigError(f"the model {model!r} has no version by which a history could name it")
    store.check({}, {}, mkdir=False)
    facts = json.loads(json.dumps(facts))
    found: list[Month] = []

    def change(text: str | None) -> str | None:
        found.append(empty if text is None else _parsed(store, entry, text))
        if asdict(found[0])[part] == facts:
            return None
        return _text(_with_part(found[0], part, facts))

    store.update(entry, change)
    before = asdict(found[0])[part]
    if before == facts:
        return f"history: the {part} of {month} are there already, and the same"
    done = "replaced by others" if before else "added"
    said = f"history: the {part} of {month} were {done}: {store.where(entry)}"
    now = _with_part(found[0], part, facts)
    return "\n".join(line for line in (said, differing_customers(now)) if line)


def _with_part(month: Month, part: Part, facts: Mapping[str, Any]) -> Month:
    return replace(month, scores=facts) if part == "scores" else replace(month, outcomes=facts)


def _text(month: Month) -> str:
    """What an entry holds."""
    return _dumped({**asdict(month), "month": str(month.month), "format": FORMAT})


def _dumped(content: Mapping[str, object]) -> str:
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def differing_customers(month: Month) -> str | None:
    """What is said where scores and outcomes of a month are not of the same customers.

    The history holds no customer: what differs is their number, or their mean score. If up to 1 %
    have no outcome, and these can be the whole difference, only their number is said.

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
    rounding = SAME_MEAN * max(gap.promised, mean)
    if gap.rows == scored and abs(gap.promised - mean) <= rounding:
        return None
    lacking = scored - gap.rows
    theirs = mean * scored - gap.promised * gap.rows  # sum of the scores of those who lack
    near = -rounding * scored <= theirs <= lacking + rounding * scored
    if near and 0 < lacking <= FEW_WITHOUT * scored:
        return (
            f"{thousands(lacking)} of {thousands(scored)} customers scored for "
            f"{month_name(month.month)} have no outcome and are not counted."
        )
    numbers = (
        f"{thousands(scored)} customers were scored (mean {percent(mean, 2)}), and outcomes are "
        f"those of {thousands(gap.rows)} (mean score {percent(gap.promised, 2)})"
    )
    return (
        f"Scores and outcomes of {month_name(month.month)} are not of the same customers: "
        f"{numbers}; what the scores let expect is compared on those with outcomes alone."
    )


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
