"""What changed over the months of a history, since when, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np

from dbnchurn.core.errors import DataError, listed
from dbnchurn.core.html.format import percent, plain, points
from dbnchurn.evaluate.outcome_gaps import OutcomeGap
from dbnchurn.months.campaign_months import CampaignMonth
from dbnchurn.months.estimate import Estimate
from dbnchurn.months.history import Month, differing_customers, gap_of
from dbnchurn.months.recalibration import Recalibration, fit_recalibration

Advice = Literal["nothing", "watch", "recalibrate", "retrain"]
ADVICE: tuple[Advice, ...] = ("nothing", "watch", "recalibrate", "retrain")
LEVEL = 0.01  # of chance, in one month: about one false alarm in eight years for each of two checks
MOVED = 0.25  # stability index from which on a column counts as shifted
SCORE_MOVED = 0.1  # of the scores
TIMES_CHANCE = 3.0  # as much larger than by chance the index has to be
STATED = 0.95  # of the interval of an estimate
SHOWN = 5


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


@dataclass(frozen=True)
class Findings:
    """The months of the newest model, and one recommendation.

    Parameters
    ----------
    advice : {"nothing", "watch", "recalibrate", "retrain"}
    reason : str
        One sentence.
    since : date or None
        First of the months in a row that ask for as much.
    states : tuple of MonthState
        Of the model that scored or was measured last, the earliest first.
    others : tuple of str
        Models of earlier months, of which nothing is said.
    recalibration : Recalibration or None
        Fitted to all months in a row that ask for it.
    campaigns : tuple of CampaignMonth, default ()
    """

    advice: Advice
    reason: str
    since: date | None
    states: tuple[MonthState, ...]
    others: tuple[str, ...]
    recalibration: Recalibration | None
    campaigns: tuple[CampaignMonth, ...] = ()

    @property
    def estimates_held(self) -> tuple[int, int]:
        """Months whose area under the curve came within its estimate, and months with both."""
        judged = [p for state in self.states if (p := state.ranking_p) is not None]
        return sum(abs(p - 0.5) <= STATED / 2 for p in judged), len(judged)

    @property
    def verdict(self) -> str:
        """The recommendation in a sentence."""
        words = {
            "nothing": "Nothing to do",
            "watch": "Watch the next months",
            "recalibrate": "Recalibrate the scores",
            "retrain": "Retrain the model",
        }
        since = f" (since {self.since})" if self.since is not None else ""
        return f"{words[self.advice]}{since}: {self.reason}"

    def lines(self) -> list[str]:
        """Further sentences: drift, estimates, what recalibration would do."""
        held, judged = self.estimates_held
        lines = []
        if judged:
            lines.append(
                f"Before outcomes arrived, the area under the curve was estimated from the scores; "
                f"in {held} of {judged} months it came within the stated {percent(STATED, 0)} "
                "interval."
            )
        newest = self.states[-1]
        if newest.gap is None and (value := newest.estimated_auc) is not None:
            lines.append(
                f"The outcome of {newest.month.month} is not known yet; if its scores are true, "
                f"the area under the curve will be about {plain(value)} and "
                f"{percent(newest.month.scores['mean'], 2)} will leave."
            )
        lines += drift_lines(newest)
        lines += [line for state in self.states if (line := differing_customers(state.month))]
        lines += [campaign.sentence for campaign in self.campaigns]
        lines += self._fewer_by_campaign()
        if self.recalibration is not None:
            lines.append(
                f"Two numbers recalibrate: log-odds times {self.recalibration.slope:.3f} plus "
                f"{self.recalibration.shift:.3f}. The ranking stays as it is. 'dbnchurn retrain' "
                "fits them anew, tries them on other customers and writes the recalibrated model."
            )
        if self.others:
            lines.append(f"Earlier months were scored by other models: {listed(self.others)}.")
        return lines

    def _fewer_by_campaign(self) -> list[str]:
        """What is said of a month with too few leavers in which a campaign kept customers."""
        kept = {campaign.month for campaign in self.campaigns if campaign.claim == "kept"}
        fewer = [
            str(state.month.month)
            for state in self.states
            if state.miscalibrated and state.gap is not None and state.gap.gap < 0
            and state.month.month in kept
        ]  # fmt: skip
        if not fewer:
            return []
        return [
            f"Fewer left than promised in {listed(fewer)}, when a campaign kept customers: scores "
            "promise what comes without it. Measure the month as if nobody had been contacted, "
            "with 'dbnchurn evaluate --contact-log', before the scores are recalibrated."
        ]


def drift_lines(state: MonthState) -> list[str]:
    """Which columns drifted in a month, and whether that matters for its scores."""
    if not state.drifted:
        return []
    named = ", ".join(f"{name} ({index:.2f})" for name, index in state.drifted[:SHOWN])
    more = len(state.drifted) - SHOWN
    named += f" and {more} more" if more > 0 else ""
    if state.worse_ranking or state.miscalibrated:
        matters = "the outcomes are not as promised either, so it may well matter"
    elif state.scores_moved:
        matters = f"the scores moved with them (index {state.score_index:.2f}), so it may matter"
    elif state.gap is not None:
        matters = "the outcomes are as promised, so it does not matter so far"
    else:
        matters = "the scores hardly moved, so it matters little for them"
    return [f"Drifted in {state.month.month} against the training: {named}; {matters}."]


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


def monitor(months: Sequence[Month], campaigns: Sequence[CampaignMonth] = ()) -> Findings:
    """Find what changed and what to do.

    Of the newest model, the newest month with outcomes decides whether to recalibrate or to
    retrain, and the newest scored month whether to watch. Retraining is asked for where the
    ranking is worse than the scores let expect, as no recalibration mends that.

    Parameters
    ----------
    months : sequence of Month
        As :func:`~dbnchurn.months.history.read_history` gives them.
    campaigns : sequence of CampaignMonth, default ()
        As :func:`~dbnchurn.months.campaign_months.read_campaigns` gives them; shown, and no part
        of the recommendation.

    Returns
    -------
    Findings

    Raises
    ------
    DataError
        If there is none.
    """
    if not months:
        raise DataError("the history holds no month yet; score or evaluate one with --history")
    return replace(_findings(months), campaigns=tuple(campaigns))


def _findings(months: Sequence[Month]) -> Findings:
    begun: dict[str, date] = {}
    for month in months:
        begun.setdefault(month.model, month.month)
    # Of two models of the newest month, the one that began later.
    last = [month.model for month in months if month.month == months[-1].month]
    model = max(last, key=lambda version: begun[version])
    states = tuple(state_of(month) for month in months if month.model == model)
    others = tuple(sorted({month.model for month in months} - {model}))
    judged = [state for state in states if state.gap is not None]
    severe = judged[-1].advice if judged else "nothing"
    if severe in ("recalibrate", "retrain"):
        since, run = _run(judged, severe)
        numbers = _recalibration(run) if severe == "recalibrate" else None
        return Findings(severe, _reason(judged[-1]), since, states, others, numbers)
    newest = states[-1]
    if newest.advice == "watch":
        since, _ = _run(states, "watch")
        return Findings("watch", _reason(newest), since, states, others, None)
    what = "outcomes are as promised" if judged else "the scores are as in training"
    if judged and newest.gap is None:
        what = "outcomes are as promised so far, and the newest scores are as in training"
    return Findings("nothing", f"{what}.", None, states, others, None)


def _run(states: Sequence[MonthState], advice: Advice) -> tuple[date, list[MonthState]]:
    """The last months in a row that ask for at least this, and the first of them."""
    run: list[MonthState] = []
    for state in reversed(states):
        if ADVICE.index(state.advice) < ADVICE.index(advice):
            break
        run.insert(0, state)
    return run[0].month.month, run


def _recalibration(run: Sequence[MonthState]) -> Recalibration:
    groups = np.array([row for state in run for row in state.month.outcomes["groups"]])
    return fit_recalibration(groups[:, 0], groups[:, 2], groups[:, 1])


def _reason(state: MonthState) -> str:
    """Why a month asks for what it does."""
    month = state.month.month
    if state.worse_ranking:
        expected = state.month.outcomes["estimate"]["roc_auc"]["value"]
        return (
            f"in {month} the area under the curve was {plain(state.measured_auc)}, where the "
            f"scores let expect {plain(expected)}, beyond chance; no recalibration mends a ranking."
        )
    if state.miscalibrated and (gap := state.gap) is not None:
        return (
            f"in {month} {percent(gap.promised, 2)} leavers were promised and "
            f"{percent(gap.observed, 2)} came ({points(gap.gap)} points), beyond chance; the "
            "ranking is as good as expected, so two numbers suffice."
        )
    named = listed([name for name, _ in state.drifted[:SHOWN]])
    if state.scores_moved:
        moved = f"the scores of {month} moved (index {state.score_index:.2f})"
        return f"{moved}, with {named}." if state.drifted else f"{moved}."
    return f"columns of {month} are not distributed as in training: {named}."
