"""Kinds of the columns of a training frame: numbers, flags, categories and dates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.core.lazy import LazyModule
from dbnchurn.tables.date_format import DateFormat
from dbnchurn.tables.number_format import CURRENCIES, NumberReadings, number_readings
from dbnchurn.tables.reading_rules import ReadingRules, form_of, name_of
from dbnchurn.tables.schema import KINDS, Column, Schema, check_names, text
from dbnchurn.tables.serial_format import SerialFormat, serial_question
from dbnchurn.tables.text_column import MISSING, NO, YES, TextColumn, shortest
from dbnchurn.tables.text_decision import MATCHING_SHARE, Decision, decide

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
else:
    pd = LazyModule("pandas")
    pa = LazyModule("pyarrow")

# A text column is an identifier if this share of its values, of this many, occurs only once.
IDENTIFIER_SHARE = 0.5
IDENTIFIER_LEVELS = 1_000
WRITTEN_DAY = DateFormat("%Y%m%d")
DAYS = (19_000_101, 21_991_231)
NESTED = (list, tuple, dict, set, bytes, bytearray, np.ndarray)
IDENTIFIER = "looks like an identifier"
SPANS = "spans of time, in days"
NO_VALUE = "no value"
NUMBERS = ("integer", "floating", "decimal", "mixed-integer-float")  # of objects, as pandas says
PROBED = 1_000  # values of an object column that are asked for their type


def infer(
    frame: pd.DataFrame,
    kinds: Mapping[str, str] | None = None,
    formats: Mapping[str, str] | None = None,
) -> Schema:
    """Infer the schema of a training frame.

    Numbers and spans of time become ``number``; booleans ``flag``; dates of every type, and whole
    numbers that are all days such as 20260831, ``date``. Text that is nearly all numbers or dates
    becomes what it says, in the format that leaves no doubt; but text with at most 20 distinct
    plain numbers, and codes such as 007, stay categories, as does a Categorical. Other text becomes
    ``category``, or ``ignore`` where it looks like an identifier (over 1,000 levels, over half of
    them met once). Nested values are ignored.

    Parameters
    ----------
    frame : DataFrame of shape (n, columns)
    kinds : mapping of column → kind, optional
        Overrides what would be inferred.
    formats : mapping of column → format, optional
        How texts are written, see :func:`dbnchurn.tables.reading_rules.form_of`; found out where
        it does not say.

    Returns
    -------
    Schema
        One column for every column of the frame, in its order.

    Raises
    ------
    DataError
        If a name is empty, repeated or not in the frame, a kind is unknown, columns can be read in
        two ways, or nothing is left to use.

    Examples
    --------
    >>> frame = pd.DataFrame({"debt": [1.5, None], "plan": ["A", "B"], "tv": [True, False]})
    >>> [column.kind for column in infer(frame).columns]
    ['number', 'category', 'flag']
    """
    kinds, formats = dict(kinds or {}), dict(formats or {})
    names = check_names(frame)
    if "" in names:
        place = names.index("") + 1
        raise DataError(f"column {place} of {len(names)} has an empty name; give it one or drop it")
    _check_given(names, kinds, formats)
    values = dict(zip(names, (column for _, column in frame.items()), strict=True))
    judged = {name: judge(values[name], kinds.get(name)) for name in names}
    told = {*kinds, *formats}
    asked = [
        question
        for name, found in judged.items()
        if found.kind == "number" and found.words is None and name not in told
        if (question := _serial_question(name, values[name]))
    ]
    if asked:
        raise DataError("; ".join(asked))
    texts = [
        TextColumn.of(name, pa.array(found.words, pa.string(), from_pandas=True), MISSING)
        for name, found in judged.items()
        if found.words is not None
    ]
    decisions = decide(texts, ReadingRules(formats=formats, kinds=kinds), typed=True)
    columns = []
    for name, found in judged.items():
        decision = decisions.get(name)
        column = (
            Column(name, found.kind, note=found.note)
            if decision is None
            else _of_text(name, decision, kinds.get(name))
        )
        if column.kind == "category":
            column = _with_levels(column, values[name], asked=name in kinds)
        elif column.kind in ("number", "date") and not column.format and name in formats:
            form = form_of(formats[name])
            kind = "date" if isinstance(form, SerialFormat) else column.kind
            column = Column(name, kind, (), name_of(form), column.note)
        columns.append(column)
    schema = Schema(tuple(columns))
    if not schema.used:
        what = f"all of {listed(names)} are ignored or identifiers" if names else "there is none"
        raise DataError(f"no column is left to learn from: {what}")
    return schema


def _check_given(
    names: Sequence[str], kinds: Mapping[str, str], formats: Mapping[str, str]
) -> None:
    """Refuse kinds and formats of columns that the table has not, and kinds that do not exist."""
    for what, given in (("kinds", kinds), ("formats", formats)):
        for name in given:
            if name not in names:
                raise DataError(f"{what} names the column {name!r}: {did_you_mean(name, names)}")
    for name, kind in kinds.items():
        if kind not in KINDS:
            raise DataError(
                f"unknown kind {kind!r} of column {name!r}: {did_you_mean(kind, KINDS)}"
            )


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the type of a column says.

    Parameters
    ----------
    kind : str
        Kind of the column; of text a first guess.
    note : str, default ""
        Why it is ignored, or how it is read.
    words : Series of str, optional
        Its texts, which have to be looked at to know the kind.
    """

    kind: str
    note: str = ""
    words: pd.Series[Any] | None = None


