"""What the columns of a table are read as, by counts of their values."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dbnchurn.core.errors import DataError
from dbnchurn.tables import kinds
from dbnchurn.tables.date_format import DAY, DateFormat
from dbnchurn.tables.doubtful_values import (
    doubtful_dates,
    doubtful_numbers,
    doubtful_values,
    formula_errors,
)
from dbnchurn.tables.loading import whole_numbers
from dbnchurn.tables.number_format import NumberFormat
from dbnchurn.tables.reading_rules import Form, ReadingRules, form_of, name_of
from dbnchurn.tables.roles import ColumnFacts
from dbnchurn.tables.schema import Column
from dbnchurn.tables.serial_format import SerialFormat, is_date_name, serial_note
from dbnchurn.tables.tally import ColumnTally
from dbnchurn.tables.text_column import FORMULA_ERRORS, PERHAPS_MISSING, TextColumn
from dbnchurn.tables.text_decision import Decision, Question, decisions_and_questions
from dbnchurn.tables.time_offsets import offset_note, zone_note

FILLER = "\0rows"  # so that a table of ignored columns alone has something to use
TWICE = 2  # rows of a value in the frame by which kinds are inferred: one, or several
FEW_WORDS = 100


@dataclass(frozen=True)
class InspectedColumn:
    """What one column is read as.

    Parameters
    ----------
    name : str
    kind : str
        ``number``, ``date``, ``flag``, ``category`` or ``ignore``; ``id`` or ``label`` where it is
        said to be one.
    format : str, default ""
        How numbers or dates are written as text.
    rows, distinct : int, default 0
        Rows, and distinct values that are not missing.
    looked_at : int, default 0
        Distinct values that decided; fewer than `distinct`, which is then an estimate, if there are
        very many.
    missing : dict of text → rows, default {}
        By what stands there; the empty text stands for empty cells.
    examples : tuple of (before, after), default ()
        Values as they are written, and as they are read.
    unread : dict of text → rows, default {}
        Values that are no number or date though nearly all others are; they count as missing.
    note : str, default ""
        Why it is ignored, or how it is read.
    doubt : str, default ""
        Why it stays text although it looks like numbers or dates.
    question : Question, optional
        What has to be decided, if it can be read in two ways.
    words : tuple of str, default ()
        All values as they are written, if they are at most 100.
    word_rows : tuple of int, default ()
        Rows of each of these values.
    is_open : bool, default False
        Whether the column alone could be read in two ways, and the others decided.
    doubtful : tuple of str, default ()
        Sentences about values that may mean something else, such as -999.
    facts : ColumnFacts, optional
        What its role is guessed by.
    """

    name: str
    kind: str
    format: str = ""
    rows: int = 0
    distinct: int = 0
    looked_at: int = 0
    missing: dict[str, int] = field(default_factory=dict)
    examples: tuple[tuple[str, str], ...] = ()
    unread: dict[str, int] = field(default_factory=dict)
    note: str = ""
    doubt: str = ""
    question: Question | None = None
    words: tuple[str, ...] = ()
    word_rows: tuple[int, ...] = ()
    is_open: bool = False
    doubtful: tuple[str, ...] = ()
    facts: ColumnFacts | None = field(default=None, repr=False)

    @property
    def missing_rows(self) -> int:
        """Rows without a value."""
        return sum(self.missing.values())

    @property
    def perhaps_missing(self) -> tuple[str, ...]:
        """Words such as NA that stand for a missing value here, and could be levels."""
        return tuple(word for word in self.missing if word in PERHAPS_MISSING)

    @property
    def is_sampled(self) -> bool:
        """Whether a sample of the distinct values decided."""
        return self.looked_at < self.distinct


def inspect_columns(
    tallies: Mapping[str, ColumnTally],
    rules: ReadingRules,
    *,
    typed: bool,
    ids: Collection[str] = (),
    as_written: Collection[str] = (),
) -> tuple[list[InspectedColumn], list[Question]]:
    """Decide what columns are read as.

    Parameters
    ----------
    tallies : mapping of column → ColumnTally
        Counts of all columns that are not left out.
    rules : ReadingRules
    typed : bool
        Whether the files have types; text is then text on purpose more often.
    ids : collection of str, default ()
        Columns that name the customer.
    as_written : collection of str, default ()
        Columns of labels.

    Returns
    -------
    columns : list of InspectedColumn
    questions : list of Question
        About single columns, and about the table as a whole.
    """
    texts = {
        name: _text_column(name, tally)
        for name, tally in tallies.items()
        if tally.is_text and name not in (*ids, *as_written)
    }
    decisions, questions = decisions_and_questions(list(texts.values()), rules, typed=typed)
    asked = {question.column: question for question in questions}
    frame = {
        name: _values(tally, decisions.get(name), typed=typed)
        for name, tally in tallies.items()
        if name not in (*ids, *as_written) and name not in asked
    }
    found = _kinds(frame, rules, decisions, typed=typed)
    if isinstance(found, str):
        questions.append(Question("", found))
        found = {}
    columns = []
    for name, tally in tallies.items():
        decision = decisions.get(name)
        usual = Column(name, decision.kind.replace("text", "category") if decision else "number")
        column = found.get(name, usual)
        if name in ids or name in as_written:
            column = Column(name, "id" if name in ids else "label")
        is_open = decision is not None and name not in asked and _is_open(texts[name], decision)
        told = name in rules.formats or name in rules.kinds
        inspected = _inspected(column, tally, decision, asked.get(name), is_open)
        doubtful = () if name in asked else tuple(_doubtful(column, tally, decision, told=told))
        columns.append(replace(inspected, doubtful=doubtful))
    return columns, questions


def _is_open(text: TextColumn, decision: Decision) -> bool:
    """Whether a column alone could be read in two ways."""
    form = decision.form
    if not isinstance(form, NumberFormat) or not form.is_plain:
        return False  # other formats are named in any case
    return bool(decisions_and_questions([text])[1])


def _text_column(name: str, tally: ColumnTally) -> TextColumn:
    """The distinct words of a column, each in one row, or in two if it stands in several."""
    counts = tally.counts
    times = np.minimum(np.fromiter(counts.values(), np.int64, len(counts)), TWICE)
    places = np.repeat(np.arange(len(counts), dtype=np.int32), times)
    return TextColumn(name, pa.array(list(counts), pa.string()), places)


def _values(tally: ColumnTally, decision: Decision | None, *, typed: bool) -> pd.Series[Any]:
    """The values as the table is loaded."""
    if decision is not None:
        return decision.column.as_text() if typed else decision.values()
    if not tally.is_counted:
        some: list[object] = [()] if tally.rows > tally.empty else [None]
        return pd.Series(some, dtype=object)
    counts = tally.counts
    times = np.minimum(np.fromiter(counts.values(), np.int64, len(counts)), TWICE)
    series: pd.Series[Any] = pa.array(list(counts), tally.kind).to_pandas()
    return series.repeat(times.tolist()).reset_index(drop=True)


def _kinds(
    frame: Mapping[str, pd.Series[Any]],
    rules: ReadingRules,
    decisions: Mapping[str, Decision],
    *,
    typed: bool,
) -> dict[str, Column] | str:
    """Column → what training infers of it; a sentence if it cannot be inferred."""
    given = {name: kind for name, kind in rules.kinds.items() if name in frame}
    formats = {name: form for name, form in rules.formats.items() if name in frame} if typed else {}
    table = pd.DataFrame({**frame, FILLER: pd.Series([0.0])})
    try:
        schema = kinds.infer(table, given, formats)
    except DataError as error:
        return str(error)
    found = {}
    for column in schema.columns:
        decision = decisions.get(column.name)
        if decision is not None and decision.form is not None and not column.format:
            column = replace(column, format=name_of(decision.form))
        found[column.name] = column
    return found


def _inspected(
    column: Column,
    tally: ColumnTally,
    decision: Decision | None,
    question: Question | None,
    is_open: bool,
) -> InspectedColumn:
    counts = tally.counts
    missing = {"": tally.empty, **tally.missing_by_text}
    unread: dict[str, int] = {}
    if decision is not None:
        gone = set(counts) - set(decision.column.texts)
        missing |= {word: counts.pop(word) for word in list(counts) if word in gone}
        unread = {word: counts[word] for word in decision.unread}
    distinct = tally.distinct - (len(tally.counts) - len(counts))
    note = column.note
    if not tally.is_whole and note.startswith("looks like an identifier"):
        note = f"looks like an identifier: nearly all of about {distinct:,} values occur once"
    form = column.format
    if question is not None and decision is not None and decision.form is not None:
        form = name_of(decision.form)
    words = [str(word) for word in counts] if len(counts) <= FEW_WORDS else []
    return InspectedColumn(
        column.name,
        column.kind,
        form,
        tally.rows,
        distinct,
        len(counts),
        {text: rows for text, rows in missing.items() if rows},
        _examples(column, tally, decision, question, counts),
        unread,
        note,
        "" if decision is None else decision.doubt,
        question,
        tuple(words),
        tuple(counts[word] for word in counts) if words else (),
        is_open,
        facts=_facts(column, tally, decision, distinct, sum(missing.values()), words),
    )


def _doubtful(
    column: Column, tally: ColumnTally, decision: Decision | None, *, told: bool
) -> Iterator[str]:
    """Sentences about values that are read as they stand and often mean something else."""
    errors = {t: n for t, n in tally.missing_by_text.items() if t in FORMULA_ERRORS}
    yield from filter(None, [formula_errors(column.name, errors)])
    seldom = tally.perhaps_missing
    counts = {word: rows for word, rows in tally.counts.items() if word not in seldom}
    rows = np.fromiter(counts.values(), np.int64, len(counts))
    if column.kind not in ("number", "date") or not len(rows):
        return
    if decision is not None and decision.form is not None:
        words = list(counts)
        numbers = decision.form.parse(words)
        if column.kind == "date":
            yield from filter(None, [offset_note(column.name, decision.form, words, rows)])
            yield from doubtful_dates(column.name, numbers, rows, words)
            return
    elif pa.types.is_integer(tally.kind) or pa.types.is_floating(tally.kind):
        numbers = np.array(list(counts), np.float64)
    else:
        series: pd.Series[Any] = pa.array(list(counts), tally.kind).to_pandas()
        yield from filter(None, [zone_note(column.name, series, rows)])
        yield from doubtful_values(column.name, series.repeat(np.minimum(rows, TWICE).tolist()))
        return
    if column.kind == "number":
        yield from doubtful_numbers(column.name, numbers, rows)
        plain = decision is None or decision.form == NumberFormat()
        if plain and not told and not is_date_name(column.name):
            yield from filter(None, [serial_note(column.name, numbers)])


def _facts(
    column: Column,
    tally: ColumnTally,
    decision: Decision | None,
    distinct: int,
    missing: int,
    words: Sequence[str],
) -> ColumnFacts:
    whole = True
    if decision is not None and decision.kind == "number" and decision.form is not None:
        numbers = decision.form.parse(decision.column.texts)
        numbers = numbers[np.isfinite(numbers)]  # words among them are no numbers, such as Total
        whole = bool((numbers == np.floor(numbers)).all())
        whole &= name_of(decision.form) in ("1234.5", "1.234,5", "1,234.5", "1234,5")
    elif not tally.is_text:
        whole = not pa.types.is_floating(tally.kind) or all(
            float(value).is_integer() for value in tally.counts
        )
    repeated = tally.repeated if not tally.is_whole else distinct < tally.rows - missing
    kind = column.kind if decision is None or column.kind == "ignore" else decision.kind
    return ColumnFacts(
        column.name,
        kind if kind != "text" else column.kind,
        tally.rows,
        missing,
        distinct,
        repeated,
        whole,
        tuple(words),
        _span_days(tally, decision),
    )


def _span_days(tally: ColumnTally, decision: Decision | None) -> float:
    """Days from the first date to the last; 0 of other columns."""
    if decision is not None:
        if decision.kind != "date" or decision.form is None:
            return 0.0
        days = decision.form.parse(decision.column.texts)
        return float(np.nanmax(days) - np.nanmin(days)) if np.isfinite(days).any() else 0.0
    if not pa.types.is_date(tally.kind) and not pa.types.is_timestamp(tally.kind):
        return 0.0
    moments = pd.to_datetime(pd.Series(list(tally.counts), dtype=object), utc=True)
    return float((moments.max() - moments.min()).days) if len(moments) else 0.0


def _examples(
    column: Column,
    tally: ColumnTally,
    decision: Decision | None,
    question: Question | None,
    counts: Mapping[Any, int],
) -> tuple[tuple[str, str], ...]:
    """Three values before and after; with a question those that are read differently."""
    values = [value for value in tally.examples if value in counts] or list(counts)[:3]
    if not tally.is_text:
        return tuple((str(value), _shown(value, column.kind)) for value in values)
    if column.kind == "id":
        read = whole_numbers(pd.Series(values, dtype=object))
        return tuple((value, str(after)) for value, after in zip(values, read, strict=True))
    if decision is None or decision.form is None:
        truth = decision is not None and decision.kind == "flag"
        return tuple((v, str(v.lower() == "true") if truth else v) for v in values)
    if question is not None and question.formats:
        forms = [form_of(text) for text in question.formats]
        values = [v for v in values if len({read_as(v, form) for form in forms}) > 1]
        values = values or [v for v in counts if len({read_as(v, form) for form in forms}) > 1][:3]
        return tuple((v, " or ".join(read_as(v, form) for form in forms)) for v in values)
    form = decision.form
    return tuple((value, read_as(value, form)) for value in values)


def read_as(word: str, form: Form) -> str:
    """A text as it is read by a format, in words.

    Parameters
    ----------
    word : str
    form : NumberFormat, DateFormat, DurationFormat or SerialFormat

    Returns
    -------
    str

    Examples
    --------
    >>> read_as("1.250,50 €", form_of("1.234,5 €")), read_as("31.8.2026", form_of("%d.%m.%Y"))
    ('1250.5', '2026-08-31')
    """
    value = float(form.parse([word])[0])
    if np.isnan(value):
        return "missing"
    if isinstance(form, DateFormat | SerialFormat):
        moment = pd.Timestamp("1970-01-01") + pd.Timedelta(seconds=round(value * DAY, 3))
        return str(moment).removesuffix(" 00:00:00")
    return f"{value:.12g}"


def _shown(value: Any, kind: str) -> str:
    """A value of a typed file as it is read."""
    if isinstance(value, timedelta):
        return f"{value.total_seconds() / DAY:.12g}"
    if kind == "date" and isinstance(value, int | float):
        return read_as(str(int(value)), DateFormat("%Y%m%d"))
    return str(value).removesuffix(" 00:00:00")
