"""Reason codes: the columns that raise or lower a customer's risk most, as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.core.errors import ArtifactError, ConfigError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats, Ints, Rows
from dbnchurn.predictor.explain.contributions import Explainer
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Column, Schema, Table, text

if TYPE_CHECKING:
    import pandas as pd
else:
    pd = LazyModule("pandas")

DECIMALS = 4  # of a contribution; what rounds to 0 is no reason
UNKNOWN = "not known"
PARTS = ("reason", "column", "value", "contribution")


def find_reasons(
    explainer: Explainer,
    schema: Schema,
    frame: pd.DataFrame,
    k: int,
    labels: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """The `k` columns that raise or lower each customer's risk most.

    Parameters
    ----------
    explainer : Explainer
    schema : Schema
        Of the same model.
    frame : DataFrame of n rows
    k : int
        At least 1.
    labels : mapping of column → what the business calls it, optional

    Returns
    -------
    DataFrame of n rows with the index of `frame`
        As :meth:`dbnchurn.predictor.predictor.Predictor.reasons` describes it.

    Raises
    ------
    ConfigError
        If `k` is not a whole number of at least 1.
    DataError
        If the frame cannot be read as the schema says.
    """
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise ConfigError(f"the number of reasons has to be a whole number from 1 on, got {k!r}")
    table, _ = read(schema, frame)
    contributions = explainer.contributions(table)[:, schema_order(schema)]
    return describe(schema, frame, table, contributions, k, labels)


def schema_order(schema: Schema) -> Ints:
    """Position of every used column among a table's numbers and then categories, shape (used,)."""
    is_category = np.array([column.kind == "category" for column in schema.used])
    places = np.empty(len(is_category), np.int64)
    places[np.argsort(is_category, kind="stable")] = np.arange(len(is_category))
    return places


def describe(
    schema: Schema,
    frame: pd.DataFrame,
    table: Table,
    contributions: Floats,
    k: int,
    labels: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """The largest contributions of every row as text; of equal ones the earlier column's first.

    Parameters
    ----------
    schema : Schema
    frame : DataFrame of n rows
    table : Table
        The same rows as read.
    contributions : float64 array of shape (n, used columns)
        In the order of the schema.
    k : int
        Reasons per row.
    labels : mapping of column → what the business calls it, optional

    Returns
    -------
    DataFrame of n rows with the index of `frame`
        As :meth:`dbnchurn.predictor.predictor.Predictor.reasons` describes it.
    """
    labels = labels or {}
    rounded = np.round(contributions, DECIMALS) + 0.0  # + 0.0: no negative zero
    leading = np.argsort(-np.abs(rounded), axis=1, kind="stable")[:, :k]
    effects = np.take_along_axis(rounded, leading, axis=1)
    places, shape = schema_order(schema), (len(frame), k)
    columns: dict[str, Any] = {part: np.full(shape, None, object) for part in PARTS[:3]}
    contribution = np.full(shape, np.nan)
    for j in np.unique(leading):
        rows, ranks = np.nonzero((leading == j) & (effects != 0))
        if not len(rows):
            continue
        column, added = schema.used[j], effects[rows, ranks]
        shown, values = _value_texts(column, frame, table, places[j], rows)
        directions = np.where(added > 0, " (raises risk)", " (lowers risk)").tolist()
        label = labels.get(column.name, column.name)
        columns["reason"][rows, ranks] = [
            f"{label}: {value}{direction}"
            for value, direction in zip(shown, directions, strict=True)
        ]
        columns["column"][rows, ranks] = column.name
        columns["value"][rows, ranks] = values
        contribution[rows, ranks] = added
    out: dict[str, Any] = {}
    for rank in range(k):
        for part, texts in columns.items():
            out[f"{part}_{rank + 1}"] = pd.array(texts[:, rank], dtype="string")
        out[f"contribution_{rank + 1}"] = contribution[:, rank]
    return pd.DataFrame(out, index=frame.index)


def stored_labels(about: Mapping[str, Any]) -> dict[str, str]:
    """The business labels of the columns that were stored with the model.

    Raises
    ------
    ArtifactError
        If they are not a mapping of texts.
    """
    labels = about.get("column_labels") or {}
    if not isinstance(labels, dict) or not all(isinstance(v, str) for v in labels.values()):
        raise ArtifactError("column_labels: expected a label, as text, for every column named")
    return labels


def _value_texts(
    column: Column,
    frame: pd.DataFrame,
    table: Table,
    place: int,
    rows: Rows,
) -> tuple[list[str], list[str | None]]:
    """A column's values as shown in a reason, and as text that is None where missing."""
    if column.kind == "category":
        codes = table.codes[rows, place - table.numbers.shape[1]]
        names = [str(name) for name in frame.columns]
        given = text(frame.iloc[rows, names.index(column.name)])
        values = [
            None if absent else str(value)
            for value, absent in zip(given, pd.isna(given), strict=True)
        ]
        new = [
            value is not None and code < 0
            for value, code in zip(values, codes.tolist(), strict=True)
        ]
        shown = [
            UNKNOWN if value is None else f"{value}, not seen in training" if unseen else value
            for value, unseen in zip(values, new, strict=True)
        ]
        return shown, values
    values = [number_text(column.kind, value) for value in table.numbers[rows, place].tolist()]
    return [UNKNOWN if value is None else value for value in values], values


def number_text(kind: str, value: float) -> str | None:
    """A number as text; a date as a date and a flag as yes or no.

    Parameters
    ----------
    kind : str
        Of the column: ``number``, ``date`` or ``flag``.
    value : float
        Of a date the days since 1970-01-01.

    Returns
    -------
    str or None
        None of NaN.

    Examples
    --------
    >>> number_text("number", 2.0), number_text("number", 12.345678), number_text("flag", 1.0)
    ('2', '12.3457', 'yes')
    """
    if np.isnan(value):
        return None
    if kind == "date":
        return str(np.datetime64(0, "s") + np.timedelta64(round(value * 86_400), "s"))[:10]
    if kind == "flag" and value in (0.0, 1.0):
        return "yes" if value else "no"
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
