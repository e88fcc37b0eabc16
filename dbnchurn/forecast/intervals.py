"""Intervals of 80 % by the errors of past forecasts, one width for each month ahead.

The error of a forecast is divided by what chance alone would make of it and by a share of the
forecast; the width is the quantile of these quotients over the origins of the backtest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dbnchurn.core.typing import Floats

LEVEL = 0.8
LEAST_ORIGINS = 8


@dataclass(frozen=True)
class Width:
    """How far forecasts of one month ahead are from what comes.

    Parameters
    ----------
    factor : float
        Of the scale; infinite where there are fewer than eight origins.
    share : float
        Part of the scale that grows with the forecast.
    origins : int
    """

    factor: float
    share: float
    origins: int

    @property
    def known(self) -> bool:
        """Whether there are enough origins for an interval."""
        return self.origins >= LEAST_ORIGINS and math.isfinite(self.factor)

    def interval(self, value: Floats, noise: Floats) -> tuple[Floats, Floats]:
        """Ends of the interval; NaN where there is none.

        Parameters
        ----------
        value : float64 array
            Forecasts.
        noise : float64 array
            Variance of each by chance alone.

        Returns
        -------
        low, high : float64 arrays
        """
        if not self.known:
            gap = np.full(np.shape(value), np.nan)
            return gap, gap
        half = self.factor * np.sqrt(noise + (self.share * value) ** 2)
        # Counts and bills are not below 0; a forecast that is, is of credits.
        return np.where(value >= 0, np.maximum(value - half, 0.0), value - half), value + half


def learn_width(value: Floats, noise: Floats, actual: Floats) -> Width:
    """The width that has covered 80 % of what came.

    Parameters
    ----------
    value, noise, actual : float64 array of shape (origins, series)
        Forecasts, their variances by chance, and what came.

    Returns
    -------
    Width

    Examples
    --------
    >>> y = np.array([[8.0], [12.0], [9.0], [11.0], [10.0], [10.0], [7.0], [13.0], [10.0]])
    >>> width = learn_width(np.full((9, 1), 10.0), np.full((9, 1), 10.0), y)
    >>> width.known, learn_width(y[:7], y[:7], y[:7]).known
    (True, False)
    """
    origins = len(value)
    if not origins:
        return Width(math.inf, 0.0, 0)
    error = actual - value
    square = np.maximum(np.abs(value), 1e-9) ** 2
    excess = float(((error**2 - noise) / square).mean())
    share = math.sqrt(max(excess, 0.0))
    quotients = np.sort(np.abs(error / np.sqrt(noise + share**2 * square + 1e-12)).ravel())
    place = math.ceil((len(quotients) + 1) * LEVEL)
    factor = float(quotients[place - 1]) if place <= len(quotients) else math.inf
    return Width(factor, share, origins)
