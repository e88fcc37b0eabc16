"""Convert an Arrow chunk into the frame that :func:`dbnchurn.tables.reading.read` takes.

Every value is converted on its own: neither type inference nor other rows of the chunk change what
it means. Integers stay integers beside missing values, and 01 in a CSV file is always the level 1.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dbnchurn.tables.schema import Column, Schema, text

TRUE, FALSE = ("True", "TRUE", "true"), ("False", "FALSE", "false")  # as pandas reads CSV


def frame_of(schema: Schema, rows: pa.Table, *, untyped: bool = False) -> pd.DataFrame:
    """The columns that a schema uses, as a frame.

    Parameters
    ----------
    schema : Schema
    rows : Arrow table of n rows
        Has the columns that are used.
    untyped : bool, default False
        Whether every value is text because the source, such as CSV, has no types.

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
    columns = {c.name: _convert(c, rows.column(c.name), untyped) for c in schema.used}
    frame: pd.DataFrame = pa.table(columns).to_pandas()
    return frame


def _convert(column: Column, values: pa.ChunkedArray, untyped: bool) -> pa.ChunkedArray:
    kind = values.type
    if column.kind == "category":
        if pa.types.is_integer(kind):  # pandas would make them floats beside gaps
            return values.cast(pa.string())
        return _levels(column, values) if untyped else values
    if column.kind == "date":
        # pandas would make a Python object of every day.
        return values.cast(pa.timestamp("ms")) if pa.types.is_date(kind) else values
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _numbers(values, untyped)
    return values


def _numbers(values: pa.ChunkedArray, untyped: bool) -> pa.ChunkedArray:
    """Text as numbers if every value is one; otherwise text, which `read` converts."""
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
    """Text as the level of the schema that it spells; unchanged if it spells none."""
    coded = values.combine_chunks().dictionary_encode()
    words = coded.dictionary.to_pylist()
    levels = set(column.levels)
    meant = [_level(word, levels) for word in words]
    if meant == words:
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
