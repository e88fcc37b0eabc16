"""A config to train with, proposed from one table with a label column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from dbnchurn.core.errors import DataError, did_you_mean, listed
from dbnchurn.data.infer import question_comments, write_new
from dbnchurn.tables.inspected_column import InspectedColumn
from dbnchurn.tables.inspection import InspectedFile, Inspection, inspect_table
from dbnchurn.tables.inspection_text import unread_sentence
from dbnchurn.tables.label import decide_classes
from dbnchurn.tables.label_classes import merge_spellings
from dbnchurn.tables.label_question import Question as LabelQuestion
from dbnchurn.tables.reading_rules import ReadingRules
from dbnchurn.tables.roles import is_key_name
from dbnchurn.tables.text_decision import Question

PLAIN = ("", "1234.5", "%Y-%m-%d")
LEAST_DATES = 3  # that parts can be divided by
CLASSES = 2


def propose_config(
    path: str,
    *,
    label: str,
    key: str | None = None,
    date: str | None = None,
    sheet: str | None = None,
) -> tuple[str, Inspection]:
    """A config as YAML: where the table is, how it is written, and what its columns are.

    Parameters
    ----------
    path : str
        File, folder or pattern.
    label : str
        Column that says who left.
    key, date : str, optional
        Columns that name the customer and the date of the snapshot; found out by default.
    sheet : str, optional
        Sheet of a spreadsheet; needed where several hold something.

    Returns
    -------
    text : str
    found : Inspection

    Raises
    ------
    DataError
        If the table cannot be read, a named column is absent, or the label has one value only.
    """
    rules = ReadingRules(place="source.formats")
    first = inspect_table(path, rules=rules, sheet=sheet, id=key, label=label, date=date)
    names = [column.name for column in first.columns]
    for role, name in (("label", label), ("key", key), ("date", date)):
        if name is not None and name not in names:
            raise DataError(f"{path} has no {role} column {name!r}: {did_you_mean(name, names)}")
    if first[label].distinct < CLASSES:
        raise DataError(
            f"{path}: the label column {label!r} holds {listed(first[label].words)} alone; both "
            "those who left and those who stayed are needed"
        )
    if key is None and (guess := first.roles.id) is not None:
        key = guess
        if first[key].format not in PLAIN:  # it is no evidence of how other columns are written
            again = inspect_table(path, rules=rules, sheet=sheet, id=key, label=label)
            first = replace(again, roles=first.roles)
    notes = [f"id: {key!r}, because {first.roles.why['id']}" if key else _without("id", first)]
    date = date or _snapshot(first)
    notes.append(
        f"date: {date!r}, because {first.roles.why['date']}" if date else _without("date", first)
    )
    plain = {"source": _source(path, first, sheet, {key, label})}
    columns: dict[str, Any] = {"id": key} if key is not None else {}
    columns["label"] = label
    if date is not None:
        columns["date"] = date
    plain["columns"] = columns
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
    head = [
        f"# Proposed from {path}: {first.rows} rows, {len(names)} columns. Check it, then run",
        "# dbnchurn train with this file.",
        *(f"# {note}" for note in notes),
    ]
    asked = [question for question in first.questions if question.column not in (key, label)]
    below = _comments(asked, first, label, key)
    head += [f"# {note}" for note in first.notes]
    return "\n".join([*head, text.rstrip(), *below]) + "\n", first


def _without(role: str, found: Inspection) -> str:
    what = {"id": "rows are numbered", "date": "parts are divided at random"}[role]
    reason = found.roles.why[role]
    name = found.roles.date if role == "date" else None
    if name is not None:
        reason = f"{name!r} has {found[name].distinct} dates, and {LEAST_DATES} are needed"
    return f"{role}: none, so {what}; {reason}"


def _snapshot(found: Inspection) -> str | None:
    """The date of the snapshot, if there are enough dates to divide by."""
    name = found.roles.date
    return name if name is not None and found[name].distinct >= LEAST_DATES else None


def _source(
    path: str, found: Inspection, sheet: str | None, apart: set[str | None]
) -> dict[str, Any]:
    """The section that reads the file again as it was read."""
    section: dict[str, Any] = {"path": path}
    if csv := _csv(found.files):
        section["csv"] = csv
    if sheet is not None:
        section["sheet"] = sheet
    asked = {question.column for question in found.questions}
    used = [c for c in found.columns if c.name not in apart]
    formats = {c.name: c.format for c in used if c.name not in asked and _is_needed(c)}
    if formats:
        section["formats"] = formats
    words = {word for c in used if c.kind in ("category", "ignore") for word in c.perhaps_missing}
    if words:
        section["missing"] = sorted(words)
    return section


def _is_needed(column: InspectedColumn) -> bool:
    """Whether a format has to be written so that the column is read again as it was."""
    return column.format not in PLAIN or (column.format == "1234.5" and column.is_open)


def _csv(files: Sequence[InspectedFile]) -> dict[str, str]:
    found = {}
    usual = {"delimiter": (",",), "encoding": ("utf-8", "utf-8-sig"), "quote": ('"',)}
    for name, plain in usual.items():
        values = {getattr(file, name) for file in files} - {""}
        if len(values) == 1 and not values <= set(plain):
            found[name] = values.pop()
    return found


def _comments(
    questions: Sequence[Question], found: Inspection, label: str, key: str | None
) -> list[str]:
    """What is left to decide, with all choices."""
    lines = question_comments(questions, "source.formats")
    words = [str(word) for word in found[label].words]
    if doubt := _doubt_of_label(label, words, found[label].word_rows):
        lines.append(f"# {doubt}")
    if doubt and len(words) == CLASSES:
        lines.append("# Write which of them left under columns:")
        lines += [f"#   positive: {word!r}" for word in words]
    lines += [
        f"# column {column.name!r}: {unread_sentence(column, 'source.missing')}"
        for column in found.columns
        if column.unread and column.name not in (label, key)
    ]
    if others := [c.name for c in found.columns if c.name != key and is_key_name(c.name)]:
        lines.append(f"# Perhaps no features, to be written under columns: drop: {others}")
    return ["# To be decided:", *lines] if lines else []


def _doubt_of_label(label: str, words: Sequence[str], rows: Sequence[int]) -> str:
    """Why training could not use the label as it is; empty if it could."""
    _, classes = merge_spellings(words, np.array(rows, np.int64))
    try:
        decide_classes(
            classes, positive=None, negative=None, column=label, question=LabelQuestion()
        )
    except DataError as error:
        return str(error)
    return ""


def write_proposal(
    path: str,
    output: Path,
    *,
    label: str,
    key: str | None = None,
    date: str | None = None,
    sheet: str | None = None,
) -> str:
    """Write :func:`propose_config` to a new file.

    Parameters
    ----------
    path : str
    output : Path
    label : str
    key, date, sheet : str, optional
        As for :func:`propose_config`.

    Returns
    -------
    str
        What was written, and what is left to decide, for the command line.

    Raises
    ------
    DataError
        As :func:`propose_config`, or if the output exists.
    """
    if output.exists():
        raise DataError(f"{output} exists already; name a new file")
    text, found = propose_config(path, label=label, key=key, date=date, sheet=sheet)
    write_new(output, text)
    said = [line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ")]
    count = len(found.columns)
    return "\n".join([f"config for {count} columns written to {output}", *said[2:]])
