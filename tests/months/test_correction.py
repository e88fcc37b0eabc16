"""The correction of a forecast: exact for a planted ratio, and an interval that covers."""

import numpy as np
import pytest

from dbnchurn.months.correction import find_correction
from dbnchurn.months.month_state import state_of
from tests.months.made_months import draw, made


def states(*months):
    return [state_of(month) for month in months]


def test_the_newest_months_in_a_row_in_one_direction_are_counted():
    found = find_correction(
        states(made(0, shift=0.8), made(1), made(2, shift=0.8), made(3, shift=0.8),
               made(4, outcome=False))
    )  # fmt: skip
    gaps = [state.gap for state in states(made(2, shift=0.8), made(3, shift=0.8))]
    assert found.named == "March and April 2025"
    assert found.left == sum(gap.left for gap in gaps)
    assert found.promised == pytest.approx(sum(gap.promised * gap.rows for gap in gaps))
    turned = find_correction(states(made(0, shift=0.8), made(1, shift=-0.8)))
    assert turned.named == "February 2025"
    assert turned.more < 0


def test_outcomes_as_promised_ask_for_no_correction():
    assert find_correction(states(made(0, shift=0.8), made(1))) is None
    assert find_correction(states(made(0, outcome=False))) is None


def test_the_interval_covers_the_share_that_comes():
    inside = []
    for seed in range(60):
        found = find_correction(states(made(1, seed=seed, shift=0.8, n=1000)))
        scores, y = draw(1000 * seed + 500, shift=0.8, n=1000)
        forecast = found.apply(float(scores.mean()), len(y))
        assert 0 <= forecast.low <= forecast.value <= forecast.high <= 1
        inside.append(forecast.low <= y.mean() <= forecast.high)
    assert np.mean(inside) >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / 60)


def test_a_share_stays_a_share():
    found = find_correction(states(made(0, shift=0.8)))
    assert found.apply(0.9, 100).high == found.apply(0.9, 100).value == 1.0
