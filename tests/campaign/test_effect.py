"""Effects of two arms: identities, invariances, known truths, and intervals that hold."""

import numpy as np
import pytest

from dbnchurn.campaign.effect import (
    Arm,
    Effect,
    differ,
    measured_effect,
    planned_deviation,
    same_share,
    sample_ratio,
)
from dbnchurn.core.statistics import wilson


def draw(n=4000, share=0.2, effect=-0.3, seed=0):
    generator = np.random.default_rng(seed)
    score = generator.beta(2, 18, n)
    control = generator.random(n) < share
    left = generator.random(n) < score * np.where(control, 1, 1 + effect)
    return left.astype(float), ~control, np.where(control, share, 1 - share), score


def test_the_interval_is_newcombes():
    left, contacted, propensity, _ = draw()
    found = measured_effect(left, contacted, propensity)
    hits = np.array([left[contacted].sum(), left[~contacted].sum()])
    rows = np.array([contacted.sum(), (~contacted).sum()])
    (p1, p0), ((l1, l0), (u1, u0)) = hits / rows, wilson(hits, rows)
    assert found.value == pytest.approx(p1 - p0)
    assert found.low == pytest.approx(p1 - p0 - np.hypot(p1 - l1, u0 - p0))
    assert found.high == pytest.approx(p1 - p0 + np.hypot(u1 - p1, p0 - l0))
    assert found.unadjusted is None
    assert found.variance_cut == pytest.approx(0)


def test_neither_order_of_rows_nor_scale_of_chances_matters():
    left, contacted, propensity, score = draw()
    order = np.random.default_rng(1).permutation(len(left))
    first = measured_effect(left, contacted, propensity, score)
    second = measured_effect(left[order], contacted[order], propensity[order] / 2, score[order])
    for name in ("value", "low", "high", "deviation"):
        assert getattr(first, name) == pytest.approx(getattr(second, name), abs=1e-12)
    shifted = measured_effect(left, contacted, propensity, 0.1 + score / 2)
    assert shifted.value == pytest.approx(first.value)


def test_the_interval_touches_zero_at_its_p_value():
    left, contacted, propensity, score = draw(effect=-0.1)
    found = measured_effect(left, contacted, propensity, score)
    at = Effect(found.contact, found.control, found.value, 1 - found.p_value)
    assert at.high == pytest.approx(0, abs=1e-6)
    nothing = Effect(Arm(9, 3, 1 / 3, 9), Arm(9, 3, 1 / 3, 9), 0.0)
    assert nothing.p_value == pytest.approx(1)


def test_arms_without_leavers_still_have_an_interval():
    found = measured_effect(np.zeros(200), np.arange(200) < 150, np.full(200, 0.5))
    assert found.low < found.value == 0 < found.high
    low, high = found.sequence(0.05)
    assert low <= found.low < found.high <= high
    with pytest.raises(ValueError, match="both arms"):
        measured_effect(np.zeros(9), np.ones(9, bool), np.full(9, 0.5))


def test_unequal_chances_are_weighted_away():
    """Risky customers were contacted more often: the plain difference hides the effect."""
    generator = np.random.default_rng(0)
    n = 100_000
    risky = generator.random(n) < 0.3
    chance = np.where(risky, 0.1, 0.5)  # of the control group
    control = generator.random(n) < chance
    rate = np.where(risky, 0.3, 0.05) - 0.02 * ~control
    left = (generator.random(n) < rate).astype(float)
    found = measured_effect(left, ~control, np.where(control, chance, 1 - chance))
    assert found.value == pytest.approx(-0.02, abs=4 * found.deviation)
    assert left[~control].mean() - left[control].mean() > 0.02


def test_the_score_takes_variance_away_and_no_effect_along():
    left, contacted, propensity, score = draw(n=40_000)
    sharp = left + 0.1 * score  # explains nearly all
    found = measured_effect(left, contacted, propensity, score)
    assert 0 < found.variance_cut < 0.2
    assert found.high - found.low < np.diff([
        getattr(measured_effect(left, contacted, propensity), end) for end in ("low", "high")
    ])[0]  # fmt: skip
    assert measured_effect(left, contacted, propensity, sharp).variance_cut > 0.9
    few = measured_effect(left[:100], np.arange(100) < 90, propensity[:100], score[:100])
    assert few.unadjusted is None  # ten customers of the control group tell no slope


@pytest.mark.parametrize("adjusted", [False, True])
def test_intervals_hold_the_truth(adjusted):
    inside = 0
    for seed in range(400):
        left, contacted, propensity, score = draw(1000, seed=seed)
        found = measured_effect(left, contacted, propensity, score if adjusted else None)
        inside += found.low <= -0.03 <= found.high
    # 380 are expected; four standard deviations of that number.
    assert abs(inside - 380) <= 4 * np.sqrt(400 * 0.95 * 0.05)


def test_looking_often_raises_no_alarms():
    planned, alarms, usual = planned_deviation(0.1, 1600, 400, 0.95), 0, 0
    for seed in range(100):
        left, contacted, propensity, _ = draw(2000, effect=0.0, seed=seed)
        looks = [
            measured_effect(left[:m], contacted[:m], propensity[:m]) for m in range(200, 2001, 200)
        ]
        alarms += any(not low <= 0 <= high for low, high in (e.sequence(planned) for e in looks))
        usual += any(not e.low <= 0 <= e.high for e in looks)
    assert alarms <= 5 < usual


def test_group_sizes_are_held_against_the_draw():
    generator = np.random.default_rng(0)
    chance = generator.uniform(0.05, 0.5, 5000)
    control = generator.random(5000) < chance
    propensity = np.where(control, chance, 1 - chance)
    found = sample_ratio(~control, control, propensity)
    assert found.fits
    assert found.expected == pytest.approx(chance.sum())
    lost = ~control | (generator.random(5000) < 0.8)  # a fifth of the control group is gone
    assert not sample_ratio(~control[lost], control[lost], propensity[lost]).fits


def test_group_sizes_with_customers_who_explore():
    generator = np.random.default_rng(0)
    arm = generator.choice(3, 9000, p=[0.7, 0.2, 0.1])
    propensity = np.choose(arm, [0.7, 0.2, 0.1 / 4])
    assert sample_ratio(arm == 0, arm == 1, propensity).fits
    assert not sample_ratio(arm == 0, arm == 1, np.choose(arm, [0.7, 0.3, 0.1])).fits


def test_shares_and_effects_that_differ():
    assert same_share((10, 0), (10, 0)) == 1
    assert same_share((500, 900), (1000, 1000)) < 1e-9
    same = [Effect(Arm(1000, 80, 0.08, 1000), Arm(1000, 100, 0.10, 1000), -0.02)] * 3
    other = Effect(Arm(1000, 280, 0.28, 1000), Arm(1000, 100, 0.10, 1000), 0.18)
    assert differ(same) == pytest.approx(1)
    assert differ([*same, other]) < 1e-9
    assert differ([other]) == 1
