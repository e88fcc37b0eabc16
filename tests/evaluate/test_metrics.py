"""Metrics: equal to scikit-learn's and empulse's, weights equal to repeated rows, ties random."""

import numpy as np
import pytest
from empulse.metrics import empc_score, lift_score
from sklearn import metrics as sk

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.evaluate import Offer, Ranking, contact_gain, metrics
from dbnchurn.evaluate.profit import expected_maximum_profit, profit_at


def sample(n=500, levels=None, seed=0):
    """Labels drawn from their scores; `levels` distinct scores, or all distinct."""
    generator = np.random.default_rng(seed)
    p = generator.beta(0.8, 6, n)
    if levels:
        p = np.round(p * levels) / levels
    y = (generator.random(n) < p).astype(int)
    y[:2] = 0, 1
    return y, p, generator.integers(0, 4, n).astype(float)


CASES = pytest.mark.parametrize(("levels", "seed"), [(None, 0), (20, 1), (3, 2)])


@CASES
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (metrics.average_precision, sk.average_precision_score),
        (metrics.roc_auc, sk.roc_auc_score),
        (metrics.brier, sk.brier_score_loss),
        (metrics.log_loss, sk.log_loss),
    ],
)
def test_ranking_metrics_equal_scikit_learn(ours, theirs, levels, seed):
    y, p, w = sample(levels=levels, seed=seed)
    assert ours(Ranking.of(y, p)) == pytest.approx(theirs(y, p), rel=1e-12)
    assert ours(Ranking.of(y, p, w)) == pytest.approx(theirs(y, p, sample_weight=w), rel=1e-12)


@CASES
@pytest.mark.parametrize("threshold", [0.0, 0.1, 1 / 3, 1.0])
def test_decisions_equal_scikit_learn(levels, seed, threshold):
    y, p, w = sample(levels=levels, seed=seed)
    picked = p >= threshold
    found = metrics.Confusion.of(Ranking.of(y, p, w), threshold)
    matrix = sk.confusion_matrix(y, picked, sample_weight=w)
    assert [[found.tn, found.fp], [found.fn, found.tp]] == matrix.tolist()
    assert found.accuracy == pytest.approx(sk.accuracy_score(y, picked, sample_weight=w))
    assert found.balanced_accuracy == pytest.approx(
        sk.balanced_accuracy_score(y, picked, sample_weight=w)
    )
    assert found.recall == pytest.approx(sk.recall_score(y, picked, sample_weight=w))
    assert found.f1 == pytest.approx(sk.f1_score(y, picked, sample_weight=w))
    if picked.any():
        assert found.precision == pytest.approx(sk.precision_score(y, picked, sample_weight=w))


@CASES
def test_a_weight_is_a_repeated_row_and_zero_is_no_row(levels, seed):
    y, p, w = sample(levels=levels, seed=seed)
    times = w.astype(int)
    gain = np.where(y == 1, 3.0, -1.0) * (1 + p)
    weighted = Ranking.of(y, p, w, gain)
    repeated = Ranking.of(*(np.repeat(a, times) for a in (y, p)), gain=np.repeat(gain, times))
    for number in (
        metrics.average_precision,
        metrics.roc_auc,
        metrics.brier,
        metrics.log_loss,
        metrics.calibration_error,
        metrics.calibration_in_the_large,
        metrics.lift,
        lambda r: metrics.precision_at(r, 77),
        lambda r: profit_at(r, 0.2),
        lambda r: expected_maximum_profit(r, Offer()),
    ):
        assert number(weighted) == pytest.approx(number(repeated), rel=1e-9)


@CASES
@pytest.mark.parametrize(
    "offer", [Offer(), Offer(clv=50, incentive_cost=20, contact_cost=3, alpha=2, beta=5)]
)
def test_expected_maximum_profit_equals_empulse(levels, seed, offer):
    y, p, _ = sample(levels=levels, seed=seed)
    theirs = empc_score(
        y,
        p,
        alpha=offer.alpha,
        beta=offer.beta,
        clv=offer.clv,
        incentive_cost=offer.incentive_cost,
        contact_cost=offer.contact_cost,
    )
    assert expected_maximum_profit(Ranking.of(y, p), offer) == pytest.approx(theirs, abs=1e-6)


def test_lift_equals_empulse_without_ties():
    y, p, _ = sample(1000)
    assert metrics.lift(Ranking.of(y, p), 0.1) == pytest.approx(lift_score(y, p, fraction=0.1))


