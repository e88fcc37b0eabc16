"""Rows as they came → the frame that a model's schema reads, every value on its own.

Neither pandas' guesses nor what else a chunk holds may change what a value means: whole numbers
stay whole beside gaps, and 01 in a CSV file is the level 1 wherever it stands.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dbnchurn.tables.schema import Column, Schema, text

TRUE, FALSE = ("True", "TRUE", "true"), ("False", "FALSE", "false")  # as pandas reads CSV


def frame_of(schema: Schema, rows: pa.Table, *, untyped: bool = False) -> pd.DataFrame:
    """The used columns as a frame.

    Parameters
    ----------
    schema : Schema
    rows : Arrow table of n rows
        Has the columns that are used.
    untyped : bool, default False
        Whether all values are text because the source knows nothing else.

    Returns
    -------
    frame : DataFrame of n rows

    Examples
    --------
    >>> schema = Schema((Column("debt", "number"), Column("zip", "category", ("7", "8"))))
    >>> rows = pa.table({"zip": ["07", "8.0"], "debt": ["1.50", None], "note": ["x", "y"]})
    >>> frame_of(schema, rows, untyped=True).to_dict("list")
    {'debt': [1.5, nan], 'zip': ['7', '8']}
    """
    columns = {c.name: _plain(c, rows.column(c.name), untyped) for c in schema.used}
    frame: pd.DataFrame = pa.table(columns).to_pandas()
    return frame


def _plain(column: Column, values: pa.ChunkedArray, untyped: bool) -> pa.ChunkedArray:
    kind = values.type
    if column.kind == "category":
        if pa.types.is_integer(kind):  # pandas would make them floats beside gaps
            return values.cast(pa.string())
        return _levels(column, values) if untyped else values
    if column.kind == "date":
        # Not a Python object for every day.
        return values.cast(pa.timestamp("ms")) if pa.types.is_date(kind) else values
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _numbers(values, untyped)
    return values


def _numbers(values: pa.ChunkedArray, untyped: bool) -> pa.ChunkedArray:
    """Numbers, if all of the text is; otherwise text, of which the schema makes the same."""
    try:
        numbers = values.cast(pa.float64())
    except pa.ArrowInvalid:
        return _booleans(values) if untyped else values
    gaps = pc.sum(pc.is_nan(numbers)).as_py()  # "nan" is text
    return values if gaps else numbers


def _booleans(values: pa.ChunkedArray) -> pa.ChunkedArray:
    for spellings in (TRUE, FALSE):
        meant = pc.is_in(values, pa.array(spellings))
        values = pc.if_else(meant, spellings[0], values)
    return values


def _levels(column: Column, values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text as the level that it stands for, if there is one."""
    coded = values.combine_chunks().dictionary_encode()
    found = coded.dictionary.to_pylist()
    levels = set(column.levels)
    meant = [_level(word, levels) for word in found]
    if meant == found:
        return values
    return pa.chunked_array([pa.array(meant, pa.string()).take(coded.indices)])


def _level(word: str, levels: set[str]) -> str:
    clean = word.strip()
    if clean in levels:
        return clean
    if clean in TRUE + FALSE:
        clean = clean.title()
    else:
        number = pd.to_numeric(clean, errors="coerce")
        if np.isfinite(number):
            clean = str(text(pd.Series([float(number)])).iloc[0])
    return clean if clean in levels else word
