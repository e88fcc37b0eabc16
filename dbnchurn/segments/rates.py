"""Rates with their uncertainty: Wilson intervals, the hypergeometric test, false discoveries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import hypergeom

from dbnchurn.core.typing import Bools, Floats


def normal_quantile(confidence: float) -> float:
    """The z of a two-sided interval: 1.96 for 0.95."""
    return float(ndtri(0.5 + confidence / 2))


def wilson(
    hits: npt.ArrayLike, rows: npt.ArrayLike, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Wilson's score interval of a rate.

    Parameters
    ----------
    hits, rows : array-like of the same shape
        Number of yeses, and of rows that could have said yes.
    confidence : float, default 0.95
        Probability that the interval holds the true rate.

    Returns
    -------
    low, high : float arrays of that shape
        0 and 1 where there are no rows: nothing is known.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.

    Examples
    --------
    >>> low, high = wilson(8, 20)
    >>> round(float(low), 3), round(float(high), 3)
    (0.219, 0.613)
    """
    p, n = np.asarray(hits, np.float64), np.asarray(rows, np.float64)
    z2 = normal_quantile(confidence) ** 2
    middle = (p + z2 / 2) / (n + z2)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = p * (n - p) / n
    half = np.sqrt(z2 * (np.where(n > 0, spread, 0.0) + z2 / 4)) / (n + z2)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def upper_tail(
    hits: npt.ArrayLike, rows: npt.ArrayLike, all_hits: npt.ArrayLike, all_rows: npt.ArrayLike
) -> Floats:
    """One-sided hypergeometric test: chance of at least `hits` in `rows` drawn blindly.

    Parameters
    ----------
    hits, rows : array-like
        What the segment holds.
    all_hits, all_rows : array-like
        What the rows from which it was drawn hold.

    Returns
    -------
    float array
        p-values; 1 where the segment is empty.

    Examples
    --------
    >>> round(float(upper_tail(3, 3, 5, 10)), 4)  # 5/10 · 4/9 · 3/8
    0.0833
    """
    tail = hypergeom.sf(
        np.asarray(hits) - 1, np.asarray(all_rows), np.asarray(all_hits), np.asarray(rows)
    )
    return np.clip(np.asarray(tail, np.float64), 0.0, 1.0)


def benjamini_hochberg(p_values: npt.ArrayLike) -> Floats:
    """Adjusted p-values: calling all below `q` lets in a share of at most `q` false ones.

    References
    ----------
    Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", 1995.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.5]).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p)[::-1]
    steps = p[order] * len(p) / np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.minimum.accumulate(steps), 1.0)
    return adjusted


@dataclass(frozen=True)
class Rate:
    """How many of some rows said yes.

    Examples
    --------
    >>> Rate(8, 20).value
    0.4
    >>> Rate(0, 0).value
    nan
    """

    hits: int
    rows: int

    @classmethod
    def of(cls, hits: Bools) -> Rate:
        """Count the yeses among the given rows."""
        return cls(int(np.count_nonzero(hits)), len(hits))

    @property
    def value(self) -> float:
        """The rate; NaN without rows."""
        return self.hits / self.rows if self.rows else float("nan")

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Wilson's interval."""
        low, high = wilson(self.hits, self.rows, confidence)
        return float(low), float(high)

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.hits + other.hits, self.rows + other.rows)
