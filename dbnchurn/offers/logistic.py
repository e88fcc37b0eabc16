"""Logistic regression of few columns, by Newton's method."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from dbnchurn.core.typing import Floats

STEPS = 50
CLOSE = 1e-8  # change of the coefficients at which it ends


def fit_logistic(columns: Floats, outcome: Floats, ridge: float = 1.0) -> Floats:
    """Coefficients whose sum of predictions is that of the outcomes.

    Parameters
    ----------
    columns : float array of shape (n, p)
        The first is constant, and not drawn to 0.
    outcome : float array of shape (n,)
        0 or 1.
    ridge : float, default 1.0
        How strongly the other coefficients are drawn to 0, in rows.

    Returns
    -------
    float array of shape (p,)

    Examples
    --------
    >>> fit_logistic(np.ones((4, 1)), np.array([1.0, 0, 0, 0])).round(3).tolist()
    [-1.099]
    """
    p = columns.shape[1]
    penalty = np.full(p, ridge)
    penalty[0] = 0
    rate = np.clip(outcome.mean(), 1e-9, 1 - 1e-9)
    found = np.zeros(p)
    found[0] = np.log(rate / (1 - rate))
    loss = _loss(columns, outcome, penalty, found)
    for _ in range(STEPS):
        expected = expit(columns @ found)
        slope = columns.T @ (outcome - expected) - penalty * found
        curvature = (columns * (expected * (1 - expected))[:, None]).T @ columns
        curvature[np.diag_indices(p)] += penalty + 1e-9
        step = np.linalg.solve(curvature, slope)
        size = 1.0
        while _loss(columns, outcome, penalty, found + size * step) > loss + 1e-9 and size > 1e-4:
            size /= 2
        found = found + size * step
        loss = _loss(columns, outcome, penalty, found)
        if np.abs(step).max() < CLOSE:
            break
    return found


def _loss(columns: Floats, outcome: Floats, penalty: Floats, found: Floats) -> float:
    z = columns @ found
    return float((np.logaddexp(0, z) - outcome * z).sum() + (penalty * found**2).sum() / 2)
