"""Measure every feature before training: missing values, distribution, drift, relation to churn.

:mod:`dbnchurn.data.quality_page` makes a page of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.statistics import population_stability_index
from dbnchurn.core.typing import Dates, Floats, Ints
from dbnchurn.data.leakage import LOOKED_AT, column_auc
from dbnchurn.tables.contract import Customers
from dbnchurn.tables.model_columns import ModelColumn
from dbnchurn.tables.text_decision import days_as_dates

BARS = 20  # of a number
TOP = 12  # most frequent levels of a category with a bar of their own


@dataclass(frozen=True, eq=False)
class ColumnQuality:
    """One column, measured.

    Parameters
    ----------
    name : str
    kind : {"number", "flag", "date", "category", "ignore"}
    missing : float
        Share of rows without a value.
    distinct : int
        Number of different values.
    typical : str
        Quartiles of a number or date, most frequent level of a category, why a column is ignored.
    shares : float array of shape (bars,)
        Share of the rows in every bar.
    churn : float array of shape (bars,)
        Share of churners among the rows of every bar.
    labels : tuple of str
        Values of each bar.
    drift : float or None
        Largest population stability index between the first snapshot and a later one; 0.25 and
        more is usually called a shift. None with a single snapshot.
    auc : float
        ROC AUC of the column as the only feature.
    """

    name: str
    kind: str
    missing: float
    distinct: int
    typical: str
    shares: Floats
    churn: Floats
    labels: tuple[str, ...]
    drift: float | None
    auc: float


def describe(customers: Customers) -> list[ColumnQuality]:
    """Measure every feature; of large tables on about 200,000 rows, evenly spaced.

    Parameters
    ----------
    customers : Customers
        The finished table.

    Returns
    -------
    list of ColumnQuality
        One per feature, in the order of the table.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"debt": [0.0, 5.0, None, 9.0], "plan": ["A", "B", "A", "A"]})
    >>> table = Customers(np.arange(4), X, np.array([0, 1, 0, 0]), None, pd.DataFrame())
    >>> [(c.name, c.kind, c.missing, c.distinct) for c in describe(table)]
    [('debt', 'number', 0.25, 3), ('plan', 'category', 0.0, 2)]
    """
    step = max(1, len(customers) // LOOKED_AT)
    columns, y = customers.model_columns().take(slice(None, None, step)), customers.y[::step]
    dates = None if customers.dates is None else customers.dates[::step]
    found = [(column, columns[column.name]) for column in columns.schema.columns]
    return [_measured(column, y, dates, about.note) for about, column in found]


def _measured(column: ModelColumn, y: Ints, dates: Dates | None, note: str) -> ColumnQuality:
    known = ~column.missing
    if column.has_levels:
        codes, labels = _by_level(column)
        typical = column.levels[_most_frequent(column)] if known.any() else "–"
        distinct = len(np.unique(column.codes[known]))
    else:
        codes, labels = _by_value(column)
        typical = " / ".join(_shown(column, _quartiles(column.numbers[known])))
        distinct = len(np.unique(column.numbers[known]))
    size = len(labels)
    rows = np.bincount(codes[codes >= 0], minlength=size)[:size]
    churners = np.bincount(codes[codes >= 0], y[codes >= 0], minlength=size)[:size]
    return ColumnQuality(
        name=column.name,
        kind=column.kind,
        missing=float(column.missing.mean()),
        distinct=distinct,
        typical=f"ignored: {note}" if column.kind == "ignore" else typical,
        shares=rows / max(len(column), 1),
        churn=np.divide(churners, rows, out=np.zeros(size), where=rows > 0),
        labels=labels,
        drift=None if dates is None else _drift(codes, dates, size),
        auc=column_auc(column, y),
    )


def _most_frequent(column: ModelColumn) -> int:
    return int(np.bincount(column.codes[column.codes >= 0]).argmax())


def _quartiles(present: Floats) -> Floats:
    return np.quantile(present, [0.25, 0.5, 0.75]) if len(present) else present


def _shown(column: ModelColumn, values: Floats) -> list[str]:
    """Values of a column as text: dates as days, numbers with four digits."""
    if column.kind == "date":
        return [str(day)[:10] for day in days_as_dates(values)]
    return [f"{value:.4g}" for value in values]


def _by_value(column: ModelColumn) -> tuple[Ints, tuple[str, ...]]:
    """The bar of every row, -1 where missing, and the labels.

    Bars have equal width between the 1 % and the 99 % quantile; few values have a bar each.
    """
    values = column.numbers
    present = values[~np.isnan(values)]
    if not len(present):
        return np.full(len(values), -1), ("no value",)
    low, high = np.quantile(present, [0.01, 0.99])
    few = np.unique(present) if len(np.unique(present[:10_000])) <= BARS else present
    if len(few) <= BARS:
        edges, labels = (few[1:] + few[:-1]) / 2, tuple(_shown(column, few))
    else:
        edges = np.unique(np.linspace(low, high, BARS + 1))[1:-1]
        labels = tuple(f"from {v}" for v in _shown(column, np.array([low, *edges])))
    return np.where(np.isnan(values), -1, np.searchsorted(edges, values, "right")), labels


def _by_level(column: ModelColumn) -> tuple[Ints, tuple[str, ...]]:
    """The bar of every row, -1 where missing, and the labels: one bar for all rare levels."""
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.levels))
    top = [int(code) for code in np.argsort(-counts, kind="stable")[:TOP] if counts[code]]
    bar = np.full(len(column.levels) + 1, len(top))
    bar[top], bar[-1] = np.arange(len(top)), -1
    labels = [column.levels[code] for code in top]
    if (counts > 0).sum() > TOP:
        labels.append("others")
    return bar[column.codes], tuple(labels or ["no value"])


def _drift(codes: Ints, dates: Dates, size: int) -> float | None:
    days = np.unique(dates)
    if len(days) < 2:
        return None
    parts = [np.bincount(codes[dates == day] + 1, minlength=size + 1) for day in days]
    return max(population_stability_index(parts[0], part) for part in parts[1:])
