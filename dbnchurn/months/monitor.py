"""What changed over the months of a history, since when, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from dbnchurn.core.errors import DataError, listed
from dbnchurn.core.html.format import percent, plain, points, thousands
from dbnchurn.months.campaign_months import CampaignMonth
from dbnchurn.months.correction import Correction, find_correction
from dbnchurn.months.history import Month, differing_customers
from dbnchurn.months.month_names import month_name
from dbnchurn.months.month_state import ADVICE, SHOWN, Advice, MonthState, drift_lines, state_of
from dbnchurn.months.recalibration import Recalibration, fit_recalibration

STATED = 0.95  # of the interval of an estimate


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
        since = f" (since {month_name(self.since)})" if self.since is not None else ""
        return f"{words[self.advice]}{since}: {self.reason}"

    @property
    def correction(self) -> Correction | None:
        """How many times as many left as promised, where the newest outcomes say so."""
        return find_correction(self.states)

    def to_do(self) -> list[str]:
        """Who does what, whether the order of the list changes, and what it is about."""
        judged = [state for state in self.states if state.gap is not None]
        newest = month_name(self.states[-1].month.month)
        measure = (
            f"The data person measures {newest} as soon as its outcome is known: "
            "'dbnchurn evaluate SCORES OUTCOMES --history HISTORY --month DATE'."
        )
        if self.advice in ("nothing", "watch"):
            lines = ["The scores can be used as they are; no model has to be changed now."]
            return lines + ([measure] if self.states[-1].gap is None or not judged else [])
        command = "'dbnchurn retrain CONFIG --champion MODEL --registry MODELS'"
        if self.advice == "recalibrate":
            lines = [
                f"The data person runs {command}: it recalibrates the model, or trains a new one "
                "where that does not suffice, and holds it against the one in use.",
                "Recalibration does not change the order of the list: the same customers stay at "
                "its top. What changes are the probabilities, and with them expected numbers, "
                "budgets and returns.",
            ]
        else:
            lines = [
                f"The data person runs {command}: it trains a new model and holds it against the "
                "one in use.",
                "A new model changes the order of the list: until then it finds leavers less well "
                "than its scores say.",
            ]
        return lines + self._difference()

    def _difference(self) -> list[str]:
        """How many more or fewer left than promised, and that the cause is to be looked for."""
        if (found := self.correction) is None:
            return []
        word = "more" if found.more > 0 else "fewer"
        left = (
            f"In {found.named} {thousands(found.left)} of {thousands(found.rows)} customers left, "
            f"where the scores promised {thousands(round(found.promised))}: "
            f"{thousands(abs(round(found.more)))} {word}."
        )
        what = "rise" if found.more > 0 else "fall"
        return [
            left,
            f"The {what} of leavers is a matter of the business too: look for what changed since "
            f"{month_name(found.months[0])} (prices, competitors, service, campaigns). "
            "Recalibration makes the scores say it; it does not undo it.",
        ]

    def lines(self) -> list[str]:
        """Further sentences: the forecast, drift of the newest month, campaigns."""
        lines = self._forecast()
        lines += drift_lines(self.states[-1:])
        lines += [line for state in self.states if (line := differing_customers(state.month))]
        lines += [campaign.sentence for campaign in self.campaigns]
        lines += self._fewer_by_campaign()
        if self.others:
            lines.append(f"Earlier months were scored by other models: {listed(self.others)}.")
        return lines

    def _forecast(self) -> list[str]:
        """The share that is expected to leave in the newest month, as long as it is not known."""
        newest = self.states[-1]
        if newest.gap is not None:
            return []
        month, mean = month_name(newest.month.month), newest.month.scores["mean"]
        if (found := self.correction) is None:
            return [f"{month}: the outcome is not known yet; the scores promise "
                    f"{percent(mean, 2)} leavers."]  # fmt: skip
        expected = found.apply(mean, newest.month.scores["scored"])
        return [
            f"{month}: the outcome is not known yet. About {percent(expected.value, 1)} are "
            f"expected to leave (95 % interval {percent(expected.low, 1)} to "
            f"{percent(expected.high, 1)}), if {found.ratio:.2f} leave for each one "
            f"promised, as in {found.named}. Uncorrected, the scores promise {percent(mean, 1)}."
        ]

    def computed(self) -> list[str]:
        """How the numbers came about, for readers who know statistics."""
        held, judged = self.estimates_held
        lines = []
        if judged:
            lines.append(
                f"Before outcomes arrived, ROC AUC was estimated from the scores; in {held} of "
                f"{judged} months it came within the stated {percent(STATED, 0)} interval."
            )
        newest = self.states[-1]
        if newest.gap is None and (value := newest.estimated_auc) is not None:
            lines.append(
                f"ROC AUC of {month_name(newest.month.month)} will be about {plain(value)} if its "
                "scores are true."
            )
        if self.correction is not None:
            lines.append(
                f"The corrected forecast is the mean score times {self.correction.ratio:.3f}, the "
                f"leavers for each one promised in {self.correction.named}. Its interval is of "
                "chance in these months and in the month to come, not of a further change; as "
                "these months were chosen for their difference, it may be somewhat too large."
            )
        if self.recalibration is not None:
            lines.append(
                "Two numbers recalibrate: log-odds times "
                f"{plain(self.recalibration.slope)} plus {plain(self.recalibration.shift)}. "
                "'dbnchurn retrain' fits them anew and tries them on other customers."
            )
        return lines

    def _fewer_by_campaign(self) -> list[str]:
        """What is said of a month with too few leavers in which a campaign kept customers."""
        kept = {campaign.month for campaign in self.campaigns if campaign.claim == "kept"}
        fewer = [
            month_name(state.month.month)
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
    month = month_name(state.month.month)
    if state.worse_ranking:
        expected = state.month.outcomes["estimate"]["roc_auc"]["value"]
        return (
            f"in {month} ROC AUC was {plain(state.measured_auc)}, where the "
            f"scores let expect {plain(expected)}, beyond chance; no recalibration mends a ranking."
        )
    if state.miscalibrated and (gap := state.gap) is not None:
        return (
            f"in {month} {percent(gap.promised, 2)} leavers were promised and "
            f"{percent(gap.observed, 2)} came ({points(gap.gap)} points), beyond chance; the "
            "order of the customers is as good as expected, so a recalibration suffices."
        )
    named = listed([name for name, _ in state.drifted[:SHOWN]])
    if state.scores_moved:
        moved = f"the scores of {month} moved (index {state.score_index:.2f})"
        return f"{moved}, with {named}." if state.drifted else f"{moved}."
    return f"columns of {month} are not distributed as in training: {named}."
