"""Rows of a visible layer in as few bytes as they need, in memory or in files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.typing import Floats32, Ints, Ints32, Rows
from dbnchurn.dbn.visible import Visible
from dbnchurn.features.encode import Encode
from dbnchurn.features.leaves_record import LeavesRecord, booster_matrix
from dbnchurn.tables.schema import Table

CHUNK = 50_000  # rows made at a time


class MemoryBudget:
    """Where large arrays are put: in memory as long as it lasts, then in files.

    Parameters
    ----------
    gigabytes : float
        What may be taken in memory.

    Examples
    --------
    >>> room = MemoryBudget(1e-6)
    >>> type(room.empty((10, 10), np.uint8)).__name__, type(room.empty((99, 99), np.uint8)).__name__
    ('ndarray', 'memmap')
    """

    def __init__(self, gigabytes: float) -> None:
        self.left = gigabytes * 1e9
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files = 0

    def empty(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """An array without values; its file goes with the last reference to the room."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        if size <= self.left or not size:
            self.left -= size
            return np.empty(shape, dtype)
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="dbnchurn-rows-")
        self._files += 1
        path = Path(self._folder.name, f"{self._files}.npy")
        return np.lib.format.open_memmap(path, "w+", np.dtype(dtype), shape)


def smallest_integer_type(sizes: Sequence[int], missing: bool) -> np.dtype[Any]:
    """The smallest integer type for codes below the sizes, with -1 for missing if that is needed.

    Examples
    --------
    >>> smallest_integer_type([4, 256], missing=False)
    dtype('uint8')
    >>> smallest_integer_type([4, 256], missing=True)
    dtype('int16')
    """
    largest = max(sizes, default=1) - 1
    return np.min_scalar_type(-largest - 1 if missing else largest)


@dataclass(frozen=True, eq=False)
class CompactRows:
    """Encoded rows whose codes are stored in one or two bytes; they widen when they are taken.

    Parameters
    ----------
    gaussian, binary : float32 arrays of shape (n, g) and (n, b)
    codes : integer array of shape (n, c)
    sizes : tuple of c integers
    """

    gaussian: Floats32
    binary: Floats32
    codes: npt.NDArray[Any]
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, encode: Encode, table: Table, room: MemoryBudget) -> CompactRows:
        """Encode a prepared table some rows at a time."""
        first = encode.transform(table.take(np.arange(0)))
        n, (gaussian, binary, _) = len(table), first.widths
        rows = cls(
            room.empty((n, gaussian), np.float32),
            room.empty((n, binary), np.float32),
            room.empty((n, len(first.sizes)), smallest_integer_type(first.sizes, missing=True)),
            first.sizes,
        )
        for here in row_chunks(n):
            part = encode.transform(table.take(np.arange(here.start, here.stop)))
            rows.gaussian[here], rows.binary[here] = part.gaussian, part.binary
            rows.codes[here] = part.codes
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


def row_chunks(n: int) -> Iterator[slice]:
    """All rows in order, some at a time."""
    for start in range(0, n, CHUNK):
        yield slice(start, min(start + CHUNK, n))


def fill_by_chunks(
    shape: tuple[int, int],
    dtype: npt.DTypeLike,
    make: Callable[[slice], npt.NDArray[Any]],
    room: MemoryBudget,
) -> npt.NDArray[Any]:
    """An array whose rows are made some at a time."""
    out = room.empty(shape, dtype)
    for here in row_chunks(shape[0]):
        out[here] = make(here)
    return out


@dataclass(frozen=True, eq=False)
class LeafRows:
    """A table that shows every row through one booster; codes of the other boosters are missing.

    Stored compactly, one narrow array of codes per booster; the wide layer of
    :func:`~dbnchurn.features.leaves_record.with_leaves` is built for the rows that are taken.

    Parameters
    ----------
    base : Visible or CompactRows of n rows
        Encoded columns.
    record : LeavesRecord
    blocks : int64 array of shape (n,)
        Booster of every row; mini-batches are drawn within a block, so a batch needs the leaves
        of one booster only.
    place : int32 array of shape (n,)
        Where a row stands in the codes of its booster.
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
        room: MemoryBudget | None = None,
    ) -> LeafRows:
        """Look up the leaves of prepared rows, each with the booster that `blocks` names.

        Parameters
        ----------
        base : Visible or CompactRows of n rows
        record : LeavesRecord
        table : Table of n prepared rows
        blocks : int64 array of shape (n,)
        n_threads : int, default 1
        room : MemoryBudget, optional
            Where the codes are put; in memory if not given.
        """
        room = room or MemoryBudget(np.inf)
        place = np.empty(len(table), np.int32)
        codes = []
        for booster, forest in enumerate(record.forests):
            rows = np.flatnonzero(blocks == booster)
            place[rows] = np.arange(len(rows))
            look_up = partial(_look_up, record, booster, table, rows, n_threads)
            dtype = smallest_integer_type(forest.sizes, missing=False)
            codes.append(fill_by_chunks((len(rows), forest.trees), dtype, look_up, room))
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
            here = np.flatnonzero(blocks == booster)
            leaves[here, self.record.groups[booster]] = self.codes[booster][self.place[rows[here]]]
        codes = np.hstack([base.codes, leaves])
        return Visible(base.gaussian, base.binary, codes, self.sizes)


def _look_up(
    record: LeavesRecord, booster: int, table: Table, rows: Rows, n_threads: int, here: slice
) -> Ints32:
    matrix = booster_matrix(table.take(rows[here]))
    return record.leaf_codes(booster, matrix, n_threads)
