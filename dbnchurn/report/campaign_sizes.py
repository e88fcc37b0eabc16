"""What campaigns of some sizes return on the test customers, and which of them is recommended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dbnchurn.core.html.format import amount, counted, percent, thousands
from dbnchurn.core.statistics import normal_quantile, wilson
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.report.report_input import ReportInput

SIZES = (0.05, 0.1, 0.2, 0.4)  # shares of the customers, beside the budget of the config
FEW = 30  # contacts, below which no interval of their return is given
CONFIDENCE = 0.95


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
            return amount(round(self.value))
        return (
            f"{amount(round(self.value))} ({amount(round(self.low))} to {amount(round(self.high))})"
        )

    @property
    def recommended(self) -> bool:
        """Whether it is the config's number, and returns money beyond chance."""
        return self.own and self.low is not None and self.low > 0


def weighted(run: ReportInput) -> bool:
    """Whether test customers stand for different numbers of customers."""
    return run.sample_weight is not None and bool((np.asarray(run.sample_weight) != 1).any())


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
    if weighted(run):
        return ()
    order, gain = _ranked(run)
    own = None if run.budget is None else min(len(y), max(1, round(run.budget)))
    wanted = {max(1, round(share * len(y))) for share in SIZES} | ({own} if own else set())
    return tuple(_size(n, y[order], gain, own=n == own) for n in sorted(wanted))


def _ranked(run: ReportInput) -> tuple[Ints, Floats | None]:
    """Customers by falling score, and their gains in this order."""
    scores = np.asarray(run.scores[run.model], np.float64)
    order = np.argsort(-scores, kind="stable")
    return order, None if run.gain is None else np.asarray(run.gain, np.float64)[order]


def _size(n: int, y: Ints, gain: Floats | None, *, own: bool) -> CampaignSize:
    left = int(y[:n].sum())
    rate_low, rate_high = (float(end) for end in wilson(left, n))
    value, low, high = _sum(gain[:n]) if gain is not None else (None, None, None)
    return CampaignSize(n, left, left / n, rate_low, rate_high, value, low, high, own)


def _sum(gain: Floats) -> tuple[float | None, float | None, float | None]:
    """The sum of gains and its interval; None where it is not known."""
    if not np.isfinite(gain).all():
        return None, None, None
    value = float(gain.sum())
    if len(gain) < FEW:
        return value, None, None
    # The list is fixed; what other customers with such scores bring varies like these.
    half = normal_quantile(CONFIDENCE) * float(gain.std(ddof=1)) * np.sqrt(len(gain))
    return value, value - half, value + half


def own_size_sentence(own: CampaignSize, sizes: Sequence[CampaignSize], customers: int) -> str:
    """Whether the config's number is to be contacted, by what it returned.

    Parameters
    ----------
    own : CampaignSize
        That of the config.
    sizes : sequence of CampaignSize
        As :func:`campaign_sizes` gives them.
    customers : int
        Test customers.

    Returns
    -------
    str
    """
    n = thousands(own.contacts)
    if own.low is None or own.high is None:
        few = (
            "is too few to say what it returns"
            if own.contacts == 1
            else "are too few to say what they return"
        )
        return f"{counted(own.contacts, 'contact')} {few}."
    if own.low > 0:
        return (
            "Score the customers of today ('dbnchurn score RUN/model TABLE --output scores.csv') "
            f"and contact the {percent(own.contacts / customers)} with the highest scores. Of the "
            f"{thousands(customers)} test customers these are {n}, who returned "
            f"{amount(round(own.low))} to {amount(round(own.high))} at the costs below, if the "
            "offer is taken as assumed."
        )
    if own.high < 0:
        fewer = [size for size in sizes if size.contacts < own.contacts]
        all_lose = fewer and all(size.high is not None and size.high < 0 for size in fewer)
        instead = (
            "Fewer contacts lose money too: make the offer cheaper, or say what it costs."
            if all_lose
            else "Contact fewer, or make the offer cheaper."
        )
        return (
            f"Do not contact {n} customers at these costs: it loses {amount(round(-own.high))} or "
            f"more. {instead}"
        )
    return (
        f"Whether {n} contacts return money cannot be told from these customers "
        f"({amount(round(own.low))} to {amount(round(own.high))}): begin with a pilot."
    )


def other_size_sentence(run: ReportInput, sizes: Sequence[CampaignSize]) -> str | None:
    """Why the config's number is recommended where another number returned more.

    Parameters
    ----------
    run : ReportInput
    sizes : sequence of CampaignSize
        As :func:`campaign_sizes` gives them.

    Returns
    -------
    str or None
        None where no other number of the table returned more, or nothing is known of gains.
    """
    own = next((size for size in sizes if size.own), None)
    _, gain = _ranked(run)
    if own is None or own.value is None or gain is None:
        return None
    best = max(sizes, key=lambda size: -np.inf if size.value is None else size.value)
    if best.value is None or best.value <= own.value:
        return None
    start, end = sorted((own.contacts, best.contacts))
    sign = 1 if best.contacts > own.contacts else -1
    value, low, high = _sum(sign * gain[start:end])
    if value is None:
        return None
    said = (
        f"{thousands(best.contacts)} contacts returned {amount(round(value))} more than "
        f"{thousands(own.contacts)} on these customers"
    )
    why = (
        f"{thousands(own.contacts)} is the number of the config (campaign.contacts), which was "
        "chosen before these outcomes; the largest of several returns on the same customers is "
        "too large on average."
    )
    if low is None or high is None or low <= 0:
        return f"{said}, which chance may explain. {why}"
    change = "more than that" if sign > 0 else "fewer than that"
    return (
        f"{said} ({amount(round(low))} to {amount(round(high))}). {why} If {change} can be "
        f"contacted, set campaign.contacts to {percent(best.contacts / len(gain))} of the "
        "customers and confirm it by a pilot."
    )
