"""A file of scores and a file of outcomes, as people have them: one row a customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.campaign.outcome_names import id_columns, id_note
from dbnchurn.campaign.source import CampaignSource, as_dates, as_numbers, read_source, rows_text
from dbnchurn.core.errors import ConfigError, DataError, did_you_mean, listed
from dbnchurn.core.html.format import thousands
from dbnchurn.data.plan import Csv
from dbnchurn.runs.backtest import RISK
from dbnchurn.tables.dialect import CsvSettings
from dbnchurn.tables.label import read_label
from dbnchurn.tables.label_classes import LabelValues, value_tuple
from dbnchurn.tables.label_question import Question
from dbnchurn.tables.label_words import Word, class_key, says_the_opposite, word_of
from dbnchurn.tables.streaming import open_files

LABELS = ("left", "churned", "churn", "outcome", "label", "left_date")
QUESTION = Question("--positive {}", "--negative {}")
CUSTOMER, OTHER = "customer", "customer, not the id"
"""What the ids are called once they are read, and a column of that name that has none."""
OWN = (CUSTOMER, "model", "decision", RISK)
ADDED = ("key", "y")
"""Columns that the join adds to scores and outcomes."""


def read_scores(
    path: str, csv: CsvSettings | None = None, sheet: str | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Customers, probabilities and further columns, one row a customer; and what was left out.

    Parameters
    ----------
    path : str
    csv, sheet : optional
        How the file is read, where it is not found out.

    Returns
    -------
    frame : DataFrame
    notes : list of str

    Raises
    ------
    DataError
        If ids or probabilities are missing or are none, or a customer has two scores.
    """
    header = list(next(iter(open_files(path, csv, sheet=sheet).columns.values())))
    if lacking := [name for name in ("id", "probability") if name not in header]:
        raise DataError(
            f"{path}: scores need the columns 'id' and 'probability', as 'dbnchurn score' writes "
            f"them; {listed(lacking)} is missing: {did_you_mean(lacking[0], header)}"
        )
    source = _source(path, "id", header, csv, sheet)
    table = read_source(source, texts=OWN, kinds={"probability": "number"})
    frame, notes = table.frame.drop(columns=OTHER, errors="ignore"), list(table.notes)
    frame["probability"] = as_numbers(frame["probability"], path)
    outside = ~frame["probability"].between(0, 1)
    if outside.any():
        raise DataError(f"{path}: 'probability' is no number from 0 to 1 {rows_text(outside)}")
    without = frame["customer"].isna()
    if without.any():
        notes.append(f"{path}: {thousands(int(without.sum()))} scores without an id: left out.")
        frame = frame[~without]
    _one_each(
        frame, "probability", path, notes, "two different scores", "keep the score that counted"
    )
    return frame.drop_duplicates("customer").reset_index(drop=True), notes


def _source(
    path: str, id: str, header: Sequence[str], csv: CsvSettings | None, sheet: str | None
) -> CampaignSource:
    settings, columns = Csv(**asdict(csv or CsvSettings())), {CUSTOMER: id}
    if id != CUSTOMER and CUSTOMER in header:
        columns[OTHER] = CUSTOMER
    return CampaignSource(path=path, columns=columns, csv=settings, sheet=sheet)


