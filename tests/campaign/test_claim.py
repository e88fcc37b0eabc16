"""When nothing may be claimed."""

from dbnchurn.campaign.claim import no_claim
from dbnchurn.campaign.effect import SampleRatio


def test_a_claim_needs_groups_as_drawn_and_outcomes_of_both_alike():
    fits, broken = SampleRatio(100, 101.0, 0.9), SampleRatio(60, 100.0, 1e-6)
    assert not no_claim(fits, 0.5)
    assert "60 customers where the probabilities of the log lead to 100" in no_claim(broken, 0.5)
    assert "outcomes are known of a different share" in no_claim(fits, 1e-6)
