"""Columns that are not what they were: emptied, zero, unknown, rescaled, swapped, far, zeros lost.

A score is computed all the same, for a missing value and an unknown category are no evidence; so a
column that an export lost would go unnoticed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dbnchurn.core.errors import ConfigError, DataError, did_you_mean
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.predictor.scores import Oddities, oddities, times
from dbnchurn.tables.doubtful_values import without_missing
from dbnchurn.tables.reading import read, unreadable

FEWEST_ROWS = 20  # below, shares say nothing
EMPTIED = 0.95  # share of missing values from which on a column is empty
WAS_FILLED = 0.5  # share of missing values in training up to which it was not
OTHER = 0.1  # share of the values that belong to tables in another unit, or to another column
LOST_ZEROS = 0.01  # share of the values that are codes without the zeros before them
UNKNOWN = 0.5  # share of the values that are there above which they are of another kind


@dataclass(frozen=True)
class Changed:
    """A column that is not what it was in training.

    Parameters
    ----------
    column : str
    sentence : str
        What happened to it.
    emptied : bool
        Whether it lacks values, or has zeros in their place; otherwise it has others than in
        training.
    """

    column: str
    sentence: str
    emptied: bool


def changed_columns(unusual: Oddities) -> tuple[Changed, ...]:
    """Find the columns in another unit, swapped, emptied, zero, unknown, far, or without zeros.

    Of fewer than 20 rows, or of fewer than 20 values for categories, nothing is said.

    Parameters
    ----------
    unusual : Oddities
        Counts over all scored rows.

    Returns
    -------
    tuple of Changed
        Those whose numbers are others first.

    Examples
    --------
    >>> counts = Oddities(100, {}, {}, {"debt": 100}, {"debt": 0.02})
    >>> changed_columns(counts)[0].sentence
    "column 'debt' is missing in 100 of 100 rows, in training in 2.0 % of them"
    >>> changed_columns(Oddities(10, {}, {}, {"debt": 10}, {"debt": 0.02}))
    ()
    """
    rows = unusual.rows
    if rows < FEWEST_ROWS:
        return ()
    found = _with_other_numbers(unusual)
    for column, missing in unusual.missing.items():
        then = unusual.trained_missing.get(column)
        if then is not None and then <= WAS_FILLED and missing >= EMPTIED * rows:
            found.append(
                Changed(
                    column,
                    f"column {column!r} is missing in {missing} of {rows} rows, in training in "
                    f"{100 * then:.1f} % of them",
                    emptied=True,
                )
            )
    for column, unknown in unusual.unknown_levels.items():
        present = rows - unusual.missing.get(column, 0)
        bare = unusual.lost_zeros.get(column, 0)
        if present >= FEWEST_ROWS and bare >= LOST_ZEROS * present and bare > 1:
            found.append(
                Changed(
                    column,
                    f"column {column!r} holds codes without the zeros before them that training "
                    f"had, in {bare} of the {present} rows with a value, as if they had been read "
                    "as numbers",
                    emptied=False,
                )
            )
        elif present >= FEWEST_ROWS and unknown > UNKNOWN * present:
            found.append(
                Changed(
                    column,
                    f"column {column!r} holds categories that no training row has in {unknown} of "
                    f"the {present} rows with a value",
                    emptied=False,
                )
            )
    return tuple(found)


def _with_other_numbers(unusual: Oddities) -> list[Changed]:
    """The columns in another unit, those that changed places, all of zeros, and far outside."""
    rows, sentences, emptied = unusual.rows, dict[str, str](), set[str]()
    present = {name: rows - missing for name, missing in unusual.missing.items()}
    for column, factors in unusual.rescaled.items():
        if (count := sum(factors.values())) >= OTHER * present.get(column, rows):
            usual = max(factors, key=lambda factor: factors[factor])
            sentences[column] = (
                f"column {column!r} holds numbers {times(usual)} than in training in {count} of "
                f"{rows} rows, as if written in another unit"
            )
    for column, others in unusual.swapped.items():
        if (count := sum(others.values())) >= OTHER * present.get(column, rows):
            other = max(others, key=lambda name: others[name])
            sentences[column] = (
                f"column {column!r} holds numbers as column {other!r} had them in training in "
                f"{count} of {rows} rows, as if columns had changed places"
            )
    for column, count in unusual.all_zero.items():
        if column not in sentences:
            emptied.add(column)
            sentences[column] = (
                f"column {column!r} is 0 in {count} of the {present.get(column, rows)} rows with a "
                "value, and most values of training were others, as if an export had filled it or "
                "these were customers of one kind alone"
            )
    for column, count in unusual.mostly_far.items():
        sentences.setdefault(
            column,
            f"column {column!r} holds values far outside the range of training in {count} of the "
            f"{present.get(column, rows)} rows with a value",
        )
    return [
        Changed(column, sentence, emptied=column in emptied)
        for column, sentence in sentences.items()
    ]


def refuse_changed(unusual: Oddities, allowed: Collection[str] = ()) -> tuple[str, ...]:
    """Refuse rows with changed columns, but for those that are allowed.

    Parameters
    ----------
    unusual : Oddities
        Counts over all scored rows.
    allowed : collection of str
        Columns that may have changed.

    Returns
    -------
    tuple of str
        A sentence for every changed column that is allowed.

    Raises
    ------
    DataError
        If another one changed; all of them are named.
    """
    changed = changed_columns(unusual)
    if refused := [found for found in changed if found.column not in allowed]:
        names = dict.fromkeys(found.column for found in refused)
        options = " ".join(f"--allow-changed {name!r}" for name in names)
        raise DataError(
            f"{'; '.join(found.sentence for found in refused)}; the scores would not be those of "
            f"the model that was trained; mend the table, or allow it with {options} "
            f"(allow_changed={list(names)!r})"
        )
    return tuple(found.sentence for found in changed)


def check_frame(
    predictor: Predictor, frame: pd.DataFrame, allowed: Collection[str] = ()
) -> tuple[str, ...]:
    """Refuse a table in memory with changed columns, but for those that are allowed.

    Parameters
    ----------
    predictor : Predictor
    frame : DataFrame of shape (n, any)
        Has the columns of the model; rows that cannot be read do not count.
    allowed : collection of str
        Columns that may have changed.

    Returns
    -------
    tuple of str
        A sentence for every changed column that is allowed.

    Raises
    ------
    DataError
        If another one changed, or a column is absent or of another kind.
    ConfigError
        If an allowed name is no column of the model.
    """
    schema = predictor.schema
    check_allowed(allowed, [column.name for column in schema.used])
    frame = without_missing(frame, predictor.missing)
    try:
        table, unusual = read(schema, frame)
    except DataError:
        refused = unreadable(schema, frame)
        readable = np.ones(len(frame), bool)
        readable[list(refused)] = False
        table, unusual = read(schema, frame[readable])
    counts = oddities(table, unusual, predictor.reference, predictor.date_columns)
    return refuse_changed(counts, allowed)


def check_allowed(allowed: Iterable[str], columns: Collection[str]) -> None:
    """Refuse a name under ``allow_changed`` that is no column of the model.

    Parameters
    ----------
    allowed : iterable of str
    columns : collection of str
        Of the model.

    Raises
    ------
    ConfigError
        If a name is unknown.
    """
    for name in allowed:
        if name not in columns:
            raise ConfigError(f"allow_changed {name!r}: {did_you_mean(name, columns)}")
