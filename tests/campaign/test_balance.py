"""Whether two groups of one draw had the same scores before."""

import numpy as np

from dbnchurn.campaign.balance import score_balance
from dbnchurn.campaign.effect import MISMATCH


def test_a_draw_with_known_probabilities_is_found_unlike_no_oftener_than_chance_says():
    generator, p_values = np.random.default_rng(0), []
    for _ in range(400):
        score = generator.beta(2, 12, 600)
        share = np.where(score > 0.15, 0.5, 0.2)  # the risky are held out more often
        control = generator.random(600) < share
        propensity = np.where(control, share, 1 - share)
        p_values.append(score_balance(score, ~control, propensity).p_value)
    # 400 draws: 5 % of them within four standard deviations.
    assert abs(np.mean(np.array(p_values) < 0.05) - 0.05) < 4 * (0.05 * 0.95 / 400) ** 0.5
    assert min(p_values) > MISMATCH / 10
    unweighted = score_balance(score, ~control, np.full(600, 0.5))
    assert not unweighted.fits


def test_customers_without_a_score_are_left_out_and_few_say_nothing():
    score = np.where(np.arange(100) < 50, np.arange(100) / 100, np.nan)
    contacted, propensity = np.arange(100) % 2 == 0, np.full(100, 0.5)
    assert score_balance(score, contacted, propensity).contact < 0.5
    assert score_balance(score, np.arange(100) < 85, propensity) is None
    same = score_balance(np.full(100, 0.3), contacted, propensity)
    assert (same.p_value, same.fits) == (1.0, True)
