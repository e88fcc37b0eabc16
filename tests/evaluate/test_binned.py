"""Metrics of counts in bins are those of the rows, and counts add up."""

import numpy as np
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.evaluate.binned import EDGES, BinnedScores, binned_intervals
from dbnchurn.evaluate.bootstrap import poisson_counts
from dbnchurn.evaluate.metrics import Confusion, average_precision, roc_auc
from dbnchurn.evaluate.ranking import Ranking


def drawn(n, seed=0):
    """Labels with a share of some 4 %, and their true probabilities."""
    generator = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-(generator.normal(size=n) * 1.3 - 3.8)))
    return (generator.random(n) < p).astype(int), p


def numbers(ranking):
    return {"ap": average_precision(ranking), "auc": roc_auc(ranking)}


@pytest.mark.parametrize("n", [200_000, pytest.param(2_000_000, marks=pytest.mark.long)])
def test_metrics_are_those_of_all_rows(n):
    y, p = drawn(n)
    cut = 0.123456
    exact, binned = Ranking.of(y, p), BinnedScores.of(y, p, cut=cut).ranking()
    assert abs(average_precision(binned) - average_precision(exact)) < 1e-4
    assert abs(roc_auc(binned) - roc_auc(exact)) < 1e-6
    assert Confusion.of(binned, cut) == Confusion.of(exact, cut)  # no bin lies on both sides
    assert binned.scores @ binned.sample_weight == pytest.approx(p.sum(), rel=1e-12)


def test_counts_of_parts_add_up_in_any_order():
    y, p = drawn(3_000)
    parts = [BinnedScores.of(y[i::3], p[i::3]) for i in range(3)]
    whole, there, back = (
        BinnedScores.of(y, p),
        parts[0] + parts[1] + parts[2],
        parts[2] + parts[1] + parts[0],
    )
    for name in ("churners", "stayers"):
        assert (getattr(whole, name) == getattr(there, name)).all()
        assert (getattr(whole, name) == getattr(back, name)).all()
    np.testing.assert_allclose(there.sums, whole.sums, rtol=1e-12)


def test_resamples_spread_as_those_of_rows_do():
    y, p = drawn(10_000, seed=1)
    repeats = 200  # the standard error of a spread from so many is 1 / sqrt(400) = 5 %
    of_bins = [average_precision(r) for r in BinnedScores.of(y, p).resampled(repeats, 2)]
    of_rows = [
        average_precision(Ranking.of(y, p, counts)) for counts in poisson_counts(len(y), repeats, 3)
    ]
    assert np.std(of_bins) == pytest.approx(np.std(of_rows), rel=4 * np.sqrt(2) * 0.05)
    found = binned_intervals(BinnedScores.of(y, p), numbers, resamples=50)
    assert found["ap"].low < found["ap"].value < found["ap"].high
    again = binned_intervals(BinnedScores.of(y, p), numbers, resamples=50)
    assert found == again


def test_every_probability_has_its_bin():
    p = np.array([0.0, 2.0**-40, 0.5, np.nextafter(1, 0), 1.0])
    binned = BinnedScores.of([0, 0, 1, 1, 1], p)
    assert binned.churners.sum() == 3
    assert binned.ranking().scores[0] == 1.0
    assert EDGES[0] == 0
    assert EDGES[-1] == 1
    assert (np.diff(EDGES) > 0).all()


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(DataError, match="scores should be from 0 to 1, 2 of 3"):
        BinnedScores.of([0, 1, 1], [0.5, 1.5, np.nan])
    with pytest.raises(DataError, match="labels should be 0 or 1, 1 of 2"):
        BinnedScores.of([0, 2], [0.5, 0.5])
    with pytest.raises(DataError, match="one of each a row"):
        BinnedScores.of([0], [0.5, 0.5])
    with pytest.raises(DataError, match="other bins"):
        BinnedScores.of([0], [0.5]) + BinnedScores.of([0], [0.5], cut=0.3)
    with pytest.raises(DataError, match="no row was counted"):
        BinnedScores.of([], []).ranking()


def test_no_rows_are_refused_and_not_drawn_for_ever():
    empty = BinnedScores.of([], [], cut=0.5)
    with pytest.raises(DataError, match="no row was counted"):
        next(empty.resampled(1))
