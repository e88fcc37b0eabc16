"""Logistic regression on the visible layer, as a network record that computes a linear function."""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field
from scipy.sparse import csr_matrix, hstack
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from dbnchurn.core.random_state import stratified_subsample
from dbnchurn.core.typing import Floats, Rows
from dbnchurn.dbn.finetune import Validation
from dbnchurn.dbn.head import best_fit
from dbnchurn.dbn.network_record import NetworkRecord, logits
from dbnchurn.dbn.rows import RowSource, as_rows
from dbnchurn.dbn.visible import Visible

FEW_UNITS = 1_000
"""Up to so many units and levels Newton steps, which invert a matrix of them, are the fastest."""


class Linear(BaseEstimator):  # type: ignore[misc]
    """A penalised logistic regression on units and levels; of few churners it learns most.

    Missing units and levels are zeros. Of several strengths of the penalty the one with the
    smallest log loss on validation rows is taken.

    Parameters
    ----------
    C : tuple of float, default (0.01, 0.05, 0.3, 2.0)
        Inverse strengths of the squared penalty; of several, the middle one where there are no
        validation rows.
    max_rows : int, default 20_000
        Training rows, at most; of more, so many are drawn, the same share of either class.

    Attributes
    ----------
    record_ : NetworkRecord
        Without a skip; two rectified units, whose difference is the linear function.
    C_ : float
        The strength that was chosen.

    Examples
    --------
    >>> X = np.random.default_rng(0).integers(0, 2, (400, 3)).astype(np.float32)
    >>> linear = Linear(C=(1.0,)).fit(X, X[:, 0], random_state=0)
    >>> (logits(linear.record_, Visible.of(binary=[[0, 1, 1], [1, 1, 1]])) > 0).tolist()
    [False, True]
    """

    def __init__(
        self,
        *,
        C: tuple[Annotated[float, Field(gt=0)], ...] = (0.01, 0.05, 0.3, 2.0),
        max_rows: Annotated[int, Field(ge=2)] = 20_000,
    ) -> None:
        self.C = C
        self.max_rows = max_rows

    def fit(
        self,
        rows: RowSource | npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        sample_weight: npt.ArrayLike | None = None,
        validation: Validation | None = None,
        random_state: int | np.random.Generator | None = None,
    ) -> Self:
        """Fit one regression per strength, and keep the best.

        Parameters
        ----------
        rows : RowSource or 2-D array of n rows
        y : array of shape (n,)
            0 or 1.
        sample_weight : array of shape (n,), optional
        validation : (rows, y, sample_weight), optional
            Held-out rows, which choose the strength.
        random_state : int, Generator or None, default None
            Draws the rows of a large table.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If rows, labels and settings do not fit together.
        """
        if not self.C:
            raise ValueError("C needs at least one strength of the penalty")
        source, labels = as_rows(rows), np.asarray(y)
        weight = np.ones(len(labels)) if sample_weight is None else np.asarray(sample_weight)
        chosen = np.arange(len(labels))
        if len(chosen) > self.max_rows:
            generator = np.random.default_rng(random_state)
            chosen = stratified_subsample(labels.astype(np.int64), self.max_rows, generator)
        visible = source.take(chosen)
        design = _design(visible)
        solver = "lbfgs"
        if design.shape[1] <= FEW_UNITS:
            solver, design = "newton-cholesky", design.toarray()

        # Each starts from the solution before, under the next stronger penalty.
        model = LogisticRegression(solver=solver, max_iter=300, warm_start=True)

        def fitted(strength: float) -> tuple[float, NetworkRecord]:
            model.set_params(C=strength).fit(design, labels[chosen], weight[chosen])
            return strength, _record(visible, model.coef_[0], float(model.intercept_[0]))

        self.C_, self.record_ = best_fit(
            fitted,
            self.C,
            None if validation is None else lambda candidate: _loss(candidate[1], validation),
        )
        return self


def _design(visible: Visible) -> csr_matrix:
    """Units, and one column per level, 0 where missing; sparse."""
    starts = np.cumsum((0, *visible.sizes))[:-1]
    row, group = np.nonzero(visible.codes >= 0)
    level = visible.codes[row, group] + starts[group]
    levels = csr_matrix(
        (np.ones(len(row), np.float32), (row, level)), (len(visible), sum(visible.sizes))
    )
    dense = np.nan_to_num(np.hstack([visible.gaussian, visible.binary]), nan=0.0)
    return hstack([csr_matrix(dense), levels], format="csr").astype(np.float64)


def _record(visible: Visible, weights: Floats, bias: float) -> NetworkRecord:
    """A linear function as ``relu(x) - relu(-x)``."""
    both = np.column_stack([weights, -weights]).astype(np.float32)
    dense = visible.gaussian.shape[1] + visible.binary.shape[1]
    return NetworkRecord(
        sizes=visible.sizes,
        dense_weights=both[:dense],
        code_weights=both[dense:],
        weights=(),
        biases=(np.array([bias, -bias], np.float32),),
        head=np.array([1, -1], np.float32),
        bias=0.0,
        skip=np.empty(0, np.float32),
        activations=("relu",),
    )


def _loss(record: NetworkRecord, validation: Validation) -> float:
    """Weighted log loss on validation rows."""
    rows, y, sample_weight = validation
    source, target = as_rows(rows), np.asarray(y)
    every: Rows = np.arange(len(target))
    z = logits(record, source.take(every))
    weight = np.ones(len(target)) if sample_weight is None else np.asarray(sample_weight)
    return float(np.average(np.logaddexp(0, z) - target * z, weights=weight))
