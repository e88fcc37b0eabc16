"""Faithfulness of contributions, measured by occlusion on a sample of customers.

Occlusion replaces columns by values of other customers and evaluates the model again: once per
column and value (:func:`occluded`), or leading columns one after another (:func:`fall`).
:func:`agreement` compares its result with contributions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.predictor.explain.background import with_values
from dbnchurn.predictor.model_record import ModelRecord, logits
from dbnchurn.tables.schema import Table

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LazyModule("scipy.stats")


def log_odds(model: ModelRecord, table: Table) -> Floats:
    """Log-odds of leaving, up to a constant that all customers share.

    Parameters
    ----------
    model : ModelRecord
    table : Table of n rows
        As read.

    Returns
    -------
    float64 array of shape (n,)
    """
    return np.asarray(logits(model, table) @ model.decide.weights)


def spread(table: Table, draws: int, generator: np.random.Generator) -> Floats:
    """Values of customers at equally spaced ranks, permuted in every column independently.

    Parameters
    ----------
    table : Table of n rows
    draws : int
        Values per column.
    generator : numpy Generator

    Returns
    -------
    float64 array of shape (draws, numbers + categories)
        Numbers, or codes of categories; NaN and -1 where missing. The values of a row come from
        different customers.
    """
    ranks = (np.arange(draws) + 0.5) * len(table) / draws
    columns = np.sort(np.hstack([table.numbers, table.codes.astype(np.float64)]), axis=0)
    return generator.permuted(columns[ranks.astype(np.int64)], axis=0)


def without(model: ModelRecord, table: Table, columns: Ints, draws: Floats) -> Floats:
    """Mean log-odds of every row with the drawn values in some columns, chosen row by row.

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
    """What each column adds to the log-odds: with its values, less the mean with the drawn ones.

    Parameters
    ----------
    model : ModelRecord
    table : Table of n rows
    draws : float64 array of shape (draws, numbers + categories)
        As :func:`spread` gives them.

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


def fall(model: ModelRecord, table: Table, order: Ints, draws: Floats, most: int) -> list[float]:
    """Mean decrease of the log-odds when leading columns are replaced, one more each time.

    Parameters
    ----------
    model : ModelRecord
    table : Table of n rows
    order : int array of shape (n, columns)
        The columns of every row in the order in which they are replaced.
    draws : float64 array of shape (draws, columns)
        As :func:`spread` gives them.
    most : int
        Largest number of columns to replace.

    Returns
    -------
    list of float
        With the first column replaced, with the first two, and so on.
    """
    now = log_odds(model, table)
    counts = range(1, min(most, order.shape[1]) + 1)
    return [float((now - without(model, table, order[:, :k], draws)).mean()) for k in counts]


@dataclass(frozen=True)
class Faithfulness:
    """Agreement of contributions with occlusion, over customers and columns.

    Parameters
    ----------
    correlation : float
        Pearson's, over all customers and columns.
    rank_correlation : float
        Spearman's over the columns of a customer; the mean over customers.
    sign : float
        Share of the leading contributions that have the sign of occlusion.
    shared : float
        Share of the leading columns that are also among the leading ones of occlusion.
    """

    correlation: float
    rank_correlation: float
    sign: float
    shared: float


def agreement(contributions: Floats, truth: Floats, k: int) -> Faithfulness:
    """Compare contributions with occlusion.

    Parameters
    ----------
    contributions, truth : float64 arrays of shape (n, columns)
        `truth` as :func:`occluded` gives it.
    k : int
        Number of leading columns per customer, those with the largest absolute values.

    Returns
    -------
    Faithfulness

    Examples
    --------
    >>> truth = np.array([[2.0, -1.0, 0.1], [0.0, 0.5, 3.0]])
    >>> agreement(2 * truth, truth, 1)
    Faithfulness(correlation=1.0, rank_correlation=1.0, sign=1.0, shared=1.0)
    """
    k = min(k, truth.shape[1])
    ours, theirs = leading(np.abs(contributions), k), leading(np.abs(truth), k)
    signs = np.sign(np.take_along_axis(contributions, ours, 1))
    rows = zip(contributions, truth, strict=True)
    return Faithfulness(
        correlation=_correlation(contributions.ravel(), truth.ravel()),
        rank_correlation=float(
            np.mean([_correlation(stats.rankdata(a), stats.rankdata(b)) for a, b in rows])
        ),
        sign=float((signs == np.sign(np.take_along_axis(truth, ours, 1))).mean()),
        shared=float(np.mean([np.isin(a, b).mean() for a, b in zip(ours, theirs, strict=True)])),
    )


def leading(scores: Floats, k: int) -> Ints:
    """The columns with the largest scores of every row.

    Parameters
    ----------
    scores : float64 array of shape (n, columns)
    k : int

    Returns
    -------
    int64 array of shape (n, k)
        Largest score first; of equal ones the earlier column.
    """
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


def _correlation(a: Floats, b: Floats) -> float:
    """Pearson's correlation; 0 where one of them is constant."""
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(np.clip(a @ b / scale, -1, 1)) if scale > 0 else 0.0
