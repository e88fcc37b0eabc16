"""Recall, NDCG, intervals and bins."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from dbnchurn.evaluate.bootstrap import Interval
from dbnchurn.offers.list_quality import Hits, calibration_of, compare, coverage_of, hits_of


def test_a_perfect_list_has_an_ndcg_of_one_and_an_empty_one_of_none():
    taken = csr_array([[0, 1, 1, 0], [1, 0, 0, 0]])
    perfect = hits_of(np.array([[1, 2], [0, 3]]), taken)
    np.testing.assert_allclose(perfect.ndcg, 1)
    np.testing.assert_allclose(perfect.recall, 1)
    none = hits_of(np.array([[-1, -1], [3, -1]]), taken)
    assert not none.recall.any()
    assert not none.ndcg.any()


def test_equal_lists_have_no_gain_and_intervals_hold_the_mean():
    generator = np.random.default_rng(0)
    own = Hits(generator.random(300), generator.random(300))
    intervals, gain_se = compare(own, own, 0)
    assert gain_se == 0
    assert intervals["gain"] == Interval(0, 0, 0)
    error = own.recall.std(ddof=1) / 300**0.5
    recall = intervals["recall"]
    assert recall.value == pytest.approx(own.recall.mean())
    assert (recall.high - recall.low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.15)


def test_coverage_counts_listed_items_once():
    assert coverage_of(np.array([[0, 1], [1, -1]]), 4) == 0.5


def test_bins_have_every_pair_and_equal_ones_together():
    expected = np.repeat([0.1, 0.2, 0.2 + 1e-9, 0.9], [500, 300, 300, 100])
    bins = calibration_of(expected, np.zeros(1200))
    assert sum(part.pairs for part in bins) == 1200
    assert [part.pairs for part in bins] == [500, 600, 100]
    assert calibration_of(np.zeros(0), np.zeros(0)) == ()
