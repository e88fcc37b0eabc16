"""A plan's value from a test: right on average, with intervals that hold."""

import numpy as np
import pytest

from dbnchurn.campaign.assignments import Assignments
from dbnchurn.campaign.policy_value import corrected_gains, evaluate_policy, policy_codes
from dbnchurn.core.errors import DataError
from tests.campaign.known_test import draw_test


def plan_of_truth(drawn):
    return np.where(drawn.X["debt"] == 1, "call", "mail")


def true_value(drawn):
    return np.where(drawn.X["debt"] == 1, drawn.effect[:, 0], drawn.effect[:, 1]).mean()


@pytest.mark.parametrize("tests", [25, pytest.param(400, marks=pytest.mark.long)])
def test_intervals_hold_the_true_value(tests):
    """As many of the tests as of 95 % intervals, within four standard errors of a share."""
    inside = 0
    for seed in range(tests):
        drawn = draw_test(600, seed)
        found = evaluate_policy(plan_of_truth(drawn), drawn.option, -drawn.left, drawn.propensity)
        inside += found.low <= true_value(drawn) <= found.high
    assert abs(inside / tests - 0.95) < 4 * np.sqrt(0.95 * 0.05 / tests)


def test_a_model_of_the_gain_makes_the_interval_narrower_and_costs_no_bias():
    drawn = draw_test(4000, 1)
    risk = 0.45 + 0.1 * (drawn.X["plan"] == "family").to_numpy()
    truth = -risk[:, None] + np.column_stack([np.zeros(4000), drawn.effect])
    gain = -drawn.left.astype(float)
    plain, known, wrong = (
        evaluate_policy(
            plan_of_truth(drawn), drawn.option, gain, drawn.propensity, expected=expected
        )
        for expected in (None, truth, truth + 5)
    )
    assert known.standard_error < plain.standard_error
    assert abs(known.value - wrong.value) < 1e-9 + 4 * wrong.standard_error
    assert abs(known.value - true_value(drawn)) < 4 * known.standard_error


def test_contacting_nobody_is_worth_nothing_and_the_order_of_rows_does_not_matter():
    drawn = draw_test(900, 2)
    nobody = evaluate_policy([None] * 900, drawn.option, drawn.left)
    assert (nobody.value, nobody.contacted) == (0.0, 0.0)
    order = np.random.default_rng(0).permutation(900)
    plan = plan_of_truth(drawn)
    one = evaluate_policy(plan, drawn.option, drawn.left, drawn.propensity)
    two = evaluate_policy(
        plan[order], drawn.option[order], drawn.left[order], drawn.propensity[order]
    )
    assert abs(one.value - two.value) < 1e-12


def test_corrected_gains_change_only_the_own_group():
    drawn = Assignments.of(["call"] * 40 + ["control"] * 40)
    expected = np.zeros((80, 2))
    corrected = corrected_gains(drawn, np.ones(80), expected)
    assert (corrected[:40, 0] == 0).all()
    np.testing.assert_allclose(corrected[:40, 1], 2)
    assert not expected.any()


@pytest.mark.parametrize(
    ("plan", "gain", "told"),
    [
        (["post"] * 80, np.ones(80), "option 'post', which nobody in the test got"),
        (["call"] * 79, np.ones(80), "the plan has 79 rows"),
        (["call"] * 80, np.full(80, np.nan), "80 finite numbers"),
    ],
)
def test_refusals(plan, gain, told):
    with pytest.raises(DataError, match=told):
        evaluate_policy(plan, ["call"] * 40 + ["control"] * 40, gain)


def test_codes():
    drawn = Assignments.of(["call"] * 40 + ["mail"] * 40 + ["control"] * 40)
    assert policy_codes(["mail", None, "call"] * 40, drawn)[:3].tolist() == [2, 0, 1]
