"""Two numbers are taken where they mend the scores, and only there."""

import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.months.recalibration_trial import try_recalibration
from tests.months.made_months import draw


def tried(**truth):
    scores, y = draw(0, n=6000, **truth)
    return try_recalibration(y, scores, resamples=20)


def test_odds_that_changed_are_mended_by_two_numbers():
    found = tried(shift=0.8)
    assert found.suffices
    assert found.recalibration.shift == pytest.approx(0.8, abs=0.35)
    assert not set(found.fitted) & set(found.tested)
    assert found.gaps["recalibrated"].by_chance
    assert "Recalibration alone mends" in found.to_text()


def test_true_scores_are_left_as_they_are():
    found = tried()
    assert not found.suffices
    assert "chance explains" in found.verdict


def test_a_ranking_that_is_gone_is_not_mended():
    # Without order, and twice as many leavers: a slope near 0 would hide both.
    scores, y = draw(1, n=6000, shift=0.8, noise=True)
    found = try_recalibration(y, scores, resamples=20)
    assert found.gaps["recalibrated"].by_chance
    assert not found.suffices
    assert "its ranking is worse" in found.verdict


def test_too_few_leavers_are_refused():
    with pytest.raises(DataError, match="too few to fit two numbers"):
        try_recalibration([1, 0, 0, 0], [0.1] * 4)
