"""What columns of text stand for, decided once for all columns of a table.

A file of text does not say which of its columns are numbers or dates, nor how these are written.
:func:`decide` finds out from the values themselves. Where a column can be read in two ways, the
other columns of the table decide; where they do not, the user is asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dbnchurn.core.errors import DataError, listed
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Bools, Floats
from dbnchurn.tables.date_format import DateFormat, certain_dates, date_readings
from dbnchurn.tables.duration_format import DurationFormat
from dbnchurn.tables.number_format import (
    CURRENCIES,
    NumberFormat,
    NumberReadings,
    certain_numbers,
    number_readings,
)
from dbnchurn.tables.reading_rules import Form, ReadingRules, form_of, name_of
from dbnchurn.tables.serial_format import (
    AS_NUMBER,
    SerialFormat,
    serial_formats,
    serial_question,
)
from dbnchurn.tables.text_column import PERHAPS_MISSING, TextColumn, shortest
from dbnchurn.tables.text_doubt import (
    FEW_LEVELS,
    PROBED,
    doubt_of,
    time_doubt,
    zeros_among_days,
)

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
else:
    pd = LazyModule("pandas")
    pa = LazyModule("pyarrow")

TextKind = Literal["number", "date", "flag", "text"]
MATCHING_SHARE = 0.9  # of the distinct values, for a column of numbers or dates with mistakes in it
MATCHING_ROWS = 0.98  # the same, of the rows
BARE = r"[-+]?\d+(\.\d+)?"
NUMERIC_DATE = r"(0[1-9]|1[0-2])\.(19|20)\d\d|(19|20)\d{6}"
TRUTH = ("true", "false")
MICROSECONDS = 86_400_000_000  # of a day


@dataclass(frozen=True, eq=False)
class Decision:
    """What a column of text stands for.

    Parameters
    ----------
    column : TextColumn
        Without the words that turned out to stand for a missing value.
    kind : {"number", "date", "flag", "text"}
    form : NumberFormat, DateFormat or DurationFormat, optional
        How numbers or dates are written.
    unread : tuple of str, default ()
        Words that are no number or date, though nearly all others are.
    doubt : str, default ""
        Why the column stays text although it looks like numbers or dates.
    absent : tuple of str, default ()
        Words such as ``unknown`` that count as missing, since the others are numbers or dates.
    """

    column: TextColumn
    kind: TextKind
    form: Form | None = None
    unread: tuple[str, ...] = ()
    doubt: str = ""
    absent: tuple[str, ...] = ()

    def values(self) -> pd.Series[Any]:
        """The rows of the column with the type that was decided.

        Returns
        -------
        Series of length n
            float64, datetime64, bool or text. Words that cannot be read stay as they are, in a
            column of objects, in which dates are text such as 2026-08-31.
        """
        column = self.column
        if self.kind == "flag":
            truth = np.array([word.lower() == "true" for word in column.texts], object)
            flags = pd.Series(column.spread(truth, None), dtype=object)
            return flags if flags.isna().any() else flags.astype(bool)
        if self.form is None or self.kind == "text":
            return column.as_text()
        numbers = self.form.parse(column.texts)
        if not np.isnan(numbers).any():
            rows = column.spread(numbers, np.nan)
            return days_as_dates(rows) if self.kind == "date" else pd.Series(rows)
        unread = np.array(column.texts, object)
        if self.kind == "date":
            days = days_as_dates(numbers).to_numpy()
            iso = np.datetime_as_string(days)
            mixed = np.where(np.isnan(numbers), unread, iso.astype(object))
        else:
            mixed = np.where(np.isnan(numbers), unread, numbers)
        return pd.Series(column.spread(mixed, None), dtype=object)


def days_as_dates(days: Floats) -> pd.Series[Any]:
    """Days since 1970 as a Series of datetime64, NaN as NaT."""
    known = np.isfinite(days)
    micro = np.round(np.where(known, days, 0.0) * MICROSECONDS).astype(np.int64)
    dates = micro.astype("datetime64[us]")
    dates[~known] = np.datetime64("NaT")
    return pd.Series(dates)


def decide(
    columns: Sequence[TextColumn], rules: ReadingRules | None = None, *, typed: bool = False
) -> dict[str, Decision]:
    """Decide what columns of text stand for.

    Parameters
    ----------
    columns : sequence of TextColumn
        All columns of a table that are used, for one is evidence of how the others are written.
    rules : ReadingRules, optional
    typed : bool, default False
        Whether the table has typed columns too, as a DataFrame has. Few distinct whole numbers
        that are text all the same are then text on purpose.

    Returns
    -------
    dict of column → Decision

    Raises
    ------
    DataError
        If columns can be read in two ways; all of them are named, with both readings.

    Examples
    --------
    >>> from dbnchurn.tables.text_column import MISSING
    >>> paid = TextColumn.of("paid", pa.array(["12,50", "7,685"]), MISSING)
    >>> debt = TextColumn.of("debt", pa.array(["7.685", "1.250"]), MISSING)
    >>> name_of(decide([paid, debt])["debt"].form)
    '1.234,5'
    >>> decide([debt])
    Traceback (most recent call last):
    ...
    dbnchurn.core.errors.DataError: column 'debt': '7.685' is 7.685 or 7685: say \
