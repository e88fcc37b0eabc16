"""Purchases from a table with a customer, an item and a date in every row, by DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from dbnchurn.core.errors import DataError, did_you_mean
from dbnchurn.core.sql import quoted
from dbnchurn.core.typing import Ints32
from dbnchurn.offers.holding_table import customer_ids
from dbnchurn.offers.purchases import Purchases
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.zoned_times import refuse_zones

USUAL_WEEKS = 4
LEAST_SHARE = 0.5  # of the usual purchases; below, the last week is held for unfinished


@dataclass(frozen=True)
class PurchaseColumns:
    """What the columns of a table of purchases are.

    Parameters
    ----------
    customer, item, date : str
    group : str, optional
        What kind of item it is.
    """

    customer: str
    item: str
    date: str
    group: str | None = None


def read_purchases(
    session: Session,
    relation: str,
    columns: PurchaseColumns,
    *,
    where: str,
    until: date | None = None,
    today: date | None = None,
) -> Purchases:
    """Read all purchases of a relation.

    Parameters
    ----------
    session : Session
    relation : str
        Its SQL name.
    columns : PurchaseColumns
    where : str
        Name of the table, for messages.
    until : date, optional
        Last complete day; by default the last date of the table.
    today : date, optional
        After which no date can lie; by default that of the machine.

    Returns
    -------
    Purchases
        Customers and items in the order of their names, whatever order the rows had.

    Raises
    ------
    DataError
        With all that is wrong in columns and values.
    """
    kinds = session.columns(relation)
    named = [columns.customer, columns.item, columns.date, columns.group]
    absent = [name for name in named if name is not None and name not in kinds]
    if absent:
        raise DataError(
            f"{where}: "
            + "; ".join(f"there is no column {n!r}: {did_you_mean(n, kinds)}" for n in absent)
        )
    _check_kind(session, relation, columns.date, kinds[columns.date], where)
    group = "NULL" if columns.group is None else f"nullif(trim({_text(columns.group)}), '')"
    session.run(
        f"CREATE TABLE given AS SELECT {quoted(columns.customer)} AS customer, "
        f"nullif(trim({_text(columns.item)}), '') AS item, {group} AS kind, "
        f"TRY_CAST({quoted(columns.date)} AS TIMESTAMP)::DATE AS day FROM {relation}"
    )
    notes: list[str] = []
    last = _checked(session, columns, where, until, today or date.today(), notes)
    return _purchases(session, columns, where, last, until is None, notes)


def _text(column: str) -> str:
    return f"CAST({quoted(column)} AS VARCHAR)"


def _check_kind(session: Session, relation: str, name: str, kind: str, where: str) -> None:
    """Refuse dates that are numbers, and times whose day depends on where they are read."""
    refuse_zones(session, relation, [name], where)
    if not (kind in ("DATE", "VARCHAR") or kind.startswith("TIMESTAMP")):
        raise DataError(
            f"{where}: column {name!r} holds numbers ({kind}) where dates are wanted, such as "
            "2026-08-31"
        )


def _checked(
    session: Session,
    columns: PurchaseColumns,
    where: str,
    until: date | None,
    today: date,
    notes: list[str],
) -> date:
    """The last complete day, when nothing is wrong with the rows."""
    problems = list(_problems(session, columns, today))
    rows, first, latest = session.row("SELECT count(*), min(day), max(day) FROM given")
    if not rows:
        problems.append("there are no purchases")
    elif until is not None and first is not None and until < first:
        problems.append(f"until is {until}, and the first purchase is of {first}")
    if problems:
        raise DataError(f"{where}: {'; '.join(problems)}")
    last: date = latest if until is None else until
    if later := session.row(f"SELECT count(*) FROM given WHERE day > DATE '{last}'")[0]:
        notes.append(
            f"{later} purchases after {last} (until) take no part; what was bought then is not "
            "offered"
        )
    if last > latest:
        notes.append(f"the last purchase is of {latest}, before until {last}")
    distinct = session.row("SELECT count(*) FROM (SELECT DISTINCT customer, item, day FROM given)")[
        0
    ]
    if rows > distinct:
        notes.append(
            f"{rows - distinct} rows repeat customer, item and day of another; they count once"
        )
    return last


def _problems(session: Session, columns: PurchaseColumns, today: date) -> Iterator[str]:
    for name, column, what in (
        ("customer", columns.customer, "name each customer"),
        ("item", columns.item, "name each item"),
        ("day", columns.date, "write dates as 2026-08-31"),
    ):
        empty = session.row(f"SELECT count(*) FROM given WHERE {name} IS NULL")[0]
        if empty:
            say = "holds no date" if name == "day" else "is empty"
            yield f"column {column!r} {say} in {empty} rows; {what}"
    future, such = session.row(f"SELECT count(*), max(day) FROM given WHERE day > DATE '{today}'")
    if future:
        yield (
            f"{future} rows have a date in the future, up to {such} in column {columns.date!r}; "
            "leave out what has not happened yet"
        )
    alike = session.rows(
        "SELECT list_sort(list(DISTINCT item)) FROM given WHERE item IS NOT NULL "
        "GROUP BY lower(item) HAVING count(DISTINCT item) > 1 ORDER BY 1"
    )
    if alike:
        shown = "; ".join(" and ".join(map(repr, names)) for (names,) in alike[:3])
        yield (
            f"{len(alike)} items are spelled in several ways, such as {shown}; spell each in one"
        )
    if columns.group is not None:
        several = session.rows(
            "SELECT item, min(kind), max(kind) FROM given WHERE kind IS NOT NULL GROUP BY item "
            "HAVING min(kind) < max(kind) ORDER BY item"
        )
        if several:
            item, one, other = several[0]
            yield (
                f"{len(several)} items are in several groups of column {columns.group!r}, such as "
                f"{item!r} in {one!r} and {other!r}; give each item one group"
            )


def _purchases(
    session: Session,
    columns: PurchaseColumns,
    where: str,
    last: date,
    is_default: bool,
    notes: list[str],
) -> Purchases:
    first = session.row("SELECT min(day) FROM given")[0]
    n_weeks = max(1, ((last - first).days + 1) // 7)
    day = f"datediff('day', day, DATE '{last}')"
    session.run(
        f"CREATE TABLE weekly AS SELECT DISTINCT customer, item, CASE WHEN day > DATE '{last}' "
        f"THEN {n_weeks} ELSE greatest(0, {n_weeks - 1} - {day} // 7) END::INTEGER AS week "
        "FROM given"
    )
    groups = dict(session.rows("SELECT item, max(kind) FROM given GROUP BY item ORDER BY item"))
    session.run("DROP TABLE given")
    ids = session.arrow("SELECT DISTINCT customer FROM weekly ORDER BY customer").to_pandas()
    words = customer_ids(ids["customer"].rename(columns.customer), where).to_numpy(str)
    names, place = np.unique(words, return_inverse=True)
    numbered = (
        "(SELECT {0}, (row_number() OVER (ORDER BY {0}) - 1)::INTEGER AS number FROM "
        "(SELECT DISTINCT {0} FROM weekly))"
    )
    table = session.arrow(
        f"SELECT c.number, i.number AS item, w.week FROM weekly w JOIN "
        f"{numbered.format('customer')} c USING (customer) JOIN {numbered.format('item')} i "
        "USING (item)"
    )

    def column(name: str) -> Ints32:
        return np.asarray(table.column(name).to_numpy(), np.int32)

    customer = place.astype(np.int32)[column("number")]
    item, week = column("item"), column("week")
    if len(names) < len(words):  # such as 7 and 7.0, which are one customer
        customer, item, week = np.unique(np.column_stack([customer, item, week]), axis=0).T
    bought = Purchases(
        tuple(names.tolist()), tuple(groups), customer, item, week, n_weeks, last,
        tuple(groups.values()),
    )  # fmt: skip
    _check_weeks(bought, where, is_default, notes)
    if columns.group is not None and None in bought.groups:
        notes.append(
            f"{bought.groups.count(None)} items have no group in column {columns.group!r}; they "
            "are siblings of none"
        )
    return replace(bought, notes=tuple(notes))


def _check_weeks(bought: Purchases, where: str, is_default: bool, notes: list[str]) -> None:
    """Refuse a last week that seems unfinished, and say which weeks are empty."""
    counts = np.bincount(bought.week, minlength=bought.n_weeks)[: bought.n_weeks]
    usual = float(counts[-1 - USUAL_WEEKS : -1].mean()) if len(counts) > USUAL_WEEKS else 0.0
    if is_default and counts[-1] < LEAST_SHARE * usual - 3 * np.sqrt(usual):
        raise DataError(
            f"{where}: the week up to {bought.until} has {counts[-1]} purchases where "
            f"{usual:.0f} are usual, so that it seems unfinished; say until, the last day that is "
            "complete"
        )
    if empty := int((counts == 0).sum()):
        notes.append(f"{empty} of {len(counts)} weeks have no purchase of anybody")
