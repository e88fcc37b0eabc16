"""A classifier that decides by its record, however it came to it."""

import copy
from dataclasses import replace

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from dbnchurn import Predictor
from dbnchurn.model.scoring_classifier import ScoringClassifier


class Taken(ScoringClassifier):
    """A classifier whose record is that of another one."""

    def __init__(self, n_threads=1):
        self.n_threads = n_threads

    def fit(self, other):
        for name in ("record_", "classes_", "choice_", "threshold_", "feature_names_in_"):
            setattr(self, name, getattr(other, name))
        self.about_ = copy.deepcopy(other.about_)
        return self


@pytest.fixture
def by_record(fitted):
    return Taken().fit(fitted)


def test_its_scores_and_labels_are_those_of_the_one_that_was_trained(by_record, fitted, customers):
    X, _ = customers
    np.testing.assert_array_equal(by_record.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(by_record.predict(X), fitted.predict(X))


def test_another_threshold_is_that_of_labels_and_of_the_stored_model(
    by_record, customers, tmp_path
):
    X, _ = customers
    lowest = replace(by_record.choice_, threshold=0.0)
    assert by_record.decide_by(lowest) is by_record
    assert (by_record.predict(X) == by_record.classes_[1]).all()
    by_record.save(tmp_path / "model")
    assert Predictor.load(tmp_path / "model").threshold == 0.0


def test_without_a_record_it_refuses(customers):
    with pytest.raises(NotFittedError):
        Taken().predict_proba(customers[0])
