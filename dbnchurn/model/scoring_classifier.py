"""A classifier that decides by its record: scores, labels, another threshold, the model folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Floats
from dbnchurn.decide.threshold import Choice
from dbnchurn.model.compute import default_threads, threads_of_environment
from dbnchurn.predictor.artifact import save
from dbnchurn.predictor.card import model_card
from dbnchurn.predictor.model_record import ModelRecord, probabilities
from dbnchurn.tables.label_classes import left_sentence
from dbnchurn.tables.reading import as_frame, refuse_sparse


class ScoringClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What a fitted classifier does with its record, however it was trained.

    A subclass has a `fit` that sets the attributes, and the parameter `n_threads`.

    Attributes
    ----------
    record_ : ModelRecord
    classes_ : array of two labels
        Of those who stayed and of those who left.
    choice_ : Choice
    threshold_ : float
    about_ : dict
        Plain facts of the training, kept beside the stored model.
    """

    n_threads: int | None
    record_: ModelRecord
    classes_: npt.NDArray[Any]
    choice_: Choice
    threshold_: float
    about_: dict[str, Any]

    def decide_by(self, choice: Choice) -> Self:
        """Decide at another threshold from now on, such as one that uses each gain.

        Parameters
        ----------
        choice : Choice
            As :meth:`dbnchurn.decide.Threshold.choose` gives it.
        """
        check_is_fitted(self, "record_")
        self.choice_, self.threshold_ = choice, choice.threshold
        decided = replace(self.record_.decide, threshold=choice.threshold)
        self.record_ = replace(self.record_, decide=decided)
        self.about_["threshold"] |= choice.facts()
        return self

    def _frame(self, X: Any, fitting: bool = False) -> pd.DataFrame:
        """The table as a DataFrame; arrays are checked the way scikit-learn does."""
        if isinstance(X, pd.DataFrame) or hasattr(X, "__arrow_c_stream__"):
            frame = as_frame(X)
            if fitting:
                if not len(frame):
                    raise DataError(
                        "the table has no rows: 0 samples, while a minimum of 2 is required"
                    )
                self.feature_names_in_ = np.array([str(name) for name in frame.columns], object)
                self.n_features_in_ = frame.shape[1]
            return frame
        refuse_sparse(X)
        values = validate_data(self, X, reset=fitting, ensure_all_finite="allow-nan")
        frame = as_frame(values)
        if not fitting and hasattr(self, "feature_names_in_"):
            frame.columns = list(self.feature_names_in_)
        return frame

    def predict_proba(self, X: Any) -> Floats:
        """Probabilities of staying and of leaving.

        Parameters
        ----------
        X : DataFrame or 2-D array of shape (n, columns)
            Columns as in training, in any order; others are passed over.

        Returns
        -------
        float64 array of shape (n, 2)

        Raises
        ------
        DataError
            If columns are missing or values cannot be read.
        """
        check_is_fitted(self, "record_")
        frame = self._frame(X)
        n_threads = self.n_threads or threads_of_environment() or default_threads(len(frame))
        leaving, _ = probabilities(self.record_, frame, n_threads)
        return np.column_stack([1 - leaving, leaving])

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Label of every row at ``threshold_``, shape (n,); `X` as for :meth:`predict_proba`."""
        leaving = self.predict_proba(X)[:, 1]
        return np.asarray(self.classes_[(leaving >= self.threshold_).astype(int)])

    def save(
        self,
        folder: str | Path,
        *,
        about: Mapping[str, Any] | None = None,
        mkdir: bool = True,
    ) -> None:
        """Write what scoring needs as a model folder, for ``Predictor.load``.

        Parameters
        ----------
        folder : path
            New, empty, or an older model, which is replaced.
        about : mapping, optional
            Plain data to keep beside the model, such as the name of the id column.
        mkdir : bool, default True
            Whether the folders above it are made if they do not exist.

        Raises
        ------
        ConfigError
            If the folder exists and holds something other than a model, or the one above it does
            not exist and is not to be made.
        """
        check_is_fitted(self, "record_")
        facts = {**self.about_, **(about or {})}
        training = facts["training"]
        facts["outcome"] = left_sentence(
            facts["left"], training["prior"], training["rows"], "training customers"
        )
        save(self.record_, folder, card=model_card(facts), about=facts, mkdir=mkdir)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags
