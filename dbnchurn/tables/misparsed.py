"""Numbers and dates of one table that are written so that they would be read as words."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd

from dbnchurn.tables.schema import text

LOOKED_AT = 10_000  # rows
SHARE = 0.9  # of the distinct values of a column
NUMBER = r"[-+]?\d{1,3}([., ']?\d{3})*([.,]\d+)?\s*[€$£¥%]?"
DAY = r"(\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2})|\d{4}[./]\d{1,2}[./]\d{1,2})([ T].*)?"
ISO_DAY = r"\d{4}-\d{2}-\d{2}([ T].*)?"


def misread(frame: pd.DataFrame, kinds: Collection[str] = ()) -> tuple[str, ...]:
    """A sentence for every column of text whose values look like numbers or dates.

    Parameters
    ----------
    frame : DataFrame of shape (n, any)
    kinds : collection of str, default ()
        Columns whose kind the user has said; nothing is told of them.

    Examples
    --------
    >>> frame = pd.DataFrame({"paid": ["54,04", "73,72"], "plan": ["A", "B"]})
    >>> print(*misread(frame))
    Column 'paid' holds numbers such as '54,04' that are read as words: write them as 1234.56.
    """
    found = []
    for name, values in frame.items():
        if name in kinds or pd.api.types.is_numeric_dtype(values.dtype):
            continue
        if pd.api.types.infer_dtype(values, skipna=True) != "string":
            continue
        words = pd.Series(text(values.iloc[:LOOKED_AT]).dropna().unique(), dtype=object).str.strip()
        if words.empty:
            continue
        unread = words[pd.to_numeric(words, errors="coerce").isna()]
        if len(unread) > (1 - SHARE) * len(words) and _share(words, NUMBER) >= SHARE:
            what, advice = "numbers", "write them as 1234.56"
        elif _share(words, ISO_DAY) >= SHARE:
            what, advice = "dates", f"say columns.kinds: {{{name}: date}}"
        elif _share(words, DAY) >= SHARE:
            what = "dates"
            advice = f"write them as 2026-08-31 and say columns.kinds: {{{name}: date}}"
        else:
            continue
        found.append(
            f"Column {name!r} holds {what} such as {unread.iloc[0]!r} that are read as words: "
            f"{advice}."
        )
    return tuple(found)


def _share(words: pd.Series[Any], pattern: str) -> float:
    return float(words.str.fullmatch(pattern).mean())
