"""Weights: only ratios count, and what cannot be a weight is refused in words."""

import re

import numpy as np
import pytest

from dbnchurn.core.weights import LARGEST_RATIO, relative_weight, weight_problem


@pytest.mark.parametrize("scale", [1e-300, 1e-6, 1 / 3, 1 / 7000, 1.0, 1000.0, 1e6, 1e30, 1e300])
def test_weights_and_any_multiple_of_them_are_the_same(scale):
    weights = np.random.default_rng(0).uniform(0.1, 10, 1000)
    weights[::7] = 0
    np.testing.assert_array_equal(relative_weight(weights * scale), relative_weight(weights))
    np.testing.assert_array_equal(relative_weight(np.full(9, scale)), np.ones(9))


def test_the_mean_is_one_over_the_rows_that_count_and_zeros_change_nothing():
    weights = np.random.default_rng(0).gamma(2.0, size=500)
    relative = relative_weight(weights)
    np.testing.assert_allclose(relative.mean(), 1, rtol=1e-7)
    np.testing.assert_allclose(relative / relative[0], weights / weights[0], rtol=1e-6)
    with_zeros = relative_weight(np.concatenate([weights, np.zeros(100)]))
    np.testing.assert_array_equal(with_zeros, np.concatenate([relative, np.zeros(100)]))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 1], r"shape \(2,\), and there are 3 rows"),
        ([[1], [1], [1]], r"shape \(3, 1\)"),
        (["a", 1, 1], "has to be numbers"),
        ([1, -1, np.nan], "2 of 3 are not, the first is -1.0 in row 1"),
        ([1, np.inf, 1], "the first is inf in row 1"),
        ([0, 0, 0], "every sample_weight is zero"),
        ([1e-320, 1e-320, 1e-320], "in row 0 is too small"),
        ([1, 0, 2e6], r"from 1 \(row 0\) to 2e\+06 \(row 2\); the largest may be 1e\+06 times"),
        ([1e300, 1e-300, 1], r"from 1e-300 \(row 1\)"),
    ],
)
def test_what_cannot_be_a_weight_is_said(weights, message):
    assert re.search(message, weight_problem(weights, 3) or "nothing")


def test_weights_as_far_apart_as_allowed():
    assert weight_problem([1.0, LARGEST_RATIO, 0.0], 3) is None
    assert weight_problem([1.0, 1e9], 2, largest_ratio=1e12) is None
    assert weight_problem([], 0) is None
