"""Join the clean tables into one row per customer and cutoff, in bounded memory.

Every cutoff is built by the same statements, whether it is one of many for training or the only
one of a scoring month, so both give the same columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.core.sql import quoted, text_literal
from dbnchurn.data.aggregates import (
    EARLIEST,
    Feature,
    FeatureQuery,
    Span,
    day,
    features_of,
    last_value,
    month_spans,
    rows_within,
    whole_span,
)
from dbnchurn.data.coverage import months_there
from dbnchurn.data.label import departed_customers, outcome
from dbnchurn.data.neighbours import NeighbourFeatures
from dbnchurn.data.plan import NUMERIC, DataPlan, TablePlan, Through
from dbnchurn.data.regrouping import Regrouping
from dbnchurn.data.typed import as_text
from dbnchurn.data.windows import Window
from dbnchurn.tables.duckdb import Session

CUTOFF, LABEL = "cutoff", "label"
RESULT = quoted("finished features")
FEATURES_PER_QUERY = 24  # the states of all aggregates of a query have to fit into memory
NO_WINDOWS = date(1970, 1, 1)  # cutoff of tables without dates


def integrate(
    session: Session,
    plan: DataPlan,
    cutoffs: Sequence[date],
    *,
    labelled: bool,
    regrouping: Regrouping | None = None,
) -> list[Feature]:
    """Build the table of features from the clean tables of a session.

    Parameters
    ----------
    session : Session
        Has every table of the plan under its name, see :func:`dbnchurn.data.contracts.enforce`.
    plan : DataPlan
    cutoffs : sequence of date
        Empty for tables without dates.
    labelled : bool
        Whether the outcome is known and belongs to the table.
    regrouping : Regrouping, optional
        Where the customers are divided: what the parts give each other.

    Returns
    -------
    features : list of Feature
        The columns of ``RESULT`` beside key, cutoff and label.

    Raises
    ------
    Awaited
        If a part has to wait for what others give.
    """
    _check_keys(session, plan)
    features: list[Feature] = []
    days = cutoffs or [NO_WINDOWS]
    windows = [plan.windows.at(d) if plan.windows else Window(*(5 * [d])) for d in days]
    neighbours = NeighbourFeatures(session, plan, regrouping)
    neighbours.exchange(windows)
    for snapshot, (cutoff, window) in enumerate(zip(days, windows, strict=True)):
        _snapshot(session, plan, window)
        queries = list(_feature_queries(plan, window))
        queries += neighbours.queries(window)
        for number, query in enumerate(queries):
            session.define(f"CREATE TABLE features{number} AS {query.sql}")
        features = [feature for query in queries for feature in query.features]
        columns = _columns(plan, features)
        label = f", {outcome(session, plan, window)} AS {LABEL}" if labelled else ""
        joins = " ".join(f"LEFT JOIN features{i} USING (key)" for i in range(len(queries)))
        select = (
            f"SELECT snapshot.key AS {quoted(plan.tables[plan.base].key)}, DATE '{cutoff}' AS "
            f"{CUTOFF}, {', '.join(columns)}{label} FROM snapshot {joins}"
        )
        session.define(
            f"INSERT INTO {RESULT} {select}" if snapshot else f"CREATE TABLE {RESULT} AS {select}"
        )
        _check_one_row_each(session, cutoff)
        for number in range(len(queries)):
            session.run(f"DROP TABLE features{number}")
        neighbours.drop(window)
        session.run("DROP TABLE snapshot")
    return features + [Feature(name, "") for name in plan.ratios]


def _check_one_row_each(session: Session, cutoff: date) -> None:
    """Refuse a join that repeated customers, whatever the tables hold."""
    rows, customers = session.row(
        f"SELECT (SELECT count(*) FROM {RESULT} WHERE {CUTOFF} = DATE '{cutoff}'), "
        "(SELECT count(*) FROM snapshot)"
    )
    if rows != customers:
        raise DataError(
            f"the tables give {rows} rows for {customers} customers at the cutoff {cutoff}: a "
            "table without dates, or a lookup, has several rows of one key; keep one row of each"
        )


def _check_keys(session: Session, plan: DataPlan) -> None:
    """Refuse tables whose keys cannot be compared with those of the base table."""
    kinds = {name: session.columns(quoted(name))[t.key] for name, t in plan.tables.items()}
    own = kinds[plan.base]
    for name, table in plan.tables.items():
        if table.rows != "lookup" and kinds[name] != own:
            raise DataError(
                f"keys of mixed types: {plan.tables[plan.base].key!r} is {_kind_text(own)} in "
                f"{plan.base!r} and {table.key!r} is {_kind_text(kinds[name])} in {name!r}; say "
                "key_kind: text (or number) in both tables"
            )


def _kind_text(kind: str) -> str:
    return "text" if kind == "VARCHAR" else "a number"


def _snapshot(session: Session, plan: DataPlan, window: Window) -> None:
    """Create the table of customers with records at a cutoff who have not left before."""
    base = plan.tables[plan.base]
    where = ["TRUE"]
    if base.date is not None:
        span = current_span(session, plan, window)
        where = [rows_within(base, span.start, span.until)]
        if base.rows == "customer":
            where = [f"{quoted(base.date)} < {day(window.cutoff)}"]
    statement = (
        f"CREATE TABLE snapshot AS SELECT DISTINCT {quoted(base.key)} AS key "
        f"FROM {quoted(plan.base)} WHERE {' AND '.join(where)}"
    )
    session.define(statement)
    departed = departed_customers(session, plan, window)
    if departed is not None:
        statement += departed
        session.define(f"DELETE FROM snapshot WHERE key IN ({departed})")
    if not session.total("SELECT count(*) FROM snapshot", "sum", about=statement)[0]:
        session.refuse(
            f"table {plan.base!r} has no customers within {window.active} and {window.cutoff}; "
            "choose a cutoff that lies after records, or a longer observation window"
        )


def current_span(session: Session, plan: DataPlan, window: Window) -> Span:
    """The span in which a customer of a dated base table needs a row to be a customer still.

    For a table of months that is its last month before the cutoff, or the newest that is there;
    who has a row in earlier months alone has left. Windows with ``active`` say otherwise.

    Parameters
    ----------
    session : Session
        Has the clean tables.
    plan : DataPlan
        Its base table has dates.
    window : Window

    Returns
    -------
    Span
    """
    base = plan.tables[plan.base]
    span = whole_span(base, replace(window, start=window.active))
    if base.rows != "month" or (plan.windows is not None and plan.windows.active is not None):
        return span
    months = months_there(session, plan.base, base, span)
    return replace(span, start=months[-1]) if months else span


def count_gone(session: Session, plan: DataPlan, window: Window) -> int:
    """Customers of a base table of months with rows in the window, but none in the last month.

    Parameters
    ----------
    session : Session
        Has the clean tables.
    plan : DataPlan
    window : Window

    Returns
    -------
    int
        Without those whom the label's table knows as departed.
    """
    base = plan.tables[plan.base]
    if base.rows != "month":
        return 0
    whole, current = whole_span(base, window), current_span(session, plan, window)
    keys = f"SELECT {quoted(base.key)} AS key FROM {quoted(plan.base)} WHERE "
    earlier = f"{keys}{rows_within(base, whole.start, whole.until)}"
    still = f"{keys}{rows_within(base, current.start, current.until)}"
    departed = departed_customers(session, plan, window)
    known = "" if departed is None else f" AND key NOT IN ({departed})"
    return int(
        session.total(
            f"SELECT count(DISTINCT key) FROM ({earlier}) WHERE key NOT IN ({still}){known}", "sum"
        )[0]
    )


def _feature_queries(plan: DataPlan, window: Window) -> Iterator[FeatureQuery]:
    for name, wanted in plan.features.items():
        table = plan.tables[name]
        if table.rows in ("customer", "lookup"):
            yield _value_columns(name, plan, window)
            continue
        spans = [whole_span(table, window)]
        features = list(features_of(name, table, wanted.window, spans[0], window))
        if plan.windows is not None and plan.windows.months:
            months = month_spans(table, window, plan.windows.months)
            for span in months:
                features += features_of(name, table, wanted.month, span, window)
            spans += months
        within = rows_within(table, min(s.start for s in spans), max(s.until for s in spans))
        for first in range(0, len(features), FEATURES_PER_QUERY):
            some = tuple(features[first : first + FEATURES_PER_QUERY])
            columns = ", ".join(f"{f.sql} AS {quoted(f.name)}" for f in some)
            yield FeatureQuery(
                f"SELECT {quoted(table.key)} AS key, {columns} FROM {quoted(name)} "
                f"WHERE {within} GROUP BY ALL",
                some,
            )


def _value_columns(name: str, plan: DataPlan, window: Window) -> FeatureQuery:
    """Columns of a table with one row per customer, or per entry of a lookup."""
    table = plan.tables[name]
    wanted = plan.features[name].values
    label = plan.label.column if plan.label and plan.label.table == name else None
    columns = [c for c in table.described if c != label] if wanted == "all" else list(wanted)
    kinds = {c: _kind(table, c) for c in columns}
    features = tuple(Feature(f"{name}_{c}", "", kinds[c]) for c in columns)
    chosen = ", ".join(f"t.{quoted(c)} AS {quoted(f'{name}_{c}')}" for c in columns)
    if table.through is None:
        known = f"WHERE t.{quoted(table.date)} < {day(window.cutoff)}" if table.date else ""
        sql = f"SELECT t.{quoted(table.key)} AS key, {chosen} FROM {quoted(name)} t {known}"
    else:
        there = comparable("w.link", plan, table.through)
        sql = (
            f"SELECT w.key, {chosen} FROM ({_links(plan, table.through, window)}) w "
            f"JOIN {quoted(name)} t ON {there} = CAST(t.{quoted(table.key)} AS VARCHAR)"
        )
    return FeatureQuery(sql, features)


def _links(plan: DataPlan, through: Through, window: Window) -> str:
    """Query for the value by which a lookup is joined, one ``link`` for each ``key``.

    Of a table of months or events it is the last value within the observation window.
    """
    way = plan.tables[through.table]
    key, column = quoted(way.key), quoted(through.column)
    rows = f"FROM {quoted(through.table)} WHERE"
    if way.rows in ("month", "event"):
        span = whole_span(way, window)
        link, within = last_value(column, way, span), rows_within(way, span.start, span.until)
        return f"SELECT {key} AS key, {link} AS link {rows} {within} GROUP BY ALL"
    known = "TRUE" if way.date is None else f"{quoted(way.date)} < {day(window.cutoff)}"
    return f"SELECT {key} AS key, {column} AS link {rows} {known}"


def comparable(column: str, plan: DataPlan, through: Through) -> str:
    """SQL of the column that a lookup is joined by, as text; numbers that are no keys are DOUBLE.

    Parameters
    ----------
    column : str
        SQL expression of its values.
    plan : DataPlan
    through : Through
        Table and column.

    Returns
    -------
    str
    """
    rule = plan.tables[through.table].columns.get(through.column)
    return as_text(column, "DOUBLE" if rule is not None and rule.kind in NUMERIC else "BIGINT")


def _kind(table: TablePlan, column: str) -> str:
    kind = table.columns[column].kind
    return "category" if kind in ("category", "text") else "date" if kind == "date" else "number"


def _columns(plan: DataPlan, features: Sequence[Feature]) -> list[str]:
    """SQL expressions of all features, with their value for customers without rows, and ratios."""
    names = [f.name for f in features] + list(plan.ratios)
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise DataError(f"features of the same name: {listed(repeated)}")
    columns = []
    for feature in features:
        name = quoted(feature.name)
        if feature.kind == "number":
            empty = f"coalesce({name}, {feature.empty})" if feature.empty is not None else name
            columns.append(f"CAST({empty} AS DOUBLE) AS {name}")
        else:
            columns.append(name)
    by_name = {f.name: f for f in features}
    for name, (above, below) in plan.ratios.items():
        for part in (above, below):
            if part not in by_name:
                raise DataError(f"ratio {name!r}: {part!r}: {did_you_mean(part, by_name)}")
        columns.append(
            f"CAST({quoted(above)} / nullif({quoted(below)}, 0) AS DOUBLE) AS {quoted(name)}"
        )
    if not columns:
        raise DataError("the plan names no features; list some under features")
    return columns


def hide_from(session: Session, name: str, table: TablePlan, until: date) -> None:
    """Replace a clean table by a view of its rows before a date.

    Parameters
    ----------
    session : Session
    name : str
        Name of the table.
    table : TablePlan
        With a date column.
    until : date
        Rows from this date on are hidden.
    """
    own, whole = quoted(name), quoted(f"whole {name}")
    kinds = session.rows(
        "SELECT table_type FROM information_schema.tables WHERE table_name = "
        f"{text_literal(name)} AND table_schema = 'main'"
    )
    kind = "VIEW" if kinds[0][0] == "VIEW" else "TABLE"
    session.run(f"ALTER {kind} {own} RENAME TO {whole}")
    before = rows_within(table, EARLIEST, until)
    session.run(f"CREATE VIEW {own} AS SELECT * FROM {whole} WHERE {before}")
