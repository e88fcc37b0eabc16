"""Dates that are written as numbers: days since 1900, seconds since 1970, months such as 202608.

Nothing but the name of a column says that 45,353 is a day, so it is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats
from dbnchurn.tables.date_format import DAY
from dbnchurn.tables.number_format import NumberFormat
from dbnchurn.tables.roles import words_of

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LazyModule("pandas")

Serial = Literal["excel_serial", "epoch_s", "epoch_ms", "yyyymm"]
SERIALS: tuple[str, ...] = get_args(Serial)
AS_NUMBER = "number"
"""The format that says that numbers are numbers."""

EXCEL_DAY_0 = 25_569.0  # the first of January 1970 in spreadsheets
FIRST, LAST = 3_653.0, 32_872.0  # days since 1970: 1980 to 2059, where dates of customers lie
FEWEST = 2  # different values
MANY = 20  # different values of a column whose name does not say that it holds dates
RECENT = 7_305.0, 25_567.0  # days since 1970: 1990 to 2039
WRITTEN = 19_900_101.0, 20_391_231.0  # the same as 20260831
MOMENTS = 19_900_101_000_000.0, 20_391_231_235_959.0  # the same with the time of day
COMPACT = 10_101.0, 391_231.0  # 2001 to 2039, with two digits of the year
CLOCK = 1_000_000  # the six digits of a time
DAY_FIRST = 1_011_900.0, 31_122_199.0  # 01.01.1900 to 31.12.2199 without the points
PROBED = 1_000
RECENT_SERIAL = 10_957.0, 24_106.0  # 2000 to 2035; amounts of money are as large as days since 1900
_DATE_WORDS = """
date dates datum day timestamp ts time datetime epoch unixtime fecha dia data jour giorno tag
month monat mois mes mese period since seit from until bis start started end ended begin began valid
expiry expires expired created updated modified opened closed joined signup registered registration
activated activation birth birthday dob geburtstag born seen login
"""
DATE_WORDS = frozenset(_DATE_WORDS.split())
DATE_ENDINGS = ("date", "datum", "time", "timestamp", "at", "on", "since", "day", "seen", "login")


@dataclass(frozen=True)
class SerialFormat:
    """Numbers that stand for dates.

    Parameters
    ----------
    picture : {"excel_serial", "epoch_s", "epoch_ms", "yyyymm"}
        Days of a spreadsheet, seconds or milliseconds since 1970 in UTC, or months such as 202608.
        It names the format in configs and artifacts.

    Raises
    ------
    ConfigError
        If it is none of these.

    Examples
    --------
    >>> SerialFormat("excel_serial").days(np.array([25569.0, 25570.5])).tolist()
    [0.0, 1.5]
    >>> SerialFormat("yyyymm").parse(["197002", "197013"]).tolist()
    [31.0, nan]
    """

    picture: str

    def __post_init__(self) -> None:
        if self.picture not in SERIALS:
            raise ConfigError(f"unknown format {self.picture!r} of dates that are numbers")

    def days(self, numbers: Floats) -> Floats:
        """The days since 1970 that numbers stand for.

        Parameters
        ----------
        numbers : float64 array of shape (n,)

        Returns
        -------
        float64 array of shape (n,)
            NaN where there is no such date.
        """
        if self.picture == "excel_serial":
            return np.where(numbers >= 0, numbers - EXCEL_DAY_0, np.nan)
        if self.picture != "yyyymm":
            return numbers / (DAY if self.picture == "epoch_s" else DAY * 1000)
        year, month = np.floor(numbers / 100), numbers % 100
        known = (numbers == np.floor(numbers)) & (year >= 1) & (month >= 1) & (month <= 12)
        months = np.zeros(len(numbers))
        months[known] = (year[known] - 1970) * 12 + month[known] - 1
        since = months.astype("datetime64[M]")
        return np.where(known, since.astype("datetime64[D]").astype(np.float64), np.nan)

    def parse(self, texts: Sequence[str] | pd.Series[Any]) -> Floats:
        """The days since 1970 that texts stand for, NaN where a text is no number.

        Parameters
        ----------
        texts : sequence of n str

        Returns
        -------
        float64 array of shape (n,)
        """
        return self.days(NumberFormat().parse(texts))

    def sql(self, number: str) -> str:
        """SQL of the timestamp that a number stands for.

        Parameters
        ----------
        number : str
            SQL expression of a DOUBLE.

        Returns
        -------
        str
        """
        if self.picture == "yyyymm":
            month = f"CAST(TRY_CAST({number} AS BIGINT) AS VARCHAR)"
            return (
                f"CASE WHEN {number} = floor({number}) AND {number} BETWEEN 100000 AND 999999 "
                f"THEN CAST(try_strptime({month}, '%Y%m') AS TIMESTAMP) END"
            )
        seconds = {
            "excel_serial": f"({number} - {EXCEL_DAY_0}) * {DAY}",
            "epoch_s": number,
            "epoch_ms": f"{number} / 1000",
        }[self.picture]
        moment = f"make_timestamp(TRY_CAST(round(({seconds}) * 1e6) AS BIGINT))"
        if self.picture == "excel_serial":
            return f"CASE WHEN {number} >= 0 THEN {moment} END"
        return moment


def is_date_name(name: str) -> bool:
    """Whether the name of a column says that it holds dates or times.

    Examples
    --------
    >>> [is_date_name(name) for name in ("signup_date", "lastLogin", "created_at", "debt", "rate")]
    [True, True, True, False, False]
    """
    words = words_of(name)
    return (
        bool({*words} & DATE_WORDS)
        or (len(words) > 1 and words[-1] in DATE_ENDINGS)
        or any(len(word) > 6 and word.endswith(("date", "datum", "timestamp")) for word in words)
    )


def serial_formats(name: str, numbers: Floats) -> tuple[SerialFormat, ...]:
    """The formats by which all numbers of a column are plausible dates, if it is named like dates.

    Parameters
    ----------
    name : str
    numbers : float64 array of shape (n,)
        NaN is missing.

    Returns
    -------
    tuple of SerialFormat

    Examples
    --------
    >>> [form.picture for form in serial_formats("opened", np.array([45353.0, 44250.0]))]
    ['excel_serial']
    >>> serial_formats("opened", np.array([45353.0, 12.0]))
    ()
    """
    known = np.unique(numbers[~np.isnan(numbers)]) if is_date_name(name) else numbers[:0]
    if len(known) < FEWEST:
        return ()
    found = []
    for form in map(SerialFormat, SERIALS):
        days = form.days(known)
        if form.picture.startswith("epoch") and (known != np.floor(known)).any():
            continue
        if not np.isnan(days).any() and days.min() >= FIRST and days.max() <= LAST:
            found.append(form)
    return tuple(found)


def unnamed_serial(numbers: Floats) -> str:
    """The format by which numbers are recent dates though no name says so.

    Recent dates of one format lie in no range of another.

    Parameters
    ----------
    numbers : float64 array of shape (n,)
        NaN is missing.

    Returns
    -------
    str
        Empty if there is none, with fewer than 20 different values, or where a number is not whole.

    Examples
    --------
    >>> unnamed_serial(1.7e9 + 86_400 * np.arange(100)), unnamed_serial(np.arange(100.0))
    ('epoch_s', '')
    >>> unnamed_serial(20_250_100 + np.arange(1.0, 31.0))
    '%Y%m%d'
    >>> unnamed_serial(np.arange(40_000.0, 40_050.0))
    'excel_serial'
    """
    known = numbers[~np.isnan(numbers)]
    if not len(known) or known.min() <= 0 or (known != np.floor(known)).any():
        return ""  # nearly every column; the sort below is for those that are left
    known = np.unique(known)
    if len(known) < MANY:
        return ""
    for form in map(SerialFormat, SERIALS):
        low, high = RECENT_SERIAL if form.picture == "excel_serial" else RECENT
        days = form.days(known)
        if not np.isnan(days).any() and low <= days.min() <= days.max() <= high:
            return form.picture
    if WRITTEN[0] <= known[0] and known[-1] <= WRITTEN[1] and _are_days(known):
        return "%Y%m%d"
    return ""


def serial_note(name: str, numbers: Floats) -> str:
    """A sentence about numbers that may be dates though no name says so; empty if they may not.

    Parameters
    ----------
    name : str
        Of the column.
    numbers : float64 array of shape (n,)

    Returns
    -------
    str

    Examples
    --------
    >>> serial_note("last_call", 1.7e9 + 86_400 * np.arange(100))
    "column 'last_call' is read as numbers, and all of them could be dates (epoch_s: 1700000000 \
would be 2023-11-14); if they are, say formats: {last_call: epoch_s}, and formats: {last_call: \
number} if not"
    """
    form = unnamed_serial(numbers)
    if not form:
        return ""
    first = float(np.nanmin(numbers))
    shown = f"{first:.0f}"
    if form in SERIALS:
        key, days = form, SerialFormat(form).days(np.array([first]))
        day = str(np.datetime64(int(days[0]), "D"))
    else:
        key, day = f"'{form}'", f"{shown[:4]}-{shown[4:6]}-{shown[6:]}"
    return (
        f"column {name!r} is read as numbers, and all of them could be dates ({form}: {shown} "
        f"would be {day}); if they are, say formats: {{{name}: {key}}}, and formats: {{{name}: "
        f"{AS_NUMBER}}} if not"
    )


def compact_note(name: str, numbers: Floats) -> str:
    """A sentence about numbers that may be days such as 260831, or moments such as 20260831120000.

    Parameters
    ----------
    name : str
        Of the column.
    numbers : float64 array of shape (n,)
        NaN is missing.

    Returns
    -------
    str
        Empty if they may not be, or are fewer than 20 different ones.

    Examples
    --------
    >>> compact_note("since", 260_800 + np.arange(1.0, 31.0))
    "column 'since' is read as numbers, and all of them could be dates (260801 would be \
2026-08-01); if they are, write them as 2026-08-01"
    """
    known = numbers[~np.isnan(numbers)]
    # Nearly every column of numbers is told by its first rows, without a sort.
    if not len(known) or not (_are_compact(known[:PROBED]) and _are_compact(known)):
        return ""
    known = np.unique(known)
    if len(known) < MANY:
        return ""
    day = known[0] // CLOCK if known[0] >= MOMENTS[0] else known[0] + 20_000_000
    shown = f"{day // 10_000:04.0f}-{day // 100 % 100:02.0f}-{day % 100:02.0f}"
    return (
        f"column {name!r} is read as numbers, and all of them could be dates ({known[0]:.0f} would "
        f"be {shown}); if they are, write them as {shown}"
    )


def _are_compact(known: Floats) -> bool:
    """Whether numbers are days such as 260831, or all are moments such as 20260831120000."""
    low, high = float(known.min()), float(known.max())
    moments = MOMENTS[0] <= low <= high <= MOMENTS[1]
    if not moments and not COMPACT[0] <= low <= high <= COMPACT[1]:
        return False
    days = np.floor(known / CLOCK) if moments else known
    clock = known % CLOCK if moments else np.zeros(1)
    timed = (clock // 10_000 < 24) & (clock // 100 % 100 < 60) & (clock % 100 < 60)
    return bool((known == np.floor(known)).all() and timed.all()) and _are_days(days)


def _are_days(numbers: Floats) -> bool:
    """Whether whole numbers end in a month and a day of it, as 260831 does."""
    month, day = numbers // 100 % 100, numbers % 100
    return bool(((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())


def day_first_day(numbers: Floats) -> str:
    """The day that the smallest number stands for, if all are days such as 31082026.

    A reader that takes points for marks of thousands makes 31082026 of 31.08.2026, and 1082026 of
    01.08.2026. That 20 different numbers of another kind all are such days is next to impossible,
    so that the name of the column is not asked.

    Parameters
    ----------
    numbers : float64 array of shape (n,)
        NaN is missing.

    Returns
    -------
    str
        Such as ``2026-08-31``; empty if some are no such days, or fewer than 20 are different.

    Examples
    --------
    >>> day_first_day(np.arange(1.0, 29.0) * 1_000_000 + 82_026)
    '2026-08-01'
    >>> day_first_day(np.arange(1_011_900.0, 1_012_000.0))
    ''
    """
    known = numbers[~np.isnan(numbers)]
    # Nearly every column of numbers is told by its first rows, without a sort.
    if not len(known) or not (_are_day_first(known[:PROBED]) and _are_day_first(known)):
        return ""
    known = np.unique(known)
    if len(known) < MANY or len(np.unique(known // 1_000_000)) < 2:
        return ""
    day, month, year = known[0] // 1_000_000, known[0] // 10_000 % 100, known[0] % 10_000
    return f"{year:04.0f}-{month:02.0f}-{day:02.0f}"


def _are_day_first(known: Floats) -> bool:
    low, high = float(known.min()), float(known.max())
    if not DAY_FIRST[0] <= low <= high <= DAY_FIRST[1] or (known != np.floor(known)).any():
        return False
    years = known % 10_000
    return _are_days(known // 10_000 % 100 * 100 + known // 1_000_000) and bool(
        ((years >= 1900) & (years < 2200)).all()
    )


def serial_question(name: str, numbers: Floats, place: str = "formats") -> str:
    """The question about numbers that may be dates; empty if they may not.

    Days since 1900, seconds and months are asked where the name says that the column holds dates,
    days such as 31082026 everywhere.

    Parameters
    ----------
    name : str
    numbers : float64 array of shape (n,)
    place : str, default "formats"
        Config key of the formats.

    Returns
    -------
    str

    Examples
    --------
    >>> serial_question("opened", np.array([45353.0, 44250.0]))
    "column 'opened': 44250 is a number or the date 2021-02-23: say formats: {opened: number} or \
formats: {opened: excel_serial}"
    """
    forms = serial_formats(name, numbers)
    if not forms:
        day = day_first_day(numbers)
        first = f"{np.nanmin(numbers):.0f}" if day else ""
        return (
            f"column {name!r}: {first} is a number or the date {day}, as where a reader took the "
            "points between day, month and year for marks of thousands: read the column as text "
            f"and write dates as {day}, or say {place}: {{{name}: {AS_NUMBER}}}"
            if day
            else ""
        )
    example = float(np.nanmin(numbers))
    days = [float(np.floor(form.days(np.array([example]))[0])) for form in forms]
    dates = [str(np.datetime64(int(day), "D")) for day in days]
    keys = [f"{place}: {{{name}: {key}}}" for key in (AS_NUMBER, *(f.picture for f in forms))]
    return (
        f"column {name!r}: {example:.0f} is a number or the date {' or '.join(dates)}: say "
        f"{' or '.join(keys)}"
    )
