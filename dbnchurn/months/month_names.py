"""Months as readers write them, in English whatever the machine's language is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dbnchurn.core.html.format import joined

NAMES = ("January", "February", "March", "April", "May", "June", "July", "August", "September",
         "October", "November", "December")  # fmt: skip


def month_name(day: date) -> str:
    """The month that a cutoff begins, or the day where it is not the first of a month.

    Examples
    --------
    >>> month_name(date(2025, 9, 1)), month_name(date(2025, 9, 15))
    ('September 2025', '15 September 2025')
    """
    name = f"{NAMES[day.month - 1]} {day.year}"
    return name if day.day == 1 else f"{day.day} {name}"


def month_list(days: Sequence[date]) -> str:
    """Months, each once; three or more in a row as the first to the last.

    Parameters
    ----------
    days : sequence of date
        The earliest first.

    Returns
    -------
    str

    Examples
    --------
    >>> month_list([date(2025, 8, 1), date(2025, 9, 1)])
    'August and September 2025'
    >>> month_list([date(2025, month, 1) for month in (7, 8, 9)])
    'July to September 2025'
    >>> month_list([date(2025, month, 1) for month in (1, 3, 9)])
    'January, March and September 2025'
    """
    numbers = [12 * day.year + day.month for day in days]
    follow = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    names = [month_name(day) for day in days]
    if len({day.year for day in days}) == 1:  # once, after the last
        names = [name.removesuffix(f" {days[0].year}") for name in names[:-1]] + names[-1:]
    if len(days) > 2 and follow and all(day.day == 1 for day in days):
        return f"{names[0]} to {names[-1]}"
    return joined(names)
