"""Holds source tables to their contracts, inside DuckDB.

Nothing here is fitted. Values get their types and codes their one spelling; rows that break the
contract go to quarantine with a reason; exact copies and repeats of a key and date are removed.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dbnchurn.data import suspect
from dbnchurn.data.plan import ColumnKind, Rule, TablePlan
from dbnchurn.data.relations import raw_name
from dbnchurn.data.session import Session, literal, quoted
from dbnchurn.data.typing_sql import Typed, present, typed
from dbnchurn.errors import DataError, did_you_mean, listed

log = logging.getLogger(__name__)
REPEATS = "repeats a key with other values"
INTEGERS = ("BIGINT", "INTEGER", "SMALLINT", "TINYINT")
TEXT_LIKE = ("VARCHAR", "ENUM", "UUID")


@dataclass
class Checked:
    """What became of a table's rows.

    Parameters
    ----------
    rows : int
        As they came.
    kept : int
    quarantined : dict of reason → rows
    copies : int
        Exact repetitions, dropped.
    blanked : dict of column → values
        Broke their promise and count as missing.
    """

    rows: int
    kept: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    copies: int = 0
    blanked: dict[str, int] = field(default_factory=dict)


def enforce(
    session: Session,
    name: str,
    table: TablePlan,
    *,
    needed: Collection[str] | None = None,
    quarantine: Path | None = None,
) -> Checked:
    """Turn the raw rows of a table into clean ones, under the table's name.

    Parameters
    ----------
    session : Session
        Has the raw rows, see :func:`dbnchurn.data.relations.open_table`.
    name : str
    table : TablePlan
    needed : collection of str, optional
        Columns to keep beside key and date; by default all of the contract. Every column of the
        contract is checked all the same.
    quarantine : Path, optional
        File for the rows that break the contract, as they came, with ``reason``.

    Raises
    ------
    DataError
        If columns are missing, keys or dates are of mixed types, or too many rows break the
        contract.
    """
    kinds = session.columns(raw_name(name))
    table = described(name, table, kinds)
    suspect.check_key(session, name, table, kinds)
    suspect.check_dates(session, name, table, kinds)
    columns = _typed_columns(table, kinds)
    reason = _reason(table, columns)
    checked = _count(session, name, table, columns, reason)
    _refuse_many(name, table, checked)
    kept = [c for c in columns if needed is None or c in needed or c in (table.key, table.date)]
    _create(session, name, columns, kept, reason, distinct=table.rows == "event")
    if checked.quarantined and quarantine is not None:
        quarantine.parent.mkdir(parents=True, exist_ok=True)
        session.run(
            f"COPY (SELECT *, {reason} AS reason FROM {raw_name(name)} WHERE {reason} IS NOT NULL) "
            f"TO {literal(quarantine)} (FORMAT parquet)"
        )
    unbroken = checked.rows - sum(checked.quarantined.values())
    if table.rows != "event":
        _remove_repeats(session, name, table, checked, quarantine)
        _refuse_many(name, table, checked)
    checked.kept = session.row(f"SELECT count(*) FROM {quoted(name)}")[0]
    differing = checked.quarantined.get(REPEATS, 0)
    checked.copies = unbroken - differing - checked.kept
    return checked


def _create(
    session: Session,
    name: str,
    columns: dict[str, Typed],
    kept: list[str],
    reason: str,
    distinct: bool,
) -> None:
    """Create the table of clean rows; of events that are equal in every column one is kept."""

    def values(names: Iterable[str]) -> str:
        return ", ".join(f"{columns[column].value} AS {quoted(column)}" for column in names)

    if distinct:
        rows = f"SELECT DISTINCT {values(columns)} FROM {raw_name(name)} WHERE {reason} IS NULL"
        session.run(
            f"CREATE TABLE {quoted(name)} AS SELECT {', '.join(map(quoted, kept))} FROM ({rows})"
        )
    else:
        session.run(
            f"CREATE TABLE {quoted(name)} AS SELECT {values(kept)} FROM {raw_name(name)} "
            f"WHERE {reason} IS NULL"
        )


def described(name: str, table: TablePlan, kinds: dict[str, str]) -> TablePlan:
    """The table with a rule for every column that is read.

    Raises
    ------
    DataError
        If a column that the plan names is not there.
    """
    for role, column in (("key", table.key), ("date", table.date)):
        if column is not None and column not in kinds:
            raise DataError(
                f"table {name!r} has no {role} column {column!r}: {did_you_mean(column, kinds)}"
            )
    if absent := [column for column in table.columns if column not in kinds]:
        raise DataError(
            f"table {name!r} lacks {listed(absent)}, which its contract promises; "
            f"it has {listed(kinds, limit=60)}"
        )
    rules = dict(table.columns) or {
        column: Rule(kind=kind_of(kind)) for column, kind in kinds.items() if column != table.key
    }
    rules.pop(table.key, None)
    if table.date is not None:
        rules.setdefault(table.date, Rule(kind="date"))
    return table.model_copy(update={"columns": rules})


def kind_of(kind: str) -> ColumnKind:
    """The kind of column that an SQL type suggests."""
    if kind.startswith(("DATE", "TIME")):
        return "date"
    if kind == "BOOLEAN":
        return "flag"
    return "category" if kind.startswith(TEXT_LIKE) else "number"


def _typed_columns(table: TablePlan, kinds: dict[str, str]) -> dict[str, Typed]:
    comma = table.csv.decimal == ","
    found = {table.key: _typed_key(table, kinds[table.key])}
    for column, rule in table.columns.items():
        if column == table.date:
            rule = rule.model_copy(update={"nullable": False, "otherwise": "quarantine"})
        one = typed(column, rule, kinds[column], table.missing, table.timezone, comma)
        if column == table.date and table.rows == "month":
            one = Typed(f"CAST(date_trunc('month', {one.value}) AS TIMESTAMP)", one.faults)
        found[column] = one
    return found


def _typed_key(table: TablePlan, kind: str) -> Typed:
    raw = present(table.key, kind, table.missing)
    number = (table.key_kind or ("text" if kind.startswith(TEXT_LIKE) else "number")) == "number"
    if number:
        value = f"TRY_CAST(TRY_CAST({raw} AS DOUBLE) AS BIGINT)" if kind in TEXT_LIKE else (
            f"TRY_CAST({raw} AS BIGINT)"
        )
    elif kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        value = f"CAST(TRY_CAST({raw} AS BIGINT) AS VARCHAR)"
    else:
        value = raw if kind == "VARCHAR" else f"CAST({raw} AS VARCHAR)"
    faults = [(f"{raw} IS NULL", f"no key {table.key}")]
    if kind not in INTEGERS and not (value == raw):
        faults.append((f"{value} IS NULL", f"the key {table.key} is not an integer"))
    return Typed(value, tuple(faults))


def _reason(table: TablePlan, columns: dict[str, Typed]) -> str:
    """SQL that says why a row breaks the contract; NULL if it keeps it."""
    faults = [
        fault
        for column, one in columns.items()
        if column in (table.key, table.date) or table.columns[column].otherwise == "quarantine"
        for fault in one.faults
    ]
    whens = " ".join(f"WHEN {condition} THEN {literal(why)}" for condition, why in faults)
    return f"CASE {whens} END"


def _count(
    session: Session, name: str, table: TablePlan, columns: dict[str, Typed], reason: str
) -> Checked:
    lenient = [
        column
        for column, rule in table.columns.items()
        if rule.otherwise == "missing" and column != table.date
    ]
    counts = "".join(f", count_if({columns[column].broken})" for column in lenient)
    reasons = session.rows(
        f"SELECT {reason} AS reason, count(*){counts} FROM {raw_name(name)} GROUP BY reason"
    )
    checked = Checked(rows=sum(row[1] for row in reasons))
    found = sorted(((why, n) for why, n, *_ in reasons if why), key=lambda item: (-item[1], item[0]))
    checked.quarantined = dict(found)
    for place, column in enumerate(lenient):
        if total := sum(row[2 + place] for row in reasons):
            checked.blanked[column] = total
    return checked


def _refuse_many(name: str, table: TablePlan, checked: Checked) -> None:
    if checked.rows == 0:
        raise DataError(f"table {name!r} has no rows")
    bad = sum(checked.quarantined.values())
    if bad > table.max_quarantine * checked.rows:
        reasons = ", ".join(f"{why} ({n})" for why, n in list(checked.quarantined.items())[:8])
        raise DataError(
            f"table {name!r}: {bad} of {checked.rows} rows break the contract: {reasons}; that is "
            f"more than the allowed share of {table.max_quarantine:.2%}; mend the table, change "
            "its contract, or raise max_quarantine"
        )


def _remove_repeats(
    session: Session, name: str, table: TablePlan, checked: Checked, quarantine: Path | None
) -> None:
    """Keep one row of each key (and date): the fullest, and of these an arbitrary but fixed one.

    Only the few rows whose key repeats are sorted; all others stay where they are, and the table
    becomes a view of both.
    """
    key = ", ".join(quoted(c) for c in (table.key, table.date) if c is not None)
    own, all_rows = quoted(name), quoted(f"all {name}")
    repeated, ranked = quoted(f"repeated {name}"), quoted(f"ranked {name}")
    session.run(
        f"CREATE TABLE {repeated} AS SELECT {key} FROM {own} GROUP BY ALL HAVING count(*) > 1"
    )
    if not session.row(f"SELECT count(*) FROM {repeated}")[0]:
        return
    session.run(f"ALTER TABLE {own} RENAME TO {all_rows}")
    blanks = " + ".join(f"({quoted(column)} IS NULL)::INT" for column in session.columns(all_rows))
    session.run(
        f"CREATE TABLE {ranked} AS SELECT *, row_number() OVER (PARTITION BY {key} "
        f"ORDER BY {blanks}, md5(CAST(found AS VARCHAR))) AS place FROM "
        f"(SELECT DISTINCT * FROM {all_rows} SEMI JOIN {repeated} USING ({key})) AS found"
    )
    session.run(
        f"CREATE VIEW {own} AS SELECT * FROM {all_rows} ANTI JOIN {repeated} USING ({key}) "
        f"UNION ALL SELECT * EXCLUDE (place) FROM {ranked} WHERE place = 1"
    )
    losers = f"FROM {ranked} WHERE place > 1"
    if differing := session.row(f"SELECT count(*) {losers}")[0]:
        checked.quarantined[REPEATS] = differing
        if quarantine is not None:
            quarantine.parent.mkdir(parents=True, exist_ok=True)
            session.run(
                f"COPY (SELECT * EXCLUDE (place), {literal(REPEATS)} AS reason {losers}) TO "
                f"{literal(quarantine.with_suffix('.repeats.parquet'))} (FORMAT parquet)"
            )
