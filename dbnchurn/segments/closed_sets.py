"""Mode ``paper``: frequent closed item sets of the yeses, counted on the noes.

An item set is closed if no larger one holds the same yeses. Dropping the others loses no rate: with
the same yeses a larger set can only hold fewer noes.
"""

from __future__ import annotations

import numpy as np

from dbnchurn.core.typing import Bools, Ints
from dbnchurn.segments.counts import CodedRows
from dbnchurn.segments.patterns import Patterns


def mine_closed(
    data: CodedRows, max_length: int, min_count: int, min_rate: float = 0.0
) -> Patterns:
    """All frequent closed item sets of the yeses, best hit rate first.

    Parameters
    ----------
    data : CodedRows
        The mining part; every item is one interval or level.
    max_length : int
        Longest set returned. Closedness is judged against all columns, so a set whose closure is
        longer than this is not returned in its place.
    min_count : int
        Minimum support: yeses that a set must hold, at least 1.
    min_rate : float, default 0
        Minimum hit rate.

    Returns
    -------
    Patterns
        Sorted by rate, then by yeses; equal ones in the order of their columns.

    References
    ----------
    N. Pasquier, Y. Bastide, R. Taouil and L. Lakhal, "Discovering frequent closed itemsets for
    association rules", 1999.

    Examples
    --------
    >>> codes = np.array([[0, 0, 1, 1], [0, 0, 0, 1]], np.int16)
    >>> data = CodedRows(codes, np.array([True, True, False, True]), (2, 2), (2, 2))
    >>> patterns = mine_closed(data, 2, 2)
    >>> [patterns.ranges(i) for i in range(len(patterns))]
    [[(0, 0, 0), (1, 0, 0)]]
    """
    length = min(max_length, len(data.items))
    yes = data.take(np.flatnonzero(data.hits))
    by_columns = [Patterns.none(length)]
    for columns in data.subsets(length):
        hits, rows = data.table(columns)
        inner = tuple(slice(0, -1) for _ in columns)  # the last code of an axis is no item
        frequent = np.zeros(hits.shape, bool)
        frequent[inner] = hits[inner] >= max(min_count, 1)
        frequent &= hits >= min_rate * rows
        frequent[frequent] = _closed(yes, columns, frequent)
        cells = np.argwhere(frequent)
        by_columns.append(
            Patterns.of(columns, cells, cells, hits[frequent], rows[frequent], length)
        )
    patterns = Patterns.join(by_columns)
    return patterns.take(np.lexsort((-patterns.hits, -patterns.rates)))


def _closed(yes: CodedRows, columns: tuple[int, ...], frequent: Bools) -> Bools:
    """Frequent cells that no further column can narrow without losing a yes."""
    number = np.full(frequent.shape, -1, np.int64)
    number[frequent] = np.arange(np.count_nonzero(frequent))
    cell: Ints = number[tuple(yes.codes[j] for j in columns)]
    inside = np.flatnonzero(cell >= 0)
    cell = cell[inside]
    closed = np.ones(np.count_nonzero(frequent), bool)
    for other in range(len(yes.items)):
        if other in columns or not len(cell):
            continue
        codes = yes.codes[other, inside]
        code_of_cell = np.empty(len(closed), codes.dtype)
        code_of_cell[cell] = codes
        varied = code_of_cell == yes.items[other]
        varied[cell[codes != code_of_cell[cell]]] = True
        closed &= varied
    return closed
