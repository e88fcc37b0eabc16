"""Measure every feature before training: missing values, distribution, drift, relation to churn.

:mod:`dbnchurn.data.quality_page` makes a page of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.statistics import population_stability_index
from dbnchurn.core.typing import Dates, Floats, Ints
from dbnchurn.data.leakage import LOOKED_AT, column_auc
from dbnchurn.tables.contract import Customers

BARS = 20  # of a number
TOP = 12  # most frequent levels of a category with a bar of their own


@dataclass(frozen=True, eq=False)
class ColumnQuality:
    """One column, measured.

    Parameters
    ----------
    name : str
    kind : {"number", "date", "category"}
    missing : float
        Share of rows without a value.
    distinct : int
        Number of different values.
    typical : str
        Quartiles of a number or date, most frequent level of a category.
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
    >>> X = pd.DataFrame({"debt": [0.0, 5.0, None, 9.0], "plan": ["A", "B", "A", "A"]})
    >>> table = Customers(np.arange(4), X, np.array([0, 1, 0, 0]), None, pd.DataFrame())
    >>> [(c.name, c.kind, c.missing, c.distinct) for c in describe(table)]
    [('debt', 'number', 0.25, 3), ('plan', 'category', 0.0, 2)]
    """
    step = max(1, len(customers) // LOOKED_AT)
    X, y = customers.X.iloc[::step], customers.y[::step]
    dates = None if customers.dates is None else customers.dates[::step]
    return [_measured(X[name], y, dates) for name in X.columns]


def _measured(column: pd.Series[Any], y: Ints, dates: Dates | None) -> ColumnQuality:
    if pd.api.types.is_bool_dtype(column.dtype):
        column = column.astype("Float64")  # quantiles are not for booleans
    number = pd.api.types.is_numeric_dtype(column.dtype)
    date = pd.api.types.is_datetime64_any_dtype(column.dtype)
    present = column.dropna()
    if number or date:
        codes, labels = _by_value(column)
        typical = " / ".join(_label(v) for v in _quartiles(present))
    else:
        codes, labels = _by_level(column)
        typical = str(present.mode().iloc[0]) if len(present) else "–"
    size = len(labels)
    rows = np.bincount(codes[codes >= 0], minlength=size)[:size]
    churners = np.bincount(codes[codes >= 0], y[codes >= 0], minlength=size)[:size]
    return ColumnQuality(
        name=str(column.name),
        kind="number" if number else "date" if date else "category",
        missing=float(column.isna().mean()),
        distinct=int(present.nunique()),
        typical=typical,
        shares=rows / max(len(column), 1),
        churn=np.divide(churners, rows, out=np.zeros(size), where=rows > 0),
        labels=labels,
        drift=None if dates is None else _drift(codes, dates, size),
        auc=column_auc(column, y),
    )


def _quartiles(present: pd.Series[Any]) -> list[Any]:
    return list(present.quantile([0.25, 0.5, 0.75])) if len(present) else []


def _label(value: Any) -> str:
    return str(value)[:10] if isinstance(value, pd.Timestamp) else f"{value:.4g}"


def _by_value(column: pd.Series[Any]) -> tuple[Ints, tuple[str, ...]]:
    """The bar of every row, -1 where missing, and the labels.

    Bars have equal width between the 1 % and the 99 % quantile; few values have a bar each.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        days = column - pd.Timestamp(0, tz=getattr(column.dtype, "tz", None))
        column = days.dt.total_seconds() / 86400
    values = column.to_numpy(np.float64, na_value=np.nan)
    present = values[~np.isnan(values)]
    if not len(present):
        return np.full(len(values), -1), ("no value",)
    low, high = np.quantile(present, [0.01, 0.99])
    few = np.unique(present) if len(np.unique(present[:10_000])) <= BARS else present
    if len(few) <= BARS:
        edges, labels = (few[1:] + few[:-1]) / 2, tuple(f"{v:.4g}" for v in few)
    else:
        edges = np.unique(np.linspace(low, high, BARS + 1))[1:-1]
        labels = tuple(f"from {v:.4g}" for v in (low, *edges))
    return np.where(np.isnan(values), -1, np.searchsorted(edges, values, "right")), labels


def _by_level(column: pd.Series[Any]) -> tuple[Ints, tuple[str, ...]]:
    """The bar of every row, -1 where missing, and the labels: one bar for all rare levels."""
    counts = column.value_counts()
    top = [level for level in counts.index[:TOP] if counts[level]]
    codes = pd.Index(top).get_indexer(pd.Index(column.astype(object)))
    labels = [str(level) for level in top]
    if (counts > 0).sum() > TOP:
        codes = np.where((codes < 0) & column.notna().to_numpy(), len(top), codes)
        labels.append("others")
    return codes, tuple(labels or ["no value"])


def _drift(codes: Ints, dates: Dates, size: int) -> float | None:
    days = np.unique(dates)
    if len(days) < 2:
        return None
    parts = [np.bincount(codes[dates == day] + 1, minlength=size + 1) for day in days]
    return max(population_stability_index(parts[0], part) for part in parts[1:])
