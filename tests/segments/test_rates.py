"""Intervals and tests against what they claim."""

import numpy as np
import pytest
from scipy import stats

from dbnchurn.core.statistics import adjusted_p_values, wilson
from dbnchurn.segments.rates import Rate, upper_tail


def test_wilson_agrees_with_scipy():
    for hits, rows in [(0, 10), (3, 10), (10, 10), (40, 1000)]:
        expected = stats.binomtest(hits, rows).proportion_ci(0.9, method="wilson")
        assert wilson(hits, rows, 0.9) == pytest.approx((expected.low, expected.high))


def test_wilson_without_rows_knows_nothing():
    low, high = wilson([0, 1], [0, 2])
    assert (low[0], high[0]) == (0.0, 1.0)
    assert 0 < low[1] < 0.5 < high[1] < 1


def test_wilson_holds_the_true_rate_as_often_as_promised():
    generator = np.random.default_rng(0)
    low, high = wilson(generator.binomial(400, 0.1, 4000), 400, 0.95)
    covered = np.mean((low <= 0.1) & (high >= 0.1))
    # the interval is discrete: coverage near, not at, 95 %; Monte Carlo error 0.0035
    assert covered == pytest.approx(0.95, abs=0.02)


def test_upper_tail_agrees_with_fisher():
    table = [[8, 12], [5, 75]]
    expected = stats.fisher_exact(table, alternative="greater").pvalue
    assert upper_tail(8, 20, 13, 100) == pytest.approx(expected)


def test_upper_tail_of_nothing_is_one():
    assert upper_tail([0, 0], [0, 5], [3, 0], [10, 10]).tolist() == [1.0, 1.0]


def test_benjamini_hochberg_agrees_with_scipy():
    p = np.random.default_rng(0).random(50) ** 3
    assert adjusted_p_values(p) == pytest.approx(stats.false_discovery_control(p))


def test_rates_add_up():
    both = Rate(2, 10) + Rate(3, 10)
    assert (both.hits, both.rows, both.value) == (5, 20, 0.25)
    assert Rate.of(np.array([True, False, True])) == Rate(2, 3)