formats: {debt: '1234.5'} or formats: {debt: '1.234,5'}
    """
    decisions, questions = decisions_and_questions(columns, rules, typed=typed)
    if questions:
        raise DataError("; ".join(question.text for question in questions))
    return decisions


@dataclass(frozen=True)
class Question:
    """What has to be asked about a column that can be read in two ways.

    Parameters
    ----------
    column, text : str
        Its name, and a sentence with an example, both readings and the key that decides.
    formats : tuple of str, default ()
        The formats to choose from; empty where another key decides.
    """

    column: str
    text: str
    formats: tuple[str, ...] = ()


def decisions_and_questions(
    columns: Sequence[TextColumn], rules: ReadingRules | None = None, *, typed: bool = False
) -> tuple[dict[str, Decision], list[Question]]:
    """What columns of text stand for, and what has to be asked about them.

    Parameters
    ----------
    columns, rules, typed
        As for :func:`decide`.

    Returns
    -------
    decisions : dict of column → Decision
        The first of the readings where a column has several.
    questions : list of Question
    """
    rules = rules or ReadingRules()
    readings = [_reading(column, rules, typed) for column in columns]
    decimals = {rules.decimal} if rules.decimal else {r.decimal for r in readings} - {None}
    day_first = {r.day_first for r in readings} - {None}
    decisions: dict[str, Decision] = {}
    questions: list[Question] = []
    for reading in readings:
        forms = _usual(reading, reading.kept(decimals, day_first), rules)
        question = reading.question or (_two_readings(reading, forms, rules) if forms[1:] else "")
        named = reading.column.name in {*rules.kinds, *rules.formats}
        if not question and not named:
            question = zeros_among_days(reading.column.texts, reading.column.name)
        if question:
            choices = reading.choices if reading.question else tuple(map(name_of, forms))
            questions.append(Question(reading.column.name, question, choices))
        decisions[reading.column.name] = reading.decision(forms)
    words = {
        word
        for reading in readings
        if reading.kind in ("number", "date")
        for word in reading.perhaps_missing
    }
    cleaned = {
        name: replace(decision, column=decision.column.without(words))
        if decision.kind == "text" and name not in rules.kinds
        else decision
        for name, decision in decisions.items()
    }
    return cleaned, questions


@dataclass(frozen=True, eq=False)
class _Reading:
    """What one column may stand for, judged by itself."""

    column: TextColumn
    kind: TextKind
    forms: tuple[Form, ...] = ()
    example: str = ""
    perhaps_missing: tuple[str, ...] = ()
    marked: bool = False
    doubt: str = ""
    question: str = ""
    choices: tuple[str, ...] = ()

    @property
    def decimal(self) -> str | None:
        """The decimal mark, if the column proves it."""
        form = self.forms[0] if len(self.forms) == 1 else None
        return form.decimal if self.marked and isinstance(form, NumberFormat) else None

    @property
    def day_first(self) -> bool | None:
        """Whether days stand before months, if the column proves it."""
        found = {form.day_first for form in self.forms if isinstance(form, DateFormat)}
        return found.pop() if len(found) == 1 else None

    def kept(
        self, decimals: Collection[str | None], day_first: Collection[bool | None]
    ) -> list[Form]:
        """The formats that agree with the other columns; all if these disagree."""
        agreeing: list[Form] = [
            form
            for form in self.forms
            if (isinstance(form, NumberFormat) and {form.decimal} == decimals)
            or (isinstance(form, DateFormat) and {form.day_first} == day_first)
        ]
        return agreeing or list(self.forms)

    def decision(self, forms: Sequence[Form]) -> Decision:
        """The decision for the first of the formats that are left."""
        if self.kind in ("text", "flag"):
            absent = self.perhaps_missing if self.kind == "flag" else ()
            return Decision(self.column, self.kind, doubt=self.doubt, absent=absent)
        form = forms[0]
        parsed = np.isnan(form.parse(self.column.texts))
        unread = tuple(word for word, bad in zip(self.column.texts, parsed, strict=True) if bad)
        return Decision(self.column, self.kind, form, unread, absent=self.perhaps_missing)


def _reading(column: TextColumn, rules: ReadingRules, typed: bool) -> _Reading:
    kind = rules.kinds.get(column.name)
    if kind == "category":  # the level 0.10 is the level 0.1
        column = replace(column, words=pa.array(shortest(column.texts), pa.string()))
    if kind not in (None, "number", "date"):
        return _Reading(column, "text")
    known = column.without(PERHAPS_MISSING)
    gone = tuple(sorted({*column.texts} - {*known.texts})) if len(known.words) else ()
    if column.name in rules.formats:
        form = form_of(rules.formats[column.name])
        if isinstance(form, DateFormat | SerialFormat):
            return _Reading(known, "date", (form,), perhaps_missing=gone)
        return _Reading(known, "number", (form,), perhaps_missing=gone, marked=True)
    words = known.texts
    if not words:
        return _Reading(column, "text")
    if kind is None and {word.lower() for word in words[:3]} <= set(TRUTH) and len(words) <= 6:
        truth = {word.lower() for word in words} <= set(TRUTH)
        if truth:
            return _Reading(known, "flag", perhaps_missing=gone)
    if kind != "number" and (dates := _dates(known, given=kind == "date")) is not None:
        return replace(dates, column=known, perhaps_missing=gone)
    if kind == "date":
        return _Reading(column, "text")
    numbers = _numbers(known, rules, typed=typed and kind is None)
    if numbers is None and kind is not None:
        return _Reading(column, "text")
    if numbers is None:
        question = _several_formats(known, rules)
        return _Reading(column, "text", doubt=doubt_of(words), question=question)
    if numbers.kind == "text":
        return replace(numbers, column=column, doubt=numbers.doubt or time_doubt(words))
    return replace(numbers, perhaps_missing=gone)


def _are_enough(column: TextColumn, read: Bools, given: bool) -> bool:
    """Whether so many words can be read that the others are mistakes."""
    if given or not len(read):
        return bool(read.any())
    of_rows = column.counts[read].sum() / max(column.counts.sum(), 1)
    return bool(read.mean() >= MATCHING_SHARE or of_rows >= MATCHING_ROWS)


def _dates(column: TextColumn, given: bool) -> _Reading | None:
    """The reading of words as dates, if enough of them are."""
    words = column.texts
    if not given and not any(any(c.isdigit() for c in word) for word in words[:20]):
        return None
    found = date_readings(words)
    if not found.formats or not _are_enough(column, np.isfinite(found.days[0]), given):
        return None
    if not given and {form.pattern for form in found.formats} & {"%Y%m%d", "%m.%Y"}:
        # Such words could be numbers as well: all of them have to be dates, 01.2020 among them.
        strict = all(re.fullmatch(NUMERIC_DATE, word) for word in words)
        if not strict or not any(len(word) == 8 or word.startswith("0") for word in words):
            return None
    no_column = TextColumn("", pa.array([], pa.string()), np.empty(0, np.int32))
    return _Reading(no_column, "date", found.formats, words[found.example])


def _numbers(column: TextColumn, rules: ReadingRules, typed: bool) -> _Reading | None:
    """The reading of words as numbers or spans of time, if enough of them are."""
    words, given = column.texts, column.name in rules.kinds
    durations = np.isfinite(DurationFormat().parse(words[:50])).all()
    if durations and _are_enough(column, np.isfinite(DurationFormat().parse(words)), given):
        return _Reading(column, "number", (DurationFormat(),), marked=True)
    found = number_readings(words)
    if not found.formats or not _are_enough(column, found.read, given):
        return None
    if not given and any(re.fullmatch(r"[-+]?0\d+", word) for word in words):
        return _Reading(column, "text")  # codes, such as 007
    if typed and len(words) <= FEW_LEVELS and all(re.fullmatch(BARE, word) for word in words):
        return _Reading(column, "text")
    forms = found.formats
    if rules.decimal is not None:
        forms = tuple(form for form in forms if form.decimal == rules.decimal)
        if not forms:
            example = words[found.example]
            return _Reading(
                column, "number", found.formats, example, question=_not_so(column, example, rules)
            )
    reading = _Reading(column, "number", forms, words[found.example], marked=found.marked)
    plain = not given and not forms[1:] and forms[0].is_plain
    if plain and (question := serial_question(column.name, found.numbers[0], rules.place)):
        serials = serial_formats(column.name, found.numbers[0])
        return replace(reading, question=question, choices=(AS_NUMBER, *map(name_of, serials)))
    mixed = _mixed_units(found)
    if not mixed:
        return reading
    if len(words) <= FEW_LEVELS and not given:
        return _Reading(column, "text", doubt=f"{mixed}; write all alike")
    key = f"{rules.place}: {{{column.name}: '1234.5 {found.units[0]}'}}"
    question = (
        f"column {column.name!r} holds {mixed}; write them in one unit, or leave them text: "
        f"kinds: {{{column.name}: category}}"
    )
    return replace(reading, question=question if found.units[1:] else f"{question}, or say {key}")


def _mixed_units(found: NumberReadings) -> str:
    """What is wrong with the units of numbers, empty if nothing is."""
    if found.units[1:]:
        return f"numbers with several units: {listed(found.units)}"
    bare = np.abs(found.numbers[0][found.bare])
    if found.units and found.units[0] not in CURRENCIES.split() and np.nansum(bare) > 0:
        return f"numbers with the unit {found.units[0]!r} and without"
    return ""


def _usual(reading: _Reading, forms: list[Form], rules: ReadingRules) -> list[Form]:
    """The format that is usual for a column, if its texts keep it."""
    text = rules.usual.get(reading.column.name)
    if text is None or reading.question:
        return forms
    usual = form_of(text)
    if not forms or not isinstance(usual, type(forms[0])):
        return forms
    if isinstance(usual, DateFormat) and usual.base in [form.base for form in forms]:  # type: ignore[union-attr]
        return [usual]
    parsed = [form.parse(reading.column.texts) for form in (usual, forms[0])]
    as_many = (~np.isnan(parsed[0])).sum() >= (~np.isnan(parsed[1])).sum()
    return [usual] if forms[1:] and as_many else forms


def _two_readings(reading: _Reading, forms: Sequence[Form], rules: ReadingRules) -> str:
    name, example = reading.column.name, reading.example
    meanings, keys = [], []
    for form in forms:
        value = form.parse([example])[0]
        date = isinstance(form, DateFormat)
        meanings.append(str(days_as_dates(np.array([value]))[0])[:10] if date else f"{value:.12g}")
        keys.append(f"{rules.place}: {{{name}: '{name_of(form)}'}}")
    return f"column {name!r}: {example!r} is {' or '.join(meanings)}: say {' or '.join(keys)}"


def _not_so(column: TextColumn, example: str, rules: ReadingRules) -> str:
    return (
        f"column {column.name!r}: {example!r} is no number with the decimal mark "
        f"{rules.decimal!r}; say how it is written, for example {rules.place}: "
        f"{{{column.name}: '1234.5'}}"
    )


def _several_formats(column: TextColumn, rules: ReadingRules) -> str:
    """The question about a column whose texts are dates or numbers, each in a format of its own."""
    step = max(1, len(column.texts) // PROBED)
    words = column.texts[::step]
    if np.mean([any(map(str.isdigit, word)) for word in words]) < MATCHING_SHARE:
        return ""  # neither dates nor numbers are written without digits
    for what, certain, forms in (
        ("dates", certain_dates, lambda word: date_readings([word]).formats),
        ("numbers", certain_numbers, lambda word: number_readings([word]).formats),
    ):
        values, doubtful = certain(words)
        if (np.isfinite(values) | doubtful).mean() < MATCHING_SHARE:
            continue
        examples: dict[str, str] = {}
        for word in (words[place] for place in np.flatnonzero(np.isfinite(values))):
            examples.setdefault(name_of(forms(word)[0]), word)
        shown = listed(list(examples.values())[:2])
        return (
            f"column {column.name!r} has {what} in several formats, such as {shown}: write them in "
            f"one way, or leave them text: kinds: {{{column.name}: category}}"
        )
    return ""
