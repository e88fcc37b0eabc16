"""Convert an Arrow chunk into the frame that :func:`dbnchurn.tables.reading.read` takes.

Every value is converted on its own: other rows of the chunk do not change what it means. Integers
stay integers beside missing values. How a file of text writes numbers and dates is decided once, by
its first rows and by what training found, see :func:`formats_of`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dbnchurn.core.errors import DataError
from dbnchurn.tables.chunks import ChunkSource
from dbnchurn.tables.reading_rules import ReadingRules, form_of, name_of
from dbnchurn.tables.schema import Column, Schema
from dbnchurn.tables.streaming import CsvSource, FileSource, SheetSource
from dbnchurn.tables.text_column import MISSING, PERHAPS_MISSING, TextColumn
from dbnchurn.tables.text_decision import Decision, decide

FIRST_ROWS = 100_000  # that show how a file is written


def formats_of(schema: Schema, rows: pa.Table, missing: Collection[str] = ()) -> dict[str, str]:
    """How the numbers and dates of a text file are written.

    Parameters
    ----------
    schema : Schema
        Its formats count where the rows can be read in two ways.
    rows : Arrow table
        The first rows of the file, as text.
    missing : collection of str, default ()
        Further texts that stand for a missing value.

    Returns
    -------
    dict of column → format

    Raises
    ------
    DataError
        If columns can be read in two ways, and training did not see text.
    """
    used = {c.name: c for c in schema.used if c.kind in ("number", "date")}
    texts = [
        TextColumn.of(name, rows.column(name), {*MISSING, *missing})
        for name in used
        if is_text(rows.schema.field(name).type)
    ]
    return {
        name: name_of(decision.form)
        for name, decision in decide(texts, rules_of(schema)).items()
        if decision.form is not None
    }


def rules_of(
    schema: Schema, columns: Collection[str] = (), missing: Collection[str] = ()
) -> ReadingRules:
    """What a stored schema says about the texts of a file.

    Parameters
    ----------
    schema : Schema
        Its formats count where a column can be read in two ways.
    columns : collection of str, default ()
        Columns of the file; of those that the schema does not have nothing is found out.
    missing : collection of str, default ()
        Further texts that stand for a missing value.

    Returns
    -------
    ReadingRules
    """
    used = {column.name: column for column in schema.used}
    return ReadingRules(
        usual={name: column.format for name, column in used.items() if column.format},
        kinds={
            **dict.fromkeys((name for name in columns if name not in used), "ignore"),
            **{name: column.kind for name, column in used.items()},
        },
        missing=tuple(missing),
    )


def is_text(kind: pa.DataType) -> bool:
    """Whether an Arrow type holds text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def frame_of(
    schema: Schema, rows: pa.Table, formats: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """The columns that a schema uses, as a frame.

    Parameters
    ----------
    schema : Schema
    rows : Arrow table of n rows
        Has the columns that are used.
    formats : mapping of column → format, optional
        How texts of numbers and dates are written.

    Returns
    -------
    frame : DataFrame of n rows

    Examples
    --------
    >>> schema = Schema((Column("debt", "number"), Column("zip", "category", ("7", "8"))))
    >>> rows = pa.table({"zip": ["7", "8"], "debt": ["1,50", None], "note": ["x", "y"]})
    >>> frame_of(schema, rows, {"debt": "1234,5"}).to_dict("list")
    {'debt': [1.5, nan], 'zip': ['7', '8']}
    """
    formats = formats or {}
    return pd.DataFrame(
        {c.name: _convert(c, rows.column(c.name), formats.get(c.name)) for c in schema.used}
    )


def _convert(column: Column, values: pa.ChunkedArray, form: str | None) -> pd.Series[Any]:
    kind = values.type
    if column.kind == "category" and pa.types.is_integer(kind):
        values = values.cast(pa.string())  # pandas would make them floats beside gaps
    if column.kind == "date" and pa.types.is_date(kind):
        values = values.cast(pa.timestamp("ms"))  # pandas would make a Python object of every day
    if form is None or not is_text(kind):
        series: pd.Series[Any] = values.to_pandas()
        return series
    if form == "1234.5":
        try:
            numbers = values.cast(pa.float64())
        except pa.ArrowInvalid:
            pass
        else:
            if not pc.any(pc.is_nan(numbers)).as_py():  # "nan" is text
                plain: pd.Series[Any] = numbers.to_pandas()
                return plain
    texts = TextColumn.of(column.name, values, (*MISSING, *PERHAPS_MISSING))
    dates = column.kind == "date"
    return Decision(texts, "date" if dates else "number", form_of(form)).values()


def reading_notes(
    source: ChunkSource, schema: Schema, formats: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """Sentences about files that are written otherwise than the table of the training.

    Parameters
    ----------
    source : ChunkSource
    schema : Schema
    formats : mapping of file → column → format
        As :func:`text_formats` gives it.

    Returns
    -------
    list of str
    """
    notes = list(source.notes) if isinstance(source, FileSource) else []
    trained = {column.name: column.format for column in schema.used}
    for file, columns in formats.items():
        for name, form in columns.items():
            usual = trained[name] or ("%Y-%m-%d" if form.startswith("%") else "1234.5")
            if form != usual:
                notes.append(
                    f"{file}: column {name!r} is written as {form}, in the training as {usual}"
                )
    return notes


def text_formats(
    source: ChunkSource, schema: Schema, missing: Collection[str] = ()
) -> dict[str, dict[str, str]]:
    """How numbers and dates are written in the files of a source, by the first rows of each.

    Parameters
    ----------
    source : ChunkSource
    schema : Schema
        Its formats count where a column can be read in two ways.
    missing : collection of str, default ()
        Further texts that stand for a missing value.

    Returns
    -------
    dict of file → column → format
        Empty for files with types.

    Raises
    ------
    DataError
        If columns can be read in two ways, and training did not see text.
    """
    if not isinstance(source, CsvSource | SheetSource):
        return {}
    wanted = [column.name for column in schema.used]
    formats = {}
    for file, rows in source.heads(wanted, FIRST_ROWS):
        try:
            formats[file] = formats_of(schema, rows, missing)
        except DataError as error:
            raise DataError(f"{file}: {error}") from error
    return formats
