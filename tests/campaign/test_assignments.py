"""Options as codes with weights: what is refused, and what the weights keep."""

import numpy as np
import pytest

from dbnchurn.campaign.assignments import Assignments, read_outcome
from dbnchurn.core.errors import DataError


def test_the_weights_of_every_group_sum_to_the_number_of_rows():
    generator = np.random.default_rng(0)
    option = generator.choice(["control", "mail", "call"], 500)
    drawn = Assignments.of(option, generator.uniform(0.1, 1, 500))
    assert drawn.options == ("call", "mail")
    sums = np.bincount(drawn.code, drawn.weight)
    np.testing.assert_allclose(sums, 500)
    half = drawn.take(np.arange(250))
    np.testing.assert_allclose(np.bincount(half.code, half.weight), 250)


def test_a_factor_that_a_group_has_in_common_changes_nothing():
    option = np.repeat(["control", "mail"], 100)
    chance = np.linspace(0.1, 0.5, 200)
    scaled = np.where(option == "control", chance / 6, chance)
    one, other = Assignments.of(option, chance), Assignments.of(option, scaled)
    np.testing.assert_allclose(one.weight, other.weight)


def test_means_are_those_of_everybody_where_the_draw_depends_on_the_customer():
    """Half of the customers are contacted four times as often: unweighted means are biased."""
    generator = np.random.default_rng(1)
    risky = generator.random(40_000) < 0.5
    chance = np.where(risky, 0.8, 0.2)
    called = generator.random(40_000) < chance
    drawn = Assignments.of(
        np.where(called, "call", "control"), np.where(called, chance, 1 - chance)
    )
    assert np.abs(drawn.means(risky) - 0.5).max() < 0.02


@pytest.mark.parametrize(
    ("option", "propensity", "told"),
    [
        (["call"] * 100, None, "there is no control group: all 100"),
        ([None] * 100, None, "nobody of 100 customers got an option"),
        (
            ["call"] * 90 + [None] * 10,
            None,
            r"fewer than 30 customers in 'the control group \(10\)'",
        ),
        (["call"] * 50 + [None] * 50, [0.5] * 99 + [0.0], "the first is 0.0 in row 99"),
        (["call"] * 50 + [None] * 50, [0.5] * 99, r"propensity has shape \(99,\)"),
        (["call"] * 50 + [None] * 50, [np.nan] * 100, "100 of 100 are not"),
    ],
)
def test_what_cannot_be_compared_is_refused(option, propensity, told):
    with pytest.raises(DataError, match=told):
        Assignments.of(option, propensity)


@pytest.mark.parametrize(
    ("y", "told"), [([0, 1, 2], "row 2"), ([0, np.nan, 1], "row 1"), ([0, 1], "2 outcomes")]
)
def test_outcomes_are_zero_or_one(y, told):
    with pytest.raises(DataError, match=told):
        read_outcome(y, 3)
