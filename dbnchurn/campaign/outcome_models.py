"""Models of the outcome and of effects, over XGBoost or any classifier of scikit-learn's kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from dbnchurn.core.errors import wants_extra
from dbnchurn.core.typing import Floats, Floats32, Ints, Labels, Rows
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Schema

with wants_extra("train"):
    import xgboost as xgb

OPTION = "option of the test"  # column that a classifier gets beside the customer's own


@dataclass(frozen=True, eq=False)
class Features:
    """Columns of customers, as a frame and as XGBoost takes them.

    Parameters
    ----------
    frame : DataFrame of n rows
    matrix : float32 array of shape (n, columns)
    types : tuple of {"q", "c"}
        Numbers and categories of the matrix.
    """

    frame: pd.DataFrame
    matrix: Floats32
    types: tuple[str, ...]

    @classmethod
    def of(cls, schema: Schema, frame: pd.DataFrame) -> Features:
        """Columns of a frame, read by a schema.

        Parameters
        ----------
        schema : Schema
        frame : DataFrame of n rows

        Returns
        -------
        Features
        """
        table = read(schema, frame)[0]
        types = ("q",) * len(table.number_names) + ("c",) * len(table.code_names)
        return cls(frame, booster_matrix(table), types)

    def __len__(self) -> int:
        return len(self.matrix)

    def take(self, rows: Rows) -> Features:
        """The given rows."""
        return Features(self.frame.iloc[rows], self.matrix[rows], self.types)

    def with_option(self, code: Ints, options: tuple[str, ...]) -> Features:
        """With the option as a further column: a name, and a flag for each option.

        Parameters
        ----------
        code : int64 array of shape (n,)
            0 for controls, else 1 + the position of the option.
        options : tuple of str

        Returns
        -------
        Features
        """
        names = pd.Series(np.array(("none", *options), object)[code], self.frame.index)
        flags = (code[:, None] == 1 + np.arange(len(options))).astype(np.float32)
        return Features(
            self.frame.assign(**{OPTION: names}),
            np.hstack([self.matrix, flags]),
            (*self.types, *("q",) * len(options)),
        )


@dataclass(frozen=True, eq=False)
class Models:
    """How models are fitted.

    Parameters
    ----------
    classifier : classifier or None
        Of outcomes; None for boosted trees.
    n_trees, max_depth, smallest_leaf : int
        Of boosted trees.
    learning_rate : float
    n_threads : int
    seed : int
    """

    classifier: Any
    n_trees: int
    max_depth: int
    smallest_leaf: int
    learning_rate: float
    n_threads: int
    seed: int

    def outcome(
        self, features: Features, y: Labels, sample_weight: Floats
    ) -> Callable[[Features], Floats]:
        """Fit the probability of y = 1.

        Parameters
        ----------
        features : Features of n rows
        y : int array of shape (n,)
        sample_weight : float64 array of shape (n,)

        Returns
        -------
        callable
            Features of m rows → probabilities of shape (m,).
        """
        if y.min() == y.max():
            rate = float(y[0])
            return lambda rows: np.full(len(rows), rate)
        if self.classifier is not None:
            model = clone(self.classifier).fit(features.frame, y)
            return lambda rows: np.asarray(model.predict_proba(rows.frame)[:, 1], np.float64)
        return self._boosted(features, y.astype(np.float64), sample_weight, "binary:logistic")

    def effect(
        self, features: Features, target: Floats, sample_weight: Floats
    ) -> Callable[[Features], Floats]:
        """Fit the mean of a target by least squares, from the weighted mean on.

        Parameters
        ----------
        features : Features of n rows
        target : float64 array of shape (n,)
        sample_weight : float64 array of shape (n,)

        Returns
        -------
        callable
            Features of m rows → values of shape (m,).
        """
        start = float(np.average(target, weights=sample_weight))
        scale = float(np.sqrt(np.average((target - start) ** 2, weights=sample_weight))) or 1.0
        fitted = self._boosted(
            features, (target - start) / scale, sample_weight, "reg:squarederror", 0.0
        )
        return lambda rows: start + scale * fitted(rows)

    def _boosted(
        self,
        features: Features,
        target: Floats,
        sample_weight: Floats,
        objective: str,
        base_score: float | None = None,
    ) -> Callable[[Features], Floats]:
        types = list(features.types)

        def rows_of(rows: Features, **labels: Floats) -> xgb.DMatrix:
            return xgb.DMatrix(
                rows.matrix,
                feature_types=types,
                enable_categorical=True,
                nthread=self.n_threads,
                **labels,
            )

        mean_weight = float(sample_weight.mean())
        curvature = 1.0
        if objective.startswith("binary"):
            rate = float(np.average(target, weights=sample_weight))
            base_score, curvature = rate, max(rate * (1 - rate), 1e-3)
        parameters = {
            "objective": objective,
            "max_depth": self.max_depth,
            "eta": self.learning_rate,
            "min_child_weight": self.smallest_leaf * curvature,
            "subsample": 0.8,
            "colsample_bytree": 0.8,
            "seed": self.seed,
            "nthread": self.n_threads,
            "base_score": base_score,
        }
        rows = rows_of(features, label=target, weight=sample_weight / mean_weight)
        booster = xgb.train(parameters, rows, self.n_trees)
        return lambda rows: np.asarray(booster.predict(rows_of(rows)), np.float64)
