"""Check source tables against their contracts, inside DuckDB.

Nothing here is fitted. Values get their types, and the spellings of a level become one; rows that
break the contract go to quarantine with a reason; of exact copies, and of rows with the same key
and date, one row is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.core.sql import BIGINT_TYPES, quoted, text_literal
from dbnchurn.data.described_table import TEXT_LIKE, described
from dbnchurn.data.no_customers import no_customers
from dbnchurn.data.open import raw_name
from dbnchurn.data.plan import TablePlan
from dbnchurn.data.typed import (
    TypedColumn,
    cell_name,
    exact_integer,
    present,
    typed_column,
    value_name,
)
from dbnchurn.tables.chunks import RejectedRow
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.text_column import PERHAPS_MISSING

log = logging.getLogger(__name__)
REPEATS = "repeats a key with other values"
FIELDS = "too few or too many fields"
MANY_COPIES = 0.05  # share of rows from which on copies are told
FAULT = quoted("number of the fault")


@dataclass
class CheckedTable:
    """How many rows and values of a table kept its contract.

    Parameters
    ----------
    rows : int
        Rows of the source.
    kept : int, default 0
        Rows that go on.
    quarantined : dict of reason → number of rows
    copies : int, default 0
        Exact repetitions, which are dropped.
    blanked : dict of column → number of values
        Values that broke their rule and count as missing.
    columns : tuple of str
        Of the source, with those that are not read.
    """

    rows: int
    kept: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    copies: int = 0
    blanked: dict[str, int] = field(default_factory=dict)
    columns: tuple[str, ...] = ()


def copy_notes(tables: Mapping[str, CheckedTable]) -> list[str]:
    """Sentences about tables of which so many rows are copies that a file may be there twice.

    Parameters
    ----------
    tables : mapping of table → CheckedTable

    Returns
    -------
    list of str
    """
    return [
        f"table {name!r}: {table.copies} of {table.rows} rows are exact copies of others and were "
        "dropped; a file may be there twice"
        for name, table in tables.items()
        if table.copies > MANY_COPIES * table.rows
    ]


def contract_notes(tables: Mapping[str, CheckedTable]) -> list[str]:
    """Sentences about values that broke the rule of their column, and about rows set aside.

    Parameters
    ----------
    tables : mapping of table → CheckedTable

    Returns
    -------
    list of str

    Examples
    --------
    >>> contract_notes({"bills": CheckedTable(rows=9, kept=8, quarantined={"no key": 1})})
    ["table 'bills': 1 of 9 rows was set aside: no key (1)"]
    """
    found = []
    for name, table in tables.items():
        if table.blanked:
            values = ", ".join(f"{column} ({n})" for column, n in table.blanked.items())
            found.append(
                f"table {name!r}: values that break the rule of their column count as missing: "
                f"{values}"
            )
        if aside := sum(table.quarantined.values()):
            reasons = ", ".join(f"{why} ({n})" for why, n in table.quarantined.items())
            verb = "was" if aside == 1 else "were"
            found.append(
                f"table {name!r}: {aside} of {table.rows} rows {verb} set aside: {reasons}"
            )
    return found


def enforce(
    session: Session,
    name: str,
    table: TablePlan,
    *,
    needed: Collection[str] | None = None,
    quarantine: Path | None = None,
    rejected: Sequence[RejectedRow] = (),
) -> CheckedTable:
    """Turn the raw rows of a table into clean ones, under the table's name.

    Parameters
    ----------
    session : Session
        Has the raw rows, see :func:`dbnchurn.data.open.open_table`.
    name : str
        Name of the table.
    table : TablePlan
    needed : collection of str, optional
        Columns to keep in addition to key and date; by default all of the contract. Every column
        of the contract is checked in any case.
    quarantine : Path, optional
        Parquet file for the rows that break the contract, as they came, with ``reason``.
    rejected : sequence of RejectedRow, default ()
        Lines of the source with too few or too many fields; they count as rows that break the
        contract.

    Returns
    -------
    CheckedTable

    Raises
    ------
    DataError
        If columns are missing, keys or dates are of mixed types, or too many rows break the
        contract.
    """
    kinds = session.columns(raw_name(name))
    table = described(session, name, table)
    columns = _typed_columns(table, kinds)
    key = columns[table.key]
    others = no_customers(session, name, table, kinds)
    columns[table.key] = replace(key, faults=(*key.faults[:1], *others, *key.faults[1:]))
    _view(session, name, columns)
    kept = [c for c in columns if needed is None or c in needed or c in (table.key, table.date)]
    once = table.rows == "lookup"
    stored = kept if table.rows != "event" else list(columns)
    checked = _read(session, name, columns, stored, once=once)
    if checked.quarantined:
        _write_quarantine(session, name, columns, quarantine)
    if lines := session.number(f"rejected lines of {name}", len(rejected)):
        checked.rows += lines
        checked.quarantined[FIELDS] = lines
    if rejected:
        _write_lines(rejected, quarantine)
    if table.rows == "event":
        _keep_distinct(session, name, kept)
    else:
        _keep_one_each(session, name, table, checked, quarantine)
    _refuse_many(session, name, table, checked)
    checked.kept = session.total(f"SELECT count(*) FROM {quoted(name)}", "sum", once=once)[0]
    checked.copies = checked.rows - sum(checked.quarantined.values()) - checked.kept
    checked.columns = tuple(session.columns(raw_name(name)))
    return checked


def _typed_name(name: str) -> str:
    return quoted(f"typed {name}")


def _view(session: Session, name: str, columns: dict[str, TypedColumn]) -> None:
    """A view of the raw rows with the cell and the typed value of every column."""
    raws = ", ".join(f"{typed.raw} AS {cell_name(column)}" for column, typed in columns.items())
    values = ", ".join(
        f"{typed.value} AS {value_name(column)}" for column, typed in columns.items()
    )
    session.define(
        f"CREATE VIEW {_typed_name(name)} AS SELECT *, {values} FROM "
        f"(SELECT *, {raws} FROM {raw_name(name)})"
    )


def _read(
    session: Session,
    name: str,
    columns: dict[str, TypedColumn],
    kept: Iterable[str],
    *,
    once: bool,
) -> CheckedTable:
    """Store every row's values with the number of its fault, 0 for none, and count."""
    values = ", ".join(f"{columns[column].kept} AS {quoted(column)}" for column in kept)
    faults = _faults(columns)
    whens = " ".join(f"WHEN {condition} THEN {i}" for i, (condition, _) in enumerate(faults, 1))
    fault = f"CASE {whens} ELSE 0 END" if faults else "0"
    session.define(
        f"CREATE TABLE {_all_name(name)} AS SELECT {values}, {fault}::SMALLINT AS {FAULT} "
        f"FROM {_typed_name(name)}"
    )
    counts = session.tally(
        f"SELECT {FAULT}, count(*) AS n FROM {_all_name(name)} GROUP BY ALL", once=once
    )
    counts.sort(key=lambda count: (-count[1], count[0]))
    checked = CheckedTable(rows=sum(n for _, n in counts))
    if checked.rows == 0:
        session.refuse(f"table {name!r} has no rows")
    for number, n in counts:
        if number:
            why = faults[number - 1][1]
            checked.quarantined[why] = checked.quarantined.get(why, 0) + n
    lenient = {c: typed.broken for c, typed in columns.items() if typed.lenient and typed.faults}
    if lenient:
        numbers = ", ".join(f"count_if({broken})" for broken in lenient.values())
        blanked = session.total(
            f"SELECT {numbers} FROM {_typed_name(name)}",
            " ".join(["sum"] * len(lenient)),
            once=once,
        )
        checked.blanked = {c: n for c, n in zip(lenient, blanked, strict=True) if n}
    return checked