def judge(values: pd.Series[Any], kind: str | None = None) -> Judgement:
    """What the type of a column says about its kind.

    Parameters
    ----------
    values : Series of length n
    kind : str, optional
        What the user says it is.

    Returns
    -------
    Judgement
    """
    dtype = values.dtype
    nested = is_nested(values)
    if kind == "ignore" or nested:
        note = "its values are lists, records or bytes" if nested else "as told"
        return Judgement("ignore", note)
    if kind in ("category", "flag"):
        return Judgement(kind)
    if isinstance(dtype, pd.SparseDtype):
        dtype = dtype.subtype
    if isinstance(dtype, pd.CategoricalDtype):
        return Judgement(kind or "category")
    if is_date(values):
        return Judgement(kind or "date")
    if pd.api.types.is_timedelta64_dtype(dtype):
        return Judgement(kind or "number", SPANS)
    if pd.api.types.is_bool_dtype(dtype):
        return Judgement(kind or "flag")
    if pd.api.types.is_numeric_dtype(dtype):
        return _of_numbers(values, kind)
    inferred = pd.api.types.infer_dtype(values, skipna=True)
    if inferred == "boolean":
        return Judgement(kind or "flag")
    if inferred in ("timedelta", "timedelta64"):
        return Judgement(kind or "number", SPANS)
    if inferred in NUMBERS:
        return _of_numbers(values, kind)
    present = values.dropna()
    if inferred == "empty" or not len(present):
        return Judgement(kind or "number", NO_VALUE)
    is_string = present.map(lambda value: isinstance(value, str)).to_numpy(bool)
    strings, others = present[is_string], present[~is_string]
    if kind is None and len(strings) and len(others) and _are_flags(strings, others):
        return Judgement("flag")
    if len(others) and _mostly_numbers(present, len(strings)):
        return Judgement(kind or "number")
    if len(others) and all(isinstance(value, Number) for value in others):
        marked = _marked(strings)
        if marked is not None and len(marked.formats) > 1:
            return Judgement(kind or "number")  # whose texts are refused when they are read
        if marked is not None and not marked.formats[0].is_plain:
            # Numbers beside texts are no evidence of how these are written.
            return Judgement(kind or "category", words=text(strings))
    return Judgement(kind or "category", words=text(values))


def is_nested(values: pd.Series[Any]) -> bool:
    """Whether a column holds lists, records or bytes."""
    if isinstance(values.dtype, pd.ArrowDtype):
        return bool(pa.types.is_nested(values.dtype.pyarrow_dtype))
    if values.dtype != object:
        return False
    return any(isinstance(value, NESTED) for value in values.dropna().iloc[:PROBED])


