"""Oversampling: row numbers only, all rows kept, churners alone repeated."""

import numpy as np
import pytest

from dbnchurn.features import Oversample

Y = (np.random.default_rng(0).random(1000) < 0.08).astype(int)


@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.3])
def test_churners_are_repeated_until_the_ratio_holds(ratio):
    rows = Oversample(method="random", ratio=ratio).rows(Y, np.random.default_rng(1))
    times = np.bincount(rows, minlength=len(Y))
    assert times.min() == 1
    assert (times[Y == 0] == 1).all()
    assert times[Y == 1].sum() == int(ratio * (Y == 0).sum())


def test_repeats_are_spread_over_the_churners():
    rows = Oversample(method="random").rows(Y, np.random.default_rng(1))
    times = np.bincount(rows, minlength=len(Y))[Y == 1] - 1
    draws, churners = times.sum(), len(times)
    # A multinomial's counts have about Poisson spread: five standard deviations either way.
    assert abs(times - draws / churners).max() < 5 * np.sqrt(draws / churners)


@pytest.mark.parametrize(
    ("stage", "y"),
    [
        (Oversample(method="none"), Y),
        (Oversample(method="random", ratio=0.05), Y),
        (Oversample(method="random"), np.array([0, 1, 0, 1])),
        (Oversample(method="random"), 1 - Y),
    ],
)
def test_nothing_is_drawn_where_nothing_is_needed(stage, y):
    assert stage.rows(y, np.random.default_rng(0)).tolist() == list(range(len(y)))


def test_the_draw_follows_its_generator():
    first, again = (Oversample(method="random").rows(Y, np.random.default_rng(5)) for _ in range(2))
    other = Oversample(method="random").rows(Y, np.random.default_rng(6))
    assert (first == again).all()
    assert (first != other).any()
