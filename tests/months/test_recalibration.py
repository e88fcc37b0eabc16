"""Two numbers: the truth is found, and nothing changes where nothing is wrong."""

import numpy as np
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.months.recalibration import Recalibration, fit_recalibration
from tests.months.made_months import draw


def test_a_planted_shift_is_found():
    scores, y = draw(0, n=40_000, shift=0.7)
    found = fit_recalibration(scores, y)
    assert found.slope == pytest.approx(1, abs=0.1)
    assert found.apply(scores).mean() == pytest.approx(y.mean(), abs=0.002)
    rank = np.argsort(scores)
    assert (np.diff(found.apply(scores)[rank]) >= 0).all()


def test_groups_are_as_their_rows():
    p, left, rows = np.array([0.1, 0.3]), np.array([5, 20]), np.array([40, 50])
    y = np.concatenate([np.arange(n) < k for k, n in zip(left, rows, strict=True)])
    alone = fit_recalibration(np.repeat(p, rows), y)
    grouped = fit_recalibration(p, left, rows)
    assert (alone.slope, alone.shift) == pytest.approx((grouped.slope, grouped.shift))
    assert Recalibration(1.0, 0.0).apply(p) == pytest.approx(p)


def test_nothing_to_fit_is_refused():
    with pytest.raises(DataError, match="no customer has an outcome"):
        fit_recalibration([], [])


def test_no_recalibration_turns_the_order_over():
    scores, y = draw(0, n=4_000)
    assert fit_recalibration(1 - scores, y).slope == 0
