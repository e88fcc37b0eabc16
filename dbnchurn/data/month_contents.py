"""Columns that lost their values in one month, and months whose rows repeat those of another.

Both come of an export: a column was renamed in one file of many, or the file of a month holds
another month's rows under its own date.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from dbnchurn.core.errors import listed
from dbnchurn.core.sql import quoted
from dbnchurn.data.aggregates import day
from dbnchurn.data.plan import DataPlan, TablePlan, used
from dbnchurn.data.windows import Window, shift
from dbnchurn.tables.duckdb import Session

MOST = 0.95  # share of rows of a month from which on it is empty, or a repetition
USUAL = 0.5  # share up to which other months are, so that the month differs from them
FEWEST_ROWS = 20  # of a month, for a share to say something


def unlike_other_months(session: Session, plan: DataPlan, window: Window) -> list[str]:
    """Find months of the observation window whose contents are not those of the other months.

    Parameters
    ----------
    session : Session
        Has the clean tables.
    plan : DataPlan
    window : Window

    Returns
    -------
    list of str
        A sentence for every column that is empty in one month alone, and for every month in which
        the values of all customers are those of the month before.
    """
    found: list[str] = []
    for name, columns in _aggregated(plan).items():
        table = plan.tables[name]
        found += _emptied(session, name, table, columns, window)
        if table.rows == "month":
            found += _repeated(session, name, table, columns, window)
    return found


def _aggregated(plan: DataPlan) -> dict[str, list[str]]:
    """Columns, without key and date, of which features are made, by table with dates."""
    wanted: dict[str, list[str]] = {}
    for name, features in plan.features.items():
        table = plan.tables[name]
        columns = dict.fromkeys([*used(features.window), *used(features.month)])
        wanted.setdefault(name, []).extend(c for c in columns if c not in ("*", table.date))
        if table.through is not None and plan.tables[table.through.table].date is not None:
            wanted.setdefault(table.through.table, []).append(table.through.column)
    dated = {n: list(dict.fromkeys(c)) for n, c in wanted.items() if plan.tables[n].date}
    return {name: columns for name, columns in dated.items() if columns}


def _emptied(
    session: Session, name: str, table: TablePlan, columns: list[str], window: Window
) -> Iterator[str]:
    """Columns without values in months of the window, which the other months have."""
    when = quoted(table.date or "")
    counts = ", ".join(f"count({quoted(column)})" for column in columns)
    months = session.tally(
        f"SELECT strftime({when}, '%Y-%m') AS month, count(*), {counts} FROM {quoted(name)} "
        f"WHERE {when} >= {day(shift(window.start, '3 months', -1))} "
        f"AND {when} < {day(window.cutoff)} GROUP BY ALL ORDER BY 1"
    )
    first = f"{window.start:%Y-%m}"
    rows = sum(int(month[1]) for month in months)
    for place, column in enumerate(columns, 2):
        known = sum(int(month[place]) for month in months)
        empty = []
        for month, own, *filled in months:
            others, own_known = rows - own, filled[place - 2]
            if month < first or own < FEWEST_ROWS or own_known > (1 - MOST) * own:
                continue
            if others and known - own_known >= (1 - USUAL) * others:
                empty.append(month)
        if empty:
            yield (
                f"table {name!r}: the column {column!r} is empty in {listed(empty)} and has values "
                "in other months, as after a renaming"
            )


def _repeated(
    session: Session, name: str, table: TablePlan, columns: list[str], window: Window
) -> Iterator[str]:
    """Months in which customers have the very values of the month before, unlike other months."""
    key, when = quoted(table.key), quoted(table.date or "")
    equal = " AND ".join(f"a.{quoted(c)} IS NOT DISTINCT FROM b.{quoted(c)}" for c in columns)
    start = shift(window.start.replace(day=1), "2 months", -1)
    pairs = session.tally(
        f"SELECT strftime(b.{when}, '%Y-%m') AS month, count(*), count_if({equal}) "
        f"FROM {quoted(name)} a JOIN {quoted(name)} b ON a.{key} = b.{key} "
        f"AND b.{when} = a.{when} + INTERVAL 1 MONTH "
        f"WHERE a.{when} >= {day(start)} AND b.{when} < {day(window.cutoff)} "
        "GROUP BY ALL ORDER BY 1"
    )
    rows, same = (sum(int(pair[k]) for pair in pairs) for k in (1, 2))
    for month, own, alike in pairs:
        others = rows - own
        if str(month) < f"{window.start:%Y-%m}" or own < FEWEST_ROWS or alike < MOST * own:
            continue
        if others and same - alike <= USUAL * others:
            yield (
                f"table {name!r}: in {month}, {alike} of {own} customers have the values of the "
                f"month before in {listed(columns)}, unlike in other months: the file of another "
                "month may have been delivered"
            )


def dated_ahead(session: Session, plan: DataPlan, until: date) -> list[str]:
    """Find tables with rows of days that are still to come, which no window reaches.

    Parameters
    ----------
    session : Session
        Has the clean tables.
    plan : DataPlan
    until : date
        The first such day.

    Returns
    -------
    list of str
        A sentence for every such table.
    """
    found = []
    for name, table in plan.tables.items():
        if table.rows not in ("month", "event") or table.date is None:
            continue
        when = quoted(table.date)
        rows, newest = session.total(
            f"SELECT count(*), strftime(max({when}), '%Y-%m-%d') FROM {quoted(name)} "
            f"WHERE {when} >= {day(until)}",
            "sum max",
        )
        if rows:
            one = "row of" if rows == 1 else "rows of"
            found.append(
                f"table {name!r}: {rows} {one} days to come, the newest of {newest}, "
                f"{'is' if rows == 1 else 'are'} not used"
            )
    return found
