"""Expected months until leaving, and the money in them, from the probabilities of every month.

A customer is there, and pays, in the month of leaving too. With ``there[h]``, the probability of
still being there in the h-th month from now, the months within a horizon are ``sum(there)``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dbnchurn.core.typing import Floats

LEAST = 1e-9  # a probability that is divided by


@dataclass(frozen=True, eq=False)
class Remaining:
    """What is expected of n customers within a horizon.

    Parameters
    ----------
    months : float64 array of shape (n,)
        Months in which the customer is there.
    paid : float64 array of shape (n,)
        The same, each month with its weight.
    kept : float64 array of shape (n,)
        Weighted months of a customer who does not leave within the window, less those of one who
        does.
    leaving : float64 array of shape (n,)
        Probability of leaving within the window.
    """

    months: Floats
    paid: Floats
    kept: Floats
    leaving: Floats


def discounts(months: int, yearly: float) -> Floats:
    """What money at the end of every month is worth today.

    Parameters
    ----------
    months : int
    yearly : float
        Rate of interest of a year.

    Returns
    -------
    float64 array of shape (months,)

    Examples
    --------
    >>> discounts(12, 0.1)[-1].round(4)
    np.float64(0.9091)
    """
    return np.asarray((1.0 + yearly) ** (-np.arange(1, months + 1) / 12))


def remaining(probabilities: Iterable[Floats], weights: Floats, window: int) -> Remaining:
    """Follow customers month by month.

    Parameters
    ----------
    probabilities : iterable of float64 arrays of shape (n,)
        Of leaving in every month, for who is still there before it; one for each weight.
    weights : float64 array of shape (horizon,)
        Of money in a month, as :func:`discounts` gives them.
    window : int
        First months in which leaving is what a campaign prevents; at most the horizon.

    Returns
    -------
    Remaining

    Examples
    --------
    Who leaves with one half in the first month and else stays has 1.5 of 2 months; kept, one more:

    >>> found = remaining([np.array([0.5]), np.array([0.0])], np.ones(2), window=1)
    >>> found.months.tolist(), found.kept.tolist(), found.leaving.tolist()
    ([1.5], [1.0], [0.5])
    """
    months = paid = early = late = now = stays = np.ones(1)
    for h, (p, weight) in enumerate(zip(probabilities, weights, strict=True)):
        if h == 0:
            now = np.ones(len(p))
            months, paid, early, late = (np.zeros(len(p)) for _ in range(4))
        months = months + now
        paid = paid + weight * now
        if h < window:
            early = early + weight * now
        else:
            late = late + weight * now
        now = now * (1 - p)
        if h == window - 1:
            stays = now
    first = float(weights[:window].sum())
    of_stayers = first + late / np.maximum(stays, LEAST)
    of_leavers = (early - first * stays) / np.maximum(1 - stays, LEAST)
    return Remaining(months, paid, of_stayers - of_leavers, 1 - stays)
