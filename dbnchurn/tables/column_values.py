"""The values of one column as numbers, days or codes, as the schema says what it is.

What cannot be read without loss is refused; work on texts is done once for each distinct one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Bools, Floats, Ints32, Rows
from dbnchurn.tables.date_format import DAY, DateFormat, certain_dates
from dbnchurn.tables.kinds import is_date
from dbnchurn.tables.number_format import CURRENCIES, certain_numbers, number_parts
from dbnchurn.tables.reading_rules import form_of
from dbnchurn.tables.schema import Column, text
from dbnchurn.tables.serial_format import SerialFormat
from dbnchurn.tables.text_column import MISSING, PERHAPS_MISSING, PLAIN_NUMBER, truth_of
from dbnchurn.tables.text_decision import TRUTH

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
else:
    pd = LazyModule("pandas")
    pa = LazyModule("pyarrow")

# Boosters and networks compute in float32; values beyond its range are clipped to it.
LARGEST = float(np.finfo(np.float32).max)
PLAIN_KINDS = tuple("biuf")  # of numpy's types: truth values and numbers
FEW = 8  # up to so many values, looking for distinct ones costs more time than it saves
SHORT = r"[-+]?\d[\d.,' ]* ?[kKM]"  # thousands or millions, such as 1.2k
GROUPED = r"[-+]?[1-9]\d{0,2}\.\d{3}"  # thousands, if the point groups digits
ABSENT = frozenset(MISSING)

Mask = Sequence[bool] | npt.ArrayLike
Refuse = Callable[[Column, "pd.Series[Any]", Mask, str], None]


def number_values(column: Column, values: pd.Series[Any], refuse: Refuse | None = None) -> Floats:
    """Numbers, flags and dates of a column, NaN where missing.

    Parameters
    ----------
    column : Column
        No category.
    values : Series of n values
    refuse : callable, optional
        Called with the column, its values, which of them are at fault, and what is wrong with
        them; by default the first fault ends the reading.

    Returns
    -------
    float64 array of shape (n,)
        Dates in days since 1970; numbers beyond the range of float32 are clipped to it.

    Raises
    ------
    DataError
        If a value cannot be read, or the whole column is of another kind.

    Examples
    --------
    >>> number_values(Column("debt", "number"), pd.Series(["1.5", None, "7"]))
    array([1.5, nan, 7. ])
    """
    refuse = refuse or _refuse
    if isinstance(values.dtype, pd.SparseDtype):  # which calls spans of time numeric, too
        values = values.astype(values.dtype.subtype)
    if column.kind == "date":
        return _read_date(column, values, refuse)
    if isinstance(values.dtype, np.dtype) and values.dtype.kind in PLAIN_KINDS:
        numbers = values.to_numpy().astype(np.float64)
    elif pd.api.types.is_timedelta64_dtype(values.dtype):
        numbers = values.dt.total_seconds().to_numpy(np.float64, na_value=np.nan) / DAY
    elif is_date(values) and values.notna().any():
        raise DataError(f"column {column.name!r} has to hold numbers, it holds dates")
    elif pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_bool_dtype(values.dtype):
        if pd.api.types.is_complex_dtype(values.dtype):
            raise DataError(f"Complex data not supported: column {column.name!r}")
        numbers = values.to_numpy(np.float64, na_value=np.nan)
    else:
        texts, typed = _apart(values)
        places, distinct = _distinct(texts)
        parsed, doubtful = _numbers_of(column, distinct)
        units = _other_units(column, distinct) & np.isfinite(parsed)
        what = "has a unit that other numbers of the column lack; write all alike, or say formats"
        refuse(column, values, _per_row(units, places, False), what)
        unread = np.isnan(parsed) & np.array([bool(word) for word in distinct], bool)
        unread &= ~doubtful
        other = np.zeros_like(unread)
        other[unread] = np.isfinite(
            certain_numbers([distinct[i] or "" for i in np.flatnonzero(unread)])[0]
        )
        what = f"is a number, but not written as {column.format or '1234.5'}; write all in one way"
        refuse(column, values, _per_row(other, places, False), what)
        fits = [re.fullmatch(SHORT, word or "") is not None for word in distinct]
        short = unread & np.array(fits, bool)
        what = "is a number with a letter for thousands or millions; write 1.2k as 1200"
        refuse(column, values, _per_row(short, places, False), what)
        what = "is not a number; leave it empty if it is unknown"
        refuse(column, values, _per_row(unread & ~other & ~short, places, False), what)
        what = "is a number in two ways; give numbers instead of text, or say formats"
        refuse(column, values, _per_row(doubtful, places, False), what)
        numbers = _per_row(parsed, places, np.nan)
        if typed is not None:
            numbers = np.where(np.isnan(typed), numbers, typed)
    refuse(column, values, np.isinf(numbers), "is infinite; leave it empty if it is unknown")
    return np.asarray(np.clip(numbers, -LARGEST, LARGEST), np.float64)


def _apart(values: pd.Series[Any]) -> tuple[pd.Series[Any], Floats | None]:
    """The texts of a column of objects, and the numbers among them, which no format concerns."""
    if values.dtype != object:
        return values, None
    number = np.fromiter((isinstance(v, Number) for v in values), bool, len(values))
    if not number.any():
        return values, None
    typed = np.full(len(values), np.nan)
    typed[number] = values[number].astype(np.float64)
    return values.where(~(number & ~np.isnan(typed)), None), typed


def _numbers_of(column: Column, words: Sequence[str | None]) -> tuple[Floats, Bools]:
    """Numbers of distinct words, NaN where missing or unreadable; which are numbers in two ways."""
    texts = [word or "" for word in words]
    doubtful = np.zeros(len(texts), bool)
    if column.format:
        parsed = form_of(column.format).parse(texts)
    else:
        plain = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce")
        parsed = np.array(plain, np.float64)
        # What is grouped in threes may be thousands; what is not plain may be certain all the same.
        unsure = np.array(
            [_is_unsure(word, number) for word, number in zip(texts, parsed, strict=True)], bool
        )
        if unsure.any():
            where = np.flatnonzero(unsure)
            parsed[where], doubtful[where] = certain_numbers([texts[i] for i in where])
    flag = column.kind == "flag"
    for i in np.flatnonzero(np.isnan(parsed)):
        word = texts[i]
        truth = truth_of(word) if flag or word.lower() in TRUTH else None
        if truth is not None:
            parsed[i] = float(truth)
        elif word in PERHAPS_MISSING:
            words[i] = None  # type: ignore[index]
    return parsed, doubtful


def _other_units(column: Column, words: Sequence[str | None]) -> Bools:
    """Which words have a unit, in a column of plain numbers; currencies are none."""
    found = np.zeros(len(words), bool)
    if column.format or column.kind != "number":
        return found
    odd = [i for i, word in enumerate(words) if word and not re.fullmatch(PLAIN_NUMBER, word)]
    if odd:
        units = number_parts([words[i] or "" for i in odd])["unit"]
        found[odd] = ~units.isin(["", *CURRENCIES.split()]).to_numpy()
    return found


def _is_unsure(word: str, number: float) -> bool:
    if not word or word in PERHAPS_MISSING or not any(c.isdigit() for c in word):
        return False
    return bool(np.isnan(number)) or re.fullmatch(GROUPED, word) is not None


def _read_date(column: Column, values: pd.Series[Any], refuse: Refuse) -> Floats:
    if isinstance(values.dtype, np.dtype) and values.dtype.kind == "M":
        return days_of(values.to_numpy())
    if isinstance(values.dtype, pd.ArrowDtype) and pa.types.is_date(values.dtype.pyarrow_dtype):
        values = values.astype(pd.ArrowDtype(pa.timestamp("ms")))
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        aware = values.dt.tz is not None
        start = pd.Timestamp("1970-01-01", tz="UTC" if aware else None)
        seconds = (values - start).dt.total_seconds()
        return np.asarray(seconds.to_numpy(np.float64, na_value=np.nan) / DAY, np.float64)
    if isinstance(values.dtype, pd.PeriodDtype):
        return _read_date(column, values.dt.to_timestamp(), refuse)
    if pd.api.types.is_numeric_dtype(values.dtype) and values.notna().any():
        form = form_of(column.format) if column.format else None
        if isinstance(form, SerialFormat):
            numbers = values.to_numpy(np.float64, na_value=np.nan)
            moments = form.days(numbers)
            what = f"is no date as {form.picture}"
            refuse(column, values, np.isnan(moments) & ~np.isnan(numbers), what)
            return moments
        days = _written_days(values)
        if days is None:
            raise DataError(
                f"column {column.name!r} has to hold dates, it holds numbers; read the column as "
                "text and write dates as 2026-08-31, or train with the kind 'number'"
            )
        return days
    places, distinct = _distinct(values)
    texts = [word or "" for word in distinct]
    known = np.array([word not in ("", *PERHAPS_MISSING) for word in texts], bool)
    doubtful = np.zeros(len(texts), bool)
    parsed = np.full(len(texts), np.nan)
    if column.format:
        parsed = form_of(column.format).parse(texts)
    rest = np.flatnonzero(known & np.isnan(parsed))
    if len(rest):
        parsed[rest], doubtful[rest] = certain_dates([texts[i] for i in rest])
    unread = known & np.isnan(parsed)
    what = "is not a date such as 2026-08-31"
    refuse(column, values, _per_row(unread & ~doubtful, places, False), what)
    what = "is a date in two ways; write dates as 2026-08-31, or say formats"
    refuse(column, values, _per_row(doubtful, places, False), what)
    return np.asarray(_per_row(parsed, places, np.nan), np.float64)


def days_of(moments: npt.NDArray[np.datetime64]) -> Floats:
    """Days since 1970, NaN where there is no moment.

    Parameters
    ----------
    moments : datetime64 array of shape (n,)

    Returns
    -------
    float64 array of shape (n,)

    Examples
    --------
    >>> days_of(np.array(["1970-01-02T12", "NaT"], "M8[s]"))
    array([1.5, nan])
    """
    since = moments - np.datetime64(0, "s")
    return np.asarray(since / np.timedelta64(1, "s") / DAY, np.float64)


def _written_days(values: pd.Series[Any]) -> Floats | None:
    """Days of whole numbers such as 20260831; None if some are no days."""
    numbers = values.to_numpy(np.float64, na_value=np.nan)
    known = np.isfinite(numbers)
    words = [
        "" if not there else f"{number:.0f}" for number, there in zip(numbers, known, strict=True)
    ]
    days = DateFormat("%Y%m%d").parse(words)
    return None if np.isnan(days[known]).any() else days


def code_values(column: Column, values: pd.Series[Any] | list[str]) -> tuple[Ints32, int, int]:
    """Codes of a column of categories, and how many of its values are no levels.

    Parameters
    ----------
    column : Column
        A category.
    values : Series of n values, or list of n str

    Returns
    -------
    codes : int32 array of shape (n,)
        -1 where missing or no level.
    unknown : int
        Rows whose value is no level.
    bare : int
        Those of them that would be a level with zeros before them.

    Examples
    --------
    >>> code_values(Column("zip", "category", ("01067", "80331")), pd.Series(["80331", "1067"]))
    (array([ 1, -1], dtype=int32), 1, 1)
    """
    if isinstance(values, list):
        at_once = [column.code_of.get(word.strip(), -1) for word in values]
        if -1 not in at_once:
            return np.array(at_once, np.int32), 0, 0
    places, words = _distinct(values, column)
    found = [column.code(word) if word else None for word in words]
    codes = np.array([-1 if code is None else code for code in found], np.int32)
    unknown = np.array(
        [bool(word) and code is None for word, code in zip(words, found, strict=True)], bool
    )
    if not unknown.any():
        return _per_row(codes, places, -1), 0, 0
    bare = np.array([bool(word) and column.has_lost_zeros(str(word)) for word in words], bool)
    rows = [int(_per_row(which, places, False).sum()) for which in (unknown, bare)]
    return _per_row(codes, places, -1), rows[0], rows[1]


def _distinct(
    values: pd.Series[Any] | list[str], column: Column | None = None
) -> tuple[Rows, list[str | None]]:
    """Position of every value among the distinct ones, -1 where missing, and these as text.

    Values repeat, so work on their text is done once for each distinct one. A text that usually
    stands for a missing value is none where it is a level of the column.
    """
    levels = {} if column is None else column.code_of
    if isinstance(values, list):
        return np.arange(len(values)), _words(values, levels)
    if isinstance(values.dtype, pd.CategoricalDtype):
        return np.asarray(values.cat.codes, np.intp), _words(values.cat.categories, levels)
    if len(values) <= FEW:
        return np.arange(len(values)), _words(values, levels)
    if values.dtype == object and pd.api.types.infer_dtype(values) not in ("string", "boolean"):
        values = text(values)  # objects of several types may not be merged by equality: 1 == True
    places, distinct = pd.factorize(values)
    return np.asarray(places, np.intp), _words(distinct, levels)


def _words(distinct: Any, levels: Collection[str] = ()) -> list[str | None]:
    """Distinct values as :func:`text`, missing and blank as None."""
    words = list(distinct)
    if not all(type(value) is str for value in words):
        spelled = text(pd.Series(distinct))
        missing = spelled.isna()
        words = ["" if gone else word for word, gone in zip(spelled, missing, strict=True)]
    clean = [word.strip() for word in words]
    return [word if word in levels or word not in ABSENT else None for word in clean]


def _per_row(of_distinct: npt.ArrayLike, places: Rows, missing: object) -> npt.NDArray[Any]:
    """An array over distinct values taken for every row; `missing` where a row has no value."""
    of_distinct = np.asarray(of_distinct)
    return np.append(of_distinct, np.array(missing, of_distinct.dtype))[places]


def _refuse(column: Column, values: pd.Series[Any], bad: Mask, what: str) -> None:
    rows = np.flatnonzero(np.asarray(bad))
    if len(rows):
        value, row = values.iloc[rows[0]], values.index[rows[0]]
        raise DataError(
            f"column {column.name!r} ({column.kind}), row {row}: {shown(value)} {what} "
            f"({len(rows)} such {'row' if len(rows) == 1 else 'rows'})"
        )


def shown(value: object) -> str:
    """A value as messages quote it.

    Examples
    --------
    >>> shown(np.float64(2.5))
    '2.5'
    """
    return repr(value.item() if isinstance(value, np.generic) else value)
