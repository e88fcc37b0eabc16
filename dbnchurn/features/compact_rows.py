"""Rows of the visible layer in as few bytes as they need, in memory or in files.

:class:`CompactRows` holds the encoded columns, :class:`LeafRows` adds the leaves of one booster per
row. Both give an ordinary :class:`~dbnchurn.dbn.visible.Visible` for the rows of a mini-batch; a
:class:`MemoryBudget` decides which of their arrays are files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.scratch import ScratchFolder
from dbnchurn.core.typing import Floats32, Ints, Ints32, Rows
from dbnchurn.dbn.network_record import NetworkRecord
from dbnchurn.dbn.visible import Visible
from dbnchurn.features.code_columns_record import with_codes
from dbnchurn.features.encode import Encode
from dbnchurn.features.leaves_record import LeavesRecord, booster_matrix
from dbnchurn.tables.schema import Table

CHUNK = 50_000  # rows that are encoded or looked up at a time


class MemoryBudget:
    """Allocates large arrays in memory until the budget is used up, and then in temporary files.

    Parameters
    ----------
    gigabytes : float
        Memory that all arrays together may take.

    Examples
    --------
    >>> budget = MemoryBudget(1e-6)
    >>> small, large = budget.empty((10, 10), np.uint8), budget.empty((99, 99), np.uint8)
    >>> type(small).__name__, type(large).__name__
    ('ndarray', 'memmap')
    """

    def __init__(self, gigabytes: float) -> None:
        self.left = gigabytes * 1e9
        self._folder: ScratchFolder | None = None
        self._files = 0

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Allocate an array without values.

        Parameters
        ----------
        shape : tuple of int
        dtype : dtype

        Returns
        -------
        array of that shape
            A memory map where the budget does not suffice; its file is deleted when the last
            reference to the budget is gone.
        """
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if size <= self.left or not size:
            self.left -= size
            return np.empty(shape, dtype)
        if self._folder is None:
            self._folder = ScratchFolder()
        self._files += 1
        path = self._folder.path / f"{self._files}.npy"
        return np.lib.format.open_memmap(path, "w+", np.dtype(dtype), shape)


def smallest_integer_type(sizes: Sequence[int], missing: bool) -> np.dtype[Any]:
    """The smallest integer type that holds the codes of all groups.

    Parameters
    ----------
    sizes : sequence of int
        Number of levels of every group; codes go from 0 to the size less 1.
    missing : bool
        Whether -1 has to fit too.

    Returns
    -------
    numpy dtype

    Examples
    --------
    >>> smallest_integer_type([4, 256], missing=False)
    dtype('uint8')
    >>> smallest_integer_type([4, 256], missing=True)
    dtype('int16')
    """
    largest = max(sizes, default=1) - 1
    return np.min_scalar_type(-largest - 1 if missing else largest)


def row_chunks(n: int, chunk: int = CHUNK) -> Iterator[slice]:
    """Slices that cover n rows in order.

    Parameters
    ----------
    n : int
    chunk : int, default 50,000
        Rows of a slice; the last one may be shorter.

    Yields
    ------
    slice

    Examples
    --------
    >>> list(row_chunks(5, chunk=3))
    [slice(0, 3, None), slice(3, 5, None)]
    """
    for start in range(0, n, chunk):
        yield slice(start, min(start + chunk, n))


def fill_by_chunks(
    shape: tuple[int, int],
    dtype: npt.DTypeLike,
    make_rows: Callable[[slice], npt.NDArray[Any]],
    budget: MemoryBudget,
) -> npt.NDArray[Any]:
    """Allocate an array and compute its rows a chunk at a time.

    Parameters
    ----------
    shape : tuple of two int
    dtype : dtype
    make_rows : callable of slice → array
        Computes the rows of a slice.
    budget : MemoryBudget

    Returns
    -------
    array of that shape
    """
    out = budget.empty(shape, dtype)
    for chunk in row_chunks(shape[0]):
        out[chunk] = make_rows(chunk)
    return out


