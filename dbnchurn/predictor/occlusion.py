"""Occlusion done literally: columns are replaced and the whole model is run again.

Slow, and true by definition: what :mod:`dbnchurn.predictor.explain` is measured against.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dbnchurn.predictor.forward import ModelRecord, logits
from dbnchurn.predictor.typical import with_values
from dbnchurn.schema import Table

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


def log_odds(model: ModelRecord, table: Table) -> Floats:
    """Log-odds of leaving, up to a constant that all customers share, shape (n,)."""
    return np.asarray(logits(model, table) @ model.decide.weights)


def spread(table: Table, draws: int, generator: np.random.Generator) -> Floats:
    """Values of real customers at equally spaced ranks, in every column in an order of its own.

    Parameters
    ----------
    table : Table of n rows
    draws : int
    generator : numpy Generator

    Returns
    -------
    float64 array of shape (draws, numbers + categories)
        Codes of the categories; NaN and -1 where missing. A row mixes customers.
    """
    ranks = (np.arange(draws) + 0.5) * len(table) / draws
    columns = np.sort(np.hstack([table.numbers, table.codes.astype(np.float64)]), axis=0)
    return generator.permuted(columns[ranks.astype(np.int64)], axis=0)


def without(model: ModelRecord, table: Table, columns: Index, draws: Floats) -> Floats:
    """Mean log-odds of every row when its own choice of columns takes the values drawn.

    Parameters
    ----------
    model : ModelRecord
    table : Table of n rows
    columns : int array of shape (n, k)
        Raw columns to replace, numbers before categories; -1 replaces nothing.
    draws : float64 array of shape (draws, numbers + categories)
        As :func:`spread` gives them; the columns of a row are replaced together.

    Returns
    -------
    float64 array of shape (n,)
    """
    n = len(table)
    repeated = table.take(np.repeat(np.arange(n), len(draws)))
    own = np.hstack([repeated.numbers, repeated.codes.astype(np.float64)])
    for column in np.unique(columns[columns >= 0]):
        rows = np.repeat((columns == column).any(axis=1), len(draws))
        values = np.where(rows, np.tile(draws[:, column], n), own[:, column])
        repeated = with_values(repeated, column, values)
    return np.asarray(log_odds(model, repeated).reshape(n, len(draws)).mean(axis=1))


def occluded(model: ModelRecord, table: Table, draws: Floats) -> Floats:
    """What each column adds to the log-odds: as they are, less their mean without it.

    Returns
    -------
    float64 array of shape (n, numbers + categories)
    """
    now = log_odds(model, table)
    columns = [
        now - without(model, table, np.full((len(table), 1), column), draws)
        for column in range(draws.shape[1])
    ]
    return np.column_stack(columns)
