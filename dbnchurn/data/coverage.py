"""Whether the rows of the source tables reach over the windows of a cutoff.

A table of months needs every month of its window. A table of events needs no row on any one day:
it may be without rows for as long as it was in training, and a week in any case.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from statistics import median

from dbnchurn.core.errors import ConfigError, DataError, listed
from dbnchurn.core.sql import quoted
from dbnchurn.data.aggregates import Span, day, whole_span
from dbnchurn.data.plan import DataPlan, TablePlan, used
from dbnchurn.data.windows import Window, shift
from dbnchurn.tables.duckdb import Session

FEWEST_DAYS = 3  # days with rows below which nothing is known about the gaps between them
FEW_GAPS = 10  # up to which the longest may be as usual as the others
SHORTEST = 7  # days without rows that are never a fault, unless the plan says so
MONTH = 28  # days without rows that may be a lost month
FEW_ROWS = 0.1  # share of the fullest month's rows below which a month is not there
MANY_ROWS = 100  # rows of the fullest month from which on that share says something


@dataclass(frozen=True)
class Coverage:
    """What the source tables lack for a scoring month, and who is no customer any more.

    Parameters
    ----------
    uncovered : tuple of str
        A sentence for every table whose rows do not reach over the windows.
    reason : str, optional
        Why that was allowed.
    gone : int, default 0
        Customers with a row within the observation window, but none in the last month, of a base
        table of months: they are not in the snapshot.
    """

    uncovered: tuple[str, ...] = ()
    reason: str | None = None
    gone: int = 0

    def lines(self) -> list[str]:
        """Sentences for the terminal."""
        lines = [f"stale, and allowed ({self.reason}): {found}" for found in self.uncovered]
        if self.reason is not None and not self.uncovered:
            lines.append("no table is stale, so --allow-stale was not needed")
        if self.gone:
            lines.append(
                "customers of the base table without a row in its last month before the cutoff: "
                f"{self.gone}; they count as gone"
            )
        return lines


def check_reason(reason: str | None) -> None:
    """Refuse an empty reason for a stale month.

    Raises
    ------
    ConfigError
        If it is empty.
    """
    if reason is not None and not reason.strip():
        raise ConfigError("--allow-stale needs a reason, such as 'billing is two days late'")


def refuse_uncovered(found: Sequence[str], cutoff: date, reason: str | None) -> None:
    """Refuse a month that its tables do not cover, unless there is a reason to go on.

    Parameters
    ----------
    found : sequence of str
        As :func:`uncovered` gives it.
    cutoff : date
    reason : str or None

    Raises
    ------
    DataError
        With a sentence for every table.
    """
    if found and reason is None:
        raise DataError(
            f"the source tables do not cover the windows of the cutoff {cutoff}: "
            f"{'; '.join(found)}; wait for the rows, give their place with --table, choose another "
            "cutoff, or give --allow-stale REASON (allow_stale='…')"
        )


def uncovered(session: Session, plan: DataPlan, window: Window) -> list[str]:
    """Find the tables whose rows do not reach over the windows of a cutoff.

    Parameters
    ----------
    session : Session
        Has the clean tables.
    plan : DataPlan
    window : Window

    Returns
    -------
    list of str
        A sentence for every table that ends too early, begins too late or has a gap.
    """
    found: list[str] = []
    for name, start in _needed(plan, window).items():
        table = plan.tables[name]
        if table.rows == "month":
            last = shift(window.cutoff, "1 month", -1)
            found += _months(session, name, table, replace(window, start=start or last))
        else:
            found += _events(session, name, table, window, start)
    return found


def unfinished_outcome(session: Session, plan: DataPlan, window: Window) -> list[str]:
    """Whether the label's table ends before the outcome window does, so that leavers are missing.

    Parameters
    ----------
    session : Session
        Has the clean tables.
    plan : DataPlan
    window : Window

    Returns
    -------
    list of str
        One sentence, or none; none of a label without dates.
    """
    label = plan.label
    if label is None or plan.tables[label.table].date is None or label.kind == "column":
        return []
    name, table = label.table, plan.tables[label.table]
    if table.rows == "month":
        before = shift(window.opens, "1 month", -1)  # whose rows say how many a month has
        over = replace(window, start=before, cutoff=window.closes)
        return [
            f"the outcome window {window.opens} to {window.closes} is not over: {sentence}"
            for sentence in _months(session, name, table, over)
        ]
    days = _days(session, name, table, window.closes)
    most = table.max_gap if table.max_gap is not None else usual_gap(days)
    if most is None or not days or (early := (window.closes - days[-1]).days) <= most:
        return []
    return [
        f"the outcome window {window.opens} to {window.closes} is not over: the last row of table "
        f"{name!r} is of {days[-1]}, {early} days before its end; the table may be without rows "
        f"for {most} days at most"
    ]


def _needed(plan: DataPlan, window: Window) -> Mapping[str, date | None]:
    """Tables with dates that a snapshot uses → day from which on; None where only the end counts.

    The label's table says who has left already.
    """
    needed: dict[str, date | None] = {}
    base, windows = plan.tables[plan.base], plan.windows
    if base.rows == "event" or (base.rows == "month" and windows and windows.active):
        needed[plan.base] = window.active
    elif base.rows == "month":
        needed[plan.base] = None  # its last month says who is a customer
    if plan.label is not None and plan.label.kind in ("events", "status"):
        needed.setdefault(plan.label.table, None)
    for name, features in plan.features.items():
        through = plan.tables[name].through
        if used(features.window) or used(features.month):
            needed[name] = window.start
        elif through is not None and plan.tables[through.table].rows in ("month", "event"):
            needed.setdefault(through.table, None)
    for name, neighbours in plan.neighbours.items():
        needed |= dict.fromkeys((name, *neighbours.usage), window.start)
    return needed


def months_there(session: Session, name: str, table: TablePlan, span: Span) -> list[date]:
    """Months of a span of which a table of months has rows, the earliest first.

    A month with hardly any rows beside the fullest is not there: such rows are strays.

    Parameters
    ----------
    session : Session
        Has the clean table.
    name : str
    table : TablePlan
    span : Span

    Returns
    -------
    list of date
    """
    when = quoted(table.date or "")
    rows = session.tally(
        f"SELECT CAST(CAST({when} AS DATE) AS VARCHAR) AS month, count(*) FROM {quoted(name)} "
        f"WHERE {when} >= {day(span.start)} AND {when} < {day(span.until)} "
        "GROUP BY ALL ORDER BY 1"
    )
    most = max((n for _, n in rows), default=0)
    least = FEW_ROWS * most if most >= MANY_ROWS else 0
    return [date.fromisoformat(month) for month, n in rows if n >= least]


def _months(session: Session, name: str, table: TablePlan, window: Window) -> Iterator[str]:
    span = whole_span(table, window)
    wanted, month = [], span.start
    while month < span.until:
        wanted.append(month)
        month = shift(month, "1 month")
    there = months_there(session, name, table, span)
    absent = [f"{month:%Y-%m}" for month in wanted if month not in there]
    if not absent:
        return
    newest = session.total(
        f"SELECT strftime(max({quoted(table.date or '')}), '%Y-%m') FROM {quoted(name)} "
        f"WHERE {quoted(table.date or '')} < {day(span.until)}",
        "max",
    )[0]
    has = "has no month before the cutoff" if newest is None else f"ends with {newest}"
    if wanted[-1] in there:
        has = "lacks months" if wanted[0] in there else f"begins with {there[0]:%Y-%m}"
    yield (
        f"table {name!r} {has}, the windows need {wanted[0]:%Y-%m} to {wanted[-1]:%Y-%m}: rows of "
        f"{listed(absent)} are missing or far too few"
    )


def _events(
    session: Session, name: str, table: TablePlan, window: Window, start: date | None
) -> Iterator[str]:
    days = _days(session, name, table, window.cutoff)
    if not days:
        yield f"table {name!r} has no rows before the cutoff"
        return
    most = table.max_gap if table.max_gap is not None else usual_gap(days)
    if most is None:
        return
    need = f"may be without rows for {most} days at most"
    if (late := (window.cutoff - days[-1]).days) > most:
        yield (
            f"table {name!r}: the last row before the cutoff is of {days[-1]}, {late} days before "
            f"it; the table {need}"
        )
    if start is None:
        return
    if (late := (days[0] - start).days) > most:
        yield (
            f"table {name!r}: the first row is of {days[0]}, the windows begin {start}, {late} "
            f"days earlier; the table {need}"
        )
    for one, other in pairwise(days):
        gap = (other - max(one, start)).days
        if other > start and gap > max(most, MONTH - 1):
            yield f"table {name!r} has no rows between {one} and {other}; it {need}"


def _days(session: Session, name: str, table: TablePlan, until: date) -> list[date]:
    """Days before a date that have rows, the earliest first."""
    when = quoted(table.date or "")
    return [
        date.fromisoformat(found)
        for found, _ in session.tally(
            f"SELECT CAST(CAST({when} AS DATE) AS VARCHAR), count(*) FROM {quoted(name)} "
            f"WHERE {when} < {day(until)} GROUP BY ALL ORDER BY 1"
        )
    ]


def usual_gap(days: Sequence[date]) -> int | None:
    """Days that a table may be without rows, by the gaps between its days with rows.

    The longest gap (the longest but one of many, for the longest may be a month that was lost), and
    as much again as it is longer than the median: where rows come by chance, the next gap may well
    be the longest.

    Parameters
    ----------
    days : sequence of date
        Days with rows, in order.

    Returns
    -------
    int or None
        At least 7; None where too few days have rows.

    Examples
    --------
    >>> usual_gap([date(2024, month, 1) for month in range(1, 9)])  # a reading a month
    31
    >>> usual_gap([date(2024, 5, 1), date(2024, 5, 2)]) is None
    True
    """
    if len(days) < FEWEST_DAYS:
        return None
    gaps = sorted((other - one).days for one, other in pairwise(days))
    longest = gaps[-2] if len(gaps) > FEW_GAPS else gaps[-1]
    return max(SHORTEST, math.ceil(longest + (longest - median(gaps))))


def with_gaps(session: Session, plan: DataPlan, until: date) -> DataPlan:
    """The plan with ``max_gap`` for every table of events, as its rows before a date have it.

    Parameters
    ----------
    session : Session
        Has the clean tables.
    plan : DataPlan
    until : date
        The last cutoff of the training.

    Returns
    -------
    DataPlan
    """
    tables = dict(plan.tables)
    for name, table in plan.tables.items():
        if table.rows == "event" and table.max_gap is None:
            gap = usual_gap(_days(session, name, table, until))
            tables[name] = table.model_copy(update={"max_gap": gap})
    return plan.model_copy(update={"tables": tables})
