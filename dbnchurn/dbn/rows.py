"""Sources of rows, checks of their values, and the row numbers of mini-batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dbnchurn.core.typing import Bools, Floats32, Rows
from dbnchurn.core.weights import relative_weight, weight_problem
from dbnchurn.dbn.visible import Visible

CHUNK = 16_384
"""Rows passed through machines and networks at a time."""


@runtime_checkable
class RowSource(Protocol):
    """Rows of a visible layer by row number.

    `Visible` is one. Another may read rows from disk or build them on demand. An attribute
    ``blocks``, an integer array of shape (n,), is optional: every mini-batch then holds rows of one
    block only, and groups that are missing in a whole block cost nothing in its mini-batches.

    Examples
    --------
    Binary rows, followed by the same with 0 and 1 exchanged, built on demand:

    >>> class Mirrored:
    ...     sizes = ()
    ...     def __init__(self, binary):
    ...         self.binary, self.widths = binary, (0, binary.shape[1], 0)
    ...     def __len__(self):
    ...         return 2 * len(self.binary)
    ...     def take(self, rows):
    ...         n = len(self.binary)
    ...         return Visible.of(binary=np.abs(self.binary[rows % n] - (rows >= n)[:, None]))
    >>> source = Mirrored(np.array([[0, 1, 1]]))
    >>> isinstance(source, RowSource), source.take(np.arange(2)).binary.tolist()
    (True, [[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]])
    """

    @property
    def sizes(self) -> tuple[int, ...]:
        """Levels of every code group."""

    @property
    def widths(self) -> tuple[int, int, int]:
        """Number of gaussian units, binary units and levels of all groups."""

    def __len__(self) -> int:
        """Number of rows."""

    def take(self, rows: Rows) -> Visible:
        """The given rows in the given order."""


@runtime_checkable
class Stream(Protocol):
    """Rows that do not fit in memory: each iteration yields the mini-batches of one epoch."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Levels of every code group."""

    def __iter__(self) -> Iterator[Visible]:
        """Mini-batches of one epoch; each is one training step."""


def as_rows(rows: object) -> RowSource:
    """Rows as a source: a `Visible` or another source as it is, a 2-D array as binary units.

    Raises
    ------
    ValueError
        If an array is not 2-D or has no column; if values, codes or shapes are not allowed.
    """
    if isinstance(rows, Visible):
        check_visible(rows)
        return rows
    if isinstance(rows, RowSource):
        return rows
    values = np.asarray(rows)
    if values.ndim != 2:
        raise ValueError(f"rows must be a 2-D array or a Visible; got {values.ndim} dimension(s)")
    visible = Visible.of(binary=values)
    check_visible(visible)
    return visible


def check_visible(visible: Visible) -> None:
    """Refuse values that no unit can take.

    Raises
    ------
    ValueError
        If a value is infinite, not between 0 and 1, or not a code of its group; the message names
        the first column that has one.
    """
    values = visible.gaussian
    _refuse(np.isinf(values), "gaussian", values, "a finite number, or NaN for missing")
    values = visible.binary
    _refuse((values < 0) | (values > 1), "binary", values, "0, 1 or between, or NaN for missing")
    codes = visible.codes
    for column, size in enumerate(visible.sizes):
        wrong = (codes[:, column] < -1) | (codes[:, column] >= size)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise ValueError(
                f"codes column {column} holds {codes[row, column]} in row {row} "
                f"({int(wrong.sum())} such rows); allowed are 0 to {size - 1}, or -1 for missing"
            )


def _refuse(wrong: Bools, kind: str, values: Floats32, allowed: str) -> None:
    if not wrong.any():
        return
    row, column = (int(index) for index in np.argwhere(wrong)[0])
    raise ValueError(
        f"{kind} column {column} holds {values[row, column]:g} in row {row} "
        f"({int(wrong.sum())} such values); allowed is {allowed}"
    )


def check_sample_weight(sample_weight: npt.ArrayLike | None, n: int) -> Floats32 | None:
    """Sample weights as float32, with a mean of one over the rows that count.

    Parameters
    ----------
    sample_weight : array of shape (n,), optional
        Only their ratios matter.
    n : int
        Number of rows.

    Returns
    -------
    float32 array of shape (n,), or None if not given

    Raises
    ------
    ValueError
        If the shape is another, a weight is negative or not finite, all are zero, or the largest
        is more than 1e12 times the smallest above 0.
    """
    if sample_weight is None:
        return None
    if problem := weight_problem(sample_weight, n, largest_ratio=1e12):
        raise ValueError(problem)
    return relative_weight(np.asarray(sample_weight, np.float64)).astype(np.float32)


def blocks_of(rows: RowSource) -> npt.NDArray[np.integer] | None:
    """Block of every row, int of shape (n,); None if the source has no blocks."""
    blocks = getattr(rows, "blocks", None)
    return None if blocks is None else cast("npt.NDArray[np.integer]", np.asarray(blocks))


def minibatch_rows(
    n: int,
    batch_size: int,
    generator: np.random.Generator,
    *,
    blocks: npt.NDArray[np.integer] | None = None,
    draw: Rows | None = None,
    limit: int | None = None,
) -> list[Rows]:
    """Row numbers of the mini-batches of one epoch, in random order.

    Parameters
    ----------
    n : int
        Number of rows.
    batch_size : int
        Rows of a mini-batch; the last one of a block may be smaller.
    generator : numpy Generator
    blocks : int array of shape (n,), optional
        Every mini-batch holds rows of one block.
    draw : intp array, optional
        Row numbers of the epoch, with repeats; all rows once if not given.
    limit : int, optional
        Largest number of rows of the epoch; a larger epoch is cut to a random sample of them.

    Returns
    -------
    list of intp arrays

    Examples
    --------
    >>> minibatches = minibatch_rows(5, 2, np.random.default_rng(0))
    >>> sorted(int(row) for rows in minibatches for row in rows)
    [0, 1, 2, 3, 4]
    """
    rows = generator.permutation(n) if draw is None else generator.permutation(draw)
    rows = rows[:limit]
    if blocks is None:
        return [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    block = blocks[rows]
    rows = rows[np.argsort(block, kind="stable")]
    _, counts = np.unique(block, return_counts=True)
    minibatches = [
        of_block[start : start + batch_size]
        for of_block in np.split(rows, np.cumsum(counts)[:-1])
        for start in range(0, len(of_block), batch_size)
    ]
    return [minibatches[index] for index in generator.permutation(len(minibatches))]


def to_device(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """An array as a tensor on a device; a copy to a GPU is asynchronous.

    Parameters
    ----------
    array : array
    device : torch.device

    Returns
    -------
    Tensor of the same shape
        On the CPU it shares memory with `array` where that is contiguous.
    """
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    if device.type == "cpu":
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True)


def chunks(rows: RowSource, size: int = CHUNK) -> Iterator[Visible]:
    """All rows in order, in chunks.

    Parameters
    ----------
    rows : RowSource
    size : int, default 16,384
        Rows of a chunk; the last one may be smaller.

    Yields
    ------
    Visible
    """
    for start in range(0, len(rows), size):
        yield rows.take(np.arange(start, min(start + size, len(rows))))


def true_ranges(values: Bools) -> tuple[tuple[int, int], ...]:
    """Half-open ranges (first, end) of neighbouring entries that are True.

    Examples
    --------
    >>> true_ranges(np.array([True, True, False, True]))
    ((0, 2), (3, 4))
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], values, [False]]).astype(np.int8)))
    return tuple((int(first), int(end)) for first, end in edges.reshape(-1, 2))
