"""Whether a ranking puts first whom a contact changes: Qini curve, coefficient, and deciles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.campaign.assignments import Assignments, read_outcome
from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Floats, Rows
from dbnchurn.evaluate.bootstrap import Interval, poisson_counts

POINTS = 101
DECILES = 10


@dataclass(frozen=True)
class UpliftDecile:
    """One part of the customers in the order of a ranking.

    Parameters
    ----------
    contacted, controls : int
    effect : Interval
        Measured on them, with a 95 % interval.
    """

    contacted: int
    controls: int
    effect: Interval


@dataclass(frozen=True, eq=False)
class Qini:
    """How well a ranking finds whom contacts change.

    Parameters
    ----------
    coefficient : Interval
        Area between the curve and the line of a random order, as a share of all customers.
    average : Interval
        Effect on all customers.
    share, gained : float64 arrays
        The curve: share of the customers contacted, and the effect on them as a share of all.
    deciles : tuple of UpliftDecile
        First customers first.
    top : Interval
        Effect on the first 30 %.

    Examples
    --------
    >>> ranking = np.repeat([1.0, 0.0], 400)
    >>> option = np.tile(["call", "control"], 400)
    >>> y = (ranking == 1) & (option == "call")  # contacts help the first half alone
    >>> found = measure_qini(ranking, option, y, wanted="more", resamples=50)
    >>> round(found.coefficient.value, 3), round(found.top.value, 3), round(found.average.value, 3)
    (0.125, 1.0, 0.5)
    """

    coefficient: Interval
    average: Interval
    share: Floats
    gained: Floats
    deciles: tuple[UpliftDecile, ...]
    top: Interval


def measure_qini(
    ranking: npt.ArrayLike,
    option: npt.ArrayLike | pd.Series[Any],
    y: npt.ArrayLike,
    propensity: npt.ArrayLike | None = None,
    *,
    wanted: Literal["less", "more"] = "less",
    share: float = 0.3,
    resamples: int = 200,
    random_state: int = 0,
) -> Qini:
    """Measure a ranking on rows of a test that had no part in making it.

    Parameters
    ----------
    ranking : array of shape (n,)
        Such as effects that :meth:`Uplift.predict` gives for one option, or risks; the largest are
        contacted first. The order of equal values is not used.
    option : array of shape (n,)
        What each customer got; contacts with any option are taken together. None, NaN or
        ``"control"`` for the control group.
    y : array of shape (n,)
        1 or 0: what happened.
    propensity : array of shape (n,), optional
        Known probability of what each customer got; without it, the same for all customers.
    wanted : {"less", "more"}, default "less"
        Whether y = 1 is a loss or a gain.
    share : float, default 0.3
        Of the customers, for ``top``.
    resamples : int, default 200
        Bootstrap resamples behind the intervals.
    random_state : int, default 0

    Returns
    -------
    Qini

    Raises
    ------
    DataError
        If there is no control group, a value is missing, or lengths differ.

    References
    ----------
    N. Radcliffe, "Using control groups to target on predicted lift", 2007.

    Examples
    --------
    >>> helped = np.repeat([True, False], 200)  # a call keeps these customers alone
    >>> option = np.tile(["call", "control"], 200)
    >>> left = ~(helped & (option == "call"))
    >>> measure_qini(helped, option, left, resamples=20, share=0.5).top.value
    1.0
    """
    order = np.asarray(ranking, np.float64)
    names = pd.Series(np.asarray(option, object))
    if order.shape != (len(names),) or np.isnan(order).any():
        raise DataError(f"the ranking has to be {len(names)} numbers, one a row, none missing")
    if not 0 < share <= 1:
        raise DataError(f"share has to be above 0 and at most 1, got {share}")
    if wanted not in ("less", "more"):
        raise DataError(f"wanted is 'less' or 'more', got {wanted!r}")
    drawn = Assignments.of(names, propensity)
    sign = -1.0 if wanted == "less" else 1.0
    rows = _Ranked.of(order, drawn, np.asarray(sign * read_outcome(y, len(names)), np.float64))
    value = rows.numbers(share)
    counts = poisson_counts(len(names), resamples, random_state)
    again = np.stack([rows.numbers(share, drawn_times) for drawn_times in counts])
    # A part without a contact or a control has no effect in that resample, or in none.
    never = np.isnan(again).all(axis=0)
    low, high = np.nanquantile(np.where(never, 0.0, again), [0.025, 0.975], axis=0)
    low[never] = high[never] = np.nan
    spans = [Interval(*map(float, ends)) for ends in zip(value, low, high, strict=True)]
    contacted = np.bincount(rows.decile, rows.treated, DECILES).astype(int)
    everyone = np.bincount(rows.decile, minlength=DECILES)
    grid = np.linspace(0, 1, POINTS)
    return Qini(
        spans[0],
        spans[1],
        grid,
        rows.curve(grid),
        tuple(
            UpliftDecile(int(t), int(n - t), span)
            for t, n, span in zip(contacted, everyone, spans[3:], strict=True)
        ),
        spans[2],
    )


@dataclass(frozen=True, eq=False)
class _Ranked:
    """Rows of a test in the order of a ranking; equal values share a place."""

    weight: Floats
    treated: Floats
    y: Floats
    place: Rows
    decile: Rows

    @classmethod
    def of(cls, ranking: Floats, drawn: Assignments, y: Floats) -> _Ranked:
        _, place, size = np.unique(-ranking, return_inverse=True, return_counts=True)
        middle = np.cumsum(size) - size / 2
        decile = np.minimum(DECILES * middle / len(y), DECILES - 1).astype(int)[place]
        treated = (drawn.code > 0).astype(np.float64)
        # Contacts with different options count as one group, each by its number.
        share = np.bincount(drawn.code, minlength=len(drawn.options) + 1) / len(y)
        weight = drawn.weight * np.where(treated > 0, share[drawn.code] / treated.mean(), 1.0)
        return cls(weight, treated, y, place, decile)

    def curve(self, grid: Floats, times: Floats | None = None) -> Floats:
        """Effect on the first customers as a share of all, at each share of the grid."""
        weight = self.weight if times is None else self.weight * times
        parts = int(self.place.max()) + 1
        contacts, controls = weight * self.treated, weight * (1 - self.treated)
        sums = [
            np.cumsum(np.bincount(self.place, w, parts))
            for w in (contacts, contacts * self.y, controls, controls * self.y)
        ]
        with np.errstate(divide="ignore", invalid="ignore"):
            effect = np.nan_to_num(sums[1] / sums[0] - sums[3] / sums[2])
        share = (sums[0] / sums[0][-1] + sums[2] / sums[2][-1]) / 2
        curve = np.interp(grid, np.append(0.0, share), np.append(0.0, share * effect))
        return np.asarray(curve, np.float64)

    def numbers(self, share: float, times: Floats | None = None) -> Floats:
        """Coefficient, effect on all, effect on the first ones, and effect of each decile."""
        grid = np.linspace(0, 1, POINTS)
        gained = self.curve(grid, times)
        top = self.curve(np.array([share]), times)[0] / share
        area = float(np.trapezoid(gained - grid * gained[-1], grid))
        weight = self.weight if times is None else self.weight * times
        contacts, controls = weight * self.treated, weight * (1 - self.treated)
        sums = [
            np.bincount(self.decile, w, DECILES)
            for w in (contacts, contacts * self.y, controls, controls * self.y)
        ]
        with np.errstate(divide="ignore", invalid="ignore"):
            effects = sums[1] / sums[0] - sums[3] / sums[2]
        return np.array([area, gained[-1], top, *effects])
