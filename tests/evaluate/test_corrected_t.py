"""Intervals over divisions: the corrected resampled t against its formula, and against truth."""

import numpy as np
import pytest
from scipy import stats

from dbnchurn.core.errors import DataError
from dbnchurn.evaluate.corrected_t import corrected_interval, mean_ranks


def test_the_interval_is_that_of_the_formula():
    values = np.array([0.31, 0.28, 0.35, 0.30, 0.33])
    found = corrected_interval(values, test_share=0.25, confidence=0.9)
    error = np.sqrt((1 / 5 + 0.25) * values.var(ddof=1))
    half = stats.t.ppf(0.95, 4) * error
    assert (found.value, found.low, found.high) == pytest.approx(
        (values.mean(), values.mean() - half, values.mean() + half)
    )


def test_without_overlap_it_is_students_interval():
    values = np.random.default_rng(0).normal(size=12)
    found = corrected_interval(values, test_share=1e-12)
    usual = stats.t.interval(0.95, 11, loc=values.mean(), scale=stats.sem(values))
    assert (found.low, found.high) == pytest.approx(usual)


def test_values_that_move_together_are_covered_where_the_plain_interval_is_too_short():
    """Ten divisions whose numbers share what the overlap of their training parts makes them share.

    The correction assumes a correlation of n_test / (n_test + n_train); the interval is exact in
    the limit of that, so about 95 % of 2,000 simulations should cover (three standard errors).
    """
    generator = np.random.default_rng(0)
    share, n, times = 0.25, 10, 2000
    rho = share / (1 + share)
    common = generator.normal(size=(times, 1)) * np.sqrt(rho)
    values = common + generator.normal(size=(times, n)) * np.sqrt(1 - rho)
    corrected = [corrected_interval(v, share) for v in values]
    covered = np.mean([c.low <= 0 <= c.high for c in corrected])
    plain = [stats.t.interval(0.95, n - 1, loc=v.mean(), scale=stats.sem(v)) for v in values]
    assert covered == pytest.approx(0.95, abs=3 * np.sqrt(0.95 * 0.05 / times))
    assert np.mean([low <= 0 <= high for low, high in plain]) < 0.75


def test_one_division_has_no_interval():
    found = corrected_interval([0.4], 0.25)
    assert found.value == 0.4
    assert np.isnan(found.low)
    assert np.isnan(found.high)


@pytest.mark.parametrize(("values", "share"), [([], 0.2), ([0.1, 0.2], 0.0)])
def test_nothing_to_go_by_is_refused(values, share):
    with pytest.raises(DataError, match="needs values and a positive share"):
        corrected_interval(values, share)


def test_ranks_sum_to_the_same_on_every_division_and_undefined_comes_last():
    values = np.random.default_rng(1).random((4, 7))
    values[2] = np.nan
    for lower in (False, True):
        ranks = mean_ranks(values, lower_is_better=lower)
        assert ranks.sum() == pytest.approx(10)
        assert ranks[2] == 4
    both = values[[0, 1]]
    assert mean_ranks(both).tolist() == mean_ranks(-both, lower_is_better=True).tolist()
