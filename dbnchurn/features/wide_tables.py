"""Rules for wide tables, which have more numbers than rows, and for bins of small and wide ones.

Of a wide table boosters test the strongest numbers, and numbers have no ladders.

A node of a tree costs numbers × bins and a step of a network as much as it has units, whatever the
rows are, so that 5,000 numbers of 300 rows would take minutes; and of so many, most are noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats, Floats32, Ints

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LazyModule("scipy.stats")

WIDE = 1_000
"""A table of more numbers than these, and than rows, is wide; its boosters test so many."""
BINS, SMALL_BINS, WIDE_BINS = 256, 64, 32
SMALL = 20_000
"""On fewer rows the bins of a node cost more than its rows, and 64 are as good as 256."""


def is_wide(rows: int, numbers: int) -> bool:
    """Whether a table is wide.

    Parameters
    ----------
    rows, numbers : int
        Training rows, and columns of numbers.

    Returns
    -------
    bool

    Examples
    --------
    >>> is_wide(300, 1_000), is_wide(300, 5_000), is_wide(10_000, 5_000)
    (False, True, False)
    """
    return numbers > max(WIDE, rows)


def bins_of(rows: int, numbers: int) -> int:
    """Bins that boosters cut a number into: 256 as XGBoost has them, 64 of few rows, 32 if wide.

    Parameters
    ----------
    rows, numbers : int

    Returns
    -------
    int
    """
    if is_wide(rows, numbers):
        return WIDE_BINS
    return SMALL_BINS if rows < SMALL else BINS


def wide_sentence(rows: int, numbers: int) -> list[str]:
    """What is done with a wide table, for its user; nothing for other tables.

    Parameters
    ----------
    rows, numbers : int

    Returns
    -------
    list of str
        At most one.
    """
    if not is_wide(rows, numbers):
        return []
    return [
        f"{numbers} numbers are more than the {rows} rows: each booster tests the {WIDE} that go "
        "best with the outcome in its own rows, and numbers have no ladders; name the columns that "
        "matter, or set the others to 'ignore'"
    ]


def strongest(values: Floats32, y: Ints, sample_weight: Floats, most: int) -> npt.NDArray[np.int64]:
    """Columns whose ranks are most correlated with the outcome.

    Parameters
    ----------
    values : float array of shape (n, columns)
        Missing values count as the median.
    y : int array of shape (n,)
    sample_weight : float array of shape (n,)
    most : int
        How many; of equal ones the first.

    Returns
    -------
    int64 array
        Their positions, ascending.

    Examples
    --------
    >>> values = np.array([[5.0, 1.0], [5.0, 2.0], [5.0, 3.0], [5.0, np.nan]])
    >>> strongest(values, np.array([0, 0, 1, 1]), np.ones(4), most=1)
    array([1])
    """
    there = ~np.isnan(values)
    known = np.where(there.any(axis=0), values, 0)
    ranks = stats.rankdata(np.where(np.isnan(known), np.nanmedian(known, axis=0), known), axis=0)
    share = sample_weight / sample_weight.sum()
    ranks -= share @ ranks
    outcome = y - share @ y
    spread = np.sqrt(np.maximum(share @ ranks**2, np.finfo(np.float64).tiny))
    strength = np.abs((share * outcome) @ ranks) / spread
    return np.sort(np.argsort(-strength, kind="stable")[:most])
