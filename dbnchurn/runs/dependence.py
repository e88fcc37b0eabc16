"""Partial dependence: the mean score if all customers had one value of a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dbnchurn.core.typing import Floats, Ints32
from dbnchurn.decide.decide_record import decide
from dbnchurn.predictor.explain.background import with_values
from dbnchurn.predictor.explain.reason_codes import schema_order
from dbnchurn.predictor.explain.what_if import own_value, value_text
from dbnchurn.predictor.model_record import ModelRecord, logits
from dbnchurn.tables.schema import Table, stacked

CUSTOMERS = 200
POINTS = 8  # values of a column
COLUMNS = 4
ENDS = (0.05, 0.95)  # quantiles between which numbers are tried


def partial_dependences(
    model: ModelRecord,
    table: Table,
    columns: Sequence[str],
    labels: Mapping[str, str],
    customer: Table,
) -> list[dict[str, Any]]:
    """The partial dependence of the leading columns (Friedman, 2001), and that of one customer.

    Parameters
    ----------
    model : ModelRecord
    table : Table
        Customers as read, in a random order; the first 200 are scored.
    columns : sequence of str
        The leading ones first; the first four that have two values or more are taken.
    labels : mapping of column → text
        What reports call a column.
    customer : Table of one row

    Returns
    -------
    list of dict
        ``column``, ``label``, ``kind``, ``values`` (as text), ``places`` (of numbers and dates) and
        ``mean``, the mean probability at each value; of the customer ``own``, the value as text,
        and ``customer``, the probability at each value.
    """
    rows = stacked(table.take(np.arange(min(CUSTOMERS, len(table)))), customer)
    used = {column.name: column for column in model.schema.used}
    order = dict(zip(used, schema_order(model.schema), strict=True))
    found = []
    for name in columns:
        values = _values(table, order[name])
        if len(values) < 2:
            continue
        column, numbers = used[name], order[name] < table.numbers.shape[1]
        scores = [_scores(model, rows, order[name], value) for value in values.tolist()]
        found.append(
            {
                "column": name,
                "label": labels.get(name, name),
                "kind": column.kind,
                "values": [value_text(column, value) for value in values.tolist()],
                "places": [float(value) for value in values] if numbers else [],
                "mean": [float(score[:-1].mean()) for score in scores],
                "own": value_text(column, own_value(customer, order[name])),
                "customer": [float(score[-1]) for score in scores],
            }
        )
        if len(found) == COLUMNS:
            break
    return found


def _values(table: Table, position: int) -> Floats | Ints32:
    """Up to eight values of a column: of numbers quantiles, of categories the most frequent."""
    p = table.numbers.shape[1]
    if position < p:
        known = table.numbers[:, position]
        known = known[~np.isnan(known)]
        if not len(known):
            return np.zeros(0)
        different = np.unique(known)
        if len(different) <= POINTS:
            return np.asarray(different, np.float64)
        return np.unique(np.quantile(known, np.linspace(*ENDS, POINTS), method="nearest"))
    codes = table.codes[:, position - p]
    levels, counts = np.unique(codes[codes >= 0], return_counts=True)
    return np.asarray(levels[np.argsort(-counts, kind="stable")[:POINTS]], np.int32)


def _scores(model: ModelRecord, rows: Table, position: int, value: float) -> Floats:
    """Probabilities of customers who all have one value of a column."""
    changed = with_values(rows, position, np.full(len(rows), value))
    return decide(model.decide, logits(model, changed))
