"""Joint counts of items: yeses and rows of every cell, in one pass over the rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Bools, Ints, Rows

ROWS_AT_ONCE = 1 << 16  # counted in one go, so that the indices stay in the processor's cache


@dataclass(frozen=True, eq=False)
class CodedRows:
    """Rows as item codes, with their answers: the input of mining.

    Parameters
    ----------
    codes : int array of shape (d, n)
        Column-major: one row per column of the table; ``items[j]`` means no item.
    hits : bool array of shape (n,)
        Rows that said yes.
    items : tuple of d integers
        Items per column.
    neighbours : tuple of d integers
        How many of them, from the first on, may be joined to ranges.
    """

    codes: npt.NDArray[np.int16]
    hits: Bools
    items: tuple[int, ...]
    neighbours: tuple[int, ...]

    def take(self, rows: Rows) -> CodedRows:
        """The given rows."""
        return CodedRows(self.codes[:, rows], self.hits[rows], self.items, self.neighbours)

    def answering(self, hits: Bools) -> CodedRows:
        """The same rows with other answers."""
        return CodedRows(self.codes, hits, self.items, self.neighbours)

    def subsets(self, max_length: int) -> Iterator[tuple[int, ...]]:
        """All sets of 1 … `max_length` columns, small ones first."""
        for length in range(1, min(max_length, len(self.items)) + 1):
            yield from combinations(range(len(self.items)), length)

    def table(self, columns: Sequence[int]) -> Ints:
        """Yeses and rows per cell, shape ``(2, items + 1, items + 1, …)``."""
        shape = (2, *(self.items[j] + 1 for j in columns))
        size = int(np.prod(shape))
        counts = np.zeros(size, np.int64)
        for start in range(0, len(self.hits), ROWS_AT_ONCE):
            stop = start + ROWS_AT_ONCE
            cell = self.hits[start:stop].astype(np.intp)
            for j in columns:
                cell *= self.items[j] + 1
                cell += self.codes[j, start:stop]
            counts += np.bincount(cell, minlength=size)
        table = counts.reshape(shape)
        table[0] += table[1]  # noes become rows; then yeses first
        return table[::-1]


def check_cells(
    sizes: Sequence[int], names: Sequence[str], max_length: int, max_cells: int, ranges: bool
) -> None:
    """Refuse a search whose largest table has more than `max_cells` cells.

    Parameters
    ----------
    sizes : sequence of int
        Ranges (or items) per column.
    names : sequence of str
        Their names, for the message.
    max_length : int
        Columns per segment.
    max_cells : int
        Cells allowed at once.
    ranges : bool
        Whether the sizes count ranges: b bins have b (b + 1) / 2.

    Raises
    ------
    DataError
        The message names the largest columns and the parameters to lower.
    """
    largest = sorted(zip(sizes, names, strict=True), reverse=True)[:max_length]
    cells = 1
    fitting = 0
    for size, _ in largest:
        cells *= size
        fitting += cells <= max_cells
    if cells <= max_cells:
        return
    columns = ", ".join(f"{name!r} ({size})" for size, name in largest)
    shorter = f"max_length to {fitting}, " if fitting else ""
    size = max_cells ** (1 / max_length) + 1e-9
    bins = int((math.sqrt(8 * size + 1) - 1) / 2 if ranges else size - 1)
    raise DataError(
        f"{max_length} columns together make up to {cells:,} cells, more than max_cells="
        f"{max_cells:,}; the largest are {columns}. Lower {shorter}bins or max_levels "
        f"to about {bins}, or raise max_cells"
    )
