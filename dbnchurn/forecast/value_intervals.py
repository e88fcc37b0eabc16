"""Intervals of 80 % of what a single customer brings, by what became of similar ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.typing import Bools, Floats, Ints
from dbnchurn.forecast.intervals import LEVEL

GROUPS = 10  # of customers, by the months that are expected of them
SMALL = 0.1  # of the mean; who spends less is measured by the mean


@dataclass(frozen=True, eq=False)
class Units:
    """In which unit what customers bring is measured.

    Parameters
    ----------
    size : float64 array of shape (n,)
        What each spends in a month, or the mean of all where that is small.
    small : bool array of shape (n,)
    """

    size: Floats
    small: Bools

    @classmethod
    def of(cls, spend: Floats) -> Units:
        """The units of money, by what customers spend in a month.

        Examples
        --------
        >>> Units.of(np.array([30.0, 30.0, 0.0])).size.tolist()
        [30.0, 30.0, 20.0]
        """
        mean = max(float(np.abs(spend).mean()), 1e-9)
        small = spend < SMALL * mean
        return cls(np.where(small, mean, spend), small)

    @classmethod
    def ones(cls, count: int) -> Units:
        """The unit of months."""
        return cls(np.ones(count), np.zeros(count, bool))


@dataclass(frozen=True, eq=False)
class OutcomeInterval:
    """Between which ends four of five customers of a group have been.

    Parameters
    ----------
    edges : float64 array of shape (groups - 1,)
        Expected months that divide the groups; those who spend little are one more.
    low, high : float64 array of shape (groups + 1,)
        Ends of the middle 80 %, in units.
    """

    edges: Floats
    low: Floats
    high: Floats

    def ends(self, months: Floats, value: Floats, units: Units) -> tuple[Floats, Floats]:
        """Ends of the intervals, between which what is expected lies too.

        Parameters
        ----------
        months, value : float64 array of shape (n,)
            Expected months, and what is expected in the unit of the result.
        units : Units

        Returns
        -------
        low, high : float64 arrays of shape (n,)
        """
        group = _groups(self.edges, months, units)
        return (
            np.minimum(units.size * self.low[group], value),
            np.maximum(units.size * self.high[group], value),
        )


def learn_outcome_interval(months: Floats, units: Units, came: Floats) -> OutcomeInterval:
    """Learn the ends of every group.

    Parameters
    ----------
    months : float64 array of shape (n,)
        Expected months.
    units : Units
    came : float64 array of shape (n,)
        What customers brought.

    Returns
    -------
    OutcomeInterval

    Examples
    --------
    >>> months, came = np.repeat([2.0, 8.0], 500), np.tile(np.arange(10.0), 100)
    >>> found = learn_outcome_interval(months, Units.ones(1000), came)
    >>> low, high = found.ends(np.array([2.0]), np.array([2.0]), Units.ones(1))
    >>> low.tolist(), high.tolist()
    ([0.0], [8.0])
    """
    edges = np.unique(np.quantile(months, np.arange(1, GROUPS) / GROUPS))
    group = _groups(edges, months, units)
    relative = came / units.size
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    ends = np.tile(np.quantile(relative, tails, method="inverted_cdf"), (len(edges) + 2, 1))
    for number in np.unique(group):
        own = relative[group == number]
        ends[number] = np.quantile(own, tails, method="inverted_cdf")
    return OutcomeInterval(edges, ends[:, 0], ends[:, 1])


def _groups(edges: Floats, months: Floats, units: Units) -> Ints:
    return np.where(units.small, len(edges) + 1, np.searchsorted(edges, months))
