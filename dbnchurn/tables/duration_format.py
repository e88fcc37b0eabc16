"""How a column of text writes spans of time, and the days that they last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.sql import text_literal
from dbnchurn.core.typing import Floats
from dbnchurn.tables.date_format import DAY
from dbnchurn.tables.named_parts import matches_of, named_parts, number_of_part

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LazyModule("pandas")

YEAR = 365.2425 * DAY
SPANS = {
    "y": YEAR, "mo": YEAR / 12, "w": 7 * DAY, "d": DAY, "h": 3600.0, "m": 60.0, "s": 1.0,
}  # fmt: skip
"""Part of a span → its seconds; years and months have their mean length."""
DAY_PARTS = 4  # of the parts, before hours, minutes and seconds

DURATIONS = (
    r"^(?P<n>-)?(?:(?P<d>\d+) days?,? ?)?(?:(?P<p>\+)?(?P<h>\d{1,4}):(?P<m>[0-5]\d):"
    r"(?P<s>[0-5]\d(?:\.\d+)?))?$",
    r"^(?P<n>-)?P(?:(?P<y>\d+(?:\.\d+)?)Y)?(?:(?P<mo>\d+(?:\.\d+)?)M)?"
    r"(?:(?P<w>\d+(?:\.\d+)?)W)?(?:(?P<d>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<h>\d+(?:\.\d+)?)H)?(?:(?P<m>\d+(?:\.\d+)?)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?$",
)
"""Spans as pandas and spreadsheets write them, and as ISO 8601 has them."""


@dataclass(frozen=True)
class DurationFormat:
    """Spans of time such as ``3 days 02:30:00``, ``02:30:00`` or ``P3DT2H30M``, read as days.

    Years and months, as in ``P1Y2M``, have their mean length of 365.2425 days and a twelfth of it.

    Examples
    --------
    >>> DurationFormat().parse(["-1 days +12:00:00", "P2W", "P1Y"]).tolist()
    [-0.5, 14.0, 365.2425]
    >>> DurationFormat().parse(["1 days 12:00:00", "06:00:00", "PT6H", "basic"]).tolist()
    [1.5, 0.25, 0.25, nan]
    """

    @property
    def picture(self) -> str:
        """The name of the format in configs and artifacts."""
        return "duration"

    def parse(self, texts: Sequence[str] | pd.Series[Any]) -> Floats:
        """The days that texts stand for.

        Parameters
        ----------
        texts : sequence of n str

        Returns
        -------
        float64 array of shape (n,)
            NaN where a text is no span of time.
        """
        days = np.full(len(texts), np.nan)
        for pattern in DURATIONS:
            fitting, matches = matches_of(pattern, texts)
            if not matches:
                continue
            found = named_parts(matches)
            given = found.notna().to_numpy()
            parts = [
                np.nan_to_num(number_of_part(found, part, 0.0)) * s for part, s in SPANS.items()
            ]
            sign = np.where(found["n"].notna(), -1.0, 1.0)
            # The sign of '-1 days +02:00:00' is that of the days alone.
            of_time = np.where(found["p"].notna(), 1.0, sign) if "p" in found else sign
            seconds = sign * sum(parts[:DAY_PARTS]) + of_time * sum(parts[DAY_PARTS:])
            some = given[:, 1:].any(axis=1)  # a part beside the sign
            days[fitting[some]] = seconds[some] / DAY
        return days

    def sql(self, text: str) -> str:
        """SQL of the days that a text stands for, NULL where it is no span of time.

        Parameters
        ----------
        text : str
            SQL expression of the text.

        Returns
        -------
        str
        """
        choices = []
        for pattern in DURATIONS:
            names = re.findall(r"\?P<(\w+)>", pattern)
            plain = re.sub(r"\?P<\w+>", "", pattern)
            part = {
                name: f"regexp_extract({text}, {text_literal(plain)}, {place})"
                for place, name in enumerate(names, 1)
            }
            seconds = {
                name: f"coalesce(TRY_CAST({part[name]} AS DOUBLE), 0) * {length!r}"
                for name, length in SPANS.items()
                if name in part
            }
            sign = f"CASE WHEN {part['n']} = '-' THEN -1 ELSE 1 END"
            plus = f"CASE WHEN {part['p']} = '+' THEN 1 ELSE {sign} END" if "p" in part else sign
            spans = list(SPANS)
            date = " + ".join(v for k, v in seconds.items() if spans.index(k) < DAY_PARTS)
            time = " + ".join(v for k, v in seconds.items() if spans.index(k) >= DAY_PARTS)
            some = " OR ".join(f"{part[name]} <> ''" for name in seconds)
            choices.append(
                f"WHEN regexp_full_match({text}, {text_literal(plain)}) AND ({some}) "
                f"THEN (({sign}) * ({date}) + ({plus}) * ({time})) / {DAY}"
            )
        return f"(CASE {' '.join(choices)} END)"
