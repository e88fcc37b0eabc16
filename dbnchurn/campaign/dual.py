"""Prices of the constraints: the dual of the plan, minimised by cutting planes.

At prices λ of what contacts use, every customer takes what is best for him, and the sum of these
gains plus λ times what there is, is at least what any plan can reach, whatever the prices. So the
dual is a bound that needs no proof, and its least value is that of the linear programme. It is
convex and piecewise linear: Kelley's cutting planes with several cuts a step (Birge and Louveaux,
1988) and a box around the best prices so far, first on a sample, then on all customers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from dbnchurn.campaign.limits import Limits
from dbnchurn.campaign.margins import CHUNK, Margins, Totals, totals
from dbnchurn.core.typing import Floats

PIECES = 8  # cuts a step
STEPS = 400
STAGES = (4_000, 60_000)  # customers of the samples that the search begins with
MOST_CUTS = 900


@dataclass(frozen=True, eq=False)
class Prices:
    """What one more unit of every limit is worth.

    Parameters
    ----------
    most : array of shape (groups,)
        Of one more contact that is allowed.
    least : array of shape (groups,)
        Of one contact less that is asked for.
    money : float
        Of one more unit of money.
    """

    most: Floats
    least: Floats
    money: float

    def by_option(self, limits: Limits) -> Floats:
        """The price of a contact by option, without its money."""
        return np.asarray((self.most - self.least) @ limits.members, float)

    @property
    def vector(self) -> Floats:
        """All prices in one array."""
        return np.concatenate([self.most, self.least, [self.money]])


def prices_of(vector: Floats) -> Prices:
    """The prices that :attr:`Prices.vector` holds."""
    groups = (len(vector) - 1) // 2
    return Prices(vector[:groups], vector[groups:-1], float(vector[-1]))


@dataclass(frozen=True, eq=False)
class Bound:
    """The dual at some prices.

    Parameters
    ----------
    prices : Prices
    value : float
        No plan is worth more.
    """

    prices: Prices
    value: float


class _Dual:
    """The dual of some customers, whose limits are scaled to their number."""

    def __init__(self, margins: Margins, limits: Limits, scale: float) -> None:
        self.margins, self.limits = margins, limits
        supply = np.concatenate([limits.most, -limits.least, [limits.budget]]) * scale
        self.limited = np.concatenate(
            [np.isfinite(limits.most), limits.least > 0, [np.isfinite(limits.budget)]]
        )
        self.supply = np.where(self.limited, supply, 0.0)
        size = max(1, min(CHUNK, -(-margins.n // PIECES)))
        self._slices = list(margins.slices(size))

    def at(self, vector: Floats) -> tuple[Floats, Floats]:
        """Value and slope of the customers' part of the dual, by piece."""
        prices = prices_of(vector)
        by_option = prices.by_option(self.limits)
        gains = np.zeros(PIECES)
        slopes = np.zeros((PIECES, len(vector)))
        for number, rows in enumerate(self._slices):
            found = totals(self.margins, rows, by_option, prices.money)
            gains[number % PIECES] += found.gain
            slopes[number % PIECES] -= self._use(found)
        return gains, slopes

    def _use(self, found: Totals) -> Floats:
        counts = self.limits.members @ found.counts
        return np.concatenate([counts, -counts, [found.spent]])


def find_prices(margins: Margins, limits: Limits, tolerance: float) -> Bound:
    """Minimise the dual.

    Parameters
    ----------
    margins : Margins
        Its customers are in random order.
    limits : Limits
    tolerance : float
        Share of the value by which the dual may be above its least value.

    Returns
    -------
    Bound
    """
    size = 2 * len(limits.names) + 1
    vector, radius = np.zeros(size), np.full(size, np.inf)
    ceiling = highest_prices(margins, limits)
    for rows in [rows for rows in STAGES if 2 * rows < margins.n]:
        dual = _Dual(margins.part(slice(0, rows)), limits, rows / margins.n)
        wanted = max(tolerance, 0.02 / rows**0.5)
        vector, _, spread = _minimise(dual, vector, radius, ceiling, wanted)
        radius = np.maximum(4 * spread, 0.02 * ceiling / rows**0.5)
    dual = _Dual(margins, limits, 1.0)
    vector, value, _ = _minimise(dual, vector, radius, ceiling, tolerance)
    return Bound(prices_of(vector), value)


