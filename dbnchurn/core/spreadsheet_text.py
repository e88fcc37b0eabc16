"""Texts that a spreadsheet would compute, with an apostrophe in front, as in ``'=1+1``.

A spreadsheet takes a cell of a CSV file that begins with ``=``, ``+``, ``-`` or ``@`` for a formula
that may read other files or call an address. With the apostrophe it is a text. Plain numbers, such
as ``-5`` and ``+49170``, compute nothing and stay as they are.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dbnchurn.core.lazy import LazyModule

if TYPE_CHECKING:  # the config of a verb is checked before it is imported
    import pandas as pd
else:
    pd = LazyModule("pandas")

_SIGNS = "=+@\uff1d\uff0b\uff0d\uff20-"
# What is white space to Python, spelled out, since engines differ on what \s is.
_BLANKS = " \t\n\r\f\v\x1c-\x1f\x85\u00a0\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
FORMULA = rf"'*(?:[{_BLANKS}]*[{_SIGNS}]|[\t\r\n])"
"""Begins a text that is a formula, or would be one without its apostrophes; as RE2 reads it too."""

NUMBER = r"[+-]?[0-9][0-9., ]*(?:[eE][+-]?[0-9]+)?"
"""A whole text that is a number."""

_FORMULA, _NUMBER, _ESCAPED = re.compile(FORMULA), re.compile(NUMBER), re.compile(f"'{FORMULA}")


def inert(text: str) -> str:
    """A text as it stands in a CSV file; :func:`original` gives the text back.

    Examples
    --------
    >>> inert("=HYPERLINK(1)"), inert("-5"), inert("a=b"), inert("'=x")
    ("'=HYPERLINK(1)", '-5', 'a=b', "''=x")
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def original(text: str) -> str:
    """The text that :func:`inert` was given.

    Examples
    --------
    >>> original("'=HYPERLINK(1)"), original("'tis")
    ('=HYPERLINK(1)', "'tis")
    """
    return text[1:] if _ESCAPED.match(text) else text


def csv_text(frame: pd.DataFrame, *, raw_text: bool = False) -> str:
    r"""A frame as CSV without its index, header and texts inert.

    Parameters
    ----------
    frame : DataFrame
    raw_text : bool, default False
        Leave texts as they are.

    Returns
    -------
    str

    Examples
    --------
    >>> csv_text(pd.DataFrame({"words": ["=1+1"], "n": [-1]}))
    "words,n\n'=1+1,-1\n"
    """
    return (frame if raw_text else inert_frame(frame)).to_csv(index=False, lineterminator="\n")


def inert_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy whose names and texts are inert; other values are as they were."""
    return _mapped(frame, inert).rename(columns=lambda name: _of_text(name, inert))


def original_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy of what was read from such a CSV file, with the texts that were written."""
    return _mapped(frame, original).rename(columns=lambda name: _of_text(name, original))


def _mapped(frame: pd.DataFrame, change: Any) -> pd.DataFrame:
    columns = {
        place: values.map(lambda value: _of_text(value, change), na_action="ignore")
        for place, (_, values) in enumerate(frame.items())
        if not (
            pd.api.types.is_numeric_dtype(values.dtype)
            or pd.api.types.is_datetime64_any_dtype(values.dtype)
        )
    }
    mapped = frame.copy()
    for place, values in columns.items():
        mapped.isetitem(place, values.array)
    return mapped


def _of_text(value: Any, change: Any) -> Any:
    return change(value) if isinstance(value, str) else value
