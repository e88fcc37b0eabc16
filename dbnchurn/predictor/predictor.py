"""The predictor: loads a stored model and scores customers with it."""

from __future__ import annotations

import logging
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.errors import listed
from dbnchurn.predictor.artifact import load
from dbnchurn.predictor.explain import Explainer
from dbnchurn.predictor.forward import ModelRecord, probabilities
from dbnchurn.predictor.reasons import find_reasons, stored_labels
from dbnchurn.schema import Schema, as_frame

log = logging.getLogger(__name__)


class Predictor:
    """Scores customers with a stored model.

    Guarantees: nothing of the model is executed; columns are found by name, in any order, others
    are passed over; a row alone gets the number that it gets in a batch; a category that training
    never saw is no evidence.

    Parameters
    ----------
    model : ModelRecord
    about : dict
        What was stored beside the model.
    n_threads : int, default 1

    Attributes
    ----------
    classes_ : array of two labels

    Examples
    --------
    ::

        from dbnchurn import Predictor

        predictor = Predictor.load("runs/tv/model")
        predictor.predict_proba(customers)[:, 1]
    """

    def __init__(self, model: ModelRecord, about: dict[str, Any], n_threads: int = 1) -> None:
        self._model = model
        self.about = about
        self.n_threads = n_threads
        self.classes_ = model.classes

    @classmethod
    def load(cls, folder: str | Path, *, n_threads: int = 1) -> Predictor:
        """Load a model that ``ChurnClassifier.save`` wrote.

        Raises
        ------
        ArtifactError
            If anything about it is missing, damaged or inconsistent.
        """
        return cls(*load(folder), n_threads=n_threads)

    @property
    def schema(self) -> Schema:
        """The columns that are expected, with kinds and levels."""
        return self._model.schema

    @property
    def threshold(self) -> float:
        """Customers with at least this probability are called churners."""
        return self._model.decide.threshold

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Probabilities of staying and of leaving.

        Parameters
        ----------
        X : DataFrame, Arrow table, or 2-D array if the model was trained on one; n rows

        Returns
        -------
        probabilities : float64 array of shape (n, 2)

        Raises
        ------
        DataError
            If columns are missing or values cannot be read; the message names them.
        """
        leaving, unusual = probabilities(self._model, as_frame(X), self.n_threads)
        if unusual.unknown_levels:
            counts = listed(f"{name}: {rows}" for name, rows in unusual.unknown_levels.items())
            log.warning("categories that training never saw, rows per column: %s", counts)
        return np.column_stack([1 - leaving, leaving])

    def predict(self, X: Any) -> npt.NDArray[np.generic]:
        """Label of every row at :attr:`threshold`, shape (n,)."""
        leaving = self.predict_proba(X)[:, 1]
        return np.asarray(self.classes_[(leaving >= self.threshold).astype(int)])

    def reasons(self, X: Any, k: int = 3) -> pd.DataFrame:
        """The columns that raise or lower each customer's risk most, as the user knows them.

        The contribution of a column is how much the log-odds of leaving are above what they would
        be on average if the column had the values of the training customers instead. Contributions
        do not sum to the score: columns act together.

        Parameters
        ----------
        X : DataFrame, Arrow table, or 2-D array if the model was trained on one; n rows
        k : int, default 3
            Reasons per customer.

        Returns
        -------
        reasons : DataFrame of n rows, in the order and with the index of `X`
            For every rank from 1 to `k`: ``reason_1``, a text such as ``Months with us: 2 (raises
            risk)``; ``column_1``, ``value_1``, missing where the value is; and ``contribution_1``
            in log-odds, positive where the risk is raised. All missing where a customer has fewer
            reasons.

        Raises
        ------
        DataError
            If columns are missing or values cannot be read; the message names them.
        ConfigError
            If `k` is less than 1.
        ArtifactError
            If the model is of before the spread of its columns was kept.

        Examples
        --------
        ::

            predictor.reasons(customers.head(), k=2)["reason_1"]
        """
        labels = stored_labels(self.about)
        return find_reasons(self._explainer, self.schema, as_frame(X), k, labels)

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self._model)
