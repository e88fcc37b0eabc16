"""Many candidate segments at once, as arrays of item ranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dbnchurn.core.typing import Bools, Floats, Ints, Rows
from dbnchurn.segments.counts import CodedRows


@dataclass(frozen=True, eq=False)
class Patterns:
    """m item sets of up to L columns, each a range of items per column.

    Parameters
    ----------
    columns : int array of shape (m, L)
        Column numbers, ascending; -1 where a set has fewer columns.
    first, last : int array of shape (m, L)
        First and last item of the range.
    hits, rows : int array of shape (m,)
        Yeses and rows in the set, on the rows that were mined.
    """

    columns: Ints
    first: Ints
    last: Ints
    hits: Ints
    rows: Ints

    @classmethod
    def of(
        cls,
        columns: Sequence[int],
        first: npt.NDArray[np.integer],
        last: npt.NDArray[np.integer],
        hits: npt.NDArray[np.integer],
        rows: npt.NDArray[np.integer],
        width: int,
    ) -> Patterns:
        """Build m sets of the same l columns.

        Parameters
        ----------
        columns : sequence of l int
            Ascending column numbers.
        first, last : int array of shape (m, l)
            Items.
        hits, rows : int array of shape (m,)
            Yeses and rows in every set.
        width : int
            Columns of the arrays, at least l; what is left is filled with -1.

        Returns
        -------
        Patterns
        """
        m, length = first.shape

        def padded(values: npt.NDArray[np.integer]) -> Ints:
            out = np.full((m, width), -1, np.int64)
            out[:, :length] = values
            return out

        shared = np.broadcast_to(np.asarray(columns, np.int64), (m, length))
        return cls(
            padded(shared),
            padded(first),
            padded(last),
            np.asarray(hits, np.int64),
            np.asarray(rows, np.int64),
        )

    @classmethod
    def none(cls, width: int) -> Patterns:
        """No set at all."""
        empty = np.empty((0, width), np.int64)
        return cls(empty, empty, empty, empty[:, 0], empty[:, 0])

    @classmethod
    def join(cls, parts: Sequence[Patterns]) -> Patterns:
        """All sets of the parts, in their order."""
        fields = ("columns", "first", "last", "hits", "rows")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in fields))

    def __len__(self) -> int:
        return len(self.hits)

    @property
    def lengths(self) -> Ints:
        """Columns per set."""
        return np.asarray((self.columns >= 0).sum(axis=1), np.int64)

    @property
    def rates(self) -> Floats:
        """Hit rate of every set on the mined rows."""
        return self.hits / np.maximum(self.rows, 1)

    def take(self, which: npt.NDArray[np.integer] | Bools | slice) -> Patterns:
        """The given sets."""
        return Patterns(
            self.columns[which],
            self.first[which],
            self.last[which],
            self.hits[which],
            self.rows[which],
        )

    def ranges(self, i: int) -> list[tuple[int, int, int]]:
        """(column, first, last) of one set."""
        l = int(self.lengths[i])  # noqa: E741
        return [
            (int(self.columns[i, a]), int(self.first[i, a]), int(self.last[i, a])) for a in range(l)
        ]

    def containers(self) -> list[Rows]:
        """For every set, the numbers of the more general sets, which contain all its rows."""
        d = int(self.columns.max(initial=-1)) + 1
        first = np.full((d, len(self)), np.iinfo(np.int64).min)
        last = np.full((d, len(self)), np.iinfo(np.int64).max)
        i, a = np.nonzero(self.columns >= 0)
        first[self.columns[i, a], i] = self.first[i, a]
        last[self.columns[i, a], i] = self.last[i, a]
        inside = np.ones((len(self), len(self)), bool)
        for low, high in zip(first, last, strict=True):
            inside &= (low[:, None] >= low) & (high[:, None] <= high)
        np.fill_diagonal(inside, False)
        return [np.flatnonzero(row) for row in inside]

    def mask(self, i: int, data: CodedRows) -> Bools:
        """Rows that one set contains.

        Parameters
        ----------
        i : int
            Number of the set.
        data : CodedRows
            n rows.

        Returns
        -------
        bool array of shape (n,)
        """
        return rows_in(self.ranges(i), data)


def rows_in(ranges: Sequence[tuple[int, int, int]], data: CodedRows) -> Bools:
    """Rows whose items lie in all ranges.

    Parameters
    ----------
    ranges : sequence of (column, first, last)
        None of them means all rows.
    data : CodedRows
        n rows.

    Returns
    -------
    bool array of shape (n,)
    """
    inside = np.ones(len(data.hits), bool)
    for column, first, last in ranges:
        codes = data.codes[column]
        inside &= codes == first if first == last else (codes >= first) & (codes <= last)
    return inside
