"""SQL of the label: which customers leave within the outcome window."""

from __future__ import annotations

import numpy as np

from dbnchurn.core.errors import DataError
from dbnchurn.core.sql import quoted, text_literals
from dbnchurn.data.aggregates import EARLIEST, day, rows_within
from dbnchurn.data.plan import DataPlan, Label, TablePlan
from dbnchurn.data.windows import Window
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.label import decide_classes
from dbnchurn.tables.label_classes import counts_text, merge_spellings
from dbnchurn.tables.label_question import Question
from dbnchurn.tables.label_words import Word, class_key, says_the_opposite, word_of

QUESTION = Question("data.label.left: [{}]", "data.label.stayed: [{}]")


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
        session.define(
            f"CREATE OR REPLACE TABLE outcomes AS SELECT {key} AS key, "
            f"max(({_known_outcome(session, label)})::TINYINT) AS y FROM {name} GROUP BY ALL"
        )
        return "(SELECT y FROM outcomes WHERE outcomes.key = snapshot.key)"
    assert table.date is not None
    when = quoted(table.date)
    inside = f"{when} >= {day(window.opens)} AND {when} < {day(window.closes)}"
    _check_not_empty(session, label, table, window, inside)
    if label.kind == "status":
        session.define(
            f"CREATE OR REPLACE TABLE outcomes AS SELECT {key} AS key, "
            f"max(({_left(session, label)})::TINYINT) AS y FROM {name} WHERE {inside} GROUP BY ALL"
        )
        return "(SELECT y FROM outcomes WHERE outcomes.key = snapshot.key)"
    condition = _left(session, label) if label.kind == "events" else _active(label)
    session.define(
        f"CREATE OR REPLACE TABLE outcomes AS SELECT DISTINCT {key} AS key FROM {name} "
        f"WHERE {inside} AND {condition}"
    )
    listed = "snapshot.key IN (SELECT key FROM outcomes)"
    return f"({listed if label.kind == 'events' else f'NOT {listed}'})::TINYINT"


def departed_customers(session: Session, plan: DataPlan, window: Window) -> str | None:
    """Query for the keys of customers who left before the outcome window opens.

    Parameters
    ----------
    session : Session
        Has the clean tables.
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
        f"WHERE {quoted(table.date)} < {day(window.opens)} AND {_left(session, label)}"
    )


def departures(session: Session, plan: DataPlan, window: Window) -> str:
    """Query for customers who left before a cutoff: ``key``, and ``day``, from which it is known.

    Departures between cutoff and outcome window are not among them: nobody knows them at the
    cutoff.

    Parameters
    ----------
    session : Session
        Has the clean tables.
    plan : DataPlan
        Its label has dated events.
    window : Window

    Returns
    -------
    str
    """
    label = plan.label
    assert label is not None
    table = plan.tables[label.table]
    when = quoted(table.date or "")
    known = f"{when} + INTERVAL 1 MONTH" if table.rows == "month" else when
    return (
        f"SELECT {quoted(table.key)} AS key, max({known}) AS day FROM {quoted(label.table)} WHERE "
        f"{rows_within(table, EARLIEST, window.cutoff)} AND {_left(session, label)} GROUP BY ALL"
    )


def _known_outcome(session: Session, label: Label) -> str:
    """SQL expression of a label column: 1 for those who left, 0 who stayed, NULL where empty."""
    spellings, rows = _spellings(session, label)
    number, classes = merge_spellings(spellings, np.array(rows, np.int64))
    meaning = decide_classes(
        classes,
        positive=label.left or None,
        negative=label.stayed or None,
        column=label.column,
        question=QUESTION,
    )
    sides = [
        [text for text, i in zip(spellings, number, strict=True) if classes[i].value in values]
        for values in (meaning.positive, meaning.negative)
    ]
    word = _word(label)
    left, stayed = (f"{word} IN {text_literals(texts)}" for texts in sides)
    return f"CASE WHEN {left} THEN 1 WHEN {stayed} THEN 0 END"


def _left(session: Session, label: Label) -> str:
    """SQL condition that a row means the customer left."""
    if label.column is None:
        return "TRUE"
    spellings, rows = _spellings(session, label)
    if label.left:
        keys = {class_key(value) for value in label.left}
        texts = [text for text in spellings if class_key(text) in keys]
    else:
        words = {text: word_of(class_key(text)) for text in spellings}
        texts = [text for text in spellings if words[text] in (Word.LEFT, Word.YES)]
        answers = any(words[text] in (Word.YES, Word.NO) for text in spellings)
        if spellings and (not texts or (answers and says_the_opposite(label.column))):
            classes = merge_spellings(spellings, np.array(rows, np.int64))[1]
            session.refuse(
                f"column {label.column!r} of the label table {label.table!r} holds "
                f"{counts_text(classes, sum(rows))}, of which no word says for certain that a "
                "customer left; name the values that mean left: data.label.left: […]"
            )
    return f"{_word(label)} IN {text_literals(texts)}" if texts else "FALSE"


def _word(label: Label) -> str:
    return f"CAST({quoted(label.column or '')} AS VARCHAR)"


def _spellings(session: Session, label: Label) -> tuple[list[str], list[int]]:
    """The distinct texts of the label column that are not blank, and the rows of each."""
    found = session.tally(
        f"SELECT {_word(label)} AS word, count(*) FROM {quoted(label.table)} "
        "WHERE word IS NOT NULL AND trim(word) <> '' GROUP BY word ORDER BY word"
    )
    return [str(text) for text, _ in found], [int(rows) for _, rows in found]


def _active(label: Label) -> str:
    return "TRUE" if label.column is None else f"{quoted(label.column)} > 0"


def _check_not_empty(
    session: Session, label: Label, table: TablePlan, window: Window, inside: str
) -> None:
    name, when = quoted(label.table), quoted(table.date or "")
    if session.total(f"SELECT count(*) FROM {name} WHERE {inside}", "sum")[0]:
        return
    latest = session.total(f"SELECT strftime(max({when}), '%Y-%m-%d') FROM {name}", "max")[0]
    session.refuse(
        f"the outcome window of the cutoff {window.cutoff} is empty: table {label.table!r} has no "
        f"rows from {window.opens} to before {window.closes}, its last is of {latest}; "
        "choose an earlier cutoff whose outcome is known"
    )


def _check_known(session: Session, plan: DataPlan, label: Label, table: TablePlan) -> None:
    if label.table == plan.base or label.unknown == "drop":
        return
    base = plan.tables[plan.base]
    count, first = session.total(
        f"SELECT count(DISTINCT {quoted(table.key)}), min({quoted(table.key)}) "
        f"FROM {quoted(label.table)} WHERE {quoted(table.key)} NOT IN "
        f"(SELECT {quoted(base.key)} FROM {quoted(plan.base)})",
        "sum min",
    )
    if count:
        session.refuse(
            f"the label table {label.table!r} has {count} customers that {plan.base!r} does not "
            f"know, the first is {first!r}; check that both use the same keys, or say "
            "label.unknown: drop"
        )
