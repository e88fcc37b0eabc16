"""The first page of a report: who leaves, what it costs, what a campaign returns, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dbnchurn.core.html.format import counted, percent, percents, thousands
from dbnchurn.core.statistics import normal_quantile, wilson
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.evaluate.registry import PRIMARY
from dbnchurn.report.report_input import ReportInput

SIZES = (0.05, 0.1, 0.2, 0.4)  # shares of the customers, beside the budget of the config
DRIVERS = 5
FEW = 30  # contacts, below which no interval of their return is given
CONFIDENCE = 0.95
GLOSSARY = {
    "Score": "The probability of leaving that the model gives a customer.",
    "Test customers": "Customers that took no part in training and chose nothing; all numbers here "
    "are theirs.",
    "Threshold": "The score from which on a customer is picked.",
    "Precision": "Of the customers picked, the share that left.",
    "Recall": "Of the customers who left, the share that was picked.",
    "F1": "The harmonic mean of precision and recall: high only where both are.",
    "Average precision": "The mean precision over all thresholds; chance gives the share that "
    "leaves.",
    "ROC AUC": "How often a leaver has a higher score than a customer who stayed; by chance 0.5.",
    "Lift": "How many times as many leavers a group has as all customers.",
    "Log loss, Brier score": "How far the scores are from what came; lower is better.",
    "Calibration": "Whether of the customers with a score of 20 % about 20 % leave.",
    "95 % interval": "Where the number would plausibly lie with other customers of the same kind.",
    "Baseline": "Another model, trained on the same customers, to compare with.",
    "Log-odds": "The scale on which the contributions of columns add: 0.7 doubles the odds.",
    "Partial dependence": "The mean score if all customers had one value of a column, and kept "
    "their other values: what the model does, no proof of a cause.",
}


@dataclass(frozen=True)
class CampaignSize:
    """What contacting the customers with the highest scores returns.

    Parameters
    ----------
    contacts : int
    leavers : int
        Of the test customers contacted, those who left.
    rate, rate_low, rate_high : float
        Their share, with the 95 % interval of Wilson.
    value, low, high : float or None
        Return in money, with the 95 % interval for as many customers with such scores; None where
        nothing is known of gains.
    own : bool
        Whether it is the number of contacts of the config.
    """

    contacts: int
    leavers: int
    rate: float
    rate_low: float
    rate_high: float
    value: float | None
    low: float | None
    high: float | None
    own: bool = False

    @property
    def returns(self) -> str:
        """The return with its interval."""
        if self.value is None:
            return "–"
        if self.low is None or self.high is None:
            return f"{self.value:,.0f}"
        return f"{self.value:,.0f} ({self.low:,.0f} to {self.high:,.0f})"


@dataclass(frozen=True)
class BusinessPage:
    """The first page of a report.

    Parameters
    ----------
    leave, cost, drivers, sure, todo : tuple of str
        Sentences of each part.
    sizes : tuple of CampaignSize
        The fewest contacts first.
    """

    leave: tuple[str, ...]
    cost: tuple[str, ...]
    sizes: tuple[CampaignSize, ...]
    drivers: tuple[str, ...]
    sure: tuple[str, ...]
    todo: tuple[str, ...]


def business_page(run: ReportInput) -> BusinessPage:
    """The first page of the report of a run.

    Every number is of test customers, who chose neither the model nor its threshold; the sizes of
    a campaign are those of the config and fixed shares.

    Parameters
    ----------
    run : ReportInput

    Returns
    -------
    BusinessPage

    Examples
    --------
    >>> from dbnchurn.evaluate import compare
    >>> from dbnchurn.report import PartSummary
    >>> y, p = [0, 1] * 200, [0.1, 0.3] * 200
    >>> numbers = compare(y, {"dbn": p}, {"dbn": 0.2}, resamples=5)
    >>> run = ReportInput("demo", y, {"dbn": p}, numbers, "fixed", [PartSummary("test", 400, 0.5)])
    >>> business_page(run).leave[0]
    'Of 400 customers 200 left: 50.0 %.'
    """
    sizes = campaign_sizes(run)
    return BusinessPage(
        _leave(run, sizes), _cost(run), sizes, _drivers(run), _sure(run), _todo(run.own["n"], sizes)
    )


def campaign_sizes(run: ReportInput) -> tuple[CampaignSize, ...]:
    """What campaigns of some sizes return, on the test customers.

    Parameters
    ----------
    run : ReportInput

    Returns
    -------
    tuple of CampaignSize
        Customers with one score are taken in the order of the table; empty where the customers
        are weighted, as nobody knows then which number of contacts they stand for.
    """
    y = np.asarray(run.y, np.int64)
    scores = np.asarray(run.scores[run.model], np.float64)
    if _weighted(run):
        return ()
    order = np.argsort(-scores, kind="stable")
    gain = None if run.gain is None else np.asarray(run.gain, np.float64)[order]
    own = None if run.budget is None else min(len(y), max(1, round(run.budget)))
    wanted = {max(1, round(share * len(y))) for share in SIZES} | ({own} if own else set())
    return tuple(_size(n, y[order], gain, own=n == own) for n in sorted(wanted))


def _weighted(run: ReportInput) -> bool:
    return run.sample_weight is not None and bool((np.asarray(run.sample_weight) != 1).any())


def _size(n: int, y: Ints, gain: Floats | None, *, own: bool) -> CampaignSize:
    left = int(y[:n].sum())
    rate_low, rate_high = (float(end) for end in wilson(left, n))
    value: float | None = None
    low: float | None = None
    high: float | None = None
    if gain is not None and np.isfinite(gain[:n]).all():
        value = float(gain[:n].sum())
        if n >= FEW:
            # The list is fixed; what other customers with such scores bring varies like these.
            half = normal_quantile(CONFIDENCE) * float(gain[:n].std(ddof=1)) * np.sqrt(n)
            low, high = value - half, value + half
    return CampaignSize(n, left, left / n, rate_low, rate_high, value, low, high, own)


def _leave(run: ReportInput, sizes: Sequence[CampaignSize]) -> tuple[str, ...]:
    rows, rate = run.own["n"], run.own["base_rate"]
    left = int(np.asarray(run.y, np.int64).sum())
    said = [f"Of {thousands(rows)} customers {thousands(left)} left: {percent(rate)}."]
    if _weighted(run):
        said = [
            f"Of {thousands(rows)} customers {thousands(left)} left: {percent(left / rows)}. "
            f"Weighted as if nobody had been contacted, {percent(rate)} leave."
        ]
    for size in sizes:
        if size.own:
            said.append(
                f"Of the {thousands(size.contacts)} with the highest scores "
                f"{thousands(size.leavers)} left: {percent(size.rate)}."
            )
    for breakdown in run.breakdowns:
        judged = [g for g in breakdown.groups if not g["few"] and not g["pooled"]]
        if breakdown.by_time or len(judged) < 2:
            continue
        said.append(f"By {run.label(breakdown.name)}: {_extremes(judged)}.")
    return tuple(said)


def _extremes(groups: Sequence[Mapping[str, Any]]) -> str:
    """The groups of which most and fewest leave, if their intervals lie apart."""

    def rate(group: Mapping[str, Any]) -> float:
        return float(group["rate"]["value"])

    most, least = (pick(groups, key=rate) for pick in (max, min))
    low, high = most["rate"]["low"], least["rate"]["high"]
    if low is None or high is None or low <= high:
        return "chance may explain the differences"
    return (
        f"most leave where it is {most['name']} ({percent(rate(most))}), fewest where it is "
        f"{least['name']} ({percent(rate(least))})"
    )


def _cost(run: ReportInput) -> tuple[str, ...]:
    if run.worth is None:
        return (run.money,) if run.money else ()
    lost = run.worth * int(np.asarray(run.y, np.int64).sum())
    return (
        f"A customer who is kept is taken to be worth {run.worth:,.0f} (campaign.offer), so those "
        f"who left are worth {lost:,.0f} together.",
        run.money,
    )


def _drivers(run: ReportInput) -> tuple[str, ...]:
    columns = [] if run.reasons is None else run.reasons["columns"][:DRIVERS]
    return tuple(
        f"{column['label']}: {column['direction']}" if column["direction"] else column["label"]
        for column in columns
    )


def _sure(run: ReportInput) -> tuple[str, ...]:
    own = run.own
    auc, gap, rate = own["roc_auc"], own["calibration_in_the_large"], own["base_rate"]
    said = []
    if auc["value"] is not None:
        said.append(
            f"Of a leaver and a customer who stayed, the leaver has the higher score in "
            f"{percent(auc['value'])} of cases ({percents(auc)}); chance gives 50 %."
        )
    if gap["low"] is not None:
        agrees = gap["low"] <= 0 <= gap["high"]
        said.append(
            f"The scores promised {percent(rate + gap['value'])} leavers and {percent(rate)} came"
            + (", which chance explains." if agrees else ", which chance does not explain.")
        )
    ahead = [
        name
        for name in run.peers
        if (found := run.metrics[name]["difference"][PRIMARY])["low"] is not None
        and found["low"] > 0
    ]
    if run.peers:
        said.append(
            f"It ranks better than {len(ahead)} of the {len(run.peers)} other models that were "
            "trained on the same customers."
        )
    said.append(
        "All of it was measured on customers that took no part in training; it holds for months "
        "like theirs."
    )
    return tuple(said)


def _todo(rows: int, sizes: Sequence[CampaignSize]) -> tuple[str, ...]:
    control = (
        "Hold out a control group drawn at random ('dbnchurn score --campaign FILE --control "
        "0.1'): without one nobody can say later what the campaign did ('dbnchurn lift')."
    )
    if not sizes:
        return (
            "The test customers are weighted because of campaigns, so these scores do not say "
            "what a number of contacts returns: measure it by a campaign.",
            control,
        )
    own = next((size for size in sizes if size.own), None)
    if own is None or own.value is None:
        return ("Say what a contact costs and a customer is worth (campaign.offer).", control)
    n, of = thousands(own.contacts), thousands(rows)
    if own.low is None or own.high is None:
        few = (
            "is too few to say what it returns"
            if own.contacts == 1
            else ("are too few to say what they return")
        )
        return (f"{counted(own.contacts, 'contact')} {few}.", control)
    if own.low > 0:
        first = (
            f"Contact the {n} of {of} customers with the highest scores: at the costs below this "
            f"returns {own.low:,.0f} to {own.high:,.0f}, if the offer is taken as assumed."
        )
    elif own.high < 0:
        loses = [
            size.high is not None and size.high < 0
            for size in sizes
            if size.contacts < own.contacts
        ]
        first = (
            f"Do not contact {n} customers at these costs: it loses {-own.high:,.0f} or more. "
            + (
                "Fewer contacts lose money too: make the offer cheaper, or say what it costs."
                if loses and all(loses)
                else "Contact fewer, or make the offer cheaper."
            )
        )
    else:
        first = (
            f"Whether {n} contacts return money cannot be told from these customers "
            f"({own.low:,.0f} to {own.high:,.0f}): begin with a pilot."
        )
    return (first, control)


def leaderboard(run: ReportInput) -> list[str]:
    """All models of a run, by average precision, the best first; undefined ones last."""

    def place(name: str) -> tuple[bool, float]:
        value = run.metrics[name][PRIMARY]["value"]
        return value is None, 0.0 if value is None else -value

    return sorted(run.metrics, key=place)
