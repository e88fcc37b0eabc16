"""Fields of a CSV file that cannot be what was meant: rows that a quote swallowed, zero bytes."""

from __future__ import annotations

import csv
import io
import re
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from dbnchurn.core.errors import DataError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Ints

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pa = LazyModule("pyarrow")
    pc = LazyModule("pyarrow.compute")

LINE_END = r"\r\n|\r|\n"
CERTAIN = 6  # from so many columns on, one line with all delimiters is a row


def swallowed_lines(field: str, delimiter: str, columns: int) -> list[str]:
    r"""Lines within a field that are rows of the table, if there are so many that chance is out.

    Parameters
    ----------
    field : str
    delimiter : str
    columns : int
        Columns of the table.

    Returns
    -------
    list of str

    Examples
    --------
    >>> swallowed_lines("large\nK2,5,yes\nK3,7,no\nK4,8,", ",", 3)
    ['K2,5,yes', 'K3,7,no', 'K4,8,']
    >>> swallowed_lines("Main Street 5\n10115 Berlin, Germany", ",", 3)
    []
    """
    lines = re.split(LINE_END, field)[1:]
    rows = [line for line in lines if line.count(delimiter) == columns - 1]
    fewest = 1 if columns >= CERTAIN else 2 if columns > 2 else 3
    return rows if columns > 1 and len(rows) >= fewest else []


def check_fields(
    batch: pa.RecordBatch, row_numbers: Ints, *, file: object, delimiter: str, columns: int
) -> None:
    """Refuse rows that an open quote swallowed, and fields with zero bytes.

    Parameters
    ----------
    batch : RecordBatch of n rows of text
    row_numbers : int64 array of shape (n,)
        Of the rows in the file, from 0.
    file : object
        Named in the message.
    delimiter : str
    columns : int
        Columns of the file.

    Raises
    ------
    DataError
        If there are such fields.
    """
    for name, values in zip(batch.schema.names, batch.columns, strict=True):
        lowest = _lowest_byte(values)
        if lowest == 0:
            row = _first(pc.match_substring(values, "\0"))
            if row is not None:
                raise DataError(
                    f"{file}: row {row_numbers[row]}, column {name!r}: "
                    f"{values[row].as_py()[:40]!r} holds a zero byte; take it out, or say how the "
                    "file is written, for example csv: {encoding: utf-16}"
                )
        if lowest > ord("\r"):
            continue
        breaks = pc.match_substring_regex(values, "[\r\n]").fill_null(False)
        for place in np.flatnonzero(breaks.to_numpy(zero_copy_only=False)):
            wrong = swallowed_sentence(
                values[int(place)].as_py(),
                f"{file}: row {row_numbers[place]}, column {name!r}",
                delimiter,
                columns,
            )
            if wrong:
                raise DataError(wrong)


def swallowed_in_line(line: str, where: str, delimiter: str, quote: str, columns: int) -> str:
    r"""What is wrong with a line of too few or too many fields, one of which holds rows.

    Parameters
    ----------
    line : str
        With the line ends within its quotes.
    where : str
        File and row.
    delimiter, quote : str
    columns : int
        Columns of the table.

    Returns
    -------
    str
        Empty if no field does. What follows a field of several lines is the rest of its own row.

    Examples
    --------
    >>> swallowed_in_line('K1,"large\nK2,5,yes\nK3,7,no', "t.csv: row 1", ",", '"', 3)[:47]
    't.csv: row 1: one field holds 2 lines that look'
    >>> swallowed_in_line('K1,"large\nred",5,yes,2,3,4', "t.csv: row 1", ",", '"', 6)
    ''
    """
    reader = csv.reader(io.StringIO(line, newline=""), delimiter=delimiter, quotechar=quote)
    try:
        fields = [*chain.from_iterable(reader)]
    except csv.Error:  # a field is longer than what this reader takes
        fields = [line]
    sentences = (swallowed_sentence(field, where, delimiter, columns) for field in fields)
    return next(filter(None, sentences), "")


def swallowed_sentence(text: str, where: str, delimiter: str, columns: int) -> str:
    r"""What is wrong with a field that holds rows of the table; empty if it does not.

    Parameters
    ----------
    text : str
    where : str
        File, row and column.
    delimiter : str
    columns : int
        Columns of the table.

    Returns
    -------
    str

    Examples
    --------
    >>> swallowed_sentence("large\nK2,5,yes\nK3,7,no", "t.csv: row 1", ",", 3)[:47]
    't.csv: row 1: one field holds 2 lines that look'
    """
    rows = swallowed_lines(text, delimiter, columns)
    if not rows:
        return ""
    return (
        f"{where}: one field holds {len(rows)} {'line' if len(rows) == 1 else 'lines'} that "
        f"look like rows of the table, the first is {rows[0][:60]!r}: a quote before them is "
        "not closed; close or double it, or say csv: {quote: ...} if another character quotes"
    )


def _lowest_byte(values: pa.Array) -> int:
    """The smallest byte of the texts; 255 without any."""
    buffer = values.buffers()[2]
    if buffer is None or not buffer.size:
        return 255
    return int(np.frombuffer(buffer, np.uint8).min())


def _first(mask: pa.Array) -> int | None:
    rows = np.flatnonzero(mask.fill_null(False).to_numpy(zero_copy_only=False))
    return int(rows[0]) if len(rows) else None