def test_limits_that_fall_among_ties_take_the_mean_over_their_orders():
    y = np.array([1, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    p = np.array([0.9, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1, 0.1])
    ranking = Ranking.of(y, p)
    generator = np.random.default_rng(0)
    drawn = [y[np.lexsort((generator.random(10), -p))][:3].mean() for _ in range(4000)]
    assert metrics.precision_at(ranking, 3) == pytest.approx(0.5)
    assert metrics.precision_at(ranking, 3) == pytest.approx(np.mean(drawn), abs=4 * 0.15 / 63)


def test_calibration_error_is_the_mean_distance_over_ten_equal_bins():
    y, p, _ = sample(1000)
    order = np.argsort(p)
    bins = zip(np.split(p[order], 10), np.split(y[order], 10), strict=True)
    expected = np.mean([abs(a.mean() - b.mean()) for a, b in bins])
    assert metrics.calibration_error(Ranking.of(y, p)) == pytest.approx(expected)


def test_profit_counts_the_gain_of_those_at_or_above_the_threshold():
    y, p = np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.3, 0.2])
    gain = contact_gain(y, tp_cost=[1, 1, 2, 1], fp_cost=3, tn_cost=0, fn_cost=[9, 0, 11, 0])
    assert gain.tolist() == [8, -3, 9, -3]
    assert profit_at(Ranking.of(y, p, gain=gain), 0.3) == (8 - 3 + 9) / 4
    with pytest.raises(ConfigError, match="profit needs a gain"):
        profit_at(Ranking.of(y, p), 0.3)


def test_an_offer_that_cannot_pay_is_refused():
    with pytest.raises(ConfigError, match="clv > incentive_cost"):
        Offer(clv=5)
    with pytest.raises(ConfigError, match="alpha > 0"):
        Offer(alpha=0)


@pytest.mark.parametrize("label", [0, 1])
def test_what_one_class_leaves_undefined_is_nan(label):
    ranking = Ranking.of([label] * 4, [0.1, 0.5, 0.5, 0.9])
    at = metrics.Confusion.of(ranking, 0.5)
    assert np.isnan(metrics.roc_auc(ranking))
    assert np.isnan(metrics.average_precision(ranking)) == (label == 0)
    assert np.isnan(at.recall) == (label == 0)
    assert np.isnan(at.balanced_accuracy)
    assert np.isnan(metrics.lift(ranking)) == (label == 0)
    assert metrics.brier(ranking) == pytest.approx(
        sk.brier_score_loss([label] * 4, [0.1, 0.5, 0.5, 0.9], pos_label=1)
    )
    assert np.isnan(metrics.Confusion.of(ranking, 0.95).precision)


@pytest.mark.parametrize(
    ("y", "scores", "weight", "message"),
    [
        ([], [], None, r"at least one row, got shape \(0,\)"),
        ([[1], [0]], [1, 0], None, r"got shape \(2, 1\)"),
        ([1, 0], [0.5], None, r"scores should have one number for each of the 2 labels"),
        (
            [1, 0],
            [0.5, np.nan],
            None,
            r"scores should be finite numbers, got nan in row 1 \(1 such",
        ),
        ([1, 0], [np.inf, np.nan], None, r"got inf in row 0 \(2 such rows\)"),
        ([1, 2], [0.5, 0.5], None, "labels should be 0 or 1, got also 2"),
        (["yes", "no"], [0.5, 0.5], None, "labels should be 0 or 1, got also no, yes"),
        ([1, 0], [0.5, 0.5], [1, -1], "sample_weight has to be finite and not negative"),
        ([1, 0], [0.5, 0.5], [0, 0], "every sample_weight is zero"),
        ([1, 0], [0.5, 0.5], [1, np.nan], "sample_weight has to be finite"),
        ([1, 0], [0.5, 0.5], [1e300, 1e300], "sums have to stay"),
        ([1, 0], [0.5, 0.5], [1e-320, 1], "too small to be kept exactly"),
    ],
)
def test_bad_rows_are_refused_in_words(y, scores, weight, message):
    with pytest.raises(DataError, match=message):
        Ranking.of(y, scores, weight)


def test_inputs_are_not_changed_and_booleans_are_labels():
    y, p, w = sample()
    before = [a.copy() for a in (y, p, w)]
    r = Ranking.of(y == 1, p, w)
    assert metrics.roc_auc(r) == metrics.roc_auc(Ranking.of(y, p, w))
    for old, new in zip(before, (y, p, w), strict=True):
        np.testing.assert_array_equal(old, new)
