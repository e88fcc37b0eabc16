"""Calibrated models: probabilities that add up on validation rows, and a decision that is kept."""

import numpy as np
import pytest

from dbnchurn.decide import Threshold
from dbnchurn.model.decision import calibrate, transfer_decision
from dbnchurn.predictor.model_record import logits
from tests.model.test_pipeline import fitted

CLASSES = np.array([0, 1])


@pytest.fixture(scope="module")
def stages(draw_customers):
    return fitted(draw_customers)


def calibrated(stages, threshold):
    return calibrate(stages, CLASSES, restraint=10.0, threshold=threshold, n_threads=1)


def test_probabilities_add_up_to_the_churners_of_the_validation_rows(stages):
    """Nearly: the restrained fit leaves less than one standard error of the number of churners."""
    model = calibrated(stages, Threshold())
    y = stages.validation.y
    error = np.sqrt(y.mean() * (1 - y.mean()) / len(y))
    assert model.reference_scores.mean() == pytest.approx(y.mean(), abs=error)


def test_the_threshold_is_that_of_its_rule(stages):
    model = calibrated(stages, Threshold(rule="fixed", target=0.3))
    assert model.record.decide.threshold == model.choice.threshold == 0.3
    assert model.about()["threshold"]["rule"] == "fixed"
    assert model.about()["threshold"]["value"] == 0.3


def test_a_refitted_model_takes_the_decision_over(stages, draw_customers):
    first = calibrated(stages, Threshold())
    refitted = fitted(draw_customers, seed=7)
    second = transfer_decision(first, refitted, CLASSES, 1)
    assert second.choice is first.choice
    np.testing.assert_array_equal(second.record.decide.weights, first.record.decide.weights)
    assert second.record.decide.threshold == first.record.decide.threshold
    assert len(second.reference_scores) == len(refitted.train.y)
    before, after = (logits(model.record, stages.validation.table, 1) for model in (first, second))
    assert not np.array_equal(before, after)
