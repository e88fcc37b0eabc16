"""How several networks become one probability: weights of their logits, fitted with restraint."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from dbnchurn.core.typing import Floats, Ints


def fit_blend(
    logits: Floats, y: Ints, sample_weight: Floats, restraint: float
) -> tuple[Floats, float]:
    """Weights and offset that minimise the log loss of ``logits @ weights + offset``.

    Stacking (Wolpert, 1992) and Platt's calibration (1999) in one: with few churners among the rows
    the equal average is kept, with many the rows decide. The weights are not negative.

    Parameters
    ----------
    logits : float64 array of shape (n, networks)
        Prior-corrected logits of rows that no network was trained on.
    y : int array of shape (n,)
    sample_weight : float64 array of shape (n,)
    restraint : float
        Half of it times the squared distance from equal weights and no offset is added to the
        summed log loss.

    Returns
    -------
    weights : float64 array of shape (networks,)
    offset : float

    Examples
    --------
    >>> z = np.array([[2.0, 0.1], [-2.0, 0.3], [1.5, -0.2], [-1.0, 0.1]] * 50)
    >>> weights, offset = fit_blend(z, np.array([1, 0, 1, 0] * 50), np.ones(200), 1.0)
    >>> bool(weights[0] > weights[1])
    True
    """
    equal = np.append(np.full(logits.shape[1], 1 / logits.shape[1]), 0.0)
    columns = np.column_stack([logits, np.ones(len(logits))])

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z = columns @ parameters
        away = parameters - equal
        value = sample_weight @ (np.logaddexp(0, z) - y * z) + restraint / 2 * away @ away
        return float(value), columns.T @ (sample_weight * (expit(z) - y)) + restraint * away

    bounds = [(0.0, None)] * logits.shape[1] + [(None, None)]
    found = minimize(loss, equal, jac=True, bounds=bounds, method="L-BFGS-B").x
    return np.asarray(found[:-1]), float(found[-1])
