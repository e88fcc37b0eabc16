"""Prior correction undoes oversampling exactly, and keeps the order of customers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit

from dbnchurn.decide.decide_record import DecideRecord, correct_prior, decide, log_odds
from dbnchurn.errors import ArtifactError
from dbnchurn.records import pack, unpack

SHARES = st.floats(0.001, 0.999)


@given(st.floats(0.001, 0.999), SHARES, SHARES)
def test_bayes_rule(p, prior, trained):
    """A posterior at `prior`, moved to `trained` by the change of class weights, comes back."""
    leave = p * trained / prior
    stay = (1 - p) * (1 - trained) / (1 - prior)
    oversampled = np.log(leave) - np.log(stay)
    assert correct_prior(oversampled, trained, prior) == pytest.approx(p, rel=1e-9)


def test_the_mean_score_becomes_the_base_rate():
    """Two kinds of customers, known shares: exact posteriors average to the prior."""
    share, churn = np.array([0.9, 0.1]), np.array([0.02, 0.3])
    prior = float(share @ churn)
    trained = 0.5
    odds = churn / (1 - churn) * (trained / prior) / ((1 - trained) / (1 - prior))
    corrected = correct_prior(np.log(odds), trained, prior)
    np.testing.assert_allclose(corrected, churn, rtol=1e-12)
    assert float(share @ corrected) == pytest.approx(prior, rel=1e-12)
    assert float(share @ (odds / (1 + odds))) > 5 * prior


def test_nothing_to_correct_changes_nothing():
    logits = np.linspace(-40, 40, 17)
    np.testing.assert_allclose(logit(correct_prior(logits[4:13], 0.3, 0.3)), logits[4:13])
    found = decide(DecideRecord(0.05, 0.5, 0.1), logits)
    assert (np.diff(found) >= 0).all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_log_odds_are_odd():
    assert log_odds(0.2) == pytest.approx(-log_odds(0.8)) == pytest.approx(np.log(0.25))


@pytest.mark.parametrize(
    "record", [DecideRecord(0, 0.5, 0.5), DecideRecord(0.1, 1, 0.5), DecideRecord(0.1, 0.5, 1.5)]
)
def test_shares_out_of_range_are_refused(record):
    with pytest.raises(ArtifactError, match="out of range"):
        unpack(DecideRecord, *pack(record))
