"""Observation window, gap and outcome window around a cutoff; each excludes its last day.

::

    start ───── observation ─────▶ cutoff ── gap ──▶ opens ── outcome ──▶ closes

Features use rows with start ≤ date < cutoff, the label those with opens ≤ date < closes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Annotated

from dateutil.relativedelta import relativedelta
from pydantic import Field, field_validator, model_validator

from dbnchurn.config.from_signatures import Section
from dbnchurn.core.errors import ConfigError

SPAN = r"^[0-9]+ (day|week|month)s?$"
LONGEST = {"day": 36_525, "week": 5_218, "month": 1_200}
Duration = Annotated[str, Field(pattern=SPAN, examples=["3 months", "90 days"])]


@dataclass(frozen=True)
class Window:
    """The dates around one cutoff.

    Parameters
    ----------
    start, cutoff, opens, closes : date
    active : date
        A customer needs a record from this date on (and before the cutoff) to be in the snapshot;
        of a base table of months, in its last month, unless the windows say ``active``.
    """

    start: date
    active: date
    cutoff: date
    opens: date
    closes: date


class Windows(Section):
    """Cutoffs of the snapshots, and lengths of the windows for features and label.

    Attributes
    ----------
    cutoffs : tuple of date
        One snapshot of all customers for each.
    observation, gap, outcome : str
        Such as ``3 months`` or ``30 days``.
    active : str, optional
        Only customers with a record within this span before the cutoff are in a snapshot; by
        default the whole observation window, and of a base table of months its last month.
    overlapping : bool, default False
        Allow outcome windows of different cutoffs to overlap, so that one departure may be the
        label of several snapshots.

    Examples
    --------
    >>> windows = Windows(cutoffs=(date(2024, 8, 1),))
    >>> windows.at(date(2024, 8, 1)).start, windows.at(date(2024, 8, 1)).closes
    (datetime.date(2024, 5, 1), datetime.date(2024, 9, 1))
    """

    cutoffs: tuple[date, ...] = Field(min_length=1)
    observation: Duration = "3 months"
    gap: Duration = "0 days"
    outcome: Duration = "1 month"
    active: Duration | None = None
    overlapping: bool = False

    @field_validator("observation", "outcome", "active")
    @classmethod
    def _not_empty(cls, span: str | None) -> str | None:
        if span is not None and int(span.split()[0]) == 0:
            raise ValueError("a window of no length covers nothing; give for example '1 month'")
        return span

    @field_validator("observation", "gap", "outcome", "active")
    @classmethod
    def _within_a_century(cls, span: str | None) -> str | None:
        if span is not None:
            number, unit = span.split()
            most = LONGEST[unit.rstrip("s")]
            if len(number) > len(str(most)) or int(number) > most:
                raise ValueError(f"a window of more than {most} {unit} is longer than a century")
        return span

    @model_validator(mode="after")
    def _no_overlap(self) -> Windows:
        ordered = sorted(self.cutoffs)
        for earlier, later in pairwise(ordered):
            if earlier == later:
                raise ValueError(f"the cutoff {earlier} is given twice")
            closes, opens = self.at(earlier).closes, self.at(later).opens
            if closes > opens and not self.overlapping:
                raise ValueError(
                    f"the outcome windows of the cutoffs {earlier} (until {closes}) and {later} "
                    f"(from {opens}) overlap, so one departure would be counted twice; move the "
                    "cutoffs apart, shorten outcome, or say overlapping: true"
                )
        return self

    @property
    def months(self) -> int | None:
        """Length of the observation window in months, if it is given in months."""
        number, unit = self.observation.split()
        return int(number) if unit.startswith("month") else None

    def at(self, cutoff: date) -> Window:
        """The dates around a cutoff."""
        opens = shift(cutoff, self.gap)
        return Window(
            start=shift(cutoff, self.observation, -1),
            active=shift(cutoff, self.active or self.observation, -1),
            cutoff=cutoff,
            opens=opens,
            closes=shift(opens, self.outcome),
        )


def shift(day: date, span: str, times: int = 1) -> date:
    """The date some spans later, or earlier if `times` is negative.

    A day that the month does not have becomes its last day.

    Parameters
    ----------
    day : date
    span : str
        Such as ``3 months``, ``2 weeks`` or ``30 days``.
    times : int, default 1

    Returns
    -------
    date

    Raises
    ------
    ValueError
        If `span` is not written like that.
    ConfigError
        If there is no such date.

    Examples
    --------
    >>> shift(date(2024, 3, 31), "1 month", -1)
    datetime.date(2024, 2, 29)
    """
    match = re.fullmatch(r"([0-9]+) (day|week|month)s?", span)
    if match is None:
        raise ValueError(f"not a span: {span!r}; write for example '3 months'")
    number, unit = int(match[1]) * times, match[2]
    try:
        later: date = day + relativedelta(
            days=number if unit == "day" else 0,
            weeks=number if unit == "week" else 0,
            months=number if unit == "month" else 0,
        )
    except (ValueError, OverflowError) as error:
        raise ConfigError(
            f"{span} {'before' if times < 0 else 'after'} {day} there is no date: years are 1 to "
            "9999; choose another cutoff"
        ) from error
    return later
