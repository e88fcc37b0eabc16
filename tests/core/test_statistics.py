"""Statistics against what they claim: coverage, a literal reference, identities."""

import numpy as np
import pytest
from scipy import stats

from dbnchurn.core.statistics import (
    adjusted_p_values,
    normal_quantile,
    population_stability_index,
    wilson,
)


def test_the_quantile_leaves_half_of_the_rest_on_either_side():
    assert stats.norm.sf(normal_quantile(0.9)) == pytest.approx(0.05)


def test_wilson_agrees_with_scipy():
    for hits, rows in [(0, 10), (3, 10), (10, 10), (40, 1000)]:
        expected = stats.binomtest(hits, rows).proportion_ci(0.9, method="wilson")
        assert wilson(hits, rows, 0.9) == pytest.approx((expected.low, expected.high))


def test_wilson_without_rows_is_the_whole_range():
    low, high = wilson([0, 1], [0, 2])
    assert (low[0], high[0]) == (0.0, 1.0)
    assert 0 < low[1] < 0.5 < high[1] < 1


def test_wilson_covers_the_true_rate_as_often_as_promised():
    generator = np.random.default_rng(0)
    low, high = wilson(generator.binomial(400, 0.1, 4000), 400, 0.95)
    covered = np.mean((low <= 0.1) & (high >= 0.1))
    # The interval is discrete: coverage near, not at, 95 %; Monte Carlo error 0.0035.
    assert covered == pytest.approx(0.95, abs=0.02)


def test_adjusted_p_values_are_those_of_the_definition():
    """q of the i-th smallest p is the least of n p_j / j over all j from i on."""
    p = np.random.default_rng(0).random(50) ** 3
    ascending = np.sort(p)
    by_hand = [
        min(1.0, *(len(p) * ascending[j - 1] / j for j in range(i, len(p) + 1)))
        for i in range(1, len(p) + 1)
    ]
    assert np.sort(adjusted_p_values(p)) == pytest.approx(by_hand)


def test_adjusted_p_values_keep_the_order_and_are_none_for_none():
    p = np.random.default_rng(1).random(30)
    q = adjusted_p_values(p)
    assert (np.diff(q[np.argsort(p)]) >= 0).all()
    assert (q >= p).all()
    assert adjusted_p_values([]).shape == (0,)


def test_the_stability_index_is_symmetric_and_zero_where_nothing_moved():
    before, after = [40, 30, 20, 10], [10, 20, 30, 40]
    moved = population_stability_index(before, after)
    assert moved == pytest.approx(population_stability_index(after, before))
    assert moved == pytest.approx(0.3 * np.log(4) * 2 + 0.1 * np.log(1.5) * 2)
    assert population_stability_index(before, np.multiply(before, 7)) == 0


def test_an_empty_bin_counts_without_being_infinite():
    assert population_stability_index([0, 100], [10, 90]) == pytest.approx(
        (0.1 - 1e-4) * np.log(0.1 / 1e-4) + (0.9 - 1) * np.log(0.9)
    )


def test_the_index_of_unmoved_rows_is_about_bins_less_one_over_rows():
    """Yurdakul and Naranjo, 2020: with both sides drawn, n times the index / 2 is chi-squared."""
    generator = np.random.default_rng(2)
    n, shares = 2_000, np.full(10, 0.1)
    drawn = generator.multinomial(n, shares, (400, 2))
    found = [population_stability_index(before, after) for before, after in drawn]
    expected = 2 * 9 / n
    # The standard error of the mean of 400 chi-squared values with 9 degrees of freedom.
    error = 2 / n * np.sqrt(2 * 9 / 400)
    assert np.mean(found) == pytest.approx(expected, abs=4 * error + 0.01 * expected)
