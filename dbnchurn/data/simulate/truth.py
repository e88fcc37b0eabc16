"""Expected scores of the best possible model, from the true probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Attainable:
    """Expected scores of a model that predicts every customer's true probability.

    Parameters
    ----------
    average_precision, f1, brier : float
        No model does better on average; the F1 is at the best threshold.
    base_rate : float
        Mean probability.

    Examples
    --------
    >>> best = Attainable(average_precision=0.5, f1=0.5, brier=0.03, base_rate=0.04)
    >>> best.base_rate
    0.04
    """

    average_precision: float
    f1: float
    brier: float
    base_rate: float


def attainable(p: npt.ArrayLike) -> Attainable:
    r"""Expected scores of the best possible model on customers with true probabilities `p`.

    Ranked by p, a churner at rank k has the expected precision
    :math:`(1 + \sum_{j<k} p_j) / k`. The expected Brier score is the mean of p (1 - p).
    Average precision and F1 are ratios whose numerator and denominator are both replaced with
    their expectations, which is exact up to a relative error of one by the number of churners.

    Parameters
    ----------
    p : array of shape (n,)
        From 0 to 1.

    Returns
    -------
    Attainable

    Examples
    --------
    >>> attainable([1.0, 1.0, 0.0, 0.0])
    Attainable(average_precision=1.0, f1=1.0, brier=0.0, base_rate=0.5)
    >>> attainable([0.5, 0.5, 0.5, 0.5]).brier
    0.25
    """
    ranked = -np.sort(-np.asarray(p, np.float64))
    rank = np.arange(1, len(ranked) + 1)
    hits = np.cumsum(ranked)
    precision = (1 + hits - ranked) / rank
    return Attainable(
        average_precision=float((ranked * precision).sum() / hits[-1]),
        f1=float((2 * hits / (rank + hits[-1])).max()),
        brier=float((ranked * (1 - ranked)).mean()),
        base_rate=float(ranked.mean()),
    )
