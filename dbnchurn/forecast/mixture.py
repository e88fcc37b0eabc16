"""How much of a forecast comes from hazards and how much from the recent rate, by horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.typing import Floats
from dbnchurn.forecast.methods import Paths

GRID = np.linspace(0.0, 1.0, 11)
PULL = 5.0  # strength of the usual weight; so large since few origins choose noisily
USUAL = 1.0  # weight of the hazards, unless past months are clearly against it


@dataclass(frozen=True, eq=False)
class Outlook:
    """Leavers, customers and revenue from one month on, which add up to the totals.

    Parameters
    ----------
    leavers, customers, joiners, revenue : float64 array of shape (horizon, segments)
        Customers at the end of the month. Revenue is that of everybody who is there in the month,
        those who leave in it included.
    """

    leavers: Floats
    customers: Floats
    joiners: Floats
    revenue: Floats


def mixture_weights(hazards: Floats, recent: Floats, actual: Floats) -> Floats:
    """Weight of the hazards for each month ahead, never larger for a later month.

    Parameters
    ----------
    hazards, recent, actual : float64 array of shape (origins, horizon, segments)
        Forecasts of leavers from past months and what came; NaN where it is not known yet.

    Returns
    -------
    float64 array of shape (horizon,)
        Those with the smallest sum of absolute errors, drawn to the usual one where few origins
        are known.

    Examples
    --------
    >>> y = np.full((9, 2, 1), 10.0)
    >>> mixture_weights(y, 2 * y, y).tolist()
    [1.0, 1.0]
    >>> mixture_weights(2 * y, y, y).tolist()
    [0.0, 0.0]
    """
    horizon = hazards.shape[1]
    cost = np.empty((horizon, len(GRID)))
    for h in range(horizon):
        known = ~np.isnan(actual[:, h, 0]) if len(actual) else np.zeros(0, bool)
        y = actual[known, h]
        mixed = (
            GRID[:, None, None] * hazards[known, h] + (1 - GRID)[:, None, None] * recent[known, h]
        )
        error = np.abs(mixed - y).sum((1, 2)) / max(float(y.sum()), 1.0)
        cost[h] = error + PULL / (1 + known.sum()) * (GRID - USUAL) ** 2
    best, chosen = cost[0], []
    for h in range(1, horizon):  # the best sum among weights that do not grow
        from_above = np.minimum.accumulate(best[::-1])[::-1]
        chosen.append([int(j + np.argmin(best[j:])) for j in range(len(GRID))])
        best = cost[h] + from_above
    places = [int(np.argmin(best))]
    for step in reversed(chosen):
        places.insert(0, step[places[0]])
    return np.asarray(GRID[places])


def outlook(paths: Paths, weights: Floats, total_share: float, paying: Floats) -> Outlook:
    """Mix both methods, reconcile the segments with the total, and follow the customers.

    Parameters
    ----------
    paths : Paths
    weights : float64 array of shape (horizon,)
        Of the hazards.
    total_share : float
        Weight of the total's own forecast beside the sum of the segments.
    paying : float64 array of shape (segments,)
        Revenue of a customer in a month.

    Returns
    -------
    Outlook
    """
    mixed = weights[:, None] * paths.hazards + (1 - weights)[:, None] * paths.recent
    own = _own_total(paths, weights)
    total = mixed.sum(1)
    scale = np.where(total > 0, (1 - total_share) + total_share * own / np.maximum(total, 1e-9), 1)
    leavers = mixed * scale[:, None]
    customers, there = np.empty_like(leavers), np.empty_like(leavers)
    now = paths.start
    for h in range(len(leavers)):
        there[h] = now + paths.joiners[h]
        leavers[h] = np.minimum(leavers[h], there[h])
        now = customers[h] = there[h] - leavers[h]
    return Outlook(leavers, customers, paths.joiners, there * paying)


def _own_total(paths: Paths, weights: Floats) -> Floats:
    """The leavers of all segments together, by the recent rate of all of them."""
    start = paths.start.sum()
    rate = float(paths.rate @ paths.start / max(start, 1.0))
    recent = np.empty(len(weights))
    for h in range(len(weights)):
        there = start + paths.joiners[h].sum()
        recent[h] = there * rate
        start = there - recent[h]
    return np.asarray(weights * paths.hazards.sum(1) + (1 - weights) * recent)


def total_share(segments: Floats, own: Floats, actual: Floats) -> float:
    """Weight of the total's own forecast, by the squared errors of both.

    Parameters
    ----------
    segments, own, actual : float64 array of shape (origins,)
        The sum over segments, the total's own forecast, and what came.

    Returns
    -------
    float
        One half where nothing is known.
    """
    if not len(actual):
        return 0.5
    of_sum, of_own = (float(((f - actual) ** 2).mean()) + 1.0 for f in (segments, own))
    return of_sum / (of_sum + of_own)
