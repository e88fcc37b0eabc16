"""The power of a list is that of the interval that a campaign gets."""

import numpy as np
import pytest

from dbnchurn.campaign.effect import Arm, Effect
from dbnchurn.campaign.power import customers_needed, power, smallest_effect
from dbnchurn.core.errors import ConfigError


@pytest.mark.parametrize(
    ("base", "effect", "control"),
    [(0.1, -0.02, 0.05), (0.1, -0.02, 0.5), (0.03, -0.006, 0.2), (0.2, 0.03, 0.3)],
)
def test_campaigns_of_the_planned_size_reach_the_power(base, effect, control):
    customers = customers_needed(base, effect, control=control)
    held_out = round(customers * control)
    generator = np.random.default_rng(0)
    rows, found = (customers - held_out, held_out), 0
    for left, stayed in zip(
        generator.binomial(rows[0], base + effect, 400),
        generator.binomial(rows[1], base, 400),
        strict=True,
    ):
        arms = [Arm(n, k, k / n, n) for n, k in zip(rows, (left, stayed), strict=True)]
        measured = Effect(*arms, arms[0].rate - arms[1].rate)
        found += measured.high < 0 if effect < 0 else measured.low > 0
    assert abs(found / 400 - 0.8) < 0.05


def test_needed_customers_and_smallest_effect_are_inverses_of_the_power():
    n = customers_needed(0.1, -0.02, control=0.1, power=0.9)
    assert power(n, 0.1, -0.02, control=0.1) >= 0.9 > power(n - 1, 0.1, -0.02, control=0.1)
    least = smallest_effect(n, 0.1, control=0.1, power=0.9)
    assert least == pytest.approx(-0.02, abs=1e-5)
    assert smallest_effect(20, 0.1, control=0.1) is None


def test_what_makes_it_easier():
    how = {"control": 0.1, "power": 0.8}
    assert customers_needed(0.1, -0.02, control=0.5) < customers_needed(0.1, -0.02, control=0.1)
    assert customers_needed(0.1, -0.03, **how) < customers_needed(0.1, -0.02, **how)
    plain = customers_needed(0.1, -0.02, **how)
    assert customers_needed(0.1, -0.02, explained=0.4, **how) == pytest.approx(0.6 * plain, abs=2)
    assert power(5, 0.1, -0.05, control=0.1) == 0


def test_what_cannot_be():
    with pytest.raises(ConfigError, match="lie between 0 and 1"):
        power(100, 0.1, -0.2, control=0.1)
    with pytest.raises(ConfigError, match="more than"):
        customers_needed(0.1, -1e-7, control=0.1)
