"""Whether contributions say what the model does, measured on a sample of customers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from dbnchurn.predictor.forward import ModelRecord
from dbnchurn.predictor.occlusion import log_odds, without
from dbnchurn.schema import Table

Floats = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Faithfulness:
    """Agreement of contributions with occlusion, over customers and columns.

    Parameters
    ----------
    correlation : float
        Of the contributions with those of occlusion, over all customers and columns.
    rank_correlation : float
        Spearman's, over the columns of a customer; the mean over customers.
    sign : float
        Share of the leading reasons whose direction occlusion confirms.
    shared : float
        Share of the leading reasons that are among as many leading ones of occlusion.
    """

    correlation: float
    rank_correlation: float
    sign: float
    shared: float


def agreement(contributions: Floats, truth: Floats, k: int) -> Faithfulness:
    """How far contributions agree with occlusion.

    Parameters
    ----------
    contributions, truth : float64 arrays of shape (n, columns)
    k : int
        Reasons that count as leading.

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
        rank_correlation=float(np.mean([_correlation(rankdata(a), rankdata(b)) for a, b in rows])),
        sign=float((signs == np.sign(np.take_along_axis(truth, ours, 1))).mean()),
        shared=float(np.mean([np.isin(a, b).mean() for a, b in zip(ours, theirs, strict=True)])),
    )


def leading(scores: Floats, k: int) -> Index:
    """The columns with the `k` largest scores of every row, largest first, shape (n, k)."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :k]


def fall(model: ModelRecord, table: Table, order: Index, draws: Floats, most: int) -> list[float]:
    """How far the log-odds fall, on average, when leading columns are replaced one after another.

    Parameters
    ----------
    model : ModelRecord
    table : Table of n rows
    order : int array of shape (n, columns)
        The columns of every row in the order in which they are replaced.
    draws : float64 array of shape (draws, columns)
        As :func:`dbnchurn.predictor.occlusion.spread` gives them.
    most : int
        Columns to replace at most.

    Returns
    -------
    list of float
        With the first, the first two, … columns replaced.
    """
    now = log_odds(model, table)
    counts = range(1, min(most, order.shape[1]) + 1)
    return [float((now - without(model, table, order[:, :k], draws)).mean()) for k in counts]


def _correlation(a: Floats, b: Floats) -> float:
    """Pearson's; 0 where one of them does not vary."""
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(np.clip(a @ b / scale, -1, 1)) if scale > 0 else 0.0
