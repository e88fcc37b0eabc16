"""The logit's weights on the codes of a network as it is: a penalised logistic regression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from dbnchurn.core.typing import Floats, Floats32

Fitted = TypeVar("Fitted")

CONSTANT = 1e-6
"""Codes that vary less over rows get weight 0."""

ITERATIONS = 100


@dataclass(frozen=True, eq=False)
class CodedRows:
    """Rows as the logit sees them.

    Parameters
    ----------
    direct : float32 array of shape (n,)
        What goes to the logit past the hidden layers.
    codes : float32 array of shape (n, h)
        Activations of the last hidden layer.
    y : array of shape (n,)
        0 or 1.
    sample_weight : array of shape (n,), optional
    """

    direct: Floats32
    codes: Floats32
    y: Floats32
    sample_weight: Floats32 | None = None

    @property
    def weight(self) -> Floats:
        """Weights of mean one."""
        if self.sample_weight is None:
            return np.ones(len(self.y))
        weight = np.asarray(self.sample_weight, np.float64)
        return np.asarray(weight / weight.mean())


@dataclass(frozen=True, eq=False)
class Head:
    """Weights of the logit.

    Parameters
    ----------
    weights : float64 array of shape (h,)
    bias : float
        Added to what goes to the logit directly.
    penalty : float
        The one that was chosen.
    """

    weights: Floats
    bias: float
    penalty: float

    def logits(self, rows: CodedRows) -> Floats:
        """The logit of every row."""
        return np.asarray(rows.direct + rows.codes @ self.weights + self.bias)

    def loss(self, rows: CodedRows) -> float:
        """Mean weighted log loss."""
        z = self.logits(rows)
        return float(np.average(np.logaddexp(0, z) - rows.y * z, weights=rows.weight))


def fit_head(rows: CodedRows, validation: CodedRows | None, penalties: Sequence[float]) -> Head:
    """Fit the logit's weights, beside what goes to it directly.

    Codes are standardised for the penalty: half of it times the squared weights is added to the
    summed log loss. The bias has none.

    Parameters
    ----------
    rows : CodedRows
    validation : CodedRows, optional
        Chooses the penalty; without it, the middle one is taken.
    penalties : sequence of float

    Returns
    -------
    Head

    Examples
    --------
    >>> codes = np.eye(2, dtype=np.float32)[[0, 1] * 50]
    >>> rows = CodedRows(np.zeros(100, np.float32), codes, codes[:, 0])
    >>> head = fit_head(rows, None, [1.0])
    >>> bool(head.weights[0] > 0.5), bool(head.weights[1] < -0.5)
    (True, True)
    """

    def fit(penalty: float) -> Head:
        return _fit(rows, penalty)

    if validation is None:
        return best_fit(fit, penalties, None)
    return best_fit(fit, penalties, lambda head: head.loss(validation))


def best_fit(
    fit: Callable[[float], Fitted],
    strengths: Sequence[float],
    loss: Callable[[Fitted], float] | None,
) -> Fitted:
    """The fit with the smallest loss, of one per strength of a penalty.

    Parameters
    ----------
    fit : function of a strength
    strengths : sequence of float
        At least one.
    loss : function of what `fit` returns, or None
        On held-out rows; without it the middle strength is taken.

    Returns
    -------
    What `fit` returns.

    Examples
    --------
    >>> best_fit(lambda strength: -strength, [3.0, 1.0, 2.0], None)
    -2.0
    >>> best_fit(lambda strength: -strength, [3.0, 1.0, 2.0], lambda fitted: fitted)
    -3.0
    """
    ordered = sorted(strengths)
    if loss is None:
        return fit(ordered[len(ordered) // 2])
    return min((fit(strength) for strength in ordered), key=loss)


def _fit(rows: CodedRows, penalty: float) -> Head:
    codes, weight = rows.codes.astype(np.float64), rows.weight
    mean = np.average(codes, axis=0, weights=weight)
    spread = np.sqrt(np.average((codes - mean) ** 2, axis=0, weights=weight))
    scale = np.where(spread > CONSTANT, 1 / np.maximum(spread, CONSTANT), 0.0)
    design = np.column_stack([(codes - mean) * scale, np.ones(len(codes))])
    direct = rows.direct.astype(np.float64)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z, inner = direct + design @ parameters, np.append(parameters[:-1], 0.0)
        value = weight @ (np.logaddexp(0, z) - rows.y * z) + penalty / 2 * inner @ inner
        return float(value), design.T @ (weight * (expit(z) - rows.y)) + penalty * inner

    start = np.zeros(design.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": ITERATIONS}).x
    weights = found[:-1] * scale
    return Head(weights, float(found[-1] - weights @ mean), penalty)
