"""The estimator: known effects, errors that say how far chance moves them, refusals."""

import numpy as np
import pytest
from sklearn.base import clone

from dbnchurn.campaign.uplift import Uplift
from dbnchurn.core.errors import ConfigError, DataError
from tests.campaign.known_test import draw_test


@pytest.fixture(scope="module")
def drawn():
    return draw_test()


@pytest.fixture(scope="module")
def fitted(drawn):
    return Uplift(halves=4, n_trees=30, random_state=0).fit(
        drawn.X, drawn.option, drawn.left, drawn.propensity
    )


def test_effects_and_their_order(drawn, fitted):
    effect, error = fitted.predict(drawn.X, return_std=True)
    assert fitted.options_ == ("call", "mail")
    assert effect.shape == error.shape == drawn.effect.shape
    assert (error >= 0).all()
    np.testing.assert_allclose(fitted.average_, drawn.effect.mean(axis=0), atol=0.06)
    assert np.corrcoef(effect.ravel(), drawn.effect.ravel())[0, 1] > 0.8


def test_more_is_the_other_sign_of_less(drawn):
    args = (drawn.X, drawn.option, drawn.left, drawn.propensity)
    less, more = (
        Uplift("average", wanted=wanted, halves=0).fit(*args) for wanted in ("less", "more")
    )
    np.testing.assert_array_equal(less.predict(drawn.X), -more.predict(drawn.X))


def test_a_seed_gives_the_same_effects_and_inputs_stay(drawn):
    before = drawn.X.copy()
    one, two = (
        Uplift("transformed outcome", halves=0, n_trees=5, random_state=3)
        .fit(drawn.X, drawn.option, drawn.left)
        .predict(drawn.X)
        for _ in range(2)
    )
    np.testing.assert_array_equal(one, two)
    assert drawn.X.equals(before)


def test_errors_of_average_effects_are_those_of_two_rates(drawn):
    """The spread of halves against the textbook's standard error of a difference."""
    model = Uplift("average", halves=120, random_state=0).fit(drawn.X, drawn.option, drawn.left)
    error = model.predict(drawn.X.iloc[:1], return_std=True)[1][0]
    rates = [drawn.left[drawn.option == name] for name in ("call", "control")]
    expected = np.sqrt(sum(rate.var() / len(rate) for rate in rates))
    # Sixty pairs: the estimate of a standard deviation has an error of 9 %.
    assert abs(error[0] / expected - 1) < 0.36


@pytest.mark.parametrize(
    ("parameters", "told"),
    [({"learner": "z"}, "learner"), ({"halves": 3}, "has to be even"), ({"n_trees": 0}, "n_trees")],
)
def test_parameters_are_checked(drawn, parameters, told):
    with pytest.raises(ConfigError, match=told):
        Uplift(**parameters).fit(drawn.X, drawn.option, drawn.left)


def test_errors_need_halves_and_a_test_needs_controls(drawn):
    model = Uplift("average", halves=0).fit(drawn.X, drawn.option, drawn.left)
    with pytest.raises(ConfigError, match="fitted without"):
        model.predict(drawn.X, return_std=True)
    contacted = drawn.option != "control"
    with pytest.raises(DataError, match="no control group"):
        Uplift().fit(drawn.X[contacted], drawn.option[contacted], drawn.left[contacted])
    assert clone(Uplift("two models", n_trees=7)).n_trees == 7


@pytest.mark.long
def test_our_own_classifier_models_the_outcome(drawn, small):
    rows = np.arange(1500)
    model = Uplift("two models", classifier=small(), halves=0, random_state=0).fit(
        drawn.X.iloc[rows], drawn.option[rows], drawn.left[rows]
    )
    effect = model.predict(drawn.X)
    debt = (drawn.X["debt"] == 1).to_numpy()
    assert effect[debt, 0].mean() > effect[~debt, 0].mean()


def test_what_is_learned_from_rows_is_what_fit_learns(drawn, fitted):
    """So that what a choice of learners compares on folds is what is fitted in the end."""
    model = clone(fitted)
    rows = model.read(drawn.X, drawn.option, drawn.left, drawn.propensity)
    each = model.learned(rows)(rows.features)
    assert len(each) == 4
    np.testing.assert_array_equal(each.mean(axis=0), fitted.predict(drawn.X))