def _faults(columns: dict[str, TypedColumn]) -> list[tuple[str, str]]:
    """Condition and reason of every fault that breaks a row; those of the key first."""
    return [fault for typed in columns.values() if not typed.lenient for fault in typed.faults]


def _all_name(name: str) -> str:
    return quoted(f"all {name}")


def _good(name: str) -> str:
    return f"(SELECT * EXCLUDE ({FAULT}) FROM {_all_name(name)} WHERE {FAULT} = 0)"


def _write_quarantine(
    session: Session, name: str, columns: dict[str, TypedColumn], quarantine: Path | None
) -> None:
    """Write the rows that break the contract as they came, each with its first reason.

    They are gathered by an aggregate: a WHERE would be pushed down through the layers of
    :class:`TypedColumn` and compute every expression again and again.
    """
    if quarantine is None:
        return
    raw = ", ".join(f"{quoted(c)} := {quoted(c)}" for c in session.columns(raw_name(name)))
    faults = _faults(columns)
    whens = " ".join(f"WHEN {condition} THEN {text_literal(why)}" for condition, why in faults)
    quarantine.parent.mkdir(parents=True, exist_ok=True)
    session.run(
        f"COPY (SELECT unnest(broken) FROM (SELECT unnest(list(struct_pack({raw}, reason := why)) "
        f"FILTER (why IS NOT NULL)) AS broken FROM (SELECT *, CASE {whens} END AS why "
        f"FROM {_typed_name(name)}))) TO {text_literal(quarantine)} (FORMAT parquet)"
    )


