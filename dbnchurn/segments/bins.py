"""Columns to items: every row gets one code per column.

An :class:`Axis` is what one column has become: neighbouring intervals or ordered levels first,
which may be joined to ranges, then single items without neighbours (unordered levels, special
codes, missing), and one last code for "no item": a level that is rare or was never seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.core.errors import ConfigError, DataError, listed
from dbnchurn.core.typing import Bools, Floats
from dbnchurn.segments.columns import Kind, PlainColumn, level_of
from dbnchurn.segments.conditions import (
    JUST_ABOVE_ZERO,
    Between,
    Condition,
    IsMissing,
    Level,
    OneOf,
    missing,
)
from dbnchurn.segments.counts import CodedRows

Codes = npt.NDArray[np.int16]

ZERO_SHARE = 0.01  # of the rows; from here on zero gets a bin of its own


@dataclass(frozen=True)
class Axis:
    """One column as items.

    Parameters
    ----------
    column : str
    kind : {"number", "date", "boolean", "text"}
        What the column's values are.
    breaks : tuple of float
        Ends of the intervals, one more than intervals, half-open ``[a, b)``; empty without any.
    whole : bool
        The column holds whole numbers.
    levels : tuple
        Levels with an item of their own; after the intervals, so special codes are levels too.
    ordered : bool
        The levels have an order, so that neighbours may be joined.
    missing : bool
        Missing has an item, the last one.
    """

    column: str
    kind: Kind
    breaks: tuple[float, ...] = ()
    whole: bool = False
    levels: tuple[Level, ...] = ()
    ordered: bool = False
    missing: bool = False

    @property
    def intervals(self) -> int:
        """Number of intervals."""
        return max(len(self.breaks) - 1, 0)

    @property
    def neighbours(self) -> int:
        """Number of items, from the first on, that may be joined to ranges."""
        return self.intervals or (len(self.levels) if self.ordered else 0)

    @property
    def items(self) -> int:
        """Number of items; the code `items` itself means none of them."""
        return self.intervals + len(self.levels) + int(self.missing)

    def codes(self, column: PlainColumn) -> Codes:
        """The item of every row, shape (n,)."""
        values = column.values
        codes = np.full(len(values), self.items, np.int16)
        if self.breaks:
            known = ~np.isnan(values)
            place = np.searchsorted(np.asarray(self.breaks[:-1]), values, side="right") - 1
            known &= place >= 0
            codes[known] = place[known]
        if self.levels:
            place = pd.Index(self._plain_levels(values.dtype)).get_indexer(pd.Index(values))
            codes[place >= 0] = place[place >= 0] + self.intervals
        if self.missing:
            codes[missing(values)] = self.items - 1
        return codes

    def _plain_levels(self, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        levels = np.empty(len(self.levels), dtype)
        levels[:] = self.levels
        return levels

    def condition(self, first: int, last: int) -> Condition:
        """The condition that holds for the rows whose item is one of `first` … `last`.

        Parameters
        ----------
        first, last : int
            Item numbers; equal unless both are below `neighbours`.

        Returns
        -------
        Condition
        """
        if first < self.intervals:
            low, high = self.breaks[first], self.breaks[last + 1]
            inside = tuple(float(code) for code in self.levels if low <= float(code) < high)
            return Between(self.column, low, high, self.whole, inside, self.kind == "date")
        if self.missing and first == self.items - 1:
            return IsMissing(self.column)
        return OneOf(self.column, self.levels[first - self.intervals : last + 1 - self.intervals])

    def labels(self) -> tuple[str, ...]:
        """Short names of the items, for a picture."""
        texts = (self.condition(item, item).to_text() for item in range(self.items))
        return tuple(text.removeprefix(f"{self.column} ").removeprefix("= ") for text in texts)


@dataclass(frozen=True)
class Binning:
    """How columns are cut into items; :meth:`axis` does it for one column.

    Parameters
    ----------
    method : {"quantile", "width"}
        Intervals of equally many rows, or of equal width.
    bins : int
        Intervals per numeric column, besides those of zero, special codes and missing.
    edges : dict
        Column → inner edges to cut it at, in place of computed ones.
    zero : bool
        Zero is an interval of its own.
    special : dict
        Column → codes that are no quantities.
    max_levels : int
        Most frequent levels of a category that become items.
    """

    method: str
    bins: int
    edges: dict[str, Sequence[float]]
    zero: bool
    special: dict[str, Sequence[float]]
    max_levels: int

    def axes(self, columns: Sequence[PlainColumn]) -> tuple[tuple[Axis, ...], dict[str, str]]:
        """Cut all columns; those with one item in all rows are left out.

        Parameters
        ----------
        columns : sequence of PlainColumn
            Mined rows.

        Returns
        -------
        axes : tuple of Axis
        skipped : dict of str to str
            Column that was left out → reason.

        Raises
        ------
        DataError
            No column is left.
        """
        axes, skipped = [], {}
        for column in columns:
            axis = self.axis(column)
            if axis.items < 2 or len(np.unique(axis.codes(column))) < 2:
                skipped[column.name] = "all mined rows hold the same item"
            else:
                axes.append(axis)
        if not axes:
            raise DataError(
                f"no column tells customers apart: {listed(skipped)} hold one value, or one bin, "
                "in all mined rows; add columns or raise bins"
            )
        return tuple(axes), skipped

    def axis(self, column: PlainColumn) -> Axis:
        """The items of one column, learned from the given rows only.

        Raises
        ------
        ConfigError
            Edges or special codes for a column that is not numeric, or edges out of order.
        """
        edges, special = self.edges.get(column.name), self.special.get(column.name, ())
        has_missing = bool(missing(column.values).any())
        if column.kind == "date":
            self._refuse_numeric_settings(column)
            return self._dates_axis(column, has_missing)
        if column.kind != "number" or column.levels is not None:
            self._refuse_numeric_settings(column)
            return self._levels_axis(column, has_missing)
        codes = np.asarray(special, np.float64)
        known = column.values[~np.isnan(column.values)]
        known = np.sort(known[~np.isin(known, codes)] if len(codes) else known)
        named = tuple(dict.fromkeys(level_of(code, "number") for code in special))
        values = distinct(known)
        if edges is None and not named and len(values) == 2:
            # no range lies between two values: they are levels of a flag, mostly
            levels = tuple(level_of(value, "number") for value in values)
            return Axis(column.name, "number", levels=levels, missing=has_missing)
        breaks = self._breaks(column.name, known, values) if len(values) else ()
        return Axis(column.name, "number", breaks, column.whole, named, missing=has_missing)

    def _refuse_numeric_settings(self, column: PlainColumn) -> None:
        for parameter, given in (("edges", self.edges), ("special", self.special)):
            if column.name in given:
                raise ConfigError(
                    f"{parameter} names column {column.name!r}, which is not numeric; "
                    f"remove it from {parameter}"
                )

    def _dates_axis(self, column: PlainColumn, has_missing: bool) -> Axis:
        known = np.sort(column.values[~np.isnan(column.values)])
        breaks: tuple[float, ...] = ()
        if len(known):
            inner = sorted({float(np.ceil(edge)) for edge in self._inner_edges(known)})
            breaks = (-math.inf, *_without_empty(inner, -math.inf, known), math.inf)
        return Axis(column.name, "date", breaks, whole=True, missing=has_missing)

    def _levels_axis(self, column: PlainColumn, has_missing: bool) -> Axis:
        known = pd.Series(column.values[~missing(column.values)])
        counts = known.value_counts(sort=False)
        by_count = sorted(counts.items(), key=lambda pair: (-int(pair[1]), str(pair[0])))
        kept = [level_of(value, column.kind) for value, _ in by_count[: self.max_levels]]
        if column.levels is not None:
            kept = [level for level in column.levels if level in kept]
        return Axis(
            column.name,
            column.kind,
            levels=tuple(kept),
            ordered=column.ordered,
            missing=has_missing,
        )

    def _breaks(self, name: str, known: Floats, values: Floats) -> tuple[float, ...]:
        if name in self.edges:
            return (-math.inf, *_checked_edges(name, self.edges[name]), math.inf)
        own_zero = self.zero and np.count_nonzero(known == 0) >= max(ZERO_SHARE * len(known), 1)
        rest = known[known != 0] if own_zero else known
        inner = set(self._inner_edges(rest[np.isfinite(rest)]))
        start = -math.inf
        if own_zero:
            inner |= {0.0, JUST_ABOVE_ZERO}
            if values[0] >= 0:
                # nothing below zero was ever seen, so "0" is a place, not an open end
                start, inner = 0.0, inner - {0.0}
            if values[-1] <= 0:
                inner -= {JUST_ABOVE_ZERO}
        return (start, *_without_empty(sorted(inner), start, known), math.inf)

    def _inner_edges(self, known: Floats) -> list[float]:
        """Edges between the bins of sorted values; at most bins - 1, all different."""
        values = distinct(known)
        if len(values) < 2:
            return []
        if self.method == "width":
            return _equal_widths(float(known[0]), float(known[-1]), self.bins)
        if len(values) <= self.bins:
            return [float(value) for value in values[1:]]
        ranks = np.ceil(np.arange(1, self.bins) * len(known) / self.bins).astype(int)
        slack = len(known) / self.bins / 20
        edges = {_short_quantile(known, float(edge), slack) for edge in known[ranks]}
        return [edge for edge in edges if edge > known[0]]


def distinct(ordered: Floats) -> Floats:
    """Different values of sorted ones.

    Examples
    --------
    >>> distinct(np.array([1.0, 1.0, 2.0])).tolist()
    [1.0, 2.0]
    """
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def _without_empty(edges: list[float], start: float, known: Floats) -> list[float]:
    """Edges between which there are values; those around zero stay."""
    kept: list[float] = []
    for edge in edges:
        before = kept[-1] if kept else start
        if np.searchsorted(known, before) == np.searchsorted(known, edge):
            if edge not in (0.0, JUST_ABOVE_ZERO):
                continue
            if kept and before not in (0.0, JUST_ABOVE_ZERO):
                kept.pop()
        kept.append(edge)
    return kept


def _equal_widths(low: float, high: float, bins: int) -> list[float]:
    """Inner edges of `bins` intervals, as short numbers to 1 % of the width."""
    width = (high - low) / bins

    def near(edge: float) -> Callable[[float], bool]:
        return lambda candidate: abs(candidate - edge) <= width / 100

    wanted = (low + width * k for k in range(1, bins))
    return [shortest(edge, near(edge)) for edge in wanted]


def _short_quantile(known: Floats, edge: float, slack: float) -> float:
    """A short number that divides the sorted values as `edge` does, but for `slack` rows."""
    below = np.searchsorted(known, edge)

    def close(candidate: float) -> bool:
        return bool(abs(np.searchsorted(known, candidate) - below) <= slack)

    return shortest(edge, close)


def shortest(value: float, good: Callable[[float], bool]) -> float:
    """Round to the fewest significant digits that `good` accepts.

    Parameters
    ----------
    value : float
    good : callable
        Whether a candidate may stand for `value`.

    Returns
    -------
    float
        `value` itself where no rounding is good.

    Examples
    --------
    >>> shortest(37.4829, lambda e: abs(e - 37.4829) < 0.1)
    37.5
    """
    for digits in range(1, 17):
        candidate = float(f"{value:.{digits}g}")
        if good(candidate):
            return candidate + 0.0
    return value


def _checked_edges(name: str, edges: Sequence[float]) -> tuple[float, ...]:
    given = np.asarray(edges, np.float64)
    if given.ndim != 1 or not len(given) or not np.isfinite(given).all():
        raise ConfigError(f"edges of column {name!r} must be finite numbers, but are {edges!r}")
    if np.any(np.diff(given) <= 0):
        raise ConfigError(f"edges of column {name!r} must increase strictly, but are {edges!r}")
    return tuple(float(edge) + 0.0 for edge in given)


def code_rows(axes: Sequence[Axis], columns: Sequence[PlainColumn], hits: Bools) -> CodedRows:
    """Code the columns of all axes as items.

    Parameters
    ----------
    axes : sequence of d Axis
    columns : sequence of PlainColumn
        Those of the axes among them, n rows each.
    hits : bool array of shape (n,)
        Rows that said yes.

    Returns
    -------
    CodedRows
        d columns, n rows.
    """
    by_name = {column.name: column for column in columns}
    codes = np.stack([axis.codes(by_name[axis.column]) for axis in axes])
    return CodedRows(codes, hits, tuple(a.items for a in axes), tuple(a.neighbours for a in axes))
