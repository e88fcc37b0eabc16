"""A user's table as three parts of coded rows, ready to be mined."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from dbnchurn.core.errors import ConfigError, DataError, did_you_mean
from dbnchurn.core.parameters import check_parameters
from dbnchurn.core.typing import Bools
from dbnchurn.segments.bins import Axis, Binning, code_rows
from dbnchurn.segments.boxes import Ranges
from dbnchurn.segments.columns import checked_frame, columns_of, read_answers, stored_column
from dbnchurn.segments.counts import CodedRows, check_cells
from dbnchurn.segments.row_parts import RowParts, check_answers, split_at_random, split_by_date
from dbnchurn.tables.label import LabelMeaning
from dbnchurn.tables.label_classes import LabelValues
from dbnchurn.tables.model_columns import ModelColumns
from dbnchurn.tables.row_order import refuse_reordered
from dbnchurn.tables.schema import Schema


class CodingSettings(Protocol):
    """Parameters of a :class:`~dbnchurn.segments.miner.SegmentMiner` that coding reads."""

    mode: Literal["ranges", "paper"]
    method: Literal["quantile", "width"]
    bins: int
    edges: Mapping[str, Sequence[float]] | None
    zero: bool
    special: Mapping[str, Sequence[float]] | None
    max_levels: int
    max_length: int
    min_count: int
    parts: Sequence[float]
    date: str | None
    positive: LabelValues | None
    negative: LabelValues | None
    kinds: Mapping[str, str] | None
    formats: Mapping[str, str] | None
    threshold: float | None
    max_cells: int


@dataclass(frozen=True, eq=False)
class CodedTable:
    """A table ready to be mined.

    Parameters
    ----------
    names : tuple of str
        Columns of the table.
    axes : tuple of Axis
        The items of those with more than one item.
    skipped : dict
        The other columns → reason.
    parts : RowParts
        Row numbers to mine, select on and report from.
    rows : three CodedRows
        The rows of each part, in this order.
    schema : Schema
        How the columns were read.
    columns : ModelColumns of n rows
        The same columns as a model reads them.
    hits : bool array of shape (n,)
        Rows that said yes.
    meaning : LabelMeaning or None
        Which answers mean yes; None for scores.
    """

    names: tuple[str, ...]
    axes: tuple[Axis, ...]
    skipped: dict[str, str]
    parts: RowParts
    rows: tuple[CodedRows, CodedRows, CodedRows]
    schema: Schema
    columns: ModelColumns
    hits: Bools
    meaning: LabelMeaning | None = None


def code_table(
    miner: CodingSettings, X: Any, y: Any, groups: Any, generator: np.random.Generator
) -> CodedTable:
    """Check everything, split the rows, and cut the columns by what the mined rows hold.

    Parameters
    ----------
    miner : SegmentMiner
        Its parameters say how to split and cut.
    X : DataFrame or 2-D array of shape (n, d)
    y : array-like of shape (n,)
    groups : array-like of shape (n,) or None
    generator : numpy Generator
        Splits the rows.

    Returns
    -------
    CodedTable

    Raises
    ------
    ConfigError
        A parameter is not allowed, or names a column that is not there.
    DataError
        The table or the answers cannot be used, or the search would take too much memory.
    """
    check_parameters(miner)
    _check_shares(miner.parts)
    refuse_reordered(X, y=y, groups=groups)
    frame = checked_frame(X)
    meaning, hits = read_answers(
        y,
        len(frame),
        positive=miner.positive,
        negative=miner.negative,
        threshold=miner.threshold,
    )
    read = ModelColumns.of(frame[_describing(miner, frame)], miner.kinds, _formats(miner))
    columns = columns_of(read.schema, frame)
    parts = _split(miner, frame, hits, generator, groups)
    check_answers(hits, parts, miner.min_count)
    binning = Binning(
        miner.method,
        miner.bins,
        dict(miner.edges or {}),
        miner.zero,
        dict(miner.special or {}),
        miner.max_levels,
    )
    axes, skipped = binning.axes([column.take(parts.mine) for column in columns])
    ignored = {c.name: c.note for c in read.schema.columns if c.kind == "ignore"}
    known = {column.name: column for column in read.schema.used}
    stored = tuple(stored_column(known[column.name], column) for column in columns)
    _check_memory(miner, axes)
    data = code_rows(axes, columns, hits)
    rows = (data.take(parts.mine), data.take(parts.select), data.take(parts.report))
    return CodedTable(
        tuple(frame.columns),
        axes,
        {**skipped, **ignored},
        parts,
        rows,
        Schema(stored),
        read,
        hits,
        meaning,
    )


def _check_shares(parts: Sequence[float]) -> None:
    shares = list(parts)
    if len(shares) != 3 or min(shares) <= 0 or not math.isclose(sum(shares), 1):
        raise ConfigError(
            f"parts={parts!r} is not allowed; it must be three positive shares (to mine, to "
            "select on, to report from) that sum to 1"
        )


def _describing(miner: CodingSettings, frame: pd.DataFrame) -> list[str]:
    """Columns that may describe segments: all but the date."""
    named = {"edges": miner.edges or {}, "special": miner.special or {}}
    if miner.date is not None:
        named["date"] = {miner.date: ()}
    for parameter, columns in named.items():
        for name in columns:
            if name not in frame.columns:
                hint = did_you_mean(str(name), list(frame.columns))
                raise ConfigError(f"{parameter} names column {name!r}, which X lacks: {hint}")
    names = [name for name in frame.columns if name != miner.date]
    if not names:
        raise DataError(f"X has no column besides the date {miner.date!r}; nothing to describe")
    return names


def _formats(miner: CodingSettings) -> dict[str, str]:
    """Formats of the columns that may describe segments."""
    return {name: form for name, form in (miner.formats or {}).items() if name != miner.date}


def _split(
    miner: CodingSettings,
    frame: pd.DataFrame,
    hits: Bools,
    generator: np.random.Generator,
    groups: Any,
) -> RowParts:
    if miner.date is None:
        return split_at_random(hits, miner.parts, generator, groups)
    if groups is not None:
        raise ConfigError("groups and date exclude each other: a split in time divides groups")
    form = (miner.formats or {}).get(miner.date, "")
    return split_by_date(frame[miner.date], miner.parts, form)


def _check_memory(miner: CodingSettings, axes: Sequence[Axis]) -> None:
    """Refuse a search that needs more memory than the miner allows."""
    ranges = miner.mode == "ranges"
    sizes = [
        len(Ranges.of(axis.items, axis.neighbours)) if ranges else axis.items + 1 for axis in axes
    ]
    names = [axis.column for axis in axes]
    check_cells(sizes, names, min(miner.max_length, len(sizes)), miner.max_cells, ranges)
