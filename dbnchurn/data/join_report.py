"""How the rows of every table match the customers, and which tables match none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dbnchurn.core.sql import quoted
from dbnchurn.data.joins import comparable
from dbnchurn.data.plan import DataPlan
from dbnchurn.tables.duckdb import Session

FEWEST_KEYS = 20  # of a table, for none of them to be a customer's by a mistake alone
SPELLED = 0.05  # share of keys that match only without leading zeros, from which on it is refused


@dataclass(frozen=True)
class Join:
    """How the rows of a table match the customers of the base table.

    Parameters
    ----------
    table : str
    rows, keys : int
        Number of rows, and of different keys.
    matched : float
        Share of the customers of the base table that have a row.
    mean_rows : float
        Rows per key.
    most_rows : int
        Rows of the key with the most.
    orphans : int
        Keys that the base table does not have.
    """

    table: str
    rows: int
    keys: int
    matched: float
    mean_rows: float
    most_rows: int
    orphans: int


def report_joins(session: Session, plan: DataPlan) -> list[Join]:
    """How the rows of every table match the customers of the base table.

    Parameters
    ----------
    session : Session
        Has every clean table under its name.
    plan : DataPlan

    Returns
    -------
    list of Join
        In the order of the plan.
    """
    base = plan.tables[plan.base]
    session.run(
        f"CREATE TABLE customers_of_base AS SELECT DISTINCT {quoted(base.key)} AS key "
        f"FROM {quoted(plan.base)}"
    )
    customers = session.total("SELECT count(*) FROM customers_of_base", "sum")[0]
    report = []
    for name, table in plan.tables.items():
        once = table.through is not None
        key, other = quoted(table.key), "SELECT key FROM customers_of_base"
        if table.through is not None:
            way = table.through
            there = comparable(quoted(way.column), plan, way)
            other = f"SELECT {there} AS key FROM {quoted(way.table)}"
            key = f"CAST({key} AS VARCHAR)"
        by_key = f"SELECT {key} AS k, count(*) AS n FROM {quoted(name)} GROUP BY ALL"
        rows, keys, most, matched = session.total(
            "SELECT coalesce(sum(n), 0)::BIGINT, count(*), coalesce(max(n), 0), "
            f"coalesce(count_if(k IN ({other})), 0)::BIGINT FROM ({by_key})",
            "sum sum max sum",
            once=once,
        )
        if once and session.counts is not None:  # an entry may be met in several parts
            met = f"SELECT k, 1::BIGINT FROM ({by_key}) WHERE k IN ({other}) ORDER BY k"
            matched = len(session.tally(met))
        total = keys if once else customers
        report.append(
            Join(
                name,
                int(rows),
                keys,
                matched / max(total, 1),
                float(rows) / max(keys, 1),
                most,
                keys - matched,
            )
        )
    session.run("DROP TABLE customers_of_base")
    return report


def refuse_unmatched(session: Session, plan: DataPlan, joins: Sequence[Join]) -> None:
    """Refuse tables whose keys are written otherwise than those of the customers.

    Parameters
    ----------
    session : Session
        Has every clean table under its name.
    plan : DataPlan
    joins : sequence of Join
        As :func:`report_joins` gives it.

    Raises
    ------
    DataError
        If no key of a table is one of the base table, or of the column that a lookup is joined
        through, or many are only without leading zeros and case.
    """
    for join in joins:
        table, way = plan.tables[join.table], plan.tables[join.table].through
        if join.table == plan.base or join.table not in plan.features:
            continue
        other, column = plan.base, plan.tables[plan.base].key
        theirs, how = _text(column), "mend the keys, or say key_kind: number in both"
        if way is not None:
            other, column = way.table, way.column
            theirs, how = comparable(quoted(column), plan, way), "mend the keys"
        own = f"SELECT {_text(table.key)} AS k FROM {quoted(join.table)}"
        others = f"SELECT {theirs} AS k FROM {quoted(other)}"
        loose = 0
        if session.counts is None:  # parts of a table are divided by its keys as they are written
            loose = session.row(_loosely_matched(own, others))[0]
        matched, fewest = join.keys - join.orphans, FEWEST_KEYS if way is None else 1
        if (matched or join.keys < fewest) and loose <= SPELLED * join.keys:
            continue
        here, there = (_example(session, keys) for keys in (own, others))
        session.refuse(
            f"table {join.table!r}: {join.orphans} of {join.keys} keys {table.key!r}{here} are no "
            f"{column!r} of {other!r}{there}"
            + (f"; {loose} are, but for leading zeros and case" if loose else "")
            + f"; {how}"
        )


def _example(session: Session, keys: str) -> str:
    """A key of a query, for a message; of a whole table alone, as parts have no common example."""
    if session.counts is not None:
        return ""
    return f" (such as {session.row(f'SELECT min(k) FROM ({keys})')[0]!r})"


def _text(column: str) -> str:
    return f"CAST({quoted(column)} AS VARCHAR)"


def _loosely_matched(own: str, others: str) -> str:
    """Query for the number of keys ``k`` of one query that another has, but spelled otherwise.

    Blanks, leading zeros, a ``.0`` at the end, and case do not count.
    """
    loose = "regexp_replace(regexp_replace(lower(trim(k)), '^0+', ''), '[.]0$', '')"
    own, others = (
        f"(SELECT k, {loose} AS loose FROM (SELECT DISTINCT k FROM ({keys}) WHERE k IS NOT NULL))"
        for keys in (own, others)
    )
    return (
        f"SELECT count(*) FROM {own} WHERE loose IN (SELECT loose FROM {others}) "
        f"AND k NOT IN (SELECT k FROM {others})"
    )
