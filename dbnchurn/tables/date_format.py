"""How a column of text writes its dates, and the days that the texts stand for.

Known are dates of numbers in every usual order, with names of months in eight languages, months
without a day, and times with or without an offset. ``03/04/2026`` is the third of April or the
fourth of March: :func:`date_readings` finds every format that all texts of a column keep.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.core.errors import ConfigError, did_you_mean
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Bools, Floats
from dbnchurn.tables.named_parts import matches_of, named_parts, number_of_part
from dbnchurn.tables.readings import agreed, reading_most, telling_example
from dbnchurn.tables.text_column import ascii_digits

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LazyModule("pandas")

PIVOT = 69  # two digits up to 68 are years of this century, as in POSIX
DAY = 86_400.0  # seconds
PROBED = 500  # texts that decide which formats come into question; all are parsed by those

PATTERNS = (
    "%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d",
    "%Y%m%d", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d", "%y/%m/%d",
    "%d-%b-%Y", "%d %b %Y", "%d. %b %Y", "%b %d, %Y", "%b %d %Y", "%d-%b-%y", "%d %b %y",
    "%d/%b/%Y", "%Y-%b-%d", "%Y-%m", "%Y/%m", "%b-%Y", "%b %Y", "%b-%y", "%m/%Y", "%m.%Y", "%m-%Y",
    "%Y-%b", "%Y年%m月%d日",
)  # fmt: skip
"""Known formats, in the letters of ``strptime``; ``%b`` stands for short and long names."""

UP_TO = " up to "  # after a format with two digits: the latest year that they stand for
OTHER_PIVOT = f"{UP_TO}2029"  # as spreadsheets read two digits, where POSIX reads 2030 to 2068

_MONTHS = """
jan january januar janvier janv enero ene gennaio gen janeiro januari jänner sty stycznia
feb february februar février févr fév febrero febbraio fevereiro fev februari lut luty lutego
mar march märz mär mrz mars marzo março maart mrt marca marzec
apr april avril avr abril abr aprile kwi kwiecień kwietnia
may mai mayo maggio mag maio mei maj maja
jun june juni juin junio giugno giu junho cze czerwiec czerwca
jul july juli juillet juil julio luglio lug julho lip lipiec lipca
aug august août aoû agosto ago augustus sie sierpień sierpnia
sep sept september septembre septiembre settembre set setembro wrz wrzesień września
oct october okt oktober octobre octubre ottobre ott outubro out paź października
nov november novembre noviembre novembro lis listopad listopada
dec december dez dezember décembre déc diciembre dic dicembre dezembro gru grudzień grudnia
"""
MONTHS = {
    name: number
    for number, names in enumerate(_MONTHS.strip().splitlines(), 1)
    for name in names.split()
}
"""Name of a month in small letters → its number."""

_PARTS = {
    "%Y": r"(?P<Y>\d{4})",
    "%y": r"(?P<y>\d{2})",
    "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})",
    "%b": r"(?P<b>[^\W\d_]{3,12})\.?",
}
_TIME = (
    r"(?:(?:T|,? +)(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2}(?:[.,]\d+)?))?"
    r" ?(?P<p>[AaPp]\.?[Mm]\.?)?"
    r" ?(?P<z>Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?(?::\d{2})?)?(?:\[[A-Za-z/_]+\])?)?"
)


@dataclass(frozen=True)
class DateFormat:
    """Order and marks of the dates of a column; a time may follow each of them.

    Parameters
    ----------
    pattern : str, default "%Y-%m-%d"
        In the letters of ``strptime``; one of the known formats. Years of two digits are those from
        1969 to 2068, or the hundred up to the year that follows, as in ``%d.%m.%y up to 2029``.

    Raises
    ------
    ConfigError
        If the format is not known.

    Examples
    --------
    >>> DateFormat("%d.%m.%Y").parse(["01.01.1970", "2.1.1970 12:00", "1970-01-01"]).tolist()
    [0.0, 1.5, nan]
    >>> DateFormat("%d.%m.%y up to 2029").parse(["01.01.68"]).tolist()
    [-731.0]
    """

    pattern: str = "%Y-%m-%d"

    def __post_init__(self) -> None:
        base, _, year = self.pattern.partition(UP_TO)
        if base not in PATTERNS:
            raise ConfigError(
                f"unknown date format {self.pattern!r}: {did_you_mean(self.pattern, PATTERNS)}"
            )
        if base != self.pattern and ("%y" not in base or not re.fullmatch(r"(19|20)\d\d", year)):
            raise ConfigError(
                f"unknown date format {self.pattern!r}: after a format with two digits for the "
                "year may stand up to which year they go, as in '%d.%m.%y up to 2029'"
            )

    @property
    def base(self) -> str:
        """The format without the year up to which two digits go."""
        return self.pattern.partition(UP_TO)[0]

    @property
    def last_year(self) -> int:
        """The latest year that two digits stand for."""
        year = self.pattern.partition(UP_TO)[2]
        return int(year) if year else PIVOT + 1999

    @property
    def day_first(self) -> bool | None:
        """Whether the day stands before the month; None where the format leaves no doubt."""
        order = [letter for letter in self.base if letter in "dmyY"]
        return (
            order.index("d") < order.index("m") if order[:2] in (["d", "m"], ["m", "d"]) else None
        )

    @cached_property
    def _regex(self) -> str:
        regex = self.base.replace(".", r"\.")
        if self.pattern == "%Y%m%d":
            return r"^(?P<Y>(?:19|20|21)\d{2})(?P<m>\d{2})(?P<d>\d{2})" + _TIME + "$"
        for letter, part in _PARTS.items():
            regex = regex.replace(letter, part)
        return "^" + regex + _TIME + "$"

    def parse(self, texts: Sequence[str] | pd.Series[Any]) -> Floats:
        """The days that texts stand for.

        Parameters
        ----------
        texts : sequence of n str

        Returns
        -------
        float64 array of shape (n,)
            Days since 1970, in UTC where the text has an offset; NaN where a text is no date of
            this format.
        """
        days = np.full(len(texts), np.nan)
        fitting, matches = matches_of(self._regex, texts)
        if matches:
            days[fitting] = self._days(named_parts(matches))
        return days

    def offsets(self, texts: Sequence[str] | pd.Series[Any]) -> Floats:
        """How far the times of texts are ahead of UTC.

        Parameters
        ----------
        texts : sequence of n str

        Returns
        -------
        float64 array of shape (n,)
            Seconds; NaN where a text has no offset, or is no date of this format.

        Examples
        --------
        >>> DateFormat().offsets(["1970-01-02 00:30+02:00", "1970-01-02 00:30"]).tolist()
        [7200.0, nan]
        """
        ahead = np.full(len(texts), np.nan)
        fitting, matches = matches_of(self._regex, texts)
        if matches:
            found = named_parts(matches)
            told = found["z"].notna().to_numpy() & np.isfinite(self._days(found))
            ahead[fitting] = np.where(told, _offset(found), np.nan)
        return ahead

    def _days(self, found: pd.DataFrame) -> Floats:
        """The days of texts that have the parts of a date."""
        year, month, day = (
            _year(found, self.last_year),
            _month(found),
            number_of_part(found, "d", 1.0),
        )
        with np.errstate(invalid="ignore"):
            start = _days_of(year, month)
            length = _days_of(year, month + 1) - start
            valid = (month >= 1) & (month <= 12) & (day >= 1) & (day <= length)
        seconds = _seconds_of_day(found)
        days = start + day - 1 + (seconds - _offset(found)) / DAY
        return np.where(valid & ~np.isnan(seconds), days, np.nan)


def _year(found: pd.DataFrame, last: int) -> Floats:
    if "Y" in found:
        return number_of_part(found, "Y", np.nan)
    return last - (last - number_of_part(found, "y", np.nan)) % 100


def _month(found: pd.DataFrame) -> Floats:
    if "b" not in found:
        return number_of_part(found, "m", np.nan)
    names = found["b"].map(lambda name: MONTHS.get(name.lower()), na_action="ignore")
    return names.to_numpy(np.float64, na_value=np.nan)


def _days_of(year: Floats, month: Floats) -> Floats:
    """Days from 1970 to the first day of a month; month 13 is January of the next year."""
    months = (year - 1970) * 12 + month - 1
    known = np.isfinite(months)
    dates = np.where(known, months, 0).astype("datetime64[M]").astype("datetime64[D]")
    return np.where(known, dates.astype(np.float64), np.nan)


def _seconds_of_day(found: pd.DataFrame) -> Floats:
    """Seconds since midnight, 0 where no time stands; NaN if there is no such time."""
    if found["H"].isna().all():
        return np.zeros(len(found))
    hour = np.where(found["H"].isna(), 0.0, number_of_part(found, "H", 0.0))
    minute = np.where(found["M"].isna(), 0.0, number_of_part(found, "M", 0.0))
    second = np.where(
        found["S"].isna(),
        0.0,
        pd.to_numeric(found["S"].str.replace(",", "."), errors="coerce").to_numpy(
            np.float64, na_value=np.nan
        ),
    )
    half = found["p"].str.lower().str.slice(0, 1).fillna("").to_numpy(object)
    twelve = half != ""
    valid = (minute < 60) & (second < 61) & np.where(twelve, (hour >= 1) & (hour <= 12), hour <= 24)
    hour = np.where(twelve, hour % 12 + np.where(half == "p", 12, 0), hour)
    return np.where(valid, hour * 3600 + minute * 60 + second, np.nan)


def _offset(found: pd.DataFrame) -> Floats:
    """Seconds by which the time is ahead of UTC."""
    if found["z"].isna().all():
        return np.zeros(len(found))
    zone = found["z"].fillna("")
    parts = zone.str.extract(r"^(?P<s>[+-])(?P<h>\d{2}):?(?P<m>\d{2})?:?(?P<c>\d{2})?$")
    ahead = sum(
        np.nan_to_num(number_of_part(parts, part, 0.0)) * seconds
        for part, seconds in (("h", 3600), ("m", 60), ("c", 1))
    )
    return np.where(parts["s"] == "-", -ahead, ahead)


@dataclass(frozen=True, eq=False)
class DateReadings:
    """What the texts of a column may mean as dates.

    Parameters
    ----------
    formats : tuple of DateFormat
        Formats that give different days, each with the most texts that any format reads. Empty if
        no text is a date.
    days : tuple of float64 arrays of shape (n,)
        Days since 1970 by each format, NaN where a text is no date.
    """

    formats: tuple[DateFormat, ...]
    days: tuple[Floats, ...]

    @property
    def example(self) -> int:
        """Position of a text that the formats read differently; of the first date if none."""
        return telling_example(self.days)


def date_readings(texts: Sequence[str] | pd.Series[Any]) -> DateReadings:
    """Find the formats in which the most texts are dates.

    Parameters
    ----------
    texts : sequence of n str
        Distinct values of a column.

    Returns
    -------
    DateReadings

    Examples
    --------
    >>> [form.pattern for form in date_readings(["03/04/2026", "05/06/2026"]).formats]
    ['%d/%m/%Y', '%m/%d/%Y']
    >>> [form.pattern for form in date_readings(["03/04/2026", "25/06/2026"]).formats]
    ['%d/%m/%Y']
    >>> [form.pattern for form in date_readings(["24.12.65"]).formats]
    ['%d.%m.%y', '%d.%m.%y up to 2029']
    """
    words = pd.Series(texts, dtype=object)
    step = max(1, len(words) // PROBED)
    known = [DateFormat(pattern) for pattern in PATTERNS]
    formats, _ = reading_most(known, _every_reading(words[::step].tolist(), known))
    formats = tuple(other for form in formats for other in _with_other_years(form))
    return DateReadings(*reading_most(formats, [form.parse(words) for form in formats]))


def _with_other_years(form: DateFormat) -> tuple[DateFormat, ...]:
    """A format, and the same with the other usual meaning of years of two digits."""
    return (form, DateFormat(form.pattern + OTHER_PIVOT)) if "%y" in form.pattern else (form,)


def _every_reading(texts: Sequence[str], forms: Sequence[DateFormat]) -> list[Floats]:
    """The days of texts in each of some formats.

    A format is tried on the texts of a shape that it may have, and shapes are few.
    """
    rows_of: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        shape = re.sub(r"\d", "0", ascii_digits(text.strip())) if text else ""
        rows_of.setdefault(shape, []).append(row)
    readings = []
    for form in forms:
        days = np.full(len(texts), np.nan)
        rows = [row for shape, its in rows_of.items() if _may_be(form, shape) for row in its]
        if rows:
            days[rows] = form.parse([texts[row] for row in rows])
        readings.append(days)
    return readings


@lru_cache(maxsize=2**16)
def _may_be(form: DateFormat, shape: str) -> bool:
    """Whether a text may be a date of a format, by its shape: its digits as zeros."""
    regex = form._regex.replace("(?:19|20|21)", r"\d{2}")
    return re.match(regex, shape) is not None


def certain_dates(texts: Sequence[str]) -> tuple[Floats, Bools]:
    """The days of texts that mean the same in every format, each judged by itself.

    Parameters
    ----------
    texts : sequence of n str

    Returns
    -------
    days : float64 array of shape (n,)
        Days since 1970, NaN where a text is no date, or is one in two ways.
    doubtful : bool array of shape (n,)
        Which texts are dates in two ways, such as ``03/04/2026``.

    Examples
    --------
    >>> days, doubtful = certain_dates(["03/04/1970", "15.01.1970", "basic"])
    >>> days.tolist(), doubtful.tolist()
    ([nan, 14.0, nan], [True, False, False])
    """
    days = DateFormat().parse(texts)
    doubtful = np.zeros(len(days), bool)
    others = np.flatnonzero(np.isnan(days))
    if len(others):
        rest = pd.Series(texts, dtype=object).iloc[others]
        forms = [other for p in PATTERNS for other in _with_other_years(DateFormat(p))]
        days[others], doubtful[others] = agreed(_every_reading(rest.tolist(), forms))
    return days, doubtful
