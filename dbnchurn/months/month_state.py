"""The checks of one month: outcomes against scores, the ranking, and drift."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from dbnchurn.evaluate.outcome_gaps import OutcomeGap
from dbnchurn.months.estimate import Estimate
from dbnchurn.months.history import Month, gap_of
from dbnchurn.months.month_names import month_list

Advice = Literal["nothing", "watch", "recalibrate", "retrain"]
ADVICE: tuple[Advice, ...] = ("nothing", "watch", "recalibrate", "retrain")
LEVEL = 0.01  # of chance, in one month: about one false alarm in eight years for each of two checks
MOVED = 0.25  # stability index from which on a column counts as shifted
SCORE_MOVED = 0.1  # of the scores
TIMES_CHANCE = 3.0  # as much larger than by chance the index has to be
SHOWN = 5
MEANING = (
    "Drift may matter where the scores moved too, or where the outcomes are not as "
    "promised: then the cause may lie in these columns, which drift alone does not prove."
)


@dataclass(frozen=True)
class MonthState:
    """What the checks of one month say.

    Parameters
    ----------
    month : Month
    gap : OutcomeGap or None
        Promised and observed leavers; None before outcomes.
    drifted : tuple of (column, index)
        The largest first.
    score_index : float or None
        Stability index of the scores; None where it is not known.
    ranking_p : float or None
        Probability of an area under the curve as low as measured if the scores were true.
    miscalibrated, worse_ranking, scores_moved : bool
        Beyond chance.
    """

    month: Month
    gap: OutcomeGap | None
    drifted: tuple[tuple[str, float], ...]
    score_index: float | None
    ranking_p: float | None
    miscalibrated: bool
    worse_ranking: bool
    scores_moved: bool

    @property
    def advice(self) -> Advice:
        """What this month alone asks for."""
        if self.worse_ranking:
            return "retrain"
        if self.miscalibrated:
            return "recalibrate"
        return "watch" if self.drifted or self.scores_moved else "nothing"

    @property
    def said(self) -> str:
        """The advice in words of a table; a month without outcomes is not called as expected."""
        drift = "drift" if self.drifted else "scores moved"
        if self.gap is None:
            return "outcome not known yet" + (f"; {drift}" if self.advice == "watch" else "")
        if self.worse_ranking:
            return "ranking worse: retrain"
        if self.miscalibrated:
            more = "more" if self.gap.gap > 0 else "fewer"
            return f"{more} left than promised: recalibrate"
        return f"as expected; {drift}" if self.advice == "watch" else "as expected"

    @property
    def estimated_auc(self) -> float | None:
        """Area under the curve that the scores let expect."""
        part = self.month.scores or self.month.outcomes
        value = part["estimate"]["roc_auc"]["value"]
        return None if value is None else float(value)

    @property
    def measured_auc(self) -> float | None:
        """Area under the curve that came; None before outcomes."""
        if not self.month.outcomes:
            return None
        value = self.month.outcomes["measured"]["roc_auc"]["value"]
        return None if value is None else float(value)


def state_of(month: Month) -> MonthState:
    """The checks of one month.

    Parameters
    ----------
    month : Month

    Returns
    -------
    MonthState
    """
    drift = month.scores.get("drift") or {}
    moved = [
        (name, float(found["index"]))
        for name, found in drift.get("columns", {}).items()
        if _beyond(found, MOVED)
    ]
    score = drift.get("score")
    gap, p = gap_of(month), _ranking_p(month)
    return MonthState(
        month,
        gap,
        tuple(sorted(moved, key=lambda found: (-found[1], found[0]))),
        None if score is None else float(score["index"]),
        p,
        gap is not None and gap.p_value < LEVEL,
        p is not None and p < LEVEL / 2,
        score is not None and _beyond(score, SCORE_MOVED),
    )


def _beyond(found: dict[str, float], limit: float) -> bool:
    return found["index"] >= limit and found["index"] >= TIMES_CHANCE * found["by_chance"]


def _ranking_p(month: Month) -> float | None:
    """Probability of an area under the curve as low as measured; None where it is unknown."""
    if not month.outcomes:
        return None
    expected = month.outcomes["estimate"]["roc_auc"]
    measured = month.outcomes["measured"]["roc_auc"]["value"]
    return Estimate(expected["value"], expected["spread"]).p_below(measured)


def drift_lines(states: Sequence[MonthState]) -> list[str]:
    """Which columns drifted against the training, and whether that matters for the scores.

    Parameters
    ----------
    states : sequence of MonthState
        The earliest first; months in a row with the same columns share a sentence.

    Returns
    -------
    list of str
    """
    runs = groupby(states, key=lambda state: {name for name, _ in state.drifted})
    return [_drift_line(list(run), states) for columns, run in runs if columns]


def _drift_line(run: Sequence[MonthState], states: Sequence[MonthState]) -> str:
    """The sentence on a run of months, of all those that are told."""
    indices: dict[str, list[float]] = {}
    for state in reversed(run):  # the columns in the order of the newest month
        for name, index in state.drifted:
            indices.setdefault(name, []).append(index)
    shown = list(indices.items())[:SHOWN]
    named = ", ".join(f"{name} ({_span(values)})" for name, values in shown)
    more = len(indices) - len(shown)
    named += f" and {more} more" if more > 0 else ""
    months = month_list([state.month.month for state in run])
    why = []
    moved = [state.score_index for state in run if state.scores_moved and state.score_index]
    if moved:
        why.append(f"the scores moved too (index {_span(moved)})")
    # Outcomes of the same model in other months with such a drift count: these may have none yet.
    alike = [
        s for s in states if s.month.model == run[-1].month.model and _shares_drift(s, indices)
    ]
    unlike = [s.month.month for s in alike if s.worse_ranking or s.miscalibrated]
    if unlike:
        why.append(f"the outcomes of {month_list(unlike)} are not as promised")
    if why:
        matters = f"this may matter, as {' and '.join(why)}"
    elif all(state.gap is not None for state in run):
        matters = "the outcomes are as promised, so it does not matter so far"
    else:
        matters = "the scores hardly moved, so it matters little for them"
    return f"Drifted in {months} against the training: {named}; {matters}."


def _shares_drift(state: MonthState, columns: Container[str]) -> bool:
    return any(name in columns for name, _ in state.drifted)


def _span(values: Sequence[float]) -> str:
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"
