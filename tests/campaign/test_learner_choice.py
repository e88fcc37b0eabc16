"""The choice of a learner: by held-out value, with a promise that chance does not inflate."""

import numpy as np
import pytest

from dbnchurn.campaign.learner_choice import RISK, Money, choose_learner, plan_of
from dbnchurn.campaign.uplift import Uplift
from dbnchurn.core.errors import DataError
from tests.campaign.known_test import draw_test

FAST = Uplift(halves=0, n_trees=20, max_depth=2, learning_rate=0.1, random_state=0)


@pytest.fixture(scope="module")
def choice():
    drawn = draw_test(4_000)
    return choose_learner(
        drawn.X, drawn.option, drawn.left, drawn.propensity,
        uplift=FAST, learners=["average", "two models"], contacts=0.5, resamples=50,
    )  # fmt: skip


def test_individual_effects_win_where_they_exist(choice):
    assert choice.learner == "two models"
    assert choice.values["two models"].value > choice.values[RISK].value
    assert choice.model.learner == "two models"
    assert choice.values[RISK].contacted == choice.values["two models"].contacted


def test_the_promise_is_that_of_fresh_customers(choice):
    fresh = draw_test(20_000, 9)
    plan = plan_of(choice.model.predict(fresh.X), 0.5)
    true = np.column_stack([np.zeros(20_000), fresh.effect])[np.arange(20_000), plan].mean()
    assert abs(choice.promise.value - true) < 4 * choice.promise.standard_error


def test_without_any_effect_the_best_of_many_promises_nothing():
    """The winner's own value is above zero on average; the promise is not."""
    winners, promises, errors = [], [], []
    for seed in range(6):
        drawn = draw_test(900, seed)
        nothing = np.random.default_rng(100 + seed).integers(0, 2, 900)
        found = choose_learner(
            drawn.X, drawn.option, nothing, drawn.propensity, uplift=FAST, folds=2, resamples=50,
            learners=["single model", "two models", "transformed outcome"],
        )  # fmt: skip
        promises.append(found.promise.value)
        winners.append(found.values[found.learner].value)
        errors.append(found.promise.standard_error)
    assert np.mean(promises) < np.mean(winners)
    assert abs(np.mean(promises)) < 3 * np.mean(errors) / np.sqrt(6)


def test_costs_keep_a_plan_from_contacting_those_who_are_not_worth_it():
    values = np.array([[0.1, -0.2], [0.3, 0.4], [-1.0, -1.0]])
    assert plan_of(values).tolist() == [1, 2, 0]
    assert plan_of(values, 0.34).tolist() == [0, 2, 0]
    money = Money.of_cost(np.ones(3), np.array([0, 1, 2]), [2.0, 3.0])
    np.testing.assert_array_equal(money.expected[0], [-2.0, -3.0])
    assert money.realised.tolist() == [0.0, -2.0, -3.0]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"learners": ["two model"]}, "did you mean 'two models'"),
        ({"contacts": 0}, "above 0 and at most 1"),
        ({"money": Money(np.ones(3), np.zeros((3, 2)), np.zeros(3))}, "money.worth"),
    ],
)
def test_refusals(changes, told):
    drawn = draw_test(300)
    with pytest.raises(DataError, match=told):
        choose_learner(drawn.X, drawn.option, drawn.left, uplift=FAST, **changes)


@pytest.mark.parametrize("how", [{"folds": 1}, {"resamples": 0}, {"learners": []}])
def test_a_choice_needs_folds_resamples_and_learners(how):
    drawn = draw_test(200)
    given = {"learners": ["average"], "contacts": 0.5, **how}
    with pytest.raises(DataError, match="give two folds, one resample and one learner at least"):
        choose_learner(drawn.X, drawn.option, drawn.left, uplift=FAST, **given)


def test_options_of_another_length_than_the_table_are_refused():
    drawn = draw_test(200)
    with pytest.raises(DataError, match="the table has 200 rows and option names 199"):
        FAST.read(drawn.X, drawn.option[:-1], drawn.left, None)
