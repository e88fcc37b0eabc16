"""Rates, and the test whether a part of some rows has a higher rate by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.statistics import wilson
from dbnchurn.core.typing import Bools, Floats

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LazyModule("scipy.stats")


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
    tail = stats.hypergeom.sf(
        np.asarray(hits) - 1, np.asarray(all_rows), np.asarray(all_hits), np.asarray(rows)
    )
    return np.clip(np.asarray(tail, np.float64), 0.0, 1.0)


@dataclass(frozen=True)
class Rate:
    """Number of yeses among some rows.

    Parameters
    ----------
    hits : int
        Rows that said yes.
    rows : int

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
