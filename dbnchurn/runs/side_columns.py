"""Columns that are no features: costs of each customer, months, and the groups of the report.

None of them is trained on.
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
from dbnchurn.runs.config import CampaignSection, ReportSection, RunConfig
from dbnchurn.tables import Customers
from dbnchurn.tables.contract import with_side_columns
from dbnchurn.tables.model_columns import ModelColumn, side_column

FEW_LEVELS = 12  # more are quarters of a number, or the commonest levels and the others
GROUPS = 3


def separate_side_columns(config: RunConfig, table: Customers) -> Customers:
    """Move costs, and dropped columns that make groups, from the features to the side columns.

    Parameters
    ----------
    config : RunConfig
        ``campaign.costs``, ``columns.drop`` and ``report.groups`` name them.
    table : Customers

    Returns
    -------
    Customers

    Raises
    ------
    DataError
        If a column is absent, or a cost is no finite number.
    """
    names = cost_columns(config.campaign)
    dropped = config.columns.drop if config.columns is not None else ()
    group_columns = [name for name in config.report.groups if name in dropped]
    table = with_side_columns(table, [*names, *group_columns])
    numbers = {name: _cost(table.side_columns[name]) for name in names}
    return replace(table, side_columns=table.side_columns.assign(**numbers))


def cost_columns(campaign: CampaignSection) -> tuple[str, ...]:
    """Columns that hold costs."""
    costs = campaign.costs
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


def gains(campaign: CampaignSection, table: Customers) -> Floats:
    """What contacting each customer gains: by its own costs, or else by the offer's averages.

    Parameters
    ----------
    campaign : CampaignSection
    table : Customers of n rows
        With the columns that `campaign` names among its side columns.

    Returns
    -------
    float64 array of shape (n,)
        In money.
    """
    costs = campaign.costs
    if costs is None:
        return np.asarray(campaign.build_offer().gain(table.y))
    given: dict[str, Any] = {
        name: table.side_columns[cost].to_numpy() if isinstance(cost, str) else cost
        for name, cost in dict(costs).items()
    }
    return np.asarray(contact_gain(table.y, **given))


def strengths(table: Customers, train: Rows) -> dict[str, float]:
    """How well each feature alone ranks churners among the training rows, best first.

    Parameters
    ----------
    table : Customers
    train : int array of shape (m,)
        Row numbers; of a long table every k-th row is used.

    Returns
    -------
    dict
        Column that is learned from → area under the ROC curve, as
        :func:`dbnchurn.data.leakage.column_auc` gives it.
    """
    sample = train[:: max(1, len(train) // LOOKED_AT)]
    y = table.y[sample]
    aucs = {column.name: column_auc(column, y) for column in table.model_columns().take(sample)}
    return dict(sorted(aucs.items(), key=lambda item: -item[1]))


def report_groups(
    report: ReportSection, table: Customers, train: Rows, rows: Rows, strength: dict[str, float]
) -> dict[str, pd.Categorical[Any]]:
    """Groups of the given rows by every column that is reported on.

    Parameters
    ----------
    report : ReportSection
        Names the columns, features or side columns.
    table : Customers
    train : int array
        Row numbers that decide which groups there are.
    rows : int array of shape (m,)
        Row numbers to group.
    strength : dict of column → float
        As :func:`strengths` gives it; its first three are taken if `report` names no column.

    Returns
    -------
    dict
        Column → Categorical of length m.

    Raises
    ------
    DataError
        If the config names a column that is not there.
    """
    names = report.groups or tuple(strength)[:GROUPS]
    whole = [*table.X.columns, *table.side_columns.columns]
    for name in names:
        if name not in whole:
            raise DataError(f"report.groups: no column {name!r}: {did_you_mean(name, whole)}")
    columns = table.model_columns() if set(names) & set(table.X.columns) else None
    return {
        name: grouped(
            columns[name]
            if columns is not None and name in table.X
            else side_column(table.side_columns[name], table.formats),
            train,
            rows,
        )
        for name in names
    }


def grouped(column: ModelColumn, train: Rows, rows: Rows) -> pd.Categorical[Any]:
    """Groups of a column's values in some rows, as the training rows divide them.

    Dates are grouped by year. Up to twelve other values are groups as they are; more numbers are
    divided at their quartiles; of more texts the commonest twelve are groups, and the rest is
    *other values*.

    Parameters
    ----------
    column : ModelColumn of n rows
    train : int array
        Row numbers that decide which groups there are.
    rows : int array of shape (m,)
        Row numbers to group.

    Returns
    -------
    Categorical of length m
        A missing value has no group.

    Examples
    --------
    >>> from dbnchurn.tables.model_columns import ModelColumns
    >>> every = np.arange(100)
    >>> column = ModelColumns.of(pd.DataFrame({"months": every}))["months"]
    >>> list(grouped(column, every, every[::30]))
    ['up to 24.8', '24.8 to 49.5', '49.5 to 74.2', 'above 74.2']
    """
    known, shown = column.take(train), column.take(rows)
    if column.kind == "date":
        return pd.Categorical(shown.words().str[:4])
    if column.kind == "number":
        numbers = known.numbers[~known.missing]
        if len(np.unique(numbers)) > FEW_LEVELS:
            return _quarters(numbers, shown.numbers)
    return _commonest(known.words(), shown.words())


def _commonest(train: pd.Series[Any], rows: pd.Series[Any]) -> pd.Categorical[Any]:
    kept = sorted(train.value_counts().index[:FEW_LEVELS], key=_natural_order)
    values = rows.where(rows.isin(kept) | rows.isna(), "other values")
    return pd.Categorical(values, categories=[*kept, "other values"]).remove_unused_categories()


def _natural_order(value: str) -> tuple[bool, float, str]:
    """A key that sorts numbers by size, and other texts after them."""
    number = pd.to_numeric(value, errors="coerce")
    return (bool(np.isnan(number)), 0.0 if np.isnan(number) else float(number), value)


def _quarters(train: Floats, rows: Floats) -> pd.Categorical[Any]:
    edges = np.unique(np.quantile(train, [0.25, 0.5, 0.75]))
    shown = next(
        texts
        for digits in range(3, 18)
        if len(set(texts := [f"{edge:.{digits}g}" for edge in edges])) == len(edges)
    )
    between = [f"{low} to {high}" for low, high in pairwise(shown)]
    codes = np.where(np.isnan(rows), -1, np.searchsorted(edges, rows, side="left"))
    names: pd.Index[Any] = pd.Index([f"up to {shown[0]}", *between, f"above {shown[-1]}"])
    quarters: pd.Categorical[Any] = pd.Categorical.from_codes(codes.astype(np.int64), names)
    return quarters


def months(dates: Dates) -> pd.Categorical[Any]:
    """Month of every date as text, such as ``2024-05``."""
    return pd.Categorical(pd.Series(dates).dt.strftime("%Y-%m"))
