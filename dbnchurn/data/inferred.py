"""The contract of a table, inferred from its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from dbnchurn.core.errors import DataError, did_you_mean
from dbnchurn.core.sql import quoted
from dbnchurn.data.open import open_table, raw_name
from dbnchurn.data.plan import Csv, Grain, Rule, TablePlan
from dbnchurn.data.typed import present
from dbnchurn.tables.date_format import DateFormat
from dbnchurn.tables.dialect import Dialect, detect_dialect
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.duration_format import DurationFormat
from dbnchurn.tables.files import find_files, kind_of_file
from dbnchurn.tables.number_format import NumberFormat
from dbnchurn.tables.postgres import Postgres
from dbnchurn.tables.reading_rules import ReadingRules
from dbnchurn.tables.roles import ColumnFacts, find_date, find_key
from dbnchurn.tables.text_column import MISSING, NO, YES, TextColumn
from dbnchurn.tables.text_decision import Decision, Question, decisions_and_questions

MOST_LEVELS = 40
PROBED = 1_000  # words that show a decimal mark
ISO = ("%Y-%m-%d", "%Y-%m")
DAY = "datetime64[D]"


@dataclass(frozen=True)
class InferredTable:
    """The proposed contract of one table.

    Parameters
    ----------
    plan : TablePlan
    questions : tuple of Question, default ()
        What has to be decided; the plan leaves it open.
    notes : tuple of str, default ()
        Sentences about what was guessed.
    """

    plan: TablePlan
    questions: tuple[Question, ...] = ()
    notes: tuple[str, ...] = ()


def infer_table(
    name: str,
    *,
    path: str | None = None,
    postgres: Postgres | None = None,
    key: str | None = None,
    date: str | None = None,
    sheet: str | None = None,
) -> InferredTable:
    """Infer the contract of one table.

    Text is read by the decisions of the reader that builds tables later; how the file is written
    (delimiter, encoding, sheet, formats, texts that stand for a missing value) becomes part of the
    contract. Text with at most 40 distinct values is a category, where spellings that differ only
    in case are one level. A number that is never negative gets the lower bound 0. Bounds and levels
    are proposals to edit.

    Parameters
    ----------
    name : str
        Name of the table, for messages.
    path : str, optional
        File, folder or pattern; exactly one of `path` and `postgres` is needed.
    postgres : Postgres, optional
        Table or query of a database.
    key : str, optional
        By default the column that is named like a key, or has a value of its own for every row.
    date : str, optional
        By default the column that looks like the date of the snapshot or event, if one does.
    sheet : str, optional
        Sheet of a spreadsheet; needed where several hold something.

    Returns
    -------
    InferredTable

    Raises
    ------
    DataError
        If the table cannot be read, or no column looks like a key.
    """
    source = TablePlan(path=path, postgres=postgres, key=key or "?", sheet=sheet)
    with Session() as session:
        open_table(session, name, source, guess_types=False)
        columns = session.columns(raw_name(name))
        for role, column in (("key", key), ("date", date)):
            if column is not None and column not in columns:
                raise DataError(
                    f"table {name!r} has no {role} column {column!r}: "
                    f"{did_you_mean(column, columns)}"
                )
        texts = _texts(session, name, columns)
        decisions, questions = decisions_and_questions(
            list(texts.values()), ReadingRules(place=f"format of {name}")
        )
        rules = {
            column: _rule(session, name, column, kind, texts.get(column), decisions.get(column))
            for column, kind in columns.items()
        }
        facts = [_facts(session, name, column, rule) for column, rule in rules.items()]
        notes = [note.removeprefix(f"table {name!r}: ") for note in session.notes]
        if key is None:
            key, why = find_key(facts)
            if key is None:
                raise DataError(
                    f"table {name!r}: no column looks like a key ({why}); name it with --key "
                    f"(columns: {', '.join(columns)})"
                )
            notes.append(f"key {key!r}: {why}")
        if date is None:
            date, why = find_date([fact for fact in facts if fact.name != key], key)
            if date is None and any(fact.name == key and fact.repeated for fact in facts):
                date, why = find_date(facts, key)
            notes.append(f"date {date!r}: {why}" if date else f"no date: {why}")
        grain = _grain(session, name, key, date, decisions.get(date or ""), columns)
    rules.pop(key)
    questions = [question for question in questions if question.column != key]
    for question in questions:
        rules[question.column] = rules[question.column].model_copy(update={"format": None})
    plan = source.model_copy(
        update={
            "csv": _csv(name, path, decisions) if path is not None else Csv(),
            "missing": _missing(texts, decisions),
            "key": key,
            "date": date,
            "grain": grain,
            "columns": rules,
        }
    )
    return InferredTable(plan, tuple(questions), tuple(notes))


def _texts(session: Session, name: str, columns: Mapping[str, str]) -> dict[str, TextColumn]:
    """The distinct words of every column of text."""
    texts = {}
    for column, kind in columns.items():
        if kind == "VARCHAR":
            words = session.arrow(
                f"SELECT DISTINCT w FROM (SELECT {present(column, kind)} AS w FROM "
                f"{raw_name(name)}) WHERE w IS NOT NULL ORDER BY w"
            )
            texts[column] = TextColumn.of(column, words.column("w"), MISSING)
    return texts


def _csv(name: str, path: str, decisions: Mapping[str, Decision]) -> Csv:
    """How CSV files are written, where it is not what is taken for granted."""
    files = find_files(path, name)
    if kind_of_file(files[0]) != "csv":
        return Csv()
    return csv_section([detect_dialect(file) for file in files], decisions)


def csv_section(dialects: Sequence[Dialect], decisions: Mapping[str, Decision]) -> Csv:
    """What a config has to say so that CSV files are read again as they were.

    Parameters
    ----------
    dialects : sequence of Dialect
        Of all files; what is not the same for all is left to be found out.
    decisions : mapping of column → Decision

    Returns
    -------
    Csv
    """
    found: dict[str, Any] = {}
    delimiters = {dialect.delimiter for dialect in dialects}
    if len(delimiters) == 1 and delimiters != {","}:
        found["delimiter"] = delimiters.pop()
    encodings = {dialect.encoding for dialect in dialects}
    if len(encodings) == 1 and not encodings <= {"utf-8", "utf-8-sig"}:
        found["encoding"] = encodings.pop()
    quotes = {dialect.quote for dialect in dialects}
    if len(quotes) == 1 and quotes != {'"'}:
        found["quote"] = quotes.pop()
    marks = {
        decision.form.decimal
        for decision in decisions.values()
        if isinstance(decision.form, NumberFormat)
        and (
            not decision.form.is_plain or any("." in word for word in decision.column.texts[:1000])
        )
    }
    if marks == {","}:
        found["decimal"] = ","
    return Csv(**found)


def _missing(texts: Mapping[str, TextColumn], decisions: Mapping[str, Decision]) -> tuple[str, ...]:
    """Words that stand for a missing value in columns of words too, such as NA."""
    gone = {
        word
        for column, decision in decisions.items()
        if decision.kind == "text"
        for word in set(texts[column].texts) - set(decision.column.texts)
    }
    return tuple(sorted(gone))


def _rule(
    session: Session,
    name: str,
    column: str,
    kind: str,
    text: TextColumn | None,
    decision: Decision | None,
) -> Rule:
    if kind.startswith(("DATE", "TIME")):
        return Rule(kind="date")
    if kind == "BOOLEAN":
        return Rule(kind="flag")
    value = present(column, kind)
    relation = f"(SELECT {value} AS v FROM {raw_name(name)}) WHERE v IS NOT NULL"
    if text is None or decision is None:
        return _number(session, relation)
    return _of_text(session, relation, text, decision)


def _number(session: Session, relation: str) -> Rule:
    low, distinct, whole, binary = session.row(
        f"SELECT min(v), approx_count_distinct(v), coalesce(bool_and(v = floor(v)), FALSE), "
        f"coalesce(bool_and(v IN (0, 1)), FALSE) FROM {relation}"
    )
    if binary and distinct == 2:
        return Rule(kind="flag")
    bound = 0.0 if low is not None and low >= 0 else None
    return Rule(kind="integer" if whole else "number", low=bound)


def _of_text(session: Session, relation: str, text: TextColumn, decision: Decision) -> Rule:
    """The rule of a column of text about which it is decided what it stands for."""
    words, form = decision.column.texts, decision.form
    if not words:
        return Rule(kind="text")
    if len(words) > 1 and {word.lower() for word in words} <= YES | NO:
        return Rule(kind="flag")
    if isinstance(form, NumberFormat):
        numbers = form.parse(words)
        low, known = np.nanmin(numbers), numbers[~np.isnan(numbers)]
        return Rule(
            kind="integer" if (known == np.floor(known)).all() else "number",
            low=0.0 if low >= 0 else None,
            format=None if form.is_plain and not _is_open(text) else form.picture,
            otherwise="missing" if decision.unread else "quarantine",
        )
    if isinstance(form, DateFormat):
        return Rule(
            kind="date",
            format=None if form.pattern in ISO else form.pattern,
            otherwise="missing" if decision.unread else "quarantine",
        )
    if isinstance(form, DurationFormat):
        return Rule(kind="text")
    if len(words) <= MOST_LEVELS:
        return _category(session, relation, words)
    rows = session.row(f"SELECT count(*) FROM {relation}")[0]
    return Rule(kind="category" if len(words) <= rows / 2 else "text")


def _is_open(text: TextColumn) -> bool:
    """Whether a column alone could be read in two ways, so that its format has to be written."""
    return bool(decisions_and_questions([text])[1])


def _category(session: Session, relation: str, words: Sequence[str]) -> Rule:
    """A category with the most frequent of the spellings that differ only in case as levels."""
    known = pa.table({"w": pa.array(words, pa.string())})
    spellings = set(known.column("w").to_pylist())
    counts = session.rows(f"SELECT v, count(*) FROM {relation} GROUP BY v ORDER BY v")
    best: dict[str, tuple[int, str]] = {}
    total: dict[str, int] = {}
    for word, rows in counts:
        if word in spellings:
            small = word.lower()
            total[small] = total.get(small, 0) + rows
            if small not in best or rows > best[small][0]:
                best[small] = (rows, word)
    order = sorted(best, key=lambda small: (-total[small], best[small][1]))
    return Rule(kind="category", levels=tuple(best[small][1] for small in order))


def _facts(session: Session, name: str, column: str, rule: Rule) -> ColumnFacts:
    """What the role of a column is guessed by."""
    cell = present(column, session.columns(raw_name(name))[column])
    rows, known, distinct = session.row(
        f"SELECT count(*), count(v), count(DISTINCT v) FROM "
        f"(SELECT {cell} AS v FROM {raw_name(name)})"
    )
    kind = rule.kind
    whole = kind != "number"
    span = _span(session, name, column, rule) if kind == "date" else 0.0
    return ColumnFacts(
        column, kind, rows, rows - known, distinct, distinct < known, whole, (), span
    )


def _span(session: Session, name: str, column: str, rule: Rule) -> float:
    """Days from the first date of a column to the last."""
    kind = session.columns(raw_name(name))[column]
    if kind != "VARCHAR":
        seconds = session.row(
            f"SELECT epoch(max({quoted(column)}::TIMESTAMP) - min({quoted(column)}::TIMESTAMP)) "
            f"FROM {raw_name(name)}"
        )[0]
        return float(seconds or 0) / 86_400
    form = DateFormat(rule.formats[0]) if rule.formats else DateFormat()
    days = form.parse(_texts(session, name, {column: kind})[column].texts)
    return float(np.nanmax(days) - np.nanmin(days)) if np.isfinite(days).any() else 0.0


def _grain(
    session: Session,
    name: str,
    key: str,
    date: str | None,
    decision: Decision | None,
    columns: Mapping[str, str],
) -> Grain:
    rows, keys = session.row(
        f"SELECT count(*), count(DISTINCT {quoted(key)}) FROM {raw_name(name)}"
    )
    if date is None or rows == keys:
        return "customer"
    if decision is not None and isinstance(decision.form, DateFormat):
        days = decision.form.parse(decision.column.texts)
        moments = np.floor(days[np.isfinite(days)]).astype(np.int64).astype(DAY)
        first = moments.astype("datetime64[M]").astype(DAY)
        return "month" if (moments == first).all() else "event"
    day = f"TRY_CAST({quoted(date)} AS TIMESTAMP)"
    monthly = session.row(f"SELECT coalesce(bool_and(day({day}) = 1), FALSE) FROM {raw_name(name)}")
    return "month" if monthly[0] else "event"
