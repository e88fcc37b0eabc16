"""The first page of a report: who leaves, what it costs, what a campaign returns, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dbnchurn.core.html.format import amount, counted, joined, percent, percents, thousands
from dbnchurn.evaluate.registry import PRIMARY
from dbnchurn.report.campaign_sizes import (
    CampaignSize,
    campaign_sizes,
    other_size_sentence,
    own_size_sentence,
    weighted,
)
from dbnchurn.report.report_input import ReportInput

DRIVERS = 5
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
    'Of 400 test customers, whose outcome is known, 200 left: 50.0 %.'
    """
    sizes = campaign_sizes(run)
    return BusinessPage(
        _leave(run, sizes), _cost(run), sizes, _drivers(run), _sure(run), _todo(run, sizes)
    )


def _leave(run: ReportInput, sizes: Sequence[CampaignSize]) -> tuple[str, ...]:
    rows, rate = run.own["n"], run.own["base_rate"]
    left = int(np.asarray(run.y, np.int64).sum())
    said = [
        f"Of {thousands(rows)} test customers, whose outcome is known, {thousands(left)} left: "
        f"{percent(rate)}."
    ]
    if weighted(run):
        said = [
            f"Of {thousands(rows)} test customers, whose outcome is known, {thousands(left)} left: "
            f"{percent(left / rows)}. "
            f"Weighted as if nobody had been contacted, {percent(rate)} leave."
        ]
    for size in sizes:
        if size.own:
            said.append(
                f"Of the {thousands(size.contacts)} with the highest scores "
                f"{thousands(size.leavers)} left: {percent(size.rate)}."
            )
    alike = []
    for breakdown in run.breakdowns:
        judged = [g for g in breakdown.groups if not g["few"] and not g["pooled"]]
        if breakdown.by_time or len(judged) < 2:
            continue
        if (extremes := _extremes(judged)) is None:
            alike.append(run.label(breakdown.name))
        else:
            said.append(f"By {run.label(breakdown.name)}: {extremes}.")
    if alike:
        said.append(
            f"By {joined(alike)}, looked at alone, the shares that left do not differ beyond "
            "chance among these customers; the model uses a column together with all others."
        )
    return tuple(said)


def _extremes(groups: Sequence[Mapping[str, Any]]) -> str | None:
    """The groups of which most and fewest leave; None where their intervals overlap."""

    def rate(group: Mapping[str, Any]) -> float:
        return float(group["rate"]["value"])

    most, least = (pick(groups, key=rate) for pick in (max, min))
    low, high = most["rate"]["low"], least["rate"]["high"]
    if low is None or high is None or low <= high:
        return None
    return (
        f"most leave where it is {most['name']} ({percent(rate(most))}), fewest where it is "
        f"{least['name']} ({percent(rate(least))})"
    )


def _cost(run: ReportInput) -> tuple[str, ...]:
    units = (
        "All returns are after these costs, in the currency of the config's numbers, which names "
        "none."
    )
    if run.worth is None:
        return (run.money, *_mean_gains(run), units) if run.money else ()
    lost = run.worth * int(np.asarray(run.y, np.int64).sum())
    return (
        f"A customer who is kept is taken to be worth {run.worth:,.0f} (campaign.offer), so those "
        f"who left are worth {lost:,.0f} together.",
        run.money,
        units,
    )


def _mean_gains(run: ReportInput) -> tuple[str, ...]:
    """What contacting a leaver and a customer who stays gains on average."""
    if run.gain is None or weighted(run):
        return ()
    y, gain = np.asarray(run.y, np.int64), np.asarray(run.gain, np.float64)
    if not np.isfinite(gain).all() or not 0 < y.sum() < len(y):
        return ()
    leaver, stayer = (float(gain[y == outcome].mean()) for outcome in (1, 0))
    return (
        f"By them contacting a test customer who left brings {amount(round(leaver, 2))} on "
        f"average, and contacting one who stayed {amount(round(stayer, 2))}; how many accept the "
        "offer is in it as far as the columns have it.",
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
    gaps = [run.metrics[name]["difference"][PRIMARY] for name in run.peers]
    ahead = [gap for gap in gaps if gap["low"] is not None and gap["low"] > 0]
    behind = [gap for gap in gaps if gap["low"] is not None and gap["high"] < 0]
    if run.peers:
        said.append(_rivals(len(run.peers), len(ahead), len(behind)))
    said.append(
        "All of it was measured on customers that took no part in training; it holds for months "
        "like theirs."
    )
    return tuple(said)


def _rivals(others: int, ahead: int, behind: int) -> str:
    """How the model stands against others, in a sentence."""
    alike = others - ahead - behind
    parts = [f"ranks customers better than {ahead}"] if ahead else []
    parts += [f"worse than {behind}" if parts else f"ranks customers worse than {behind}"] * (
        behind > 0
    )
    parts += [f"cannot be told apart from {alike}"] * (alike > 0)
    return f"Of {counted(others, 'other model')} trained on the same customers, it {joined(parts)}."


def _todo(run: ReportInput, sizes: Sequence[CampaignSize]) -> tuple[str, ...]:
    """What to do: with the contacts of the config, and to know later what they did."""
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
    first = own_size_sentence(own, sizes, run.own["n"])
    if own.low is None or own.high is None:
        return (first, control)
    other = other_size_sentence(run, sizes) if own.recommended else None
    known = (
        "All numbers of this page are of test customers, whose outcome is known: nobody of them is "
        "to be contacted now."
    )
    return (first, *([other] if other else []), control, known)


def leaderboard(run: ReportInput) -> list[str]:
    """All models of a run, by average precision, the best first; undefined ones last."""

    def place(name: str) -> tuple[bool, float]:
        value = run.metrics[name][PRIMARY]["value"]
        return value is None, 0.0 if value is None else -value

    return sorted(run.metrics, key=place)