def is_date(values: pd.Series[Any]) -> bool:
    """Whether a column holds dates, of whatever type."""
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return True
    if isinstance(values.dtype, pd.PeriodDtype):
        return True
    if isinstance(values.dtype, pd.ArrowDtype):
        kind = values.dtype.pyarrow_dtype
        return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))
    if values.dtype != object:
        return False
    present = values.dropna()
    return len(present) > 0 and all(
        isinstance(value, date | pd.Period | np.datetime64) for value in present
    )


def _of_numbers(values: pd.Series[Any], kind: str | None) -> Judgement:
    if kind is None and _are_written_days(values):
        return Judgement("date", "whole numbers that are days, such as 20260831")
    return Judgement(kind or "number")


def _serial_question(name: str, values: pd.Series[Any]) -> str:
    """The question about typed numbers that may be dates."""
    if pd.api.types.is_timedelta64_dtype(values.dtype):
        return ""
    if values.dtype == object:
        if pd.api.types.infer_dtype(values, skipna=True) not in NUMBERS:
            return ""
    elif not pd.api.types.is_numeric_dtype(values.dtype) or pd.api.types.is_complex_dtype(values):
        return ""
    return serial_question(name, values.to_numpy(np.float64, na_value=np.nan))


def _are_written_days(values: pd.Series[Any]) -> bool:
    """Whether all numbers are days such as 20260831."""
    numbers = values.dropna().to_numpy(np.float64)
    if not len(numbers) or numbers.min() < DAYS[0] or numbers.max() > DAYS[1]:
        return False
    distinct = np.unique(numbers)
    if (distinct != np.floor(distinct)).any():
        return False
    return not np.isnan(WRITTEN_DAY.parse([str(int(day)) for day in distinct])).any()


def _are_flags(strings: pd.Series[Any], others: pd.Series[Any]) -> bool:
    """Whether values are truth values, and the texts among them yes and no."""
    if not all(isinstance(value, bool | np.bool_) for value in others):
        return False
    words = {word.strip() for word in strings.unique()} - set(MISSING)
    words = {word.lower() for word in words}
    return words <= YES | NO and all(word[0].isalpha() for word in words)


def _marked(strings: pd.Series[Any]) -> NumberReadings | None:
    """What texts with digits mean as numbers; None if they have no marks, or units."""
    words = [word.strip() for word in strings.unique() if any(map(str.isdigit, word))]
    if not words or all(re.fullmatch(r"[-+]?\d+", word) for word in words):
        return None
    found = number_readings(words)
    has_units = bool(set(found.units) - set(CURRENCIES.split()))
    return None if has_units or not found.formats else found


def _mostly_numbers(present: pd.Series[Any], strings: int) -> bool:
    return strings <= (1 - MATCHING_SHARE) * len(present)


def _of_text(name: str, decision: Decision, kind: str | None) -> Column:
    """The column of texts about which it is decided what they stand for."""
    if decision.kind == "text":
        empty = not len(decision.column.words) and kind is None
        return Column(name, "number" if empty else kind or "category", note=decision.doubt)
    if decision.kind == "flag":
        return Column(name, "flag")
    assert decision.form is not None
    form = name_of(decision.form)
    return Column(name, decision.kind, (), form, f"text, written as {form}")


def _with_levels(column: Column, values: pd.Series[Any], *, asked: bool) -> Column:
    """A category with its levels; ignored if it looks like an identifier."""
    words = text(values).dropna()
    words = words[~words.isin(MISSING)]
    counts = words.value_counts()
    singles = int((counts == 1).sum())
    if not asked and len(counts) > IDENTIFIER_LEVELS and singles > IDENTIFIER_SHARE * len(counts):
        note = f"{IDENTIFIER}: {singles} of {len(counts)} values occur once"
        return Column(column.name, "ignore", note=note)
    return Column(column.name, "category", levels_of(list(counts.index)), note=column.note)


def levels_of(words: Sequence[str]) -> tuple[str, ...]:
    """Levels of a category: its words in sorted order, numbers in their shortest spelling.

    Examples
    --------
    >>> levels_of(["0.10", "0.1", "2"]), levels_of(["0.10", "basic"])
    (('0.1', '2'), ('0.10', 'basic'))
    """
    return tuple(sorted(set(shortest(words))))
