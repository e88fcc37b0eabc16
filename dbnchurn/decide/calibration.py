"""Calibration: regularised weights that combine the members' logits, and a floor under them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from dbnchurn.core.blas import reserve_blas_memory
from dbnchurn.core.typing import Floats, Ints

SMALLEST_FLOOR, LARGEST_FLOOR = 1e-9, 0.5  # shares of the prior
WORTH = 1.92  # gain of log-likelihood: half of the 95 % quantile of chi-squared with one degree


def fit_blend(
    logits: Floats,
    y: Ints | Floats,
    sample_weight: Floats,
    restraint: float,
    *,
    floor: float = 0.0,
) -> tuple[Floats, float]:
    """Weights and offset that minimise the log loss of ``logits @ weights + offset``.

    Stacking (Wolpert, 1992) and Platt's calibration (1999) in one. The penalty keeps the weights
    close to equal ones where there are few churners. The weights are not negative.

    Parameters
    ----------
    logits : float64 array of shape (n, networks)
        Prior-corrected logits of rows that no network was trained on.
    y : int or float64 array of shape (n,)
        1 for churners, 0 for the others; of a group of customers the share of churners.
    sample_weight : float64 array of shape (n,)
        A weight of 2 is the same as the row twice.
    restraint : float
        Strength of the penalty: half of it times the squared distance from equal weights and a
        zero offset is added to the summed log loss.
    floor : float, default 0
        Known smallest probability, see :func:`~dbnchurn.decide.decide_record.raised`.

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
    bounds = [(0.0, None)] * logits.shape[1] + [(None, None)]
    if floor:
        floored = _floored_loss(columns, y, sample_weight, restraint, equal, prior=1.0)
        start = np.append(equal, floor)
        fixed = [*bounds, (floor, floor)]
        best = minimize(floored, start, jac=True, bounds=fixed, method="L-BFGS-B").x
        return np.asarray(best[:-2]), float(best[-2])

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z = columns @ parameters
        distance = parameters - equal
        value = sample_weight @ (np.logaddexp(0, z) - y * z) + restraint / 2 * distance @ distance
        return float(value), columns.T @ (sample_weight * (expit(z) - y)) + restraint * distance

    best = minimize(loss, equal, jac=True, bounds=bounds, method="L-BFGS-B").x
    return np.asarray(best[:-1]), float(best[-1])


def _floored_loss(
    columns: Floats,
    y: Ints | Floats,
    sample_weight: Floats,
    restraint: float,
    equal: Floats,
    *,
    prior: float,
) -> Callable[[Floats], tuple[float, Floats]]:
    """Log loss and gradient by weights, offset and the floor in shares of the prior."""

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z, floor = columns @ parameters[:-1], parameters[-1] * prior
        above, distance = expit(z), parameters[:-1] - equal
        p = floor + (1 - floor) * above
        stays = np.log1p(-floor) - np.logaddexp(0, z)
        value = -sample_weight @ (y * np.log(p) + (1 - y) * stays)
        by_z = sample_weight * ((1 - y) * above - y * (1 - floor) * above * (1 - above) / p)
        by_floor = sample_weight @ ((1 - y) / (1 - floor) - y * (1 - above) / p)
        slope = columns.T @ by_z + restraint * distance
        return float(value + restraint / 2 * distance @ distance), np.append(
            slope, by_floor * prior
        )

    return loss


def fit_floored_blend(
    logits: Floats, y: Ints, sample_weight: Floats, restraint: float
) -> tuple[Floats, float, float]:
    """The blend, and a floor under its probabilities where the rows show that there is one.

    Some customers leave for reasons that no column holds, at a rate that is the same for all. The
    probability is then ``floor + (1 - floor) * expit(logits @ weights + offset)``, and without the
    floor the lowest scores promise too little. All are fitted together, and the floor is kept only
    if it raises the likelihood beyond chance (a likelihood ratio test at 5 %); otherwise it is 0
    and the blend is that of :func:`fit_blend`.

    Parameters
    ----------
    logits : float64 array of shape (n, members)
        Prior-corrected logits of rows that no member was trained on.
    y : int array of shape (n,)
        1 for churners, 0 for the others.
    sample_weight : float64 array of shape (n,)
    restraint : float
        As :func:`fit_blend` takes it.

    Returns
    -------
    weights : float64 array of shape (members,)
    offset : float
    floor : float
        At most half of the share of churners.

    Raises
    ------
    ResourceError
        If there is no memory for the linear algebra.

    Examples
    --------
    >>> z, generator = np.linspace(-8, 4, 4000), np.random.default_rng(0)
    >>> y = (generator.random(4000) < 0.05 + 0.95 * expit(z)).astype(int)
    >>> weights, offset, floor = fit_floored_blend(z[:, None], y, np.ones(4000), 1.0)
    >>> bool(0.04 < floor < 0.06)
    True
    """
    weights, offset = fit_blend(logits, y, sample_weight, restraint)
    equal = np.append(np.full(logits.shape[1], 1 / logits.shape[1]), 0.0)
    columns = np.column_stack([logits, np.ones(len(logits))])
    # In shares of the prior, the floor is of the size of the other parameters.
    prior = float(np.average(y, weights=sample_weight))
    loss = _floored_loss(columns, y, sample_weight, restraint, equal, prior=prior)
    bounds = [(0.0, None)] * logits.shape[1] + [(None, None), (SMALLEST_FLOOR, LARGEST_FLOOR)]
    start = np.append(weights, offset)
    without = loss(np.append(start, SMALLEST_FLOOR))[0]
    fits = [
        minimize(loss, np.append(start, share), jac=True, bounds=bounds, method="L-BFGS-B")
        for share in (0.05, 0.2)  # the loss may have several minima
    ]
    best = min(fits, key=lambda fit: float(fit.fun))
    if without - best.fun < WORTH:
        return weights, offset, 0.0
    return np.asarray(best.x[:-2]), float(best.x[-2]), float(best.x[-1] * prior)
