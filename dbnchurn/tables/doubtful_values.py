"""Values that are read as they stand and often mean something else: 9999-12-31, -999, lost letters.

What is found is said, with the key that decides, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.core.errors import listed
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.tables.date_format import DateFormat
from dbnchurn.tables.number_format import NumberFormat
from dbnchurn.tables.serial_format import compact_note, is_date_name, serial_note
from dbnchurn.tables.text_column import LOST, UNSEEN, TextColumn

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow.compute as pc
else:
    pd = LazyModule("pandas")
    pc = LazyModule("pyarrow.compute")

PLACEHOLDERS = ("1900-01-01", "1899-12-30", "1899-12-31", "1753-01-01", "1970-01-01")
FAR = ("1900-01-01", "2100-01-01")  # dates of customers lie between
NEGATIVE = (
    -1, -7, -8, -9, *(-k for n in (100, 1_000, 10_000) for k in (n - 1, n - 2, n - 3)),
    *(-k * n for n in (11, 111, 1_111) for k in (7, 8)), -99_999, -999_999,
)  # fmt: skip
"""Codes of surveys and exports for an unknown number: -1, and -7 to -9 with their repetitions."""
NINES = (
    *(k for n in (1_000, 10_000, 100_000) for k in (n - 3, n - 2, n - 1)),
    *(k * n for n in (111, 1_111) for k in (7, 8)), 999_999, 9_999_999, 99_999_999, 999_999_999,
)  # fmt: skip
"""Codes above all numbers: nines, with 997 and 998 beside 999, and repeated sevens and eights."""
MOST_CODES = 4  # different ones in a column
APART = 3.0  # times the next largest number: so far above it are nines that say "unknown"
SEVERAL = 2  # rows
SPREAD = 10  # the largest number beside -1 in a column where -1 may say "unknown"
YEAR = 365.0  # days
EXAMPLES = 3


def doubtful_numbers(name: str, numbers: Floats, counts: Ints | None = None) -> list[str]:
    """Sentences about numbers that may stand for a missing value, such as -999.

    Parameters
    ----------
    name : str
        Of the column.
    numbers : float64 array of shape (n,)
    counts : int array of shape (n,), optional
        Rows of each; by default one.

    Returns
    -------
    list of str

    Examples
    --------
    >>> doubtful_numbers("age", np.array([31.0, 45.0, -999.0, -999.0]))[0]
    "column 'age': -999 stands in 2 rows and no other value is below 0; if it stands for a missing \
value, say missing: ['-999']"
    """
    if not len(numbers) or np.isnan(numbers).all():
        return []
    found = [
        (value, rows, why)
        for value, why in (*_below(numbers), *_above(numbers))
        if (rows := _rows(numbers == value, counts)) >= SEVERAL
    ]
    return [
        f"column {name!r}: {value:g} stands in {rows} rows and {why}; if it stands for a missing "
        f"value, say missing: ['{value:.0f}']"
        for value, rows, why in found
    ]


def _below(numbers: Floats) -> list[tuple[float, str]]:
    """Codes such as -999 and -888 that alone lie below 0, each with the reason to doubt it."""
    if np.nanmin(numbers) not in NEGATIVE:
        return []
    negative, high = np.unique(numbers[numbers < 0]), np.nanmax(numbers)
    if not 0 < len(negative) <= MOST_CODES or not np.isin(negative, NEGATIVE).all():
        return []
    if negative[0] >= -1 and high < SPREAD:
        return []
    why = "no other value is below 0"
    if len(negative) > 1:
        why = f"below 0 are only {listed([f'{value:g}' for value in negative])}"
    return [(float(value), why) for value in negative]


def _above(numbers: Floats) -> list[tuple[float, str]]:
    """Codes such as 9999 and 9998 far above all other numbers."""
    if np.nanmax(numbers) not in NINES:
        return []
    known = np.unique(numbers[~np.isnan(numbers)])
    top = known[-1 - MOST_CODES :]
    codes = top[np.isin(top, NINES)]
    others = known[: len(known) - len(codes)]
    if not len(others) or others[-1] * APART >= codes[0] or len(codes) > MOST_CODES:
        return []
    return [(float(code), f"the next largest value is {others[-1]:g}") for code in codes]


def doubtful_dates(
    name: str, days: Floats, counts: Ints | None = None, words: Sequence[str] = ()
) -> list[str]:
    """Sentences about dates that may stand for none or never, or lie in another century.

    Parameters
    ----------
    name : str
        Of the column.
    days : float64 array of shape (n,)
        Since 1970.
    counts : int array of shape (n,), optional
        Rows of each; by default one.
    words : sequence of n str, default ()
        As they are written; by default 2026-08-31.

    Returns
    -------
    list of str

    Examples
    --------
    >>> doubtful_dates("until", DateFormat().parse(["2026-01-31", "9999-12-31"]))[0]
    "column 'until': dates before 1900 or from 2100 on stand in 1 row: '9999-12-31'; if it stands \
for a missing value or for never, say missing: ['9999-12-31']"
    """
    if not len(days) or np.isnan(days).all():
        return []
    marks = DateFormat().parse(PLACEHOLDERS)
    low = np.nanmin(days)
    found = []
    if low in marks:
        rows, others = _rows(days == low, counts), days[days > low]
        if rows >= SEVERAL and len(others) and np.nanmin(others) - low > YEAR:
            text = _written(low, days, words)
            found.append(
                f"column {name!r}: {text!r} stands in {rows} rows, and the next date is more than "
                f"a year later; if it stands for a missing value, say missing: [{text!r}]"
            )
    first, last = DateFormat().parse(FAR)
    far = (days < first) | (days >= last)
    if far.any():
        rows = _rows(far, counts)
        shown = [_written(day, days, words) for day in np.unique(days[far])[:EXAMPLES]]
        found.append(
            f"column {name!r}: dates before 1900 or from 2100 on stand in {rows} "
            f"{'row' if rows == 1 else 'rows'}: {listed(shown)}; if it stands for a missing value "
            f"or for never, say missing: {shown!r}"
        )
    return found


def doubtful_words(column: TextColumn) -> list[str]:
    r"""Sentences about texts with characters that cannot be seen, or were lost in a conversion.

    Parameters
    ----------
    column : TextColumn

    Returns
    -------
    list of str

    Examples
    --------
    >>> import pyarrow as pa
    >>> plans = TextColumn.of("plan", pa.array(["basic", "ba\u200bsic"]), ())
    >>> doubtful_words(plans)[0][:70]
    "column 'plan': 1 row holds a character that cannot be seen, such as 'b"
    """
    found = []
    for pattern, what in (
        (UNSEEN, "a character that cannot be seen"),
        (LOST, "letters that a wrong encoding made of others"),
    ):
        hit = pc.match_substring_regex(column.words, pattern).to_numpy(zero_copy_only=False)
        if not hit.any():
            continue
        rows = np.flatnonzero(column.spread(hit, False))
        word = ascii(column.texts[column.places[rows[0]]]) if len(rows) else ""
        found.append(
            f"column {column.name!r}: {len(rows)} {'row holds' if len(rows) == 1 else 'rows hold'} "
            f"{what}, such as {word[:60]} in row {rows[0]}; it is another value than without it"
        )
    return found


def doubtful_values(name: str, values: pd.Series[Any]) -> list[str]:
    """As :func:`doubtful_numbers` and :func:`doubtful_dates`, of a column with a type.

    Parameters
    ----------
    name : str
    values : Series of length n

    Returns
    -------
    list of str
    """
    dtype = values.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "iuf":
        return doubtful_numbers(name, values.to_numpy(np.float64))
    if isinstance(dtype, np.dtype) and dtype.kind == "M":
        days = values.to_numpy().astype("datetime64[us]").astype(np.float64) / 86_400e6
        return doubtful_dates(name, np.where(values.isna(), np.nan, days))
    return []


def serial_notes(columns: Mapping[str, pd.Series[Any]], told: Collection[str]) -> list[str]:
    """Sentences about columns of numbers that may be dates though no name says so.

    Parameters
    ----------
    columns : mapping of column → Series
    told : collection of str
        Columns of which the kind or the format is told.

    Returns
    -------
    list of str
    """
    numbers = {
        name: values.to_numpy(np.float64)
        for name, values in columns.items()
        if name not in told and isinstance(values.dtype, np.dtype) and values.dtype.kind in "iuf"
    }
    # Of those that are named like dates, what serial_note finds is asked.
    notes = [serial_note(n, values) for n, values in numbers.items() if not is_date_name(n)]
    notes += [compact_note(name, values) for name, values in numbers.items()]
    return [note for note in notes if note]


def signed_otherwise(form: NumberFormat, words: Collection[str]) -> str:
    """A number with its minus behind or in brackets, which is negative; empty without any.

    Parameters
    ----------
    form : NumberFormat
    words : collection of str

    Returns
    -------
    str

    Examples
    --------
    >>> signed_otherwise(NumberFormat(), ["12.5", "(7)"])
    '(7)'
    """
    odd = (word for word in words if word.startswith("(") or word.endswith("-"))
    return next((word for word in odd if not np.isnan(form.parse([word])[0])), "")


def without_missing(frame: pd.DataFrame, missing: Collection[str]) -> pd.DataFrame:
    """A frame in which further texts count as missing, in columns of every type.

    Parameters
    ----------
    frame : DataFrame
    missing : collection of str
        Texts such as ``unknown``, ``-999`` or ``9999-12-31``.

    Returns
    -------
    DataFrame
        The same object if nothing stands for a missing value.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [31, -999], "plan": ["k.A.", "basic"]})
    >>> without_missing(frame, ["-999", "k.A."]).isna().values.tolist()
    [[False, True], [True, False]]
    """
    gone = dict(_gone(frame, missing)) if missing else {}
    if not gone:
        return frame
    masked = frame.copy(deep=False)
    for place, rows in gone.items():
        column = frame.iloc[:, place]
        masked.isetitem(place, column.mask(rows).array)
    return masked


def _gone(frame: pd.DataFrame, missing: Collection[str]) -> Iterator[tuple[int, Any]]:
    """Places of the columns in which a text stands, and the rows."""
    numbers = NumberFormat().parse(list(missing))
    numbers = numbers[~np.isnan(numbers)]
    days = DateFormat().parse(list(missing))
    dates = np.round(days[~np.isnan(days)] * 86_400e6).astype("int64").astype("M8[us]")
    words = {word.strip() for word in missing}
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        if pd.api.types.is_bool_dtype(column.dtype):
            continue
        if pd.api.types.is_numeric_dtype(column.dtype):
            rows = column.isin(numbers)
        elif pd.api.types.is_datetime64_any_dtype(column.dtype):
            plain = column if column.dt.tz is None else column.dt.tz_convert(None)
            rows = plain.isin(dates)
        elif isinstance(column.dtype, pd.CategoricalDtype):
            rows = column.isin([c for c in column.cat.categories if str(c).strip() in words])
        elif column.dtype == object or pd.api.types.is_string_dtype(column.dtype):
            rows = column.map(lambda value: _is_one(value, words, numbers), na_action="ignore")
            rows = rows.fillna(False).astype(bool)
        else:
            continue
        if rows.any():
            yield place, rows


def _is_one(value: object, words: set[str], numbers: Floats) -> bool:
    if isinstance(value, str):
        return value.strip() in words
    return isinstance(value, int | float) and not isinstance(value, bool) and value in numbers


def _rows(mask: Any, counts: Ints | None) -> int:
    return int(mask.sum() if counts is None else counts[mask].sum())


def _written(day: float, days: Floats, words: Sequence[str]) -> str:
    """A date as it is written."""
    if words:
        return words[int(np.flatnonzero(days == day)[0])]
    return str(np.datetime64(int(np.floor(day)), "D"))


def formula_errors(name: str, errors: Mapping[str, int]) -> str:
    """A sentence about errors of formulas, which count as missing; empty if there are none.

    Parameters
    ----------
    name : str
        Of the column.
    errors : mapping of text → rows

    Returns
    -------
    str

    Examples
    --------
    >>> formula_errors("plan", {"#REF!": 2})
    "column 'plan': 2 rows hold the error of a formula, such as '#REF!', and count as missing; \
mend the spreadsheet if it has their values"
    """
    if not errors:
        return ""
    rows = sum(errors.values())
    return (
        f"column {name!r}: {rows} {'row holds' if rows == 1 else 'rows hold'} the error of a "
        f"formula, such as {next(iter(errors))!r}, and {'counts' if rows == 1 else 'count'} as "
        "missing; mend the spreadsheet if it has their values"
    )


def absent_sentence(name: str, words: Collection[str]) -> str:
    """That words such as unknown count as missing in a column of numbers, dates or flags.

    Parameters
    ----------
    name : str
    words : collection of str

    Returns
    -------
    str
    """
    return f"column {name!r}: {listed(words)} {'counts' if len(words) == 1 else 'count'} as missing"
