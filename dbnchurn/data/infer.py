"""Infer contracts from the rows of tables, and write them as YAML to edit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from dbnchurn.core.errors import ConfigError, DataError, did_you_mean
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.data.ambiguous import OTHER_FORMATS
from dbnchurn.data.open import open_table, raw_name
from dbnchurn.data.plan import Csv, Grain, Rule, TablePlan
from dbnchurn.data.typed import present
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.postgres import Postgres
from dbnchurn.tables.text_column import NO, YES

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
    """Infer the contract of one table.

    The kind of a column is one that all its values fit; text with at most 40 distinct values is a
    category, where spellings that differ only in case are one level. A number that is never
    negative gets the lower bound 0. Bounds and levels are proposals to edit.

    Parameters
    ----------
    name : str
        Name of the table, for messages.
    path : str, optional
        File, folder or pattern; exactly one of `path` and `postgres` is needed.
    postgres : Postgres, optional
        Table or query of a database.
    key : str, optional
        By default the column that looks like a key.
    date : str, optional
        By default the first column of dates.

    Returns
    -------
    TablePlan

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
    """Open the source; a CSV file that is not UTF-8 is opened as cp1252."""
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
    value = present(column, kind)
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
    for date_format in OTHER_FORMATS:
        fitting = session.row(
            f"SELECT count_if(try_strptime(v, {text_literal(date_format)}) IS NOT NULL) "
            f"FROM {relation}"
        )[0]
        if fitting == rows:
            return Rule(kind="date", format=date_format)
    if distinct <= MOST_LEVELS:
        return _category(session, relation)
    return Rule(kind="category" if distinct <= rows / 2 else "text")


def _category(session: Session, relation: str) -> Rule:
    """A category with the most frequent of the spellings that differ only in case as levels."""
    levels = session.rows(
        f"SELECT arg_max(v, n) FROM (SELECT v, count(*) AS n FROM {relation} GROUP BY v "
        f"ORDER BY v) GROUP BY lower(v) ORDER BY sum(n) DESC, 1"
    )
    return Rule(kind="category", levels=tuple(level for (level,) in levels))


def _key(session: Session, name: str, columns: dict[str, str]) -> str:
    """The column with the most distinct values among those with the name of a key."""
    named = [column for column in columns if KEY_NAMES.search(column)]
    if not named:
        raise DataError(
            f"table {name!r}: no column looks like a key; name it with --key "
            f"(columns: {', '.join(columns)})"
        )
    counts = ", ".join(f"approx_count_distinct({quoted(column)})" for column in named)
    distinct = session.row(f"SELECT {counts} FROM {raw_name(name)}")
    # Of equal ones the first, since the key is usually the first column.
    return max(zip(distinct, range(0, -len(named), -1), named, strict=True))[2]


def _date(rules: dict[str, Rule]) -> str | None:
    """The first column of dates, since key and date are usually the first columns."""
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

    Parameters
    ----------
    output : Path
    tables : dict of name → TablePlan

    Raises
    ------
    DataError
        If the file exists: an edited contract is not overwritten.
    """
    if output.exists():
        raise DataError(f"{output} exists already; name a new file")
    output.write_text(as_yaml(tables), encoding="utf-8")


def write_inferred_contracts(
    inputs: Sequence[str],
    output: Path,
    *,
    key: str | None = None,
    date: str | None = None,
    database: str | None = None,
) -> dict[str, TablePlan]:
    """Infer the contracts of several tables and write them to one new YAML file.

    Parameters
    ----------
    inputs : sequence of str
        Files or folders; names of tables if `database` is given.
    output : Path
    key, date : str, optional
        Columns of every table; as for :func:`infer_table`.
    database : str, optional
        Environment variable with a PostgreSQL URL.

    Returns
    -------
    dict of name → TablePlan
        The name of a file is that without its endings.

    Raises
    ------
    ConfigError
        If two inputs would have the same name.
    DataError
        As :func:`infer_table`, or if the output exists.
    """
    tables: dict[str, TablePlan] = {}
    for source in inputs:
        name = source if database is not None else Path(source).name.split(".")[0]
        if name in tables:
            raise ConfigError(f"two inputs would both be called {name!r}")
        if database is None:
            tables[name] = infer_table(name, path=source, key=key, date=date)
        else:
            postgres = Postgres(url=database, table=source)
            tables[name] = infer_table(name, postgres=postgres, key=key, date=date)
    write_contracts(output, tables)
    return tables


def summary_text(tables: dict[str, TablePlan], output: Path) -> str:
    """A sentence about contracts that were written, for the command line.

    Parameters
    ----------
    tables : dict of name → TablePlan
    output : Path
        The file that they were written to.

    Returns
    -------
    str

    Examples
    --------
    >>> tables = {"bills": TablePlan(path="bills.csv", key="id")}
    >>> summary_text(tables, Path("contracts.yaml")).partition(";")[0]
    "contracts of bills (0 columns, key 'id', rows are customers) written to contracts.yaml"
    """
    described = ", ".join(
        f"{name} ({len(table.columns)} columns, key {table.key!r}, rows are {table.rows}s)"
        for name, table in tables.items()
    )
    return f"contracts of {described} written to {output}; edit them before you rely on them"