def _write_lines(rejected: Sequence[RejectedRow], quarantine: Path | None) -> None:
    """Write lines with too few or too many fields beside the rows that break the contract."""
    if quarantine is None:
        return
    quarantine.parent.mkdir(parents=True, exist_ok=True)
    lines = {"row": [line.row for line in rejected], "reason": [line.reason for line in rejected]}
    pq.write_table(pa.table(lines), quarantine.with_suffix(".lines.parquet"))


def _keep_distinct(session: Session, name: str, kept: Iterable[str]) -> None:
    """Of events that are equal in every column of the contract, keep one."""
    session.run(
        f"CREATE TABLE {quoted(name)} AS SELECT {', '.join(map(quoted, kept))} "
        f"FROM (SELECT DISTINCT * FROM {_good(name)})"
    )
    session.run(f"DROP TABLE {_all_name(name)}")


def _typed_columns(table: TablePlan, kinds: dict[str, str]) -> dict[str, TypedColumn]:
    columns = {table.key: _typed_key(table, kinds[table.key])}
    for column, rule in table.columns.items():
        if column == table.date:
            rule = rule.model_copy(update={"nullable": False, "otherwise": "quarantine"})
        typed = typed_column(column, rule, kinds[column], table.missing, zone=table.timezone)
        if column == table.date and table.rows == "month":
            typed = replace(typed, value=f"CAST(date_trunc('month', {typed.value}) AS TIMESTAMP)")
        columns[column] = typed
    return columns


def _typed_key(table: TablePlan, kind: str) -> TypedColumn:
    raw = present(table.key, kind, (*table.missing, *PERHAPS_MISSING))
    cell, value = cell_name(table.key), value_name(table.key)
    number = table.key_kind == "number"
    integer = exact_integer(cell, kind)
    if number:
        key = f"CAST({cell} AS BIGINT)" if kind in BIGINT_TYPES else integer
    elif kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        key = f"CAST({integer} AS VARCHAR)"
    else:
        key = f"CAST({cell} AS VARCHAR)"
    faults = [(f"{cell} IS NULL", f"no key {table.key}")]
    if (kind not in BIGINT_TYPES and not kind.startswith(TEXT_LIKE)) or number:
        faults.append((f"{value} IS NULL", f"the key {table.key} is not an integer"))
    return TypedColumn(table.key, raw, key, tuple(faults))


