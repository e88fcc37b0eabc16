"""What contacts do is known exactly: effects, acceptances, values, and some that are harmful."""

import numpy as np
import pytest

from dbnchurn.data.simulate.hazard import leaving_probability
from dbnchurn.data.simulate.responses import CONTACT_COST, OPTIONS, responses
from dbnchurn.data.simulate.world import OBSERVED, draw


@pytest.fixture(scope="module")
def truth():
    world = draw(np.arange(4_000), OBSERVED + 1, np.random.default_rng(0))
    return responses(world, OBSERVED, leaving_probability(world, OBSERVED))


def test_contacts_help_most_harm_some_and_differ_by_option(truth):
    assert truth.effect.shape == (4_000, len(OPTIONS))
    assert (truth.effect.mean(axis=0) > 0).all()
    assert 0.005 < (truth.effect < 0).mean() < 0.2
    best = truth.value.argmax(axis=1)
    assert (np.bincount(best, minlength=len(OPTIONS)) > 0).all()


def test_a_contact_is_its_two_answers_weighted_by_acceptance(truth):
    a = truth.acceptance
    np.testing.assert_allclose(truth.contacted, a * truth.accepted + (1 - a) * truth.declined)
    np.testing.assert_allclose(truth.effect, truth.probability[:, None] - truth.contacted)
    assert (truth.accepted <= truth.probability[:, None]).all()
    assert (truth.declined >= truth.probability[:, None] - 1e-12).all()


def test_a_contact_costs_whether_it_is_accepted_or_not(truth):
    cost = np.array([CONTACT_COST[channel] for _, channel in OPTIONS])
    gain = truth.value + cost - truth.effect * truth.worth[:, None]
    per_acceptance = gain / truth.acceptance
    np.testing.assert_allclose(np.ptp(per_acceptance, axis=0), 0, atol=1e-9)
