"""What is known of customers beside their features: what they are worth, when, and in which group.

None of it is ever trained on.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.errors import DataError, did_you_mean
from dbnchurn.core.typing import Dates, Floats, Rows
from dbnchurn.data.leakage import LOOKED_AT, column_auc
from dbnchurn.evaluate import contact_gain
from dbnchurn.tables import Customers
from dbnchurn.tables.contract import with_side_columns
from dbnchurn.tables.schema import text

FEW_LEVELS = 12  # more are quarters of a number, or the commonest levels and the others
SEGMENTS = 3


def set_beside(config: Any, table: Customers) -> Customers:
    """Take costs, and segments that were dropped as features, out of the features.

    Raises
    ------
    DataError
        If a column is absent, or a cost is no finite number.
    """
    names = cost_columns(config)
    dropped = config.columns.drop if config.columns is not None else ()
    aside = [name for name in config.report.groups if name in dropped]
    table = with_side_columns(table, [*names, *aside])
    numbers = {name: _cost(table.side_columns[name]) for name in names}
    return replace(table, side_columns=table.side_columns.assign(**numbers))


def cost_columns(config: Any) -> tuple[str, ...]:
    """Columns that hold costs."""
    costs = config.campaign.costs
    return () if costs is None else tuple(costs.columns)


def _cost(column: pd.Series[Any]) -> Floats:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        first = column.iloc[bad[0]]
        shown = first.item() if isinstance(first, np.generic) else first
        raise DataError(
            f"campaign.costs: column {column.name!r} should hold a number for every customer, got "
            f"{shown!r} in row {column.index[bad[0]]} ({len(bad)} such rows)"
        )
    return np.asarray(numbers)


def gains(config: Any, table: Customers) -> Floats:
    """What contacting each customer gains: by its own costs, or else by the offer's averages."""
    costs = config.campaign.costs
    if costs is None:
        return np.asarray(offer_of(config).gain(table.y))
    given: dict[str, Any] = {
        name: table.side_columns[cost].to_numpy() if isinstance(cost, str) else cost
        for name, cost in dict(costs).items()
    }
    return np.asarray(contact_gain(table.y, **given))


def offer_of(config: Any) -> Any:
    """The campaign's offer."""
    offer = config.campaign.offer
    return type(offer).made_from(**dict(offer))


def strengths(table: Customers, train: Rows) -> dict[str, float]:
    """How well each feature alone ranks churners among the training rows, best first.

    The areas under the ROC curve are those of :func:`dbnchurn.data.leakage.column_auc`.
    """
    some = train[:: max(1, len(train) // LOOKED_AT)]
    y = table.y[some]
    found = {str(name): column_auc(table.X[name].iloc[some], y) for name in table.X}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def segments(
    config: Any, table: Customers, train: Rows, rows: Rows, strength: dict[str, float]
) -> dict[str, pd.Categorical[Any]]:
    """Groups of the given rows by every column that is reported on.

    Raises
    ------
    DataError
        If the config names a column that is not there.
    """
    whole = pd.concat([table.X, table.side_columns], axis=1)
    names = config.report.groups or tuple(strength)[:SEGMENTS]
    for name in names:
        if name not in whole:
            raise DataError(
                f"report.groups: no column {name!r}: {did_you_mean(name, whole.columns)}"
            )
    return {name: grouped(whole[name], train, rows) for name in names}


def grouped(column: pd.Series[Any], train: Rows, rows: Rows) -> pd.Categorical[Any]:
    """Groups of a column's values in some rows, as the training rows divide them.

    Few values are groups as they are; numbers fall in quarters, dates in years; of many words the
    commonest are groups and the rest is *other*.

    Examples
    --------
    >>> every = np.arange(100)
    >>> list(grouped(pd.Series(every), every, every[::30]))
    ['up to 24.8', '24.8 to 49.5', '49.5 to 74.2', 'above 74.2']
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return pd.Categorical(column.iloc[rows].dt.year.astype("Int64").astype("string"))
    words = text(column.iloc[train])
    if words.nunique() <= FEW_LEVELS:
        return _commonest(words, text(column.iloc[rows]))
    numbers = pd.to_numeric(words, errors="coerce")
    if numbers.notna().sum() >= 0.9 * words.notna().sum():
        found = pd.to_numeric(text(column.iloc[rows]), errors="coerce")
        return _quarters(numbers.dropna().to_numpy(np.float64), found.to_numpy(np.float64))
    return _commonest(words, text(column.iloc[rows]))


def _commonest(train: pd.Series[Any], rows: pd.Series[Any]) -> pd.Categorical[Any]:
    kept = sorted(train.value_counts().index[:FEW_LEVELS], key=_naturally)
    values = rows.where(rows.isin(kept) | rows.isna(), "other values")
    return pd.Categorical(values, categories=[*kept, "other values"]).remove_unused_categories()


def _naturally(word: str) -> tuple[bool, float, str]:
    """Numbers by size, then words."""
    number = pd.to_numeric(word, errors="coerce")
    return (bool(np.isnan(number)), 0.0 if np.isnan(number) else float(number), word)


def _quarters(train: Floats, rows: Floats) -> pd.Categorical[Any]:
    edges = np.unique(np.quantile(train, [0.25, 0.5, 0.75]))
    shown = next(
        words
        for digits in range(3, 18)
        if len(set(words := [f"{edge:.{digits}g}" for edge in edges])) == len(edges)
    )
    between = [f"{low} to {high}" for low, high in pairwise(shown)]
    codes = np.where(np.isnan(rows), -1, np.searchsorted(edges, rows, side="left"))
    names: pd.Index[Any] = pd.Index([f"up to {shown[0]}", *between, f"above {shown[-1]}"])
    found: pd.Categorical[Any] = pd.Categorical.from_codes(codes.astype(np.int64), names)
    return found


def months(dates: Dates) -> pd.Categorical[Any]:
    """Month of every date, in words that sort."""
    return pd.Categorical(pd.Series(dates).dt.strftime("%Y-%m"))
