"""Where rows come from, and how they are drawn into mini-batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dbnchurn.core.typing import Bools, Floats32, Rows
from dbnchurn.dbn.visible import Visible

CHUNK = 16_384
"""Rows handled at a time wherever a whole table passes through."""


@runtime_checkable
class RowSource(Protocol):
    """Rows of a visible layer that can be asked for by index.

    `Visible` is one. Another may read from disk or assemble rows when asked. It may have an
    attribute ``blocks``, an integer array of shape (n,): then every mini-batch holds rows of one
    block only, so that groups which are missing in a whole block cost nothing in its batches.

    Examples
    --------
    Binary rows, then the same with 0 and 1 exchanged, made when they are asked for:

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
    """Batches that do not fit in memory: every pass over it yields the batches of one epoch."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """Levels of every code group."""

    def __iter__(self) -> Iterator[Visible]:
        """The batches of one epoch, each at most as large as a training step should be."""


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
    """Refuse values that no unit can take; each message names the first column that has one."""
    part = visible.gaussian
    _refuse(np.isinf(part), "gaussian", part, "a finite number, or NaN for missing")
    part = visible.binary
    _refuse((part < 0) | (part > 1), "binary", part, "0, 1 or between, or NaN for missing")
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


def check_weights(sample_weight: npt.ArrayLike | None, n: int) -> Floats32 | None:
    """Row weights as float32 of shape (n,): finite, not negative, not all zero."""
    if sample_weight is None:
        return None
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n,):
        raise ValueError(
            f"sample_weight has shape {weights.shape}; one weight per row means ({n},)"
        )
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"sample_weight holds {weights[row]} in row {row} ({int(wrong.sum())} such rows); "
            "weights must be finite and not negative"
        )
    if n and not weights.any():
        raise ValueError("every sample_weight is zero; at least one row must count")
    return weights.astype(np.float32)


def blocks_of(rows: RowSource) -> npt.NDArray[np.integer] | None:
    """The block of every row, if the source has blocks."""
    blocks = getattr(rows, "blocks", None)
    return None if blocks is None else cast("npt.NDArray[np.integer]", np.asarray(blocks))


def batches(
    n: int,
    batch_size: int,
    generator: np.random.Generator,
    *,
    blocks: npt.NDArray[np.integer] | None = None,
    draw: Rows | None = None,
    limit: int | None = None,
) -> Iterable[Rows]:
    """Row indices of the mini-batches of one epoch, in random order.

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
        Rows that make the epoch, with repeats; all rows once if not given.
    limit : int, optional
        Rows of the epoch at most: so many, drawn anew every time, if there are more.

    Examples
    --------
    >>> parts = batches(5, 2, np.random.default_rng(0))
    >>> sorted(int(row) for part in parts for row in part)
    [0, 1, 2, 3, 4]
    """
    rows = generator.permutation(n) if draw is None else generator.permutation(draw)
    rows = rows[:limit]
    if blocks is None:
        return [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
    block = blocks[rows]
    rows = rows[np.argsort(block, kind="stable")]
    _, counts = np.unique(block, return_counts=True)
    parts = [
        part[start : start + batch_size]
        for part in np.split(rows, np.cumsum(counts)[:-1])
        for start in range(0, len(part), batch_size)
    ]
    return [parts[index] for index in generator.permutation(len(parts))]


def moved(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """An array as a tensor on a device; the processor does not wait for a GPU to have it."""
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    if device.type == "cpu":
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True)


def chunks(rows: RowSource, size: int = CHUNK) -> Iterable[Visible]:
    """All rows in order, some at a time."""
    for start in range(0, len(rows), size):
        yield rows.take(np.arange(start, min(start + size, len(rows))))


def runs(present: Bools) -> tuple[tuple[int, int], ...]:
    """Stretches of neighbouring columns that are present, as (first, end).

    Examples
    --------
    >>> runs(np.array([True, True, False, True]))
    ((0, 2), (3, 4))
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], present, [False]]).astype(np.int8)))
    return tuple((int(first), int(end)) for first, end in edges.reshape(-1, 2))
