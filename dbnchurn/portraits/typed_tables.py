"""The tables of a portrait, held to what it needs: one type a column, one row a customer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import duckdb

from dbnchurn.core.errors import DataError, did_you_mean, first_line, listed
from dbnchurn.core.sql import is_number_type, quoted, text_literal, text_literals
from dbnchurn.portraits.columns import Column, Kind
from dbnchurn.portraits.config import SECTIONS, PortraitConfig
from dbnchurn.portraits.customer_keys import EMPTY, key_expression, total_ids
from dbnchurn.portraits.raw_tables import RawTable, open_raw
from dbnchurn.tables.column_names import refuse_absent_private
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.zoned_times import ZONED, refuse_zones

DAY = "day of the row"  # the table's own column of it
ARMS = ("contact", "control", "explore")
REASONS = 20  # ranks of reasons that are looked for
NEEDED: dict[str, dict[str, str]] = {
    "scores": {"probability": "number"},
    "personas": {"persona": "text"},
    "log": {**dict.fromkeys(("campaign", "offer", "channel", "arm"), "text"),
            "contact_date": "date"},
    "plan": {"offer": "text", "channel": "text"},
}  # fmt: skip
OPTIONAL: dict[str, dict[str, str]] = {
    "scores": {"risk": "text", "decision": "flag", "model": "text",
               **{f"{what}_{k}": "text" for k in range(1, REASONS + 1)
                  for what in ("reason", "column")}},
    "plan": {"arm": "text", "value": "number", "cost": "number", "reason": "text"},
}  # fmt: skip
MAY_BE_EMPTY = ("log", "plan")  # nobody was contacted, or will be
ONE_EACH = ("customers", "scores", "personas")
MOST_LEVELS = 50  # different texts, above which the share of one says nothing


@dataclass(frozen=True)
class TypedTable:
    """A table of the session with the column ``customer``, and what is known about it.

    Parameters
    ----------
    name : str
        ``customers``, ``scores``, ``personas``, ``log`` or ``plan``; also its name in the session.
    where : str
        Of the file or database.
    as_of : date or None
        None where every row has its own.
    columns : mapping of column → SQL type
    query : str or None
        The statement that gives the same rows from the files; None where they need another reader.
    all_columns, used : tuple of str
        Of the file, and those of them that are read, by its own names.
    notes : tuple of str
    """

    name: str
    where: str
    as_of: date | None
    columns: Mapping[str, str]
    query: str | None
    all_columns: tuple[str, ...]
    used: tuple[str, ...]
    notes: tuple[str, ...]


def typed_table(session: Session, config: PortraitConfig, name: str) -> TypedTable:
    """Read one table of a portrait into a table of the session.

    Parameters
    ----------
    session : Session
    config : PortraitConfig
    name : str
        Of the table.

    Returns
    -------
    TypedTable

    Raises
    ------
    DataError
        With everything that is wrong in it.
    """
    source, id = getattr(config, name), config.ids[name]
    own = source.columns
    id = own.get(id, id) if source.id is None else id
    needed, optional = dict(NEEDED.get(name, {})), OPTIONAL.get(name, {})
    if name == "customers":
        needed = {c: "any" for section in SECTIONS for c in getattr(config, section)}
        needed |= {} if source.date is None else {DAY: "date"}
        own = own if source.date is None else {**own, DAY: source.date}
    theirs = {n: own.get(n, n) for n in (*needed, *optional)}
    asked = {**needed, **optional}
    raw = open_raw(
        session, name, source, {id, *theirs.values()}, id,
        texts=[theirs[n] for n, kind in asked.items() if kind == "text"],
        dates=[theirs[n] for n, kind in asked.items() if kind == "date"],
        may_be_empty=name in MAY_BE_EMPTY,
    )  # fmt: skip
    absent = [n for n in (id, *(theirs[n] for n in needed)) if n not in raw.columns]
    if absent:
        raise DataError(
            f"{source.name} ({name}): there is no column {listed(absent)}: "
            f"{did_you_mean(absent[0], raw.all_columns)}"
        )
    shown = {n: kind for n, kind in asked.items() if theirs[n] in raw.columns}
    days = [theirs[n] for n, kind in shown.items()
            if kind == "date" or raw.columns[theirs[n]] == ZONED]  # fmt: skip
    refuse_zones(session, raw.relation, days, source.name)
    values = {n: _value(raw, theirs[n], kind, source.name) for n, kind in shown.items()}
    key = key_expression(session, raw.relation, id, source.name)
    listing = ", ".join([f"{key} AS customer", *(f"{v} AS {quoted(n)}" for n, v in values.items())])
    try:
        session.run(f"CREATE TABLE {name} AS SELECT {listing} FROM {raw.relation}")
    except duckdb.Error as error:
        first = first_line(error)
        raise DataError(f"{source.name} ({name}) cannot be read: {first}") from error
    notes = list(raw.notes)
    condition = ""
    if totals := total_ids(session, name):
        condition = f" WHERE {key} IS NULL OR {key} NOT IN {text_literals(totals)}"
        session.run(f"DELETE FROM {name} WHERE customer IN {text_literals(totals)}")
        notes.append(f"{source.name}: rows of {listed(totals)} are totals and are set aside")
    if raw.relation == quoted(f"raw {name}"):
        session.run(f"DROP TABLE {raw.relation}")
    _check(session, name, id, source.name)
    query = None if raw.files is None else f"SELECT {listing} FROM {raw.files}{condition}"
    kinds = {n: k for n, k in session.columns(name).items() if n != "customer"}
    used = (id, *(theirs[n] for n in shown))
    return TypedTable(
        name, source.name, source.as_of, kinds, query, raw.all_columns, used, tuple(notes)
    )


def _value(raw: RawTable, column: str, wanted: str, where: str) -> str:
    """SQL of a value with the type that is wanted."""
    name, kind = quoted(column), raw.columns[column]
    number = is_number_type(kind)
    moment = kind.startswith(("DATE", "TIMESTAMP"))
    word = kind in ("VARCHAR", EMPTY) or kind.startswith("ENUM")
    text = f"nullif(trim(CAST({name} AS VARCHAR)), '')"
    if wanted == "date" and word:
        return f"CAST(CAST({text} AS TIMESTAMP) AS DATE)"
    if wanted in ("date", "any") and moment:
        return (
            f"CAST(timezone('UTC', {name}) AS DATE)" if kind == ZONED else f"CAST({name} AS DATE)"
        )
    if wanted in ("number", "any") and number:
        if kind in ("DOUBLE", "FLOAT"):
            return f"CASE WHEN NOT isnan({name}) THEN CAST({name} AS DOUBLE) END"
        return f"CAST({name} AS DOUBLE)" if kind.startswith("DECIMAL") else name
    if wanted == "text" and kind in ("DOUBLE", "FLOAT"):
        return f"CASE WHEN NOT isnan({name}) THEN regexp_replace({text}, '\\.0$', '') END"
    if wanted == "text" or (wanted == "any" and word):
        return text
    if wanted in ("flag", "any") and kind == "BOOLEAN":
        return name
    if wanted == "flag" and (word or number):
        return f"CAST({text} AS BOOLEAN)"
    what = {"number": "a number", "date": "a date", "flag": "yes or no"}
    raise DataError(
        f"{where}: column {column!r} holds {kind} where {what.get(wanted, 'a single value')} is "
        "wanted; write it so, or say with 'columns' which one is meant"
    )


def _check(session: Session, name: str, id: str, where: str) -> None:
    """Refuse rows that are no customer, and values that no portrait can show."""
    wrong = []
    rows, known, distinct = session.row(
        f"SELECT count(*), count(customer), count(DISTINCT customer) FROM {name}"
    )
    if not rows and name not in MAY_BE_EMPTY:
        raise DataError(f"{where} ({name}): the table has no rows")
    if rows > known:
        wrong.append(f"column {id!r} is empty in {rows - known} rows: name each customer")
    if name in ONE_EACH and distinct < known:
        first = session.row(
            f"SELECT customer FROM {name} GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
        )[0]
        wrong.append(
            f"{known - distinct} rows repeat an id of column {id!r}, such as {first!r}: keep the "
            "newest row of each"
        )
    columns = session.columns(name)
    for column, kind in columns.items():
        endless = kind == "DOUBLE" and session.row(
            f"SELECT count(*) FROM {name} WHERE isinf({quoted(column)})"
        )[0]  # fmt: skip
        if endless:
            wrong.append(f"column {column!r} is infinite in {endless} rows: empty these cells")
    if name == "scores":
        wrong += _counted(session, name, "probability NOT BETWEEN 0 AND 1",
                          "probability is not from 0 to 1")  # fmt: skip
    if DAY in columns:
        wrong += _counted(session, name, f"{quoted(DAY)} IS NULL", "the column 'date' is empty")
    if "arm" in columns:
        arms = session.rows(f"SELECT DISTINCT arm FROM {name} WHERE arm NOT IN {ARMS} ORDER BY 1")
        if arms:
            unknown = listed(row[0] for row in arms)
            wrong.append(f"unknown arm {unknown}: an arm is one of {listed(ARMS)}")
    if name in ("log", "plan"):  # without its arm, a customer who is held out would be contacted
        for column in ("arm", "contact_date"):
            if column in columns:
                wrong += _counted(session, name, f"{column} IS NULL", f"column {column!r} is empty")
    if wrong:
        raise DataError(f"{where} ({name}): {'; '.join(wrong)}")


def _counted(session: Session, name: str, condition: str, what: str) -> list[str]:
    rows = session.row(f"SELECT count(*) FROM {name} WHERE {condition}")[0]
    return [f"{what} in {rows} rows"] if rows else []


def check_private(config: PortraitConfig, tables: Collection[TypedTable]) -> None:
    """Refuse private columns that are read under another name, or that no table has.

    A slip of the pen would let them out.

    Parameters
    ----------
    config : PortraitConfig
    tables : collection of TypedTable

    Raises
    ------
    DataError
        If there are such columns.
    """
    for table in tables:
        if read := [name for name in config.private if name in table.used]:
            raise DataError(
                f"{table.where} ({table.name}): {listed(read)} is private, and the config reads it "
                "under another name; take it out of one of the two"
            )
    refuse_absent_private(config.private, (n for table in tables for n in table.all_columns))


def shown_columns(session: Session, config: PortraitConfig, table: TypedTable) -> list[Column]:
    """The columns of a table of customers or scores that a portrait shows.

    Parameters
    ----------
    session : Session
    config : PortraitConfig
    table : TypedTable

    Returns
    -------
    list of Column
    """
    if table.name == "scores":
        found = [Column("risk", "probability", "scores", "number")]
        for name in ("risk", "decision"):
            if name in table.columns:
                found.append(Column("risk", name, "scores", "level"))
        return found
    found = []
    for section in SECTIONS:
        for name in getattr(config, section):
            kind, numeric, compared = _kind(session, table, name)
            found.append(Column(section, name, table.name, kind, numeric, compared))
    return found


def _kind(session: Session, table: TypedTable, name: str) -> tuple[Kind, bool, bool]:
    sql_type, column = table.columns[name], quoted(name)
    if sql_type == "DATE":
        return "date", False, True
    if sql_type == "BOOLEAN":
        return "level", False, True
    if sql_type == "VARCHAR":
        levels = session.row(f"SELECT count(DISTINCT {column}) FROM {table.name}")[0]
        return "level", False, levels <= MOST_LEVELS
    flag = session.row(f"SELECT bool_and({column} IN (0, 1)) FROM {table.name}")[0]
    return ("level", True, True) if flag else ("number", False, True)


def contacts_query(as_of: date) -> str:
    """SQL of the contacts of every customer until a day; 0 where the log has none.

    Parameters
    ----------
    as_of : date
        Of the log.

    Returns
    -------
    str
    """
    until = f"contact_date <= DATE {text_literal(as_of)}"
    return (
        f"SELECT p.customer, count(*) FILTER (arm <> 'control' AND {until}) AS \"contacts\", "
        f"max(contact_date) FILTER (arm <> 'control' AND {until}) AS \"last contact\", "
        f"count(*) FILTER (arm = 'control' AND {until}) AS \"times held out\" "
        "FROM population p LEFT JOIN log l ON l.customer = p.customer GROUP BY p.customer"
    )