def read_outcomes(
    path: str,
    id: str | None,
    label: str | None,
    by: Sequence[str],
    positive: LabelValues | None,
    negative: LabelValues | None,
    since: date | None,
    days: int | None,
    others_stayed: bool,
    csv: CsvSettings | None = None,
    sheet: str | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Customers and ``y``: 1, 0, or NaN where the outcome is not known.

    Parameters
    ----------
    path : str
    id, label, by, positive, negative, since, days, others_stayed, csv, sheet
        As :func:`~dbnchurn.months.scored_outcomes.join_scores` takes them.

    Returns
    -------
    frame : DataFrame
        One row a customer.
    notes : list of str
        What was assumed or left out.

    Raises
    ------
    ConfigError, DataError
        If the table cannot be read or can be read in two ways, or a customer has two outcomes.
    """
    header = list(next(iter(open_files(path, csv, sheet=sheet).columns.values())))
    own = _id_column(path, header, id)
    name = _label_column(path, header, own, label, by, others_stayed)
    dated = name is not None and name.casefold() == "left_date"
    column = OTHER if name == CUSTOMER else name  # as it is called once it is read
    table = read_source(
        _source(path, own, header, csv, sheet),
        texts=[CUSTOMER] if column is None or dated else [CUSTOMER, column],
        kinds={column: "date"} if column is not None and dated else {},
    )
    frame, notes = table.frame, list(table.notes)
    notes += id_note(path, own, header) if id is None else []
    blank = frame["customer"].isna()
    if blank.any():
        notes.append(f"{path}: {thousands(int(blank.sum()))} rows without an id: left out.")
    if column is None or name is None:
        frame["y"] = 1.0
        notes.append(f"{path} has ids alone: everybody in it counts as having left.")
    else:
        # Emptied here and left out below, so that messages number the rows as the file does.
        answers = frame[column].mask(blank)
        frame["y"] = (
            _left_within(answers, path, since, days)
            if dated
            else _answers(answers, name, positive, negative, notes)
        )
    if (since is not None or days is not None) and not dated:
        raise ConfigError("--since and --days belong to dates of leaving, in a column 'left_date'")
    frame = _known_first(frame[~blank], path, notes)
    _one_each(frame, "y", path, notes, "two outcomes", "keep one row of each")
    kept = [column for column in frame if column in ("customer", "y", *by)]
    return frame.drop_duplicates("customer")[kept].reset_index(drop=True), notes


def _known_first(frame: pd.DataFrame, path: str, notes: list[str]) -> pd.DataFrame:
    """The rows without those that leave open what another row of the customer says."""
    unknown = frame["y"].isna()
    answered = unknown & frame["customer"].isin(frame["customer"][~unknown])
    if answered.any():
        notes.append(
            f"{path}: {thousands(int(answered.sum()))} rows have no outcome, and another row of "
            "the customer has one, which counts."
        )
    return frame[~answered]


def _one_each(
    frame: pd.DataFrame, value: str, path: str, notes: list[str], what: str, todo: str
) -> None:
    """Refuse customers with two values; what is merely repeated is noted."""
    same = frame[["customer", value]].drop_duplicates()
    clash = same["customer"].duplicated(keep=False)
    if clash.any():
        raise DataError(
            f"{path}: {same[clash]['customer'].nunique()} customers have {what}, such as "
            f"{same[clash]['customer'].iloc[0]!r}; {todo}"
        )
    if repeated := len(frame) - len(same):
        notes.append(f"{path}: {thousands(repeated)} repeated rows count once.")


def _id_column(path: str, header: Sequence[str], id: str | None) -> str:
    if id is not None and id not in header:
        raise DataError(f"{path}: no id column {id!r}: {did_you_mean(id, header)}")
    found = [id] if id is not None else id_columns(header)
    if len(found) != 1:
        raise ConfigError(
            f"{path}: which column names the customer? It has {listed(header)}; give --id COLUMN "
            "(id=)"
        )
    return found[0]


def _label_column(
    path: str,
    header: Sequence[str],
    own: str,
    label: str | None,
    by: Sequence[str],
    others_stayed: bool,
) -> str | None:
    """The column that says who left; None of a list of ids, whose owners all left."""
    if label is not None:
        if label not in header:
            raise DataError(f"{path}: no label column {label!r}: {did_you_mean(label, header)}")
        return label
    others = [name for name in header if name != own and name not in by]
    if not others:
        if others_stayed:
            return None
        raise ConfigError(
            f"{path} has ids alone, which can be read in two ways: if it lists those who left, and "
            "all other customers stayed, give --others-stayed (others_stayed=True); otherwise add "
            "a column that says who left"
        )
    usual = [name for name in others if name.casefold() in LABELS]
    found = others if len(others) == 1 else usual
    if len(found) != 1:
        raise ConfigError(
            f"{path}: which column says who left? It has {listed(others)}; give --label COLUMN "
            "(label=)"
        )
    return found[0]


def _left_within(
    values: pd.Series[Any], path: str, since: date | None, days: int | None
) -> pd.Series[Any]:
    """1 for a date of leaving within the window, else 0."""
    if since is None or days is None:
        raise ConfigError(
            f"{path} has dates of leaving, so say which days count: --since DATE, the first day of "
            "the outcome window, and --days DAYS"
        )
    if days < 1:
        raise ConfigError(f"--days {days}: the outcome window has one day or more")
    dates = as_dates(values, path)
    early = dates < pd.Timestamp(since)
    if early.any():
        raise DataError(
            f"{path}: customers left before the outcome window opens on {since} "
            f"{rows_text(early)}, such as {dates[early].iloc[0].date()}; they were no customers "
            "then: mend the dates, or give the right --since"
        )
    return (dates < pd.Timestamp(since) + pd.Timedelta(days=days)).astype(np.float64)


def _answers(
    values: pd.Series[Any],
    name: str,
    positive: LabelValues | None,
    negative: LabelValues | None,
    notes: list[str],
) -> pd.Series[Any]:
    known = values.notna() & (values.astype(str).str.strip() != "")
    y = pd.Series(np.nan, index=values.index)
    if not known.any():
        raise DataError(f"label column {name!r} is empty; it has to say who left")
    if values[known].map(class_key).nunique() == 1:
        y[known] = _only_answer(values[known].iloc[0], name, positive, negative)
        notes.append(f"{name} is {values[known].iloc[0]!r} in all rows that have an outcome.")
        return y
    meaning, found = read_label(
        values[known], positive=positive, negative=negative, column=name, question=QUESTION
    )
    y[known] = found
    notes.append(f"Left: {meaning.condition}.")
    return y


def _only_answer(
    value: str, name: str, positive: LabelValues | None, negative: LabelValues | None
) -> float:
    """What a label of one class means, as told or by its word."""
    for told, meaning in ((positive, 1.0), (negative, 0.0)):
        if told is not None and class_key(value) in map(class_key, value_tuple(told)):
            return meaning
    word = word_of(class_key(value))
    turned = says_the_opposite(name)
    if word is Word.LEFT or (word is Word.YES and not turned):
        return 1.0
    if word is Word.STAYED or (word is Word.NO and not turned):
        return 0.0
    raise DataError(
        f"label column {name!r} holds {value!r} alone, and no known word says whether these "
        f"customers left; give --positive {value!r} or --negative {value!r}"
    )
