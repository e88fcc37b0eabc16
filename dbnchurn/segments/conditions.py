"""Conditions on one column: as text, as SQL, and the rows for which they hold.

A condition reads the values of a :class:`~dbnchurn.segments.columns.PlainColumn`: float64 with NaN
for missing, or an object array of strings with None for missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dbnchurn.core.sql import literal, quoted
from dbnchurn.core.typing import Bools

Level = str | bool | int | float

JUST_ABOVE_ZERO = float(np.nextafter(0.0, 1.0))  # as an edge: x >= JUST_ABOVE_ZERO is x > 0


def missing(values: npt.NDArray[Any]) -> Bools:
    """Rows without a value."""
    if values.dtype == object:
        return np.fromiter((value is None for value in values), bool, len(values))
    return np.asarray(np.isnan(values))


@dataclass(frozen=True)
class Between:
    """``low <= x < high`` for a number; infinite ends are open.

    Parameters
    ----------
    column : str
    low, high : float
        Edges in the column's own units.
    whole : bool, default False
        The column holds whole numbers, so that text may say "30 to 39" for [30, 40).
    besides : tuple of float, default ()
        Special codes that lie inside the edges and do not belong to the interval.
    date : bool, default False
        The numbers are dates, as days since 1970.

    Examples
    --------
    >>> c = Between("age", 30, 40, whole=True)
    >>> c.to_text(), c.sql(), c.edges()
    ('age 30 to 39', '"age" >= 30 AND "age" < 40', 'age in [30, 40)')
    >>> c.holds(np.array([29.0, 30.0, np.nan])).tolist()
    [False, True, False]
    """

    column: str
    low: float
    high: float
    whole: bool = False
    besides: tuple[float, ...] = ()
    date: bool = False

    def holds(self, values: npt.NDArray[Any]) -> Bools:
        """Rows whose value is inside the interval; missing is outside."""
        inside: Bools = values >= self.low
        inside &= (values <= math.inf) if self.high == math.inf else (values < self.high)
        for code in self.besides:
            inside &= values != code
        return inside

    def to_text(self) -> str:
        """The condition as readers of a page see it."""
        if self.low == -math.inf and self.high == math.inf:
            ends = "known"
        elif self.date:
            ends = self._text_of_dates()
        else:
            ends = self._text_of_whole_numbers() if self.whole else self._text_of_decimals()
        besides = ", ".join(shown(code) for code in self.besides)
        return f"{self.column} {ends}" + (f" (not {besides})" if besides else "")

    def _text_of_dates(self) -> str:
        if self.high == math.inf:
            return f"{_day(self.low)} or later"
        last = _day(self.high - 1)
        if self.low == -math.inf:
            return f"{last} or earlier"
        return f"= {last}" if self.low == self.high - 1 else f"{_day(self.low)} to {last}"

    def _text_of_decimals(self) -> str:
        if (self.low, self.high) == (0.0, JUST_ABOVE_ZERO):
            return "= 0"
        above_zero = self.low == JUST_ABOVE_ZERO
        if self.high == math.inf:
            return "above 0" if above_zero else f"{shown(self.low)} or more"
        last = "0" if self.high == JUST_ABOVE_ZERO else f"under {shown(self.high)}"
        if self.low == -math.inf:
            return "0 or less" if self.high == JUST_ABOVE_ZERO else last
        return f"{'above 0' if above_zero else shown(self.low)} to {last}"

    def _text_of_whole_numbers(self) -> str:
        if self.high == math.inf:
            return f"{shown(math.ceil(self.low))} or more"
        last = math.ceil(self.high) - 1
        if self.low == -math.inf:
            return f"{shown(last)} or less"
        first = math.ceil(self.low)
        return f"= {shown(first)}" if first == last else f"{shown(first)} to {shown(last)}"

    def edges(self) -> str:
        """In interval notation, exact."""
        open_low = self.low == -math.inf or self.low == JUST_ABOVE_ZERO
        low = 0.0 if self.low == JUST_ABOVE_ZERO else self.low
        closed_high = self.high == JUST_ABOVE_ZERO
        high = 0.0 if closed_high else self.high
        ends = [
            _day(end) if self.date and math.isfinite(end) else exact(end) for end in (low, high)
        ]
        text = f"{'(' if open_low else '['}{', '.join(ends)}{']' if closed_high else ')'}"
        besides = f" besides {', '.join(map(exact, self.besides))}" if self.besides else ""
        return f"{self.column} in {text}{besides}"

    def sql(self) -> str:
        """For a WHERE clause; NULL does not satisfy it."""
        name, parts = quoted(self.column), []
        if self.low == JUST_ABOVE_ZERO:
            parts.append(f"{name} > 0")
        elif self.low > -math.inf:
            parts.append(f"{name} >= {self._literal(self.low)}")
        if self.high == JUST_ABOVE_ZERO:
            parts.append(f"{name} <= 0")
        elif self.high < math.inf:
            parts.append(f"{name} < {self._literal(self.high)}")
        if not parts:
            parts.append(f"{name} IS NOT NULL")
        parts += [f"{name} <> {self._literal(code)}" for code in self.besides]
        return " AND ".join(parts)

    def _literal(self, value: float) -> str:
        if self.date:
            return f"DATE '{_day(value)}'"
        return literal(int(value)) if self.whole and value == int(value) else literal(float(value))

    def to_dict(self) -> dict[str, Any]:
        """As plain data; infinite ends become None."""
        return {
            "column": self.column,
            "low": None if self.low == -math.inf else self.low,
            "high": None if self.high == math.inf else self.high,
            "whole": self.whole,
            "besides": list(self.besides),
            **({"date": True} if self.date else {}),
        }


@dataclass(frozen=True)
class OneOf:
    """The column holds one of the given levels.

    Examples
    --------
    >>> c = OneOf("plan", ("gold", "o'clock"))
    >>> c.to_text()
    "plan gold or o'clock"
    >>> print(c.sql())
    "plan" IN ('gold', 'o''clock')
    >>> c.holds(np.array(["gold", "iron", None], dtype=object)).tolist()
    [True, False, False]
    """

    column: str
    levels: tuple[Level, ...]

    def holds(self, values: npt.NDArray[Any]) -> Bools:
        """Rows whose value is one of the levels."""
        inside: Bools = np.zeros(len(values), bool)
        for level in self.levels:
            inside |= np.asarray(values == level, bool)
        return inside

    def to_text(self) -> str:
        """The condition as readers of a page see it."""
        if len(self.levels) == 1:
            return f"{self.column} = {shown(self.levels[0])}"
        return f"{self.column} {' or '.join(shown(level) for level in self.levels)}"

    def edges(self) -> str:
        """In set notation, exact."""
        return f"{self.column} in {{{', '.join(exact(level) for level in self.levels)}}}"

    def sql(self) -> str:
        """For a WHERE clause; NULL does not satisfy it."""
        if len(self.levels) == 1:
            return f"{quoted(self.column)} = {literal(self.levels[0])}"
        return f"{quoted(self.column)} IN ({', '.join(literal(level) for level in self.levels)})"

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"column": self.column, "levels": list(self.levels)}


@dataclass(frozen=True)
class IsMissing:
    """The column has no value.

    Examples
    --------
    >>> IsMissing("income").sql(), IsMissing("income").to_text()
    ('"income" IS NULL', 'income missing')
    """

    column: str

    def holds(self, values: npt.NDArray[Any]) -> Bools:
        """Rows without a value."""
        return missing(values)

    def to_text(self) -> str:
        """The condition as readers of a page see it."""
        return f"{self.column} missing"

    def edges(self) -> str:
        """The same as text: there is no interval."""
        return f"{self.column} is missing"

    def sql(self) -> str:
        """For a WHERE clause."""
        return f"{quoted(self.column)} IS NULL"

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return {"column": self.column, "missing": True}


Condition: TypeAlias = Between | OneOf | IsMissing


def condition_from_dict(data: dict[str, Any]) -> Condition:
    """The inverse of every condition's ``to_dict``.

    Raises
    ------
    KeyError
        A field is absent.

    Examples
    --------
    >>> condition_from_dict(Between("age", 30, 40).to_dict())
    Between(column='age', low=30, high=40, whole=False, besides=(), date=False)
    """
    if data.get("missing"):
        return IsMissing(data["column"])
    if "levels" in data:
        return OneOf(data["column"], tuple(data["levels"]))
    low, high = data["low"], data["high"]
    return Between(
        data["column"],
        -math.inf if low is None else low,
        math.inf if high is None else high,
        data["whole"],
        tuple(data["besides"]),
        data.get("date", False),
    )


def _day(days: float) -> str:
    """Days since 1970 as text, such as 2026-08-31."""
    return str(np.datetime64(int(days), "D"))


def shown(value: Level) -> str:
    """A number or level as text: six digits at most, thousands apart from 10,000 on."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "''" if value == "" else str(value)
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
    return f"{value:.6g}"


def exact(value: Level) -> str:
    """A number with all its digits (``inf`` for open ends), or a quoted level."""
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return str(int(value)) if abs(value) < 1e15 else repr(value)
    return repr(value) if not isinstance(value, float) else repr(float(value))
