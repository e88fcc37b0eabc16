"""Text columns that probably hold numbers or dates, written in a way that is not parsed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd

from dbnchurn.tables.schema import text

MAX_ROWS = 10_000  # the first rows of the table are checked
MATCHING_SHARE = 0.9  # of the distinct values of a column have to look like numbers or dates
NUMBER = r"[-+]?\d{1,3}([., ']?\d{3})*([.,]\d+)?\s*[€$£¥%]?"
DAY = r"(\d{1,2}[./-]\d{1,2}[./-](\d{4}|\d{2})|\d{4}[./]\d{1,2}[./]\d{1,2})([ T].*)?"
ISO_DAY = r"\d{4}-\d{2}-\d{2}([ T].*)?"


def misparsed_columns(frame: pd.DataFrame, kinds: Collection[str] = ()) -> tuple[str, ...]:
    """A sentence for every text column whose values look like numbers or dates.

    Parameters
    ----------
    frame : DataFrame of shape (n, any)
    kinds : collection of str, default ()
        Columns whose kind the user has given; they are not checked.

    Returns
    -------
    tuple of str
        Sentences that name the column, a value, and how to write it.

    Examples
    --------
    >>> frame = pd.DataFrame({"paid": ["54,04", "73,72"], "plan": ["A", "B"]})
    >>> print(*misparsed_columns(frame))
    Column 'paid' holds numbers such as '54,04' that are read as words: write them as 1234.56.
    """
    sentences = []
    for name, values in frame.items():
        if name in kinds or pd.api.types.is_numeric_dtype(values.dtype):
            continue
        if pd.api.types.infer_dtype(values, skipna=True) != "string":
            continue
        words = pd.Series(text(values.iloc[:MAX_ROWS]).dropna().unique(), dtype=object).str.strip()
        if words.empty:
            continue
        unread = words[pd.to_numeric(words, errors="coerce").isna()]
        if (
            len(unread) > (1 - MATCHING_SHARE) * len(words)
            and _share(words, NUMBER) >= MATCHING_SHARE
        ):
            what, advice = "numbers", "write them as 1234.56"
        elif _share(words, ISO_DAY) >= MATCHING_SHARE:
            what, advice = "dates", f"say columns.kinds: {{{name}: date}}"
        elif _share(words, DAY) >= MATCHING_SHARE:
            what = "dates"
            advice = f"write them as 2026-08-31 and say columns.kinds: {{{name}: date}}"
        else:
            continue
        sentences.append(
            f"Column {name!r} holds {what} such as {unread.iloc[0]!r} that are read as words: "
            f"{advice}."
        )
    return tuple(sentences)


def _share(words: pd.Series[Any], pattern: str) -> float:
    return float(words.str.fullmatch(pattern).mean())