def _refuse_many(session: Session, name: str, table: TablePlan, checked: CheckedTable) -> None:
    bad = sum(checked.quarantined.values())
    if bad > table.max_quarantine * checked.rows:
        reasons = ", ".join(f"{why} ({n})" for why, n in list(checked.quarantined.items())[:8])
        session.refuse(
            f"table {name!r}: {bad} of {checked.rows} rows break the contract: {reasons}; that is "
            f"more than the allowed share of {table.max_quarantine:.2%}; mend the table, change "
            "its contract, or raise max_quarantine"
        )


def _keep_one_each(
    session: Session, name: str, table: TablePlan, checked: CheckedTable, quarantine: Path | None
) -> None:
    """Keep one row of each key, in a table of months of each key and month.

    That is the fullest, and of these an arbitrary but fixed one.

    Only the few rows whose key repeats are sorted; all others stay where they are, and the table
    becomes a view of both.
    """
    unique = (table.key, table.date) if table.rows == "month" else (table.key,)
    key = ", ".join(quoted(c) for c in unique if c is not None)
    repeated, ranked = quoted(f"repeated {name}"), quoted(f"ranked {name}")
    good = _good(name)
    session.run(
        f"CREATE TABLE {repeated} AS SELECT {key} FROM {good} GROUP BY ALL HAVING count(*) > 1"
    )
    losers = f"FROM {ranked} WHERE place > 1"
    if session.row(f"SELECT count(*) FROM {repeated}")[0]:
        columns = [c for c in session.columns(_all_name(name)) if quoted(c) != FAULT]
        blanks = " + ".join(f"({quoted(column)} IS NULL)::INT" for column in columns)
        session.run(
            f"CREATE TABLE {ranked} AS SELECT *, row_number() OVER (PARTITION BY {key} "
            f"ORDER BY {blanks}, md5(CAST(found AS VARCHAR))) AS place FROM "
            f"(SELECT DISTINCT * FROM {good} SEMI JOIN {repeated} USING ({key})) AS found"
        )
        session.run(
            f"CREATE VIEW {quoted(name)} AS SELECT * FROM {good} ANTI JOIN {repeated} "
            f"USING ({key}) UNION ALL SELECT * EXCLUDE (place) FROM {ranked} WHERE place = 1"
        )
        if quarantine is not None and session.row(f"SELECT count(*) {losers}")[0]:
            quarantine.parent.mkdir(parents=True, exist_ok=True)
            session.run(
                f"COPY (SELECT * EXCLUDE (place), {text_literal(REPEATS)} AS reason {losers}) TO "
                f"{text_literal(quarantine.with_suffix('.repeats.parquet'))} (FORMAT parquet)"
            )
    else:
        session.run(f"CREATE VIEW {quoted(name)} AS FROM {good}")
        session.run(f"CREATE TABLE {ranked} AS SELECT *, 1 AS place FROM {good} LIMIT 0")
    _count_repeats(session, name, table, checked, losers, key)


def _count_repeats(
    session: Session, name: str, table: TablePlan, checked: CheckedTable, losers: str, key: str
) -> None:
    """Count the rows that gave way to another of their key; refuse many of customers."""
    differing, keys = session.total(
        f"SELECT count(*), count(DISTINCT ({key})) {losers}",
        "sum sum",
        once=table.rows == "lookup",
    )
    if not differing:
        return
    who, instead = "customers", "say grain: event or month and aggregate its rows, or "
    if table.rows == "lookup":
        who, instead = f"values of {table.key!r}", ""
    elif table.date is None:
        instead = "name a date column and aggregate its rows, or "
    if table.rows != "month" and differing > table.max_quarantine * checked.rows:
        session.refuse(
            f"table {name!r}: {keys} {who} have several rows that differ, so joining it would be "
            f"many-to-many; {instead}keep one row for each"
        )
    checked.quarantined[REPEATS] = differing
