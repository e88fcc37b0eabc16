"""What if: the probability of one customer if one column had another value, all others kept.

The model says so of a customer with these values; that is no effect of changing them. Values are
those of training, since of others the model knows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from dbnchurn.core.errors import ConfigError, did_you_mean
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats
from dbnchurn.decide.decide_record import decide
from dbnchurn.predictor.explain.background import (
    background_values,
    require_reference,
    with_values,
)
from dbnchurn.predictor.explain.reason_codes import UNKNOWN, number_text, schema_order
from dbnchurn.predictor.model_record import ModelRecord, logits
from dbnchurn.predictor.reference import Distribution
from dbnchurn.tables.schema import Column, Table, stacked
from dbnchurn.tables.text_column import truth_of

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LazyModule("pandas")

MOST = 8  # values of a column that are tried where none is named
Value = str | float | bool | date


@dataclass(frozen=True)
class Setting:
    """A column set to a value.

    Parameters
    ----------
    column : Column
    place : int
        Position of the column, numbers before categories.
    value : float
        Number, days since 1970 or code.
    """

    column: Column
    place: int
    value: float


def settings_of(model: ModelRecord, wanted: Mapping[str, Value | Sequence[Value]]) -> list[Setting]:
    """Columns and the values that each is set to.

    Parameters
    ----------
    model : ModelRecord
    wanted : mapping of column → value or values
        Without values eight of training at most are taken: of numbers from the smallest over
        deciles to the largest, of categories the most frequent levels.

    Returns
    -------
    list of Setting

    Raises
    ------
    ConfigError
        If the model has no such column, training no such value, or a value cannot be read.
    ArtifactError
        If the model does not hold the values of training, as models of format 1.
    """
    used = {column.name: column for column in model.schema.used}
    order = dict(zip(used, schema_order(model.schema).tolist(), strict=True))
    seen = require_reference(model.reference).columns
    found = []
    for name, values in wanted.items():
        if name not in used:
            raise ConfigError(f"the model has no column {name!r}: {did_you_mean(name, used)}")
        column, place = used[name], order[name]
        if isinstance(values, str | float | int | date):
            values = [values]
        numbers = [_read(column, seen[place], value) for value in values]
        for value in numbers if values else _usual(column, model, place):
            found.append(Setting(column, place, value))
    return found


def what_if(
    model: ModelRecord, customer: Table, settings: Sequence[Setting], n_threads: int = 1
) -> Floats:
    """Probability of leaving of a customer as it is, and with each setting alone.

    Parameters
    ----------
    model : ModelRecord
    customer : Table of one row
        As read.
    settings : sequence of Setting
    n_threads : int, default 1

    Returns
    -------
    float64 array of shape (1 + settings,)
    """
    changed = [with_values(customer, s.place, np.array([s.value])) for s in settings]
    rows = reduce(stacked, changed, customer)
    return decide(model.decide, logits(model, rows, n_threads))


def what_if_frame(
    customer: Table, settings: Sequence[Setting], probability: Floats
) -> pd.DataFrame:
    """A row for each setting, as :meth:`dbnchurn.Predictor.what_if` describes it.

    Parameters
    ----------
    customer : Table of one row
    settings : sequence of Setting
    probability : float64 array of shape (1 + settings,)
        As :func:`what_if` gives it.

    Returns
    -------
    DataFrame
    """
    now = [value_text(s.column, own_value(customer, s.place)) for s in settings]
    return pd.DataFrame(
        {
            "column": [s.column.name for s in settings],
            "now": now,
            "value": [value_text(s.column, s.value) for s in settings],
            "probability_now": np.full(len(settings), probability[0]),
            "probability": probability[1:],
            "change": probability[1:] - probability[0],
        }
    )


def own_value(customer: Table, place: int) -> float:
    """A column's value of a table's first row: a number or a code.

    Parameters
    ----------
    customer : Table
    place : int
        Position of the column, numbers before categories.

    Returns
    -------
    float
    """
    p = customer.numbers.shape[1]
    return float(customer.numbers[0, place] if place < p else customer.codes[0, place - p])


def value_text(column: Column, value: float) -> str:
    """A value as pages show it.

    Parameters
    ----------
    column : Column
    value : float
        Number, days since 1970 or code; NaN and -1 are missing.

    Returns
    -------
    str
    """
    if column.kind == "category":
        return str(column.levels[int(value)]) if value >= 0 else UNKNOWN
    return number_text(column.kind, value) or UNKNOWN


def _usual(column: Column, model: ModelRecord, place: int) -> list[float]:
    """Values of training: of numbers ends and deciles, of categories the most frequent levels."""
    seen = require_reference(model.reference).columns[place]
    if column.kind == "category":
        background = background_values(model.reference)[place]
        levels = background.values[np.argsort(-background.shares, kind="stable")]
        return [float(level) for level in levels if level >= 0][:MOST]
    values = np.unique(np.concatenate([[seen.low], seen.edges, [seen.high]]))
    spread = np.linspace(0, len(values) - 1, min(MOST, len(values))).round().astype(int)
    return [float(value) for value in values[spread]]


def _read(column: Column, seen: Distribution, value: Value) -> float:
    """A value that the caller names, as the model's tables have it."""
    word = str(value).strip()
    if column.kind == "category":
        if (code := column.code(word)) is None:
            raise ConfigError(
                f"{column.name}={word}: training had no such value: "
                f"{did_you_mean(word, column.levels)}"
            )
        return float(code)
    number = _number(column, value)
    if number is None:
        written = {"flag": "yes or no", "date": "a day such as 2026-08-31"}
        raise ConfigError(
            f"{column.name}={word} cannot be read; write {written.get(column.kind, '12.5')}"
        )
    low, high = (value_text(column, end) for end in (seen.low, seen.high))
    # Texts are compared too, for the ends are shown rounded.
    if not seen.low <= number <= seen.high and value_text(column, number) not in (low, high):
        raise ConfigError(
            f"{column.name}={word}: of such customers the model knows nothing; training had "
            f"{'dates' if column.kind == 'date' else 'numbers'} from {low} to {high}"
        )
    return number


def _number(column: Column, value: Value) -> float | None:
    """A number, a date or a truth value; None where the text is none."""
    word = str(value).strip()
    if column.kind == "flag":
        truth = truth_of(word.removesuffix(".0"))
        return None if truth is None else float(truth)
    try:
        if column.kind == "date":
            day = value if isinstance(value, date) else date.fromisoformat(word)
            return float((np.datetime64(day, "D") - np.datetime64(0, "D")).astype(int))
        number = float(word)
    except ValueError:
        return None
    return number if np.isfinite(number) else None
