"""How a column of text writes its numbers, and the numbers that the texts stand for.

A number has a sign, digits with marks, and a unit before or behind: ``-1.234,50 €``. Blanks that do
not break and typographic signs count as their plain forms. The two marks decide the value:
``1.234`` is more than one thousand where the point groups digits, and less than two where it marks
decimals. :func:`number_readings` finds every pair of marks that all texts of a column keep.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.core.errors import ConfigError, did_you_mean
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.sql import text_literal
from dbnchurn.core.typing import Bools, Floats
from dbnchurn.tables.readings import agreed, reading_most, telling_example
from dbnchurn.tables.text_column import ascii_digits

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc
else:
    pd = LazyModule("pandas")
    pa = LazyModule("pyarrow")
    pc = LazyModule("pyarrow.compute")

BLANKS = "\u00a0\u202f\u2009\u2007\u2008\u2002\u2003\u3000\t"
MINUS = "\u2212\u2012\u2013\u2014\ufe63\uff0d"
APOSTROPHES = "\u2019\u2018\u02bc\u2032\u00b4`"
PLAIN = str.maketrans(BLANKS + MINUS + APOSTROPHES, " " * 9 + "-" * 6 + "'" * 6)
"""Characters that are written in the place of a blank, a minus and an apostrophe."""

CURRENCIES = """
US$ A$ C$ R$ HK$ NT$ S$ NZ$ MX$ $ € £ ¥ ₹ ₽ ₺ ₩ ₪ ₫ ₦ ₱ ₴ ฿ ₡ ₲ ₸ ₼ ₾ ¢ zł Kč Ft kr kr. lei Fr. Rs
Rs. руб руб. ден лв EUR USD GBP CHF JPY CNY RMB INR AUD CAD NZD SEK NOK DKK PLN CZK HUF RON BGN HRK
TRY RUB UAH BRL MXN ARS CLP COP PEN ZAR NGN KES EGP MAD AED SAR QAR KWD ILS IDR MYR SGD THB PHP VND
KRW TWD HKD PKR BDT LKR ISK Euro euro Euros euros
"""
UNITS = """
% ‰ kB KB MB GB TB KiB MiB GiB TiB bit Kbit kbit Mbit Gbit kbps Kbps Mbps Gbps kbit/s Kbit/s Mbit/s
Gbit/s Mb/s Gb/s MB/s ms s sec secs second seconds Sek. Sekunden min min. mins minute minutes Min
Min. Minuten h hr hrs hour hours Std Std. Stunde Stunden d day days Tag Tage Tagen jour jours día
días giorni week weeks Woche Wochen semaines month months Monat Monate Monaten mois mes meses mesi
yr yrs year years Jahr Jahre Jahren an ans año años anni kW MW Wh kWh MWh cm mm m km mi kg °C °F Hz
kHz MHz GHz dB dBm pcs Stk Stück pts points
"""
PROBED = 5_000  # texts that decide which formats come into question; all are parsed by those

MARKS = (
    (".", ""), (".", ","), (".", " "), (".", "'"), (",", ""), (",", "."), (",", " "), (",", "'"),
)  # fmt: skip
"""Pairs of decimal mark and grouping mark, the plain one first."""


def _choices(words: str) -> str:
    longest_first = sorted(set(words.split()), key=lambda word: (-len(word), word))
    return "|".join(map(re_escape, longest_first))


def re_escape(text: str) -> str:
    """A text as a pattern that Python, Arrow and DuckDB read alike."""
    return "".join(f"\\{c}" if c in r"\.^$*+?{}[]|()/" else c for c in text)


CURRENCY = _choices(CURRENCIES)
UNIT = _choices(CURRENCIES + UNITS)
BODY = r"(?:\d[\d.,' ]*\d|\d)[.,]?|[.,]\d+"
EXPONENT = r"(?:[eE][-+]?\d{1,3})?"
AFFIXES = (
    rf"^(?P<open>\()?(?P<sign>[-+])? ?(?P<before>{CURRENCY})? ?(?P<inner>[-+])? ?"
    rf"(?P<body>(?:{BODY}){EXPONENT}) ?(?P<behind>{UNIT})? ?(?P<close>\))?(?P<last>-)?$"
)

NO_DECIMALS = r"([0-9])([.,]) ?--?([^0-9]*)$"
"""A dash in place of the decimals, as in ``12,-`` and ``12.--``, which is no minus behind."""


def _body_pattern(decimal: str, grouping: str) -> str:
    """Pattern of the digits with these marks; groups are of three digits, or of two as in India."""
    point = re_escape(decimal)
    if not grouping:
        return rf"(?:\d+(?:{point}\d*)?|{point}\d+){EXPONENT}"
    mark = re_escape(grouping)
    groups = [rf"[1-9]\d{{0,2}}(?:{mark}\d{{3}})+"]
    if grouping == ",":
        groups.append(rf"[1-9]\d?(?:{mark}\d{{2}})+{mark}\d{{3}}")
    return rf"(?:(?:{'|'.join(groups)}|\d+)(?:{point}\d+)?|{point}\d+)"


@dataclass(frozen=True)
class NumberFormat:
    """Marks and unit of the numbers of a column.

    Parameters
    ----------
    decimal : {".", ","}, default "."
    grouping : {"", ",", ".", " ", "'"}, default ""
        Mark between groups of digits; numbers without it are read as well.
    unit : str, default ""
        Currency or unit that stands before or behind some of the numbers.

    Examples
    --------
    >>> form = NumberFormat(",", ".", "€")
    >>> form.parse(["1.234,50 €", "(7)", "1,234.50"]).tolist(), form.picture
    ([1234.5, -7.0, nan], '1.234,5 €')
    """

    decimal: str = "."
    grouping: str = ""
    unit: str = ""

    @property
    def picture(self) -> str:
        """The number 1234.5 as it is written, the form in which configs and artifacts name it."""
        number = f"1{self.grouping}234{self.decimal}5"
        return f"{number} {self.unit}" if self.unit else number

    @classmethod
    def from_picture(cls, picture: str) -> NumberFormat:
        """The format of a :attr:`picture`.

        Raises
        ------
        ConfigError
            If it is none.
        """
        number, _, unit = picture.translate(PLAIN).partition("5")
        for decimal, grouping in MARKS:
            if f"{number}5" == f"1{grouping}234{decimal}5":
                return cls(decimal, grouping, unit.strip())
        pictures = [cls(decimal, grouping).picture for decimal, grouping in MARKS]
        raise ConfigError(
            f"{picture!r} is no picture of the number 1234.5: {did_you_mean(picture, pictures)}"
        )

    @property
    def is_plain(self) -> bool:
        """Whether numbers are written as programs write them: 1234.5."""
        return (self.decimal, self.grouping, self.unit) == (".", "", "")

    @cached_property
    def _body(self) -> str:
        return f"^(?:{_body_pattern(self.decimal, self.grouping)})$"

    def parse(self, texts: Sequence[str] | pd.Series[Any]) -> Floats:
        """The numbers that texts stand for.

        Parameters
        ----------
        texts : sequence of n str

        Returns
        -------
        float64 array of shape (n,)
            NaN where a text is no number of this format.
        """
        words = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
        plain = pc.match_substring_regex(words, f"^-?(?:{self._body[1:-1]})$")
        numbers = self._digits(pc.if_else(plain, words, None))
        # Bare digits have neither sign nor unit to look for.
        settled = pc.or_(plain, pc.match_substring_regex(words, BARE))
        others = np.flatnonzero(~settled.fill_null(False).to_numpy(zero_copy_only=False))
        if len(others):  # with a unit, a sign of another form, or unreadable
            bodies, units, negative = _all_parts(words.take(pa.array(others)).to_pylist())
            # Beside the unit of the format stand only numbers without a unit.
            fits = np.array([unit in ("", self.unit) for unit in units])
            slow = np.where(fits, self.parse_digits(bodies), np.nan)
            numbers[others] = np.where(negative, -slow, slow)
        return numbers

    def parse_digits(self, bodies: pa.Array) -> Floats:
        """The numbers of digits with their marks but no sign or unit; NaN where they do not fit."""
        fits = pc.match_substring_regex(bodies, self._body)
        return self._digits(pc.if_else(fits, bodies, None))

    def _digits(self, digits: pa.Array) -> Floats:
        """Numbers of digits with the marks of this format."""
        if self.grouping:
            digits = pc.replace_substring(digits, self.grouping, "")
        if self.decimal == ",":
            digits = pc.replace_substring(digits, ",", ".")
        numbers = pc.cast(digits, pa.float64()).to_numpy(zero_copy_only=False)
        return np.array(numbers, np.float64)

    def sql(self, text: str) -> str:
        """SQL of the number that a text stands for, NULL where it is none of this format.

        Parameters
        ----------
        text : str
            SQL expression of the text.

        Returns
        -------
        str
        """
        plain = f"trim(translate({text}, {text_literal(BLANKS + MINUS + APOSTROPHES)}, "
        plain += f"{text_literal(' ' * 9 + '-' * 6 + chr(39) * 6)}))"
        plain = f"regexp_replace({plain}, {text_literal(NO_DECIMALS)}, '\\1\\20\\3')"
        unit = re_escape(self.unit)
        affix = f"(?:{unit})? ?" if unit else ""
        body = _body_pattern(self.decimal, self.grouping)
        pattern = rf"(\(?)([-+]?) ?{affix}([-+]?) ?({body}) ?{affix}(\)?)(-?)"
        extract = f"regexp_extract({plain}, {text_literal(pattern)}, "
        digits = f"{extract}4)"
        if self.grouping:
            digits = f"replace({digits}, {text_literal(self.grouping)}, '')"
        if self.decimal == ",":
            digits = f"replace({digits}, ',', '.')"
        signs = " || ".join(f"{extract}{group})" for group in (1, 2, 3, 6))
        negative = f"{signs} IN ('-', '(')"
        return (
            f"CASE WHEN regexp_full_match({plain}, {text_literal(pattern)}) THEN "
            f"TRY_CAST({digits} AS DOUBLE) * CASE WHEN {negative} THEN -1 ELSE 1 END END"
        )


def number_parts(texts: Sequence[str] | pd.Series[Any]) -> pd.DataFrame:
    """Sign, digits and unit of texts that may be numbers.

    Parameters
    ----------
    texts : sequence of n str

    Returns
    -------
    DataFrame of n rows
        ``body``, the digits with their marks, missing where the text cannot be a number; ``unit``,
        empty if there is none; ``negative``.

    Examples
    --------
    >>> number_parts(["€ -1.234,5", "12 GB", "basic"]).values.tolist()
    [['1.234,5', '€', True], ['12', 'GB', False], [nan, '', False]]
    """
    bodies, units, negative = _all_parts(texts)
    return pd.DataFrame({"body": bodies.to_pandas(), "unit": units, "negative": negative})


def _all_parts(texts: Sequence[str] | pd.Series[Any]) -> tuple[pa.Array, list[str], Bools]:
    """Digits, unit and whether it is negative, of every text."""
    parts = [_parts(text) for text in texts]
    bodies = pa.array([body for body, _, _ in parts], pa.string())
    return bodies, [unit for _, unit, _ in parts], np.array([sign for _, _, sign in parts], bool)


BARE = r"^-?[0-9]+(?:\.[0-9]+)?$"
"""A text without unit and with no sign but a minus in front; no grouping mark but a point."""

_AFFIXES = re.compile(AFFIXES)
_DASHES = re.compile(NO_DECIMALS)


def _parts(text: str | None) -> tuple[str | None, str, bool]:
    """Digits, unit and whether it is negative, of one text."""
    if text is None:
        return None, "", False
    plain = _DASHES.sub(r"\1\g<2>0\3", ascii_digits(text).translate(PLAIN))
    if (found := _AFFIXES.match(" ".join(plain.split()))) is None:
        return None, "", False
    opened, sign, before, inner, body, behind, closed, last = found.groups()
    # One sign, in one place; one unit, on one side; brackets in pairs.
    signs = sum(part is not None for part in (opened, sign, inner, last))
    if signs > 1 or (opened is None) != (closed is None) or (before and behind):
        return None, "", False
    return body, before or behind or "", bool(opened or last or "-" in (sign, inner))


@dataclass(frozen=True, eq=False)
class NumberReadings:
    """What the texts of a column may mean as numbers.

    Parameters
    ----------
    formats : tuple of NumberFormat
        Formats that give different numbers, each with the most texts that any format reads; the
        simplest of those that give the same. Empty if no text is a number.
    numbers : tuple of float64 arrays of shape (n,)
        The numbers by each format.
    units : tuple of str
        Units that stand beside the numbers, without the empty one; more than one cannot be read.
    bare : bool array of shape (n,)
        Which numbers have no unit; all if no unit stands anywhere.
    marked : bool
        Whether some text has a decimal or grouping mark.
    """

    formats: tuple[NumberFormat, ...]
    numbers: tuple[Floats, ...]
    units: tuple[str, ...]
    bare: Bools
    marked: bool

    @property
    def read(self) -> Bools:
        """Which texts are numbers, shape (n,)."""
        return ~np.isnan(self.numbers[0])

    @property
    def example(self) -> int:
        """Position of a text that the formats read differently; of the first number if none."""
        return telling_example(self.numbers)


def number_readings(texts: Sequence[str] | pd.Series[Any]) -> NumberReadings:
    """Find the formats in which the most texts are numbers.

    Parameters
    ----------
    texts : sequence of n str
        Distinct values of a column.

    Returns
    -------
    NumberReadings

    Examples
    --------
    >>> [form.picture for form in number_readings(["7.685", "1.250"]).formats]
    ['1234.5', '1.234,5']
    >>> [form.picture for form in number_readings(["7.685", "12,50"]).formats]
    ['1.234,5']
    """
    words = pa.array(texts, pa.string(), from_pandas=True)
    marked = pc.match_substring_regex(words, r"\d[^\d]+\d|^[.,]|[^\d.]$|^[^\d-]").fill_null(False)
    probe = pa.concat_arrays(
        [_spread(words.filter(marked)), _spread(words.filter(pc.invert(marked)))]
    )
    bodies, found, _ = _all_parts(probe.to_pylist())
    units = tuple(sorted({*found} - {""}))
    unit = units[0] if len(units) == 1 else ""
    if len(units) > 1:  # units are judged apart from marks
        words = _all_parts(words.to_pylist())[0]
    marks = set("".join(bodies.drop_null().to_pylist()))
    candidates = [
        NumberFormat(decimal, grouping, unit)
        for decimal, grouping in MARKS
        if grouping in {"", *marks} and (decimal == "." or marks & set(",.'"))
    ]
    formats, _ = reading_most(candidates, [form.parse_digits(bodies) for form in candidates])
    formats, numbers = reading_most(formats, [form.parse(words) for form in formats])
    bare = np.ones(len(words), bool)
    if units:
        bare = np.array([not unit for unit in _all_parts(texts)[1]], bool)
    return NumberReadings(formats, numbers, units, bare, bool(marks & set(".,' ")))


def _spread(words: pa.Array) -> pa.Array:
    """At most so many values as are probed, evenly spread."""
    if len(words) <= PROBED:
        return words
    return words.take(pa.array(np.linspace(0, len(words) - 1, PROBED).astype(np.int64)))


def certain_numbers(texts: Sequence[str]) -> tuple[Floats, Bools]:
    """The numbers of texts that mean the same in every format, each judged by itself.

    Parameters
    ----------
    texts : sequence of n str

    Returns
    -------
    numbers : float64 array of shape (n,)
        NaN where a text is no number, or is one in two ways.
    doubtful : bool array of shape (n,)
        Which texts are numbers in two ways, such as ``7.685``.

    Examples
    --------
    >>> numbers, doubtful = certain_numbers(["7.685", "12,50 €", "basic"])
    >>> numbers.tolist(), doubtful.tolist()
    ([nan, 12.5, nan], [True, False, False])
    """
    bodies, _, negative = _all_parts(texts)
    numbers, doubtful = agreed([NumberFormat(*marks).parse_digits(bodies) for marks in MARKS])
    return np.where(negative, -numbers, numbers), doubtful
