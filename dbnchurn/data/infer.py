"""Proposes the contract of a table from its rows, as YAML for its owner to edit."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from dbnchurn.core.errors import DataError, did_you_mean
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.data.ambiguous import OTHER_FORMATS
from dbnchurn.data.open import open_table, raw_name
from dbnchurn.data.plan import Csv, Grain, Rule, TablePlan
from dbnchurn.data.typed import NO, YES, present
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.postgres import Postgres

MOST_LEVELS = 40
KEY_NAMES = re.compile(r"(^|[_ .-])(id|key|customer|account|subscriber|number|no)$", re.IGNORECASE)
FALLBACK_ENCODING = "cp1252"


def infer_table(
    name: str,
    *,
    path: str | None = None,
    postgres: Postgres | None = None,
    key: str | None = None,
    date: str | None = None,
) -> TablePlan:
    """Propose a table's plan.

    Kinds are those that all values fit; text with at most 40 distinct values is a category whose
    spellings that differ in case alone are one level. A number that is never negative gets the
    lower bound 0. Bounds and levels are proposals: edit them.

    Parameters
    ----------
    name : str
        What to call the table in messages.
    path, postgres
        The source: one of both.
    key, date : str, optional
        By default the column that looks like one.

    Raises
    ------
    DataError
        If the table cannot be read, or no column looks like a key.
    """
    source = TablePlan(path=path, postgres=postgres, key=key or "?")
    with Session() as session:
        source = _open(session, name, source)
        columns = session.columns(raw_name(name))
        rules = {column: _rule(session, name, column, kind) for column, kind in columns.items()}
        for role, column in (("key", key), ("date", date)):
            if column is not None and column not in columns:
                raise DataError(
                    f"table {name!r} has no {role} column {column!r}: "
                    f"{did_you_mean(column, columns)}"
                )
        key = key or _key(session, name, columns)
        date = date or _date(rules)
        grain = _grain(session, name, key, date)
    rules.pop(key)
    return source.model_copy(update={"key": key, "date": date, "grain": grain, "columns": rules})


def _open(session: Session, name: str, source: TablePlan) -> TablePlan:
    """Open the source; text that is not UTF-8 is tried in the usual other encoding."""
    try:
        open_table(session, name, source, guess_types=False)
    except DataError as error:
        if "encoding" not in str(error):
            raise
        source = source.model_copy(update={"csv": Csv(encoding=FALLBACK_ENCODING)})
        open_table(session, name, source, guess_types=False)
    return source


def _rule(session: Session, name: str, column: str, kind: str) -> Rule:
    if kind.startswith(("DATE", "TIME")):
        return Rule(kind="date")
    if kind == "BOOLEAN":
        return Rule(kind="flag")
    value = present(column, kind, TablePlan(path="", key="").missing)
    relation = f"(SELECT {value} AS v FROM {raw_name(name)}) WHERE v IS NOT NULL"
    if kind != "VARCHAR":
        return _number(session, relation)
    return _text(session, relation)


def _number(session: Session, relation: str) -> Rule:
    low, distinct, whole, binary = session.row(
        f"SELECT min(v), approx_count_distinct(v), coalesce(bool_and(v = floor(v)), FALSE), "
        f"coalesce(bool_and(v IN (0, 1)), FALSE) FROM {relation}"
    )
    if binary and distinct == 2:
        return Rule(kind="flag")
    bound = 0.0 if low is not None and low >= 0 else None
    return Rule(kind="integer" if whole else "number", low=bound)


def _text(session: Session, relation: str) -> Rule:
    rows, numbers, dates, flags, distinct = session.row(
        f"SELECT count(*), count(TRY_CAST(v AS DOUBLE)), "
        f"count_if(TRY_CAST(v AS TIMESTAMP) IS NOT NULL), "
        f"count_if(lower(v) IN ({', '.join(text_literal(w) for w in (*YES, *NO))})), "
        f"count(DISTINCT v) FROM {relation}"
    )
    if rows == 0:
        return Rule(kind="text")
    if flags == rows and distinct >= 2:
        return Rule(kind="flag")
    if numbers == rows:
        return _number(session, f"(SELECT CAST(v AS DOUBLE) AS v FROM {relation}) WHERE TRUE")
    if dates == rows:
        return Rule(kind="date")
    for written in OTHER_FORMATS:
        found = session.row(
            f"SELECT count_if(try_strptime(v, {text_literal(written)}) IS NOT NULL) FROM {relation}"
        )[0]
        if found == rows:
            return Rule(kind="date", format=written)
    if distinct <= MOST_LEVELS:
        return _category(session, relation)
    return Rule(kind="category" if distinct <= rows / 2 else "text")


def _category(session: Session, relation: str) -> Rule:
    """Levels are the most frequent spellings; those that differ in case need no code."""
    found = session.rows(
        f"SELECT arg_max(v, n) FROM (SELECT v, count(*) AS n FROM {relation} GROUP BY v "
        f"ORDER BY v) GROUP BY lower(v) ORDER BY sum(n) DESC, 1"
    )
    return Rule(kind="category", levels=tuple(level for (level,) in found))


def _key(session: Session, name: str, columns: dict[str, str]) -> str:
    """The column with the most distinct values among those that are called like a key."""
    named = [column for column in columns if KEY_NAMES.search(column)]
    if not named:
        raise DataError(
            f"table {name!r}: no column looks like a key; name it with --key "
            f"(columns: {', '.join(columns)})"
        )
    counts = ", ".join(f"approx_count_distinct({quoted(column)})" for column in named)
    distinct = session.row(f"SELECT {counts} FROM {raw_name(name)}")
    # Of equal ones the first: a table leads with its key.
    return max(zip(distinct, range(0, -len(named), -1), named, strict=True))[2]


def _date(rules: dict[str, Rule]) -> str | None:
    """The first date: a table leads with its key and the time of its rows."""
    return next((column for column, rule in rules.items() if rule.kind == "date"), None)


def _grain(session: Session, name: str, key: str, date: str | None) -> Grain:
    rows, keys = session.row(
        f"SELECT count(*), count(DISTINCT {quoted(key)}) FROM {raw_name(name)}"
    )
    if date is None or rows == keys:
        return "customer"
    day = f"TRY_CAST({quoted(date)} AS TIMESTAMP)"
    monthly = session.row(f"SELECT coalesce(bool_and(day({day}) = 1), FALSE) FROM {raw_name(name)}")
    return "month" if monthly[0] else "event"


def as_yaml(tables: dict[str, TablePlan]) -> str:
    """The start of a config's ``data`` section, with what has to be filled in."""
    plain = {
        name: table.model_dump(mode="json", exclude_defaults=True) for name, table in tables.items()
    }
    for table in plain.values():
        for rule in table.get("columns", {}).values():
            if "low" in rule and float(rule["low"]).is_integer():
                rule["low"] = int(rule["low"])
    text = yaml.safe_dump(
        {"data": {"base": next(iter(tables)), "tables": plain}},
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=None,
    )
    return (
        "# Proposed from the tables as they are; check kinds, bounds, levels and codes, then add\n"
        "# windows, label and features.\n" + text
    )


def write_contracts(output: Path, tables: dict[str, TablePlan]) -> None:
    """Write :func:`as_yaml` to a new file.

    Raises
    ------
    DataError
        If the file exists: an edited contract is not overwritten.
    """
    if output.exists():
        raise DataError(f"{output} exists already; name a new file")
    output.write_text(as_yaml(tables), encoding="utf-8")
