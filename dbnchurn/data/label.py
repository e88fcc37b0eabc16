"""SQL of the label: which customers leave within the outcome window."""

from __future__ import annotations

from dbnchurn.core.errors import DataError
from dbnchurn.core.sql import quoted, text_literals
from dbnchurn.data.aggregates import day
from dbnchurn.data.plan import DataPlan, Label, TablePlan
from dbnchurn.data.windows import Window
from dbnchurn.tables.contract import POSITIVE_WORDS
from dbnchurn.tables.duckdb import Session


def outcome(session: Session, plan: DataPlan, window: Window) -> str:
    """SQL expression of the label: 1 for customers who leave within the outcome window, else 0.

    NULL where the outcome is not known. The expression refers to the table ``snapshot`` and to
    ``outcomes``, which this function creates.

    Parameters
    ----------
    session : Session
        Has the clean tables.
    plan : DataPlan
    window : Window

    Returns
    -------
    str

    Raises
    ------
    DataError
        If the plan has no label, the outcome window holds no rows, or the label table has
        customers that the base table lacks.
    """
    label = plan.label
    if label is None:
        raise DataError("the plan has no 'label', so the outcome is not known")
    table = plan.tables[label.table]
    _check_known(session, plan, label, table)
    name, key = quoted(label.table), quoted(table.key)
    if label.kind == "column":
        session.run(
            f"CREATE OR REPLACE TABLE outcomes AS SELECT {key} AS key, "
            f"max(({_left(label)})::TINYINT) AS y FROM {name} GROUP BY ALL"
        )
        return "(SELECT y FROM outcomes WHERE outcomes.key = snapshot.key)"
    assert table.date is not None
    when = quoted(table.date)
    inside = f"{when} >= {day(window.opens)} AND {when} < {day(window.closes)}"
    _check_not_empty(session, label, table, window, inside)
    if label.kind == "status":
        session.run(
            f"CREATE OR REPLACE TABLE outcomes AS SELECT {key} AS key, "
            f"max(({_left(label)})::TINYINT) AS y FROM {name} WHERE {inside} GROUP BY ALL"
        )
        return "(SELECT y FROM outcomes WHERE outcomes.key = snapshot.key)"
    condition = _left(label) if label.kind == "events" else _active(label)
    session.run(
        f"CREATE OR REPLACE TABLE outcomes AS SELECT DISTINCT {key} AS key FROM {name} "
        f"WHERE {inside} AND {condition}"
    )
    listed = "snapshot.key IN (SELECT key FROM outcomes)"
    return f"({listed if label.kind == 'events' else f'NOT {listed}'})::TINYINT"


def departed_customers(plan: DataPlan, window: Window) -> str | None:
    """Query for the keys of customers who left before the outcome window opens.

    Parameters
    ----------
    plan : DataPlan
    window : Window

    Returns
    -------
    str or None
        None where the label has no dated events.
    """
    label = plan.label
    if label is None or label.kind not in ("events", "status"):
        return None
    table = plan.tables[label.table]
    assert table.date is not None
    return (
        f"SELECT {quoted(table.key)} FROM {quoted(label.table)} "
        f"WHERE {quoted(table.date)} < {day(window.opens)} AND {_left(label)}"
    )


def _left(label: Label) -> str:
    """SQL condition that a row means the customer left."""
    if label.column is None:
        return "TRUE"
    word = f"lower(CAST({quoted(label.column)} AS VARCHAR))"
    if not label.left:
        return f"{word} IN {text_literals(sorted({*POSITIVE_WORDS, '1.0'}))}"
    spellings = {text for value in label.left for text in _spellings(value)}
    return f"{word} IN {text_literals(sorted(spellings))}"


def _spellings(value: object) -> set[str]:
    """The texts that a value of the config may have in the table."""
    if isinstance(value, bool):
        return {str(value).lower(), "1.0" if value else "0.0", str(int(value))}
    if isinstance(value, int | float) and float(value).is_integer():
        return {str(int(value)), f"{float(value)}"}
    return {str(value).lower()}


def _active(label: Label) -> str:
    return "TRUE" if label.column is None else f"{quoted(label.column)} > 0"


def _check_not_empty(
    session: Session, label: Label, table: TablePlan, window: Window, inside: str
) -> None:
    name, when = quoted(label.table), quoted(table.date or "")
    if session.row(f"SELECT count(*) FROM {name} WHERE {inside}")[0]:
        return
    latest = session.row(f"SELECT max({when}) FROM {name}")[0]
    raise DataError(
        f"the outcome window of the cutoff {window.cutoff} is empty: table {label.table!r} has no "
        f"rows from {window.opens} to before {window.closes}, its last is of {latest:%Y-%m-%d}; "
        "choose an earlier cutoff whose outcome is known"
    )


def _check_known(session: Session, plan: DataPlan, label: Label, table: TablePlan) -> None:
    if label.table == plan.base or label.unknown == "drop":
        return
    base = plan.tables[plan.base]
    count, first = session.row(
        f"SELECT count(DISTINCT {quoted(table.key)}), min({quoted(table.key)}) "
        f"FROM {quoted(label.table)} WHERE {quoted(table.key)} NOT IN "
        f"(SELECT {quoted(base.key)} FROM {quoted(plan.base)})"
    )
    if count:
        raise DataError(
            f"the label table {label.table!r} has {count} customers that {plan.base!r} does not "
            f"know, the first is {first!r}; check that both use the same keys, or say "
            "label.unknown: drop"
        )
