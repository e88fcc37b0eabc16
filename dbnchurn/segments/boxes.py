"""Mode ``ranges``: every contiguous range of every column, counted by summed areas.

For each set of columns the cell counts are summed along each axis; the count of every box is then a
difference of two sums per axis. Of millions of boxes the rules of :class:`BoxMiner` leave the few
worth testing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.statistics import normal_quantile, wilson
from dbnchurn.core.typing import Bools, Floats, Ints, Ints32
from dbnchurn.segments.counts import CodedRows
from dbnchurn.segments.patterns import Patterns


@dataclass(frozen=True, eq=False)
class Ranges:
    """All ranges of one axis, and which of them are one step away from each other.

    Parameters
    ----------
    first, last : int array of shape (R,)
    shrunk, grown : int array of shape (R, 2)
        Numbers of the ranges with one end moved in or out by an item; -1 where there is none.
    """

    first: Ints
    last: Ints
    shrunk: Ints
    grown: Ints

    @classmethod
    def of(cls, items: int, neighbours: int) -> Ranges:
        """Contiguous ranges of the neighbouring items, then the single ones.

        The range of all items is left out: it excludes no row.

        Parameters
        ----------
        items : int
            Items of the axis.
        neighbours : int
            How many of them, from the first on, may be joined to ranges.

        Returns
        -------
        Ranges

        Examples
        --------
        >>> r = Ranges.of(items=4, neighbours=3)
        >>> list(zip(r.first.tolist(), r.last.tolist()))
        [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2), (3, 3)]
        """
        pairs = [(a, b) for a in range(neighbours) for b in range(a, neighbours)]
        pairs = [pair for pair in pairs if pair != (0, items - 1)]
        number = {pair: i for i, pair in enumerate(pairs)}
        shrunk = [(number.get((a + 1, b), -1), number.get((a, b - 1), -1)) for a, b in pairs]
        grown = [(number.get((a - 1, b), -1), number.get((a, b + 1), -1)) for a, b in pairs]
        alone = [(k, k) for k in range(neighbours, items) if items > 1]
        none = [(-1, -1)] * len(alone)
        ends = np.array(pairs + alone, np.int64).reshape(-1, 2)
        return cls(
            ends[:, 0],
            ends[:, 1],
            np.array(shrunk + none, np.int64).reshape(-1, 2),
            np.array(grown + none, np.int64).reshape(-1, 2),
        )

    def __len__(self) -> int:
        return len(self.first)


def summed(table: Ints) -> Ints32:
    """Cumulative counts along every axis but the first, with a leading zero on each."""
    sums = np.zeros((2, *(size + 1 for size in table.shape[1:])), np.int32)
    sums[(slice(None), *(slice(1, None),) * (table.ndim - 1))] = table
    for axis in range(1, sums.ndim):
        np.cumsum(sums, axis=axis, out=sums)
    return sums


def box_counts(sums: Ints32, axes: Sequence[Ranges]) -> Ints32:
    """Count every box of l columns.

    Parameters
    ----------
    sums : int array of shape (2, items + 1, …)
        As :func:`summed` gives them.
    axes : sequence of l Ranges

    Returns
    -------
    int array of shape (2, R_1, …, R_l)
        Yeses and rows.
    """
    counts = sums
    # the last axis first: its differences are taken while the others are still small
    for axis, ranges in reversed(list(enumerate(axes, start=1))):
        counts = counts.take(ranges.last + 1, axis) - counts.take(ranges.first, axis)
    return counts


def counts_of(sums: Ints32, first: Ints, last: Ints) -> Ints32:
    """Count m given boxes of l columns.

    Parameters
    ----------
    sums : int array of shape (2, items + 1, …)
        As :func:`summed` gives them.
    first, last : int array of shape (m, l)
        First and last item of every box and column.

    Returns
    -------
    int array of shape (2, m)
        Yeses and rows.
    """
    total = np.zeros((2, len(first)), np.int32)
    length = first.shape[1]
    for corner in range(1 << length):
        low = np.array([corner >> a & 1 for a in range(length)], bool)
        at = np.where(low, first, last + 1)
        part = sums[(slice(None), *at.T)]
        total += -part if low.sum() % 2 else part
    return total


class BoxMiner:
    """One search over all boxes.

    A box is returned if it

    1. holds at least `min_count` yeses at a rate of at least `min_rate`, and its lower Wilson bound
       exceeds the rate of all rows;
    2. is a peak: moving one edge by one item gives no such box with a higher z = (rate - rate of
       all rows) · √rows, the binomial test's statistic (and moving one inwards none with the same).
       The bound itself is no good measure: it hardly changes when a box loses a quarter of its
       rows, so that edges would follow chance;
    3. needs every column: its bound exceeds the rate of the same box without any one of them;
    4. is not explained by a wider box: its bound exceeds the rate of every returned box
       that contains it.

    Parameters
    ----------
    data : CodedRows
        The mining part.
    max_length : int
        Columns per box.
    min_count : int
        Yeses that a box must hold.
    min_rate : float, default 0
        Rate that it must reach.
    confidence : float, default 0.95
        Of the Wilson bound.

    References
    ----------
    W. Klösgen, "Explora: a multipattern and multistrategy discovery assistant", 1996 (z as a
    measure of a subgroup's interest).
    """

    def __init__(
        self,
        data: CodedRows,
        max_length: int,
        min_count: int,
        min_rate: float = 0.0,
        confidence: float = 0.95,
    ) -> None:
        self.data = data
        self.max_length = min(max_length, len(data.items))
        self.min_count, self.min_rate = max(min_count, 1), min_rate
        self.confidence = confidence
        self.z2 = normal_quantile(confidence) ** 2
        self.axes = [Ranges.of(k, m) for k, m in zip(data.items, data.neighbours, strict=True)]
        self.base = float(np.mean(data.hits))

    def run(self) -> Patterns:
        """Search: all such boxes, highest lower bound first; of equal ones the larger first."""
        kept: dict[tuple[int, ...], Patterns] = {}
        previous: dict[tuple[int, ...], Ints32] = {}
        current: dict[tuple[int, ...], Ints32] = {}
        length = 1
        for columns in self.data.subsets(self.max_length):
            if len(columns) > length:
                length, previous, current = len(columns), current, {}
            sums = summed(self.data.table(columns))
            if length < self.max_length:
                current[columns] = sums
            boxes = self._peaks(columns, sums)
            boxes = boxes.take(self._needs_every_column(boxes, columns, previous))
            kept[columns] = self._unexplained(boxes, columns, kept)
        boxes = Patterns.join([Patterns.none(self.max_length), *kept.values()])
        return boxes.take(np.lexsort((-boxes.rows, -self._low(boxes.hits, boxes.rows))))

    def _peaks(self, columns: tuple[int, ...], sums: Ints32) -> Patterns:
        """Boxes that satisfy rules 1 and 2."""
        axes = [self.axes[j] for j in columns]
        counts = box_counts(sums, axes)
        shape = counts.shape[1:]
        hits, rows = counts.reshape(2, -1)
        at = self._better_than_all(hits, rows)
        z = (hits[at] - rows[at] * self.base) / np.sqrt(rows[at])
        at = at[self._is_peak(at, z, axes, shape)]
        index = np.unravel_index(at, shape)
        first = np.stack([r.first[i] for r, i in zip(axes, index, strict=True)], axis=1)
        last = np.stack([r.last[i] for r, i in zip(axes, index, strict=True)], axis=1)
        return Patterns.of(columns, first, last, hits[at], rows[at], self.max_length)

    def _better_than_all(self, hits: Ints32, rows: Ints32) -> Ints:
        # The lower bound exceeds t just where (p - nt)² > z² n t (1 - t) and p > nt. Single
        # precision leaves a few boxes too many, quickly; double precision decides.
        at = np.flatnonzero(self._above(hits, rows, np.float32) & (hits >= self.min_count))
        p, n = hits[at], rows[at]
        good = self._above(p, n, np.float64)
        good &= p >= self.min_rate * n
        return np.asarray(at[good], np.int64)

    def _above(self, hits: Ints32, rows: Ints32, precision: type[np.floating[Any]]) -> Bools:
        slack = 1 - 1e3 * np.finfo(precision).eps if precision is np.float32 else 1
        n = rows.astype(precision)
        excess = hits.astype(precision) - n * precision(self.base * slack)
        variance = precision(slack * self.z2 * self.base * (1 - self.base))
        return np.asarray((excess > 0) & (excess * excess > n * variance))

    def _low(self, hits: npt.NDArray[np.integer], rows: npt.NDArray[np.integer]) -> Floats:
        return wilson(hits, rows, self.confidence)[0]

    @staticmethod
    def _is_peak(at: Ints, z: Floats, axes: Sequence[Ranges], shape: tuple[int, ...]) -> Bools:
        """Rule 2 for the boxes numbered `at`; others count as worse than any."""
        everywhere = np.full(int(np.prod(shape)), -1.0)
        everywhere[at] = z
        alive = np.arange(len(at))
        index = np.unravel_index(at, shape)
        strides = np.cumprod((1, *shape[:0:-1]))[::-1]
        for ranges, of_axis, stride in zip(axes, index, strides, strict=True):
            for steps, beaten in ((ranges.shrunk, np.greater_equal), (ranges.grown, np.greater)):
                for moved in steps.T:
                    current = of_axis[alive]
                    neighbour = moved[current]
                    z_neighbour = everywhere[at[alive] + (neighbour - current) * stride]
                    alive = alive[(neighbour < 0) | ~beaten(z_neighbour, z[alive])]
        peak = np.zeros(len(at), bool)
        peak[alive] = True
        return peak

    def _needs_every_column(
        self,
        boxes: Patterns,
        columns: tuple[int, ...],
        parents: dict[tuple[int, ...], Ints32],
    ) -> Bools:
        low = self._low(boxes.hits, boxes.rows)
        good = np.ones(len(boxes), bool)
        if len(columns) == 1:
            return good  # without its column it is all rows, which rule 1 has compared
        for others in combinations(range(len(columns)), len(columns) - 1):
            sums = parents[tuple(columns[a] for a in others)]
            hits, rows = counts_of(sums, boxes.first[:, others], boxes.last[:, others])
            good &= low * rows > hits
        return good

    def _unexplained(
        self,
        boxes: Patterns,
        columns: tuple[int, ...],
        kept: dict[tuple[int, ...], Patterns],
    ) -> Patterns:
        """Rule 4; a box can only lie in one of the same columns or fewer, which came before."""
        low = self._low(boxes.hits, boxes.rows)
        good = np.ones(len(boxes), bool)
        for length in range(1, len(columns)):
            for subset in combinations(range(len(columns)), length):
                wider = kept[tuple(columns[a] for a in subset)]
                inside = _inside(boxes, wider, subset)
                good &= ~(inside & (wider.rates >= low[:, None])).any(axis=1)
        boxes, low = boxes.take(good), low[good]
        inside = _inside(boxes, boxes, range(len(columns)))
        np.fill_diagonal(inside, False)
        explains = inside & (boxes.rates >= low[:, None])
        good = np.ones(len(boxes), bool)
        for i in np.argsort(inside.sum(axis=1), kind="stable"):  # containers come first
            good[i] = not (explains[i] & good).any()
        return boxes.take(good)


def _inside(boxes: Patterns, wider: Patterns, axes: Sequence[int]) -> Bools:
    """Which boxes (rows) lie in which wider ones (columns), whose axes are `axes` of the boxes."""
    inside = np.ones((len(boxes), len(wider)), bool)
    for b, a in enumerate(axes):
        inside &= boxes.first[:, a, None] >= wider.first[:, b]
        inside &= boxes.last[:, a, None] <= wider.last[:, b]
    return inside
