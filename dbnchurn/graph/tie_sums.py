"""Ties added up from calls that come in parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from dbnchurn.core.typing import Ints

FEWEST = 2**23  # calls that wait before they are added up; more where there are more ties
KEY_BITS = 64  # of a signed number that a caller, a callee and a weight make together


class TieSums:
    """The weight of the calls from each to each other, in whole numbers.

    Calls wait until they are as many as the ties so far, so that memory holds a few times the ties,
    however many calls come.

    Parameters
    ----------
    people : int

    Examples
    --------
    >>> sums = TieSums(2)
    >>> sums.add(np.array([0, 0]), np.array([1, 1]), np.array([3, 1]))
    >>> sums.total().toarray().tolist()
    [[0, 4], [0, 0]]
    """

    def __init__(self, people: int) -> None:
        self.people = people
        self._ties: Any = sp.csr_array((people, people), dtype=np.int64)  # scipy has no types
        self._waiting: list[tuple[Ints, Ints, Ints]] = []
        self._rows = 0

    def add(self, callers: Ints, callees: Ints, weights: Ints) -> None:
        """Add calls.

        Parameters
        ----------
        callers, callees : int array of shape (m,)
            Positions; nobody calls oneself.
        weights : int64 array of shape (m,)
            Positive; all of them together fit the type.
        """
        self._waiting.append((callers, callees, weights))
        self._rows += len(callers)
        if self._rows >= max(FEWEST, self._ties.nnz):
            self._fold()

    def total(self) -> Any:
        """csr_array of shape (people, people), int64; row: caller, column: callee."""
        self._fold()
        return self._ties

    def _fold(self) -> None:
        """Add the calls that wait to the ties."""
        if not self._rows:
            return
        waiting, self._waiting, self._rows = self._waiting, [], 0
        callers, callees, weights = (np.concatenate(part) for part in zip(*waiting, strict=True))
        del waiting
        values = _distinct(weights)
        if 2 * _bits(self.people) + _bits(len(values)) < KEY_BITS:
            more = self._by_sorted_keys(callers, callees, weights, values)
        else:
            pairs = callers.astype(np.int32), callees.astype(np.int32)
            more = sp.coo_array((weights, pairs), shape=self._ties.shape).tocsr()
        self._ties = self._ties + more if self._ties.nnz else more

    def _by_sorted_keys(self, callers: Ints, callees: Ints, weights: Ints, values: Ints) -> Any:
        """The ties of some calls: one sorted number each is quicker than an order of three."""
        bits, weight_bits = _bits(self.people), _bits(len(values))
        key = callers.astype(np.int64)
        key <<= bits
        key |= callees
        if len(values) > 1:
            key <<= weight_bits
            key |= np.searchsorted(values, weights)
        key.sort()
        if len(values) > 1:
            weights = values[key & ((1 << weight_bits) - 1)]
            key >>= weight_bits
        starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
        if len(values) > 1:
            sums = np.add.reduceat(weights, starts)
        else:
            sums = np.diff(starts, append=len(key)) * values[0]
        key = key[starts]
        row = key >> bits
        key &= (1 << bits) - 1
        ends = np.cumsum(np.bincount(row, minlength=self.people))
        kind = np.int32 if len(key) < 2**31 else np.int64
        return sp.csr_array(
            (sums, key.astype(kind), np.r_[0, ends].astype(kind)), shape=self._ties.shape
        )


def _bits(count: int) -> int:
    """Binary digits of the positions of so many."""
    return max(count - 1, 0).bit_length()


def _distinct(values: Ints) -> Ints:
    """The different values in ascending order."""
    if (values == values[0]).all():
        return values[:1]
    ordered = np.sort(values)
    return np.asarray(ordered[np.r_[True, ordered[1:] != ordered[:-1]]])
