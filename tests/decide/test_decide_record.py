"""Prior correction undoes oversampling exactly, and keeps the order of customers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.records import pack, unpack
from dbnchurn.decide.decide_record import (
    DecideRecord,
    correct_prior,
    decide,
    log_odds,
    lowered,
    raised,
    recalibrated_scores,
    recalibrated_threshold,
)

SHARES = st.floats(0.001, 0.999)


@given(st.floats(0.001, 0.999), SHARES, SHARES)
def test_bayes_rule(p, prior, trained):
    """A posterior at `prior`, moved to `trained` by the change of class weights, comes back."""
    leave = p * trained / prior
    stay = (1 - p) * (1 - trained) / (1 - prior)
    oversampled = np.log(leave) - np.log(stay)
    assert expit(correct_prior(oversampled, trained, prior)) == pytest.approx(p, rel=1e-9)


def test_the_mean_score_becomes_the_base_rate():
    """Two kinds of customers, known shares: exact posteriors average to the prior."""
    share, churn = np.array([0.9, 0.1]), np.array([0.02, 0.3])
    prior = float(share @ churn)
    trained = 0.5
    odds = churn / (1 - churn) * (trained / prior) / ((1 - trained) / (1 - prior))
    corrected = expit(correct_prior(np.log(odds), trained, prior))
    np.testing.assert_allclose(corrected, churn, rtol=1e-12)
    assert float(share @ corrected) == pytest.approx(prior, rel=1e-12)
    assert float(share @ (odds / (1 + odds))) > 5 * prior


def record(prior=0.05, trained_prior=0.5, weights=(1.0,), offset=0.0, threshold=0.1, floor=0.0):
    return DecideRecord(prior, trained_prior, np.array(weights), offset, threshold, floor)


def test_nothing_to_correct_changes_nothing():
    logits = np.linspace(-40, 40, 17)
    np.testing.assert_array_equal(correct_prior(logits, 0.3, 0.3), logits)


def test_order_is_kept_and_scores_are_probabilities():
    found = decide(record(), np.linspace(-800, 800, 17)[:, None])
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_networks_are_blended_in_logits():
    logits = np.random.default_rng(0).normal(size=(50, 2))
    found = decide(record(prior=0.3, trained_prior=0.3, weights=(0.25, 0.5), offset=-1.0), logits)
    np.testing.assert_allclose(logit(found), logits @ [0.25, 0.5] - 1, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(
        decide(record(weights=(0.3, 0.7)), logits)[:1],
        decide(record(weights=(0.3, 0.7)), logits[:1]),
    )


def test_log_odds_are_odd():
    assert log_odds(0.2) == pytest.approx(-log_odds(0.8)) == pytest.approx(np.log(0.25))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prior": 0}, "out of range"),
        ({"trained_prior": 1}, "out of range"),
        ({"threshold": 1.5}, "out of range"),
        ({"floor": -0.01}, "floor is not between 0 and 0.5"),
        ({"floor": 0.51}, "floor is not between 0 and 0.5"),
        ({"weights": [-1.0]}, "weights of the networks"),
        ({"weights": []}, "weights of the networks"),
        ({"weights": [[1.0]]}, "weights of the networks"),
    ],
)
def test_what_cannot_decide_is_refused(changes, message):
    with pytest.raises(ArtifactError, match=message):
        unpack(DecideRecord, *pack(record(**changes)))


@given(st.floats(0, 1), st.floats(0, 0.5))
def test_lowered_undoes_raised(p, floor):
    assert floor <= raised(p, floor) <= 1
    assert lowered(raised(p, floor), floor) == pytest.approx(p, abs=1e-12)


def test_a_floor_keeps_the_order_and_is_the_smallest_probability():
    logits = np.linspace(-60, 20, 17)[:, None]
    plain, floored = decide(record(), logits), decide(record(floor=0.02), logits)
    np.testing.assert_allclose(floored, 0.02 + 0.98 * plain, rtol=1e-12)
    assert floored[0] == pytest.approx(0.02, rel=1e-9)
    assert (np.diff(floored) >= 0).all()


@pytest.mark.parametrize("above", [1e-7, 1e-4, 0.3])
@pytest.mark.parametrize(("slope", "shift"), [(0.5, 1.0), (2.0, -1.0), (2.5, 0.5)])
def test_a_recalibrated_threshold_calls_the_same_customers_also_close_above_the_floor(
    above, slope, shift
):
    scores = 0.02 + 0.98 * np.array([0, 0, above / 3, above, 2 * above, 0.9])
    limit = float(scores[3])
    called = recalibrated_scores(scores, slope, shift, 0.02) >= recalibrated_threshold(
        limit, slope, shift, 0.02
    )
    np.testing.assert_array_equal(called, scores >= limit)


@pytest.mark.parametrize(("slope", "shift"), [(0.5, 0.0), (1.0, -2.0), (2.0, 1.0)])
def test_a_threshold_of_one_still_calls_the_certain(slope, shift):
    scores = np.array([0.02, 0.5, 0.999, 1.0])
    limit = recalibrated_threshold(1.0, slope, shift, 0.02)
    called = recalibrated_scores(scores, slope, shift, 0.02) >= limit
    np.testing.assert_array_equal(called, scores >= 1.0)