@dataclass(frozen=True, eq=False)
class CompactRows:
    """Encoded rows with codes of one or two bytes, which become int32 when rows are taken.

    Parameters
    ----------
    gaussian, binary : float32 arrays of shape (n, g) and (n, b)
    codes : integer array of shape (n, c)
    sizes : tuple of c integers
        Number of levels of every code group.
    """

    gaussian: Floats32
    binary: Floats32
    codes: npt.NDArray[Any]
    sizes: tuple[int, ...]

    @classmethod
    def of(
        cls, encode: Encode, table: Table, budget: MemoryBudget, *, chunk: int = CHUNK
    ) -> CompactRows:
        """Encode a prepared table a chunk of rows at a time.

        Parameters
        ----------
        encode : Encode
            Fitted.
        table : Table of n prepared rows
        budget : MemoryBudget
        chunk : int, default 50,000
            Rows encoded at a time; changes no value.

        Returns
        -------
        CompactRows of n rows
        """
        first = encode.transform(table.take(np.arange(0)))
        n, (gaussian, binary, _) = len(table), first.widths
        rows = cls(
            budget.empty((n, gaussian), np.float32),
            budget.empty((n, binary), np.float32),
            budget.empty((n, len(first.sizes)), smallest_integer_type(first.sizes, missing=True)),
            first.sizes,
        )
        for some in row_chunks(n, chunk):
            encoded = encode.transform(table.take(np.arange(some.start, some.stop)))
            rows.gaussian[some], rows.binary[some] = encoded.gaussian, encoded.binary
            rows.codes[some] = encoded.codes
        return rows

    def __len__(self) -> int:
        return len(self.gaussian)

    @property
    def widths(self) -> tuple[int, int, int]:
        """Number of gaussian units, binary units and levels of all groups together."""
        return self.gaussian.shape[1], self.binary.shape[1], sum(self.sizes)

    def take(self, rows: Rows) -> Visible:
        """The given rows, in the given order."""
        codes = self.codes[rows].astype(np.int32)
        return Visible(
            np.array(self.gaussian[rows]), np.array(self.binary[rows]), codes, self.sizes
        )


@dataclass(frozen=True, eq=False)
class LeafRows:
    """Encoded rows with the leaf codes of one booster per row; those of the others are missing.

    The leaf codes are stored in one narrow array per booster. Rows that are taken get the same wide
    layer as from :func:`~dbnchurn.features.leaves_record.with_leaves`.

    Parameters
    ----------
    base : Visible or CompactRows of n rows
        Encoded columns.
    record : LeavesRecord
    blocks : int64 array of shape (n,)
        Booster of every row. Mini-batches are drawn within a block, so that a batch needs the
        leaves of one booster only.
    place : int32 array of shape (n,)
        Position of a row in the codes of its booster.
    codes : tuple of integer arrays of shape (rows of the booster, its trees)
    """

    base: Visible | CompactRows
    record: LeavesRecord
    blocks: Ints
    place: Ints32
    codes: tuple[npt.NDArray[Any], ...]

    @classmethod
    def of(
        cls,
        base: Visible | CompactRows,
        record: LeavesRecord,
        table: Table,
        blocks: Ints,
        n_threads: int = 1,
        budget: MemoryBudget | None = None,
        machines: NetworkRecord | None = None,
    ) -> LeafRows:
        """Look up the leaves of prepared rows, each in the booster that `blocks` names.

        Parameters
        ----------
        base : Visible or CompactRows of n rows
        record : LeavesRecord
        table : Table of n prepared rows
        blocks : int64 array of shape (n,)
        n_threads : int, default 1
        budget : MemoryBudget, optional
            Allocates the codes; without one they are in memory.
        machines : NetworkRecord, optional
            Whose hidden codes the boosters test beside the columns.

        Returns
        -------
        LeafRows of n rows
        """
        budget = budget or MemoryBudget(np.inf)
        place = np.empty(len(table), np.int32)
        codes = []
        for booster, forest in enumerate(record.forests):
            rows = np.flatnonzero(blocks == booster)
            place[rows] = np.arange(len(rows))
            look_up = partial(_look_up, record, booster, table, base, machines, rows, n_threads)
            dtype = smallest_integer_type(forest.sizes, missing=False)
            codes.append(fill_by_chunks((len(rows), forest.trees), dtype, look_up, budget))
        return cls(base, record, blocks, place, tuple(codes))

    def __len__(self) -> int:
        return len(self.base)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Levels of every code group: those of the columns, then the leaves of all boosters."""
        return self.base.sizes + self.record.sizes

    @property
    def widths(self) -> tuple[int, int, int]:
        """Gaussian units, binary units and levels of all groups together."""
        gaussian, binary, _ = self.base.widths
        return gaussian, binary, sum(self.sizes)

    def take(self, rows: Rows) -> Visible:
        """The visible layer of the given rows."""
        base = self.base.take(rows)
        leaves = np.full((len(rows), len(self.record.sizes)), -1, np.int32)
        blocks = self.blocks[rows]
        for booster in np.unique(blocks):
            inside = np.flatnonzero(blocks == booster)
            codes = self.codes[booster][self.place[rows[inside]]]
            leaves[inside, self.record.groups[booster]] = codes
        codes = np.hstack([base.codes, leaves])
        return Visible(base.gaussian, base.binary, codes, self.sizes)


def _look_up(
    record: LeavesRecord,
    booster: int,
    table: Table,
    base: Visible | CompactRows,
    machines: NetworkRecord | None,
    rows: Rows,
    n_threads: int,
    chunk: slice,
) -> Ints32:
    """Leaf codes of some of a booster's rows."""
    tested = table.take(rows[chunk])
    if machines is not None:
        tested = with_codes(tested, machines, base.take(rows[chunk]))
    return record.leaf_codes(booster, booster_matrix(tested), n_threads)
