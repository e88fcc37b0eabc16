"""How plausible rows are, as a record: a Boltzmann machine over the columns of a table as read.

Every column is one softmax group of the machine: a number falls into a bin, a category is its
level. The machine gives the probability of a column's value when the rest of the row is known; the
row's score adds up how much less probable its values are than they should be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.parallel import map_row_chunks
from dbnchurn.core.typing import Floats, Floats32, Ints, Ints32
from dbnchurn.tables.schema import Table

BLOCK = 1_024  # rows at a time, so that hidden units times rows stay in the cache
BEYOND = 2  # bins of a number outside the range of training: below it, above it
LARGEST_WEIGHT = 40.0
LARGEST_PRODUCT = 80.0  # logarithm of what float32 holds, above and below 1
FARTHEST = np.float32(LARGEST_PRODUCT)  # field of a hidden unit that is as good as on or off
NAMED = 3  # columns that are named of a row
ODD = 1_000.0  # a row is odd if one training customer in so many is as odd
NAMED_FROM = 100.0  # one in so many: rows that are more common have no odd columns
LEAST_SURPRISE = 1.0  # nats; columns below are not named


@dataclass(frozen=True, eq=False)
class PlausibilityRecord:
    """A machine with one softmax group per column, and how its scores are distributed.

    Parameters
    ----------
    edges : float64 array
        Lower ends of the bins after the first, number after number.
    edge_starts : int64 array of shape (numbers + 1,)
        Where the edges of every number begin.
    low, high : float64 arrays of shape (numbers,)
        Range of training; two further bins are below and above it. A number without a value in
        training has ``low > high`` and a single bin.
    level_bins : int32 array
        Bin of every level, category after category.
    sizes : int64 array of shape (columns,)
        Bins of every column, numbers first.
    weights : float32 array of shape (bins, hidden)
    bias : float32 array of shape (bins,)
    hidden_bias : float32 array of shape (hidden,)
    discount : float32 array of shape (bins,)
        What is taken off the surprise, since the value is rare in any row: half of -log of its
        share in training; 0 for bins that no training row is in.
    one_in, scores : float64 arrays of shape (k,)
        One customer in ``one_in[i]`` outside the training has at least ``scores[i]``; both rise.

    Examples
    --------
    >>> record = PlausibilityRecord(
    ...     edges=np.array([1.0]), edge_starts=np.array([0, 1]), low=np.zeros(1), high=np.ones(1),
    ...     level_bins=np.array([0, 1], np.int32), sizes=np.array([4, 2]),
    ...     weights=np.array([[3], [-3], [0], [0], [3], [-3]], np.float32),
    ...     bias=np.zeros(6, np.float32), hidden_bias=np.zeros(1, np.float32),
    ...     discount=np.zeros(6, np.float32), one_in=np.array([1.0, 1e4]), scores=np.array([0, 9.0])
    ... )
    >>> record.audit()
    >>> rows = Table(np.array([[0.0], [0.0]]), np.array([[0], [1]], np.int32), ("a",), ("b",), (2,))
    >>> surprise(record, rows).round(1).tolist()
    [[0.1, 0.0], [0.9, 5.3]]
    """

    edges: Floats
    edge_starts: Ints
    low: Floats
    high: Floats
    level_bins: Ints32
    sizes: Ints
    weights: Floats32
    bias: Floats32
    hidden_bias: Floats32
    discount: Floats32
    one_in: Floats
    scores: Floats

    @property
    def numbers(self) -> int:
        """Number of columns that hold numbers."""
        return len(self.low)

    @property
    def most(self) -> float:
        """The largest number of customers of whom a row can be said to be one."""
        return float(self.one_in[-1])

    def audit(self) -> None:
        """Check lengths, bins, weights and the distribution of the scores.

        Raises
        ------
        ArtifactError
            If they do not fit one another, or a weight is so large that scores may overflow.
        """
        flat = (self.edges, self.edge_starts, self.low, self.high, self.level_bins, self.sizes)
        units = (self.bias, self.hidden_bias, self.discount, self.one_in, self.scores)
        if any(array.ndim != 1 for array in (*flat, *units)) or self.weights.ndim != 2:
            raise _broken("arrays of other dimensions")
        n = self.numbers
        if self.high.shape != (n,) or self.edge_starts.shape != (n + 1,) or len(self.sizes) < n:
            raise _broken("ranges, edges and columns differ in number")
        counts = np.diff(self.edge_starts)
        if (
            self.edge_starts[0] != 0
            or self.edge_starts[-1] != len(self.edges)
            or (counts < 0).any()
        ):
            raise _broken("the starts of the numbers do not divide the edges")
        empty = self.low > self.high
        expected = np.where(empty, 1, counts + 1 + BEYOND)
        if (self.sizes < 1).any() or not np.array_equal(self.sizes[:n], expected):
            raise _broken("the bins of a number are not those of its edges")
        number = np.repeat(np.arange(n), counts)
        if (np.diff(self.edges)[np.diff(number) == 0] <= 0).any():
            raise _broken("the edges of a number do not rise")
        if (self.level_bins < 0).any():
            raise _broken("a level has no bin")
        self._audit_machine()

    def _audit_machine(self) -> None:
        bins, hidden = int(self.sizes.sum()), len(self.hidden_bias)
        if not len(self.bias) == len(self.discount) == len(self.weights) == bins:
            raise _broken("weights, biases and bins differ in number")
        if self.weights.shape[1] != hidden or hidden < 1:
            raise _broken("the hidden units differ in number")
        for array in (self.weights, self.bias, self.hidden_bias, self.discount):
            if not (np.abs(array) <= LARGEST_WEIGHT).all():
                raise _broken(f"a weight is beyond {LARGEST_WEIGHT:g}")
        if not len(self.one_in) == len(self.scores) > 0 or self.one_in[0] < 1:
            raise _broken("no distribution of the scores")
        if (np.diff(self.one_in) <= 0).any() or (np.diff(self.scores) <= 0).any():
            raise _broken("the distribution of the scores does not rise")


def _broken(what: str) -> ArtifactError:
    return ArtifactError(f"plausibility record: {what}")


def bins_of(record: PlausibilityRecord, table: Table) -> Ints:
    """The bin of every value, counted over all columns; the number of bins where it is missing.

    Parameters
    ----------
    record : PlausibilityRecord
    table : Table of n rows
        As read.

    Returns
    -------
    int64 array of shape (n, columns)
    """
    first = np.cumsum(record.sizes) - record.sizes
    absent = int(record.sizes.sum())
    out = np.empty((len(table), len(record.sizes)), np.int64)
    for j in range(record.numbers):
        values, low, high = table.numbers[:, j], record.low[j], record.high[j]
        place = np.zeros(len(table), np.int64)
        if low <= high:
            edges = record.edges[record.edge_starts[j] : record.edge_starts[j + 1]]
            place = np.searchsorted(edges, values, side="right")
            place[values < low] = len(edges) + 1
            place[values > high] = len(edges) + 2
        out[:, j] = np.where(np.isnan(values), absent, place + first[j])
    start = 0
    for j, size in enumerate(table.sizes):
        levels = record.level_bins[start : start + size]
        codes, column = table.codes[:, j], record.numbers + j
        known = codes >= 0
        out[:, column] = absent
        out[known, column] = levels[codes[known]] + first[column]
        start += size
    return out


def surprise(record: PlausibilityRecord, table: Table, n_threads: int = 1) -> Floats:
    """How much less probable every value is, given the rest of its row, than it should be.

    It is ``-log p(value | the other columns) - discount``, with the exact conditional of the
    machine (Besag, 1975); in nats, 0 where the value is missing. A row alone has the same numbers
    as in a batch.

    Parameters
    ----------
    record : PlausibilityRecord
    table : Table of n rows
        As read.
    n_threads : int, default 1

    Returns
    -------
    float64 array of shape (n, columns)

    References
    ----------
    Besag (1975), Statistical analysis of non-lattice data.
    """
    machine = _Machine.of(record)
    blocks = map_row_chunks(
        lambda rows: machine.surprise(
            bins_of(record, table.take(np.arange(rows.start, rows.stop)))
        ),
        len(table),
        BLOCK,
        n_threads,
    )
    return np.concatenate([np.empty((0, len(record.sizes))), *blocks])


@dataclass(frozen=True, eq=False)
class _Machine:
    """The arrays of the arithmetic: hidden units first, so that loops run over rows."""

    record: PlausibilityRecord
    weights: Floats32
    factors: Floats32
    group: int
    first: Ints

    @classmethod
    def of(cls, record: PlausibilityRecord) -> _Machine:
        """Groups of hidden units whose factors can be multiplied in float32."""
        hidden = len(record.hidden_bias)
        largest = max(float(np.abs(record.weights).max(initial=0.0)), 1e-6)
        group = max(1, min(hidden, int(LARGEST_PRODUCT / largest), 16))
        padding = -hidden % group  # hidden units without weights, which change nothing
        padded = np.pad(record.weights, ((0, 1), (0, padding)))
        return cls(
            record,
            padded,
            np.exp(padded),
            group,
            np.append(0, np.cumsum(record.sizes)),
        )

    def surprise(self, places: Ints) -> Floats:
        """Of a block of rows, given the bins of its values."""
        record, n = self.record, len(places)
        bias = np.pad(record.hidden_bias, (0, self.weights.shape[1] - len(record.hidden_bias)))
        field = np.tile(bias, (n, 1))
        for column in places.T:
            field += self.weights[column]
        out = np.zeros((n, len(record.sizes)))
        for column, (start, stop) in enumerate(zip(self.first[:-1], self.first[1:], strict=True)):
            known = np.flatnonzero(places[:, column] < self.first[-1])
            if stop - start > 1 and len(known):
                at = places[known, column]
                others = field[known] - self.weights[at]
                log_mass = self._log_mass(others, int(start), int(stop))
                log_mass -= log_mass.max(axis=0)
                norm = np.log(np.add.accumulate(np.exp(log_mass), axis=0)[-1])
                value = norm - log_mass[at - start, np.arange(len(at))]
                out[known, column] = value - record.discount[at]
        return out

    def _log_mass(self, others: Floats32, start: int, stop: int) -> Floats:
        """Log of the mass of every level of a column, up to a constant, (levels, n).

        ``log(1 + exp(x + w))`` is ``log(q + p exp(w))`` up to a constant of the row, where `p` is
        the probability of the hidden unit without the column and ``q = 1 - p``. The factors of a
        group of units are multiplied before the logarithm is taken.
        """
        field = np.clip(np.ascontiguousarray(others.T), -FARTHEST, FARTHEST)
        on, off = 1 / (1 + np.exp(-field)), 1 / (1 + np.exp(field))
        factor, out = np.empty_like(on), np.empty((stop - start, on.shape[1]))
        shape = (-1, self.group, on.shape[1])
        for level in range(start, stop):
            np.multiply(on, self.factors[level][:, None], out=factor)
            factor += off
            product = np.multiply.reduce(factor.reshape(shape), axis=1)
            terms = np.log(product).astype(np.float64)
            out[level - start] = np.add.accumulate(terms, axis=0)[-1]
            out[level - start] += self.record.bias[level]
        return out


def one_in(record: PlausibilityRecord, scores: Floats) -> Floats:
    """Of how many customers one is as odd as a row with this score; at most `record.most`.

    Parameters
    ----------
    record : PlausibilityRecord
    scores : float64 array of shape (n,)
        Sums of the surprise over the columns.

    Returns
    -------
    float64 array of shape (n,)
    """
    return np.asarray(np.exp(np.interp(scores, record.scores, np.log(record.one_in))))


def examine_rows(
    record: PlausibilityRecord, table: Table, n_threads: int = 1
) -> tuple[Floats, Ints]:
    """How rare every row is, and the columns that do not belong to the rest of it.

    Parameters
    ----------
    record : PlausibilityRecord
    table : Table of n rows
        As read.
    n_threads : int, default 1

    Returns
    -------
    rarity : float64 array of shape (n,)
        One customer outside the training in so many is as odd.
    columns : int64 array of shape (n, 3)
        Positions of the columns with the largest surprise, -1 where there is none: numbers are
        counted first, then categories. Rows that are more common than 1 in 100 have none.
    """
    machine = _Machine.of(record)

    def work(rows: slice) -> tuple[Floats, Ints]:
        found = machine.surprise(bins_of(record, table.take(np.arange(rows.start, rows.stop))))
        rarity = one_in(record, found.sum(axis=1))
        order = np.argsort(-found, axis=1, kind="stable")[:, :NAMED]
        named = np.take_along_axis(found, order, axis=1) >= LEAST_SURPRISE
        named &= (rarity >= NAMED_FROM)[:, None]
        columns = np.full((len(found), NAMED), -1, np.int64)
        columns[:, : order.shape[1]] = np.where(named, order, -1)
        return rarity, columns

    blocks = map_row_chunks(work, len(table), BLOCK, n_threads)
    return (
        np.concatenate([np.empty(0), *(rarity for rarity, _ in blocks)]),
        np.concatenate([np.empty((0, NAMED), np.int64), *(columns for _, columns in blocks)]),
    )
