"""Calibration: regularised weights that combine the logits of several networks."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from dbnchurn.core.blas import reserve_blas_memory
from dbnchurn.core.typing import Floats, Ints


def fit_blend(
    logits: Floats, y: Ints, sample_weight: Floats, restraint: float
) -> tuple[Floats, float]:
    """Weights and offset that minimise the log loss of ``logits @ weights + offset``.

    Stacking (Wolpert, 1992) and Platt's calibration (1999) in one. The penalty keeps the weights
    close to equal ones where there are few churners. The weights are not negative.

    Parameters
    ----------
    logits : float64 array of shape (n, networks)
        Prior-corrected logits of rows that no network was trained on.
    y : int array of shape (n,)
        1 for churners, 0 for the others.
    sample_weight : float64 array of shape (n,)
        A weight of 2 is the same as the row twice.
    restraint : float
        Strength of the penalty: half of it times the squared distance from equal weights and a
        zero offset is added to the summed log loss.

    Returns
    -------
    weights : float64 array of shape (networks,)
    offset : float

    Raises
    ------
    ResourceError
        If there is no memory for the linear algebra.

    Examples
    --------
    >>> z = np.array([[2.0, 0.1], [-2.0, 0.3], [1.5, -0.2], [-1.0, 0.1]] * 50)
    >>> weights, offset = fit_blend(z, np.array([1, 0, 1, 0] * 50), np.ones(200), 1.0)
    >>> bool(weights[0] > weights[1])
    True
    """
    reserve_blas_memory()
    equal = np.append(np.full(logits.shape[1], 1 / logits.shape[1]), 0.0)
    columns = np.column_stack([logits, np.ones(len(logits))])

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z = columns @ parameters
        distance = parameters - equal
        value = sample_weight @ (np.logaddexp(0, z) - y * z) + restraint / 2 * distance @ distance
        return float(value), columns.T @ (sample_weight * (expit(z) - y)) + restraint * distance

    bounds = [(0.0, None)] * logits.shape[1] + [(None, None)]
    best = minimize(loss, equal, jac=True, bounds=bounds, method="L-BFGS-B").x
    return np.asarray(best[:-1]), float(best[-1])
