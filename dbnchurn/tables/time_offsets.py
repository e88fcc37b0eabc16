"""What is said of times with an offset in a table of customers, which are read in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Bools, Ints
from dbnchurn.tables.date_format import DAY, DateFormat
from dbnchurn.tables.reading_rules import Form

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LazyModule("pandas")

ADVICE = "write the dates without time, if days where the customer lives are meant"


def offset_note(name: str, form: Form | None, words: list[str], counts: Ints | None = None) -> str:
    """A sentence about texts of times with an offset from UTC; empty if there is none.

    Parameters
    ----------
    name : str
        Of the column.
    form : format of the texts, optional
    words : list of n str
    counts : int array of shape (n,), optional
        Rows of each; by default one.

    Returns
    -------
    str

    Examples
    --------
    >>> offset_note("since", DateFormat(), ["2026-09-01 00:30+02:00"])[:60]
    "column 'since': 1 row with an offset from UTC is read in UTC"
    """
    if not isinstance(form, DateFormat):
        return ""
    ahead, days = form.offsets(words), form.parse(words)
    moved = np.nan_to_num(ahead) != 0
    if not moved.any():
        return ""
    rows = np.ones(len(words), np.int64) if counts is None else counts
    local = days + ahead / DAY
    other_day = moved & (np.floor(local) != np.floor(days))
    shown = int(np.flatnonzero(other_day if other_day.any() else moved)[0])
    moment = pd.Timestamp("1970-01-01") + pd.Timedelta(seconds=round(float(days[shown]) * DAY))
    told = _sentence(name, rows, moved, other_day, f"{words[shown]!r} as {moment}")
    bare = int(rows[np.isfinite(days) & np.isnan(ahead)].sum())
    if bare:
        told += f"; {_rows(bare)} without an offset {'stays' if bare == 1 else 'stay'} as written"
    return f"{told}; {ADVICE}"


def zone_note(name: str, values: pd.Series[Any], counts: Ints | None = None) -> str:
    """A sentence about typed times of a zone that is not UTC; empty of other columns.

    Parameters
    ----------
    name : str
        Of the column.
    values : Series of length n
    counts : int array of shape (n,), optional
        Rows of each; by default one.

    Returns
    -------
    str

    Examples
    --------
    >>> days = pd.to_datetime(pd.Series(["2026-09-01"])).dt.tz_localize("Europe/Berlin")
    >>> zone_note("since", days)[:60]
    "column 'since': 1 row with an offset from UTC is read in UTC"
    """
    if not isinstance(values.dtype, pd.DatetimeTZDtype):
        return ""
    local = values.dt.tz_localize(None).to_numpy()
    utc = values.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    known = ~np.isnat(utc)
    moved = known & (local != utc)
    if not moved.any():
        return ""
    other_day = moved & (local.astype("datetime64[D]") != utc.astype("datetime64[D]"))
    shown = int(np.flatnonzero(other_day if other_day.any() else moved)[0])
    example = f"{values.iloc[shown]} as {pd.Timestamp(utc[shown])}"
    rows = np.ones(len(values), np.int64) if counts is None else counts
    return f"{_sentence(name, rows, moved, other_day, example)}; {ADVICE}"


def _rows(count: int) -> str:
    return f"{count} {'row' if count == 1 else 'rows'}"


def _sentence(name: str, rows: Ints, moved: Bools, other_day: Bools, example: str) -> str:
    count, elsewhere = int(rows[moved].sum()), int(rows[other_day].sum())
    told = (
        f"column {name!r}: {_rows(count)} with an offset from UTC "
        f"{'is' if count == 1 else 'are'} read in UTC, such as {example}"
    )
    return f"{told}, and in {_rows(elsewhere)} this is another day" if elsewhere else told