def highest_prices(margins: Margins, limits: Limits) -> Floats:
    """Prices that no limit can be worth more than.

    Parameters
    ----------
    margins : Margins
    limits : Limits

    Returns
    -------
    array
        In the order of :attr:`Prices.vector`.
    """
    finite = np.isfinite(margins.values)
    top = float(np.max(margins.values, where=finite, initial=0.0))
    low = float(np.min(margins.values, where=finite, initial=0.0))
    costs = margins.costs
    cheapest = float(np.min(costs, where=costs > 0, initial=np.inf))
    groups = len(limits.names)
    span = top - low if not limits.least.any() else 100 * (top - low)
    money = span / cheapest
    return np.concatenate([np.full(2 * groups, span), [money]]) * 1.01 + 1e-300


def _minimise(
    dual: _Dual, start: Floats, radius: Floats, ceiling: Floats, tolerance: float
) -> tuple[Floats, float, Floats]:
    """Prices at which the dual is least, its value there, and how far the last steps moved them."""
    top = np.where(dual.limited, ceiling, 0.0)
    center = np.clip(start, 0, top)
    gains, slopes = dual.at(center)
    value = float(gains.sum() + dual.supply @ center)
    cuts = [(slopes, gains - slopes @ center)]
    moved = [center]
    for _ in range(STEPS):
        low, high = np.maximum(center - radius, 0), np.minimum(center + radius, top)
        trial, least = _master(cuts, dual.supply, low, high)
        if value - least <= tolerance * max(abs(value), 1e-12):
            inside = (trial > low) | (low <= 0)
            if (inside & ((trial < high) | (high >= top))).all():
                break
            radius = radius * 4
            continue
        gains, slopes = dual.at(trial)
        cuts.append((slopes, gains - slopes @ trial))
        reached = float(gains.sum() + dual.supply @ trial)
        if reached < value:
            radius = radius * (2 if value - reached > 0.5 * (value - least) else 1)
            center, value = trial, reached
            moved.append(center)
        elif np.isfinite(radius).all():
            radius = radius * 0.5
        cuts = cuts[-(MOST_CUTS // PIECES) :]
    spread = np.ptp(np.array(moved[-4:]), axis=0)
    return center, value, spread


def _master(
    cuts: list[tuple[Floats, Floats]], supply: Floats, low: Floats, high: Floats
) -> tuple[Floats, float]:
    """The prices in a box at which the cuts are lowest, and how low that is."""
    size = len(supply)
    matrix = np.zeros((PIECES * len(cuts), size + PIECES))
    for number, (slopes, _) in enumerate(cuts):
        rows = slice(number * PIECES, (number + 1) * PIECES)
        matrix[rows, :size] = slopes
        matrix[rows, size:] = -np.eye(PIECES)
    limit = -np.concatenate([offset for _, offset in cuts])
    # Units of very different size, contacts and money, are brought together for the solver.
    unit = np.maximum(np.abs(matrix[:, :size]).max(axis=0), 1e-300)
    matrix[:, :size] /= unit
    scale = max(float(np.abs(limit).max()), 1e-300)
    solved = linprog(
        np.concatenate([supply / unit, np.ones(PIECES)]),
        A_ub=matrix,
        b_ub=limit / scale,
        bounds=[
            *zip(low * unit / scale, high * unit / scale, strict=True),
            *([(0, None)] * PIECES),
        ],
        method="highs-ds",
    )
    if solved.x is None:
        return (low + np.minimum(high, low + 1)) / 2, -np.inf
    trial = np.clip(solved.x[:size] * scale / unit, low, high)
    return trial, float(solved.fun) * scale
