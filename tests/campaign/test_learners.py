"""Every learner finds known effects; the corrected effects are unbiased."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from dbnchurn.campaign.assignments import Assignments
from dbnchurn.campaign.learners import (
    LEARNERS,
    TestRows,
    corrected_effects,
    cross_fitted,
    folds_of,
    halves_of,
)
from dbnchurn.campaign.outcome_models import Features, Models
from dbnchurn.tables.kinds import infer
from tests.campaign.known_test import draw_test

FAST = Models(None, 40, 3, 50, 0.1, 1, 0)


@pytest.fixture(scope="module")
def test_rows():
    drawn = draw_test(8_000)
    features = Features.of(infer(drawn.X), drawn.X)
    rows = TestRows(features, Assignments.of(drawn.option, drawn.propensity), drawn.left)
    return rows, drawn.effect


INDIVIDUAL = [name for name in LEARNERS if name not in ("average", "proportional")]


@pytest.mark.parametrize("learner", INDIVIDUAL)
def test_individual_effects_are_found(test_rows, learner):
    rows, effect = test_rows
    found = -LEARNERS[learner](rows, FAST)(rows.features)
    assert found.shape == effect.shape
    for column, truth in zip(found.T, effect.T, strict=True):
        assert np.corrcoef(column, truth)[0, 1] > 0.7
    # The best possible average plan is a call for all; an individual one is clearly better.
    chosen = effect[np.arange(len(effect)), found.argmax(axis=1)].mean()
    assert chosen > effect.mean(axis=0).max() + 0.05


@pytest.mark.parametrize("learner", LEARNERS)
def test_mean_effects_are_those_of_the_groups(test_rows, learner):
    """Within four standard errors of a difference of two rates of some 2,400 customers."""
    rows, effect = test_rows
    found = -LEARNERS[learner](rows, FAST)(rows.features)
    np.testing.assert_allclose(found.mean(axis=0), effect.mean(axis=0), atol=4 * 0.014)


def test_average_effects_are_the_same_for_all_and_proportional_ones_follow_the_risk(test_rows):
    rows, _ = test_rows
    average = LEARNERS["average"](rows, FAST)(rows.features)
    assert np.ptp(average, axis=0).max() == 0
    proportional = LEARNERS["proportional"](rows, FAST)(rows.features)
    ratio = proportional[:, 0] / proportional[:, 1]
    np.testing.assert_allclose(ratio, ratio[0])


def test_corrected_effects_are_unbiased_whatever_the_model(test_rows):
    """A model of one shallow tree is wrong, and the mean of the corrected effects is right."""
    rows, effect = test_rows
    poor = Models(None, 1, 1, 1000, 0.1, 1, 0)
    found = -corrected_effects(rows, poor)
    error = found.std(axis=0) / np.sqrt(len(rows))
    assert (np.abs(found.mean(axis=0) - effect.mean(axis=0)) < 4 * error).all()


def test_folds_have_equal_shares_of_every_group_and_outcome(test_rows):
    rows, _ = test_rows
    fold = folds_of(rows, 3, 5)
    strata = rows.drawn.strata(rows.y)
    counts = np.array([np.bincount(strata[fold == k], minlength=6) for k in range(3)])
    assert np.ptp(counts, axis=0).max() <= 1
    assert not np.array_equal(fold, folds_of(rows, 3, 6))


def test_halves_leave_outcomes_to_chance_and_share_the_groups(test_rows):
    rows, _ = test_rows
    half = halves_of(rows, 1)
    groups = np.array([np.bincount(rows.drawn.code[half == k], minlength=3) for k in (0, 1)])
    assert np.ptp(groups, axis=0).max() <= 1
    changed = TestRows(rows.features, rows.drawn, 1 - rows.y)
    np.testing.assert_array_equal(half, halves_of(changed, 1))


def test_cross_fitted_outcomes_are_probabilities_of_every_group(test_rows):
    rows, _ = test_rows
    expected = cross_fitted(rows.take(np.arange(600)), FAST)
    assert expected.shape == (600, 3)
    assert ((expected > 0) & (expected < 1)).all()


class Boosted(BaseEstimator):
    """Our models of outcome and effect for a package that calls `fit` and `predict` on arrays."""

    def __init__(self, kind):
        self.kind = kind

    def fit(self, X, y):
        self.classes_ = np.array([0, 1])
        target, weight = np.asarray(y, np.float64), np.ones(len(y))
        self.learned_ = getattr(FAST, self.kind)(features_of(X), target, weight)
        return self

    def predict(self, X):
        return self.learned_(features_of(X))

    def predict_proba(self, X):
        return np.column_stack([1 - self.predict(X), self.predict(X)])


def features_of(X):
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    return Features.of(infer(frame), frame)


def test_crossed_models_are_those_of_causalml():
    meta = pytest.importorskip("causalml.inference.meta")
    generator = np.random.default_rng(0)
    X = generator.normal(size=(4_000, 3))
    option = generator.choice(["call", "control"], len(X))
    p = 1 / (1 + np.exp(1 - X[:, 0] + (option == "call") * X[:, 1]))
    y = (generator.random(len(X)) < p).astype(np.float64)
    rows = TestRows(features_of(X), Assignments.of(option, None), y)
    theirs = meta.BaseXClassifier(
        outcome_learner=Boosted("outcome"), effect_learner=Boosted("effect"), control_name="control"
    )
    share = np.full(len(X), (option == "call").mean())
    theirs.fit(X, treatment=option, y=y, p=share)
    found = theirs.predict(X, p=share)[:, 0]
    # The models are the same, and so is the way they are put together.
    np.testing.assert_allclose(
        LEARNERS["crossed models"](rows, FAST)(rows.features)[:, 0], found, atol=1e-6
    )
