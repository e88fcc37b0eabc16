"""Champion and challenger: the better one is taken, chance and doubtful scores are not."""

import numpy as np
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.months.challenge import challenge
from dbnchurn.months.recalibration import Recalibration, fit_recalibration
from dbnchurn.runs.sections import RetrainingSection
from tests.months.made_months import draw

NONE, RULE = Recalibration(1.0, 0.0), RetrainingSection()


def blurred(scores, seed=0, noise=1.5):
    """True on average within what is still known: the rank of noisy scores."""
    noisy = np.log(scores) + np.random.default_rng(seed).normal(0, noise, len(scores))
    order = np.argsort(noisy)
    parts = np.array_split(order, 20)
    made = np.empty(len(scores))
    for part in parts:
        made[part] = scores[part].mean()
    return made


def test_the_better_model_is_promoted_and_the_worse_is_not():
    scores, y = draw(0)
    poor = blurred(scores)
    found = challenge(y, poor, scores, NONE, RULE, resamples=50)
    assert found.promoted
    assert found.difference("champion", "brier")["value"] > 0  # turned: lower is better
    turned = challenge(y, scores, poor, NONE, RULE, resamples=50)
    assert not turned.promoted
    assert "for certain" in turned.verdict
    assert turned.list_changes == found.list_changes > 0
    assert turned.plain()["objections"] == list(turned.objections)


def test_the_same_model_again_is_no_reason_to_change():
    scores, y = draw(1)
    found = challenge(y, scores, scores, NONE, RULE, resamples=50)
    assert not found.promoted
    assert (found.list_changes, found.correlation) == (0, pytest.approx(1))


def test_scores_that_are_off_or_a_list_that_turns_over_are_held_against_it():
    scores, y = draw(2)
    poor = blurred(scores)
    loud = challenge(y, poor, np.sqrt(scores), NONE, RULE, resamples=50)
    assert "its scores are off" in loud.verdict
    strict = RetrainingSection(max_list_change=0.01)
    assert "are allowed" in challenge(y, poor, scores, NONE, strict, resamples=50).verdict


def test_two_numbers_are_tried_first():
    old, was = draw(3, shift=0.8)
    scores, y = draw(4, shift=0.8)
    numbers = fit_recalibration(old, was)
    found = challenge(y, scores, numbers.apply(scores), numbers, RULE, resamples=50)
    assert not found.promoted
    assert found.recalibration_helps
    assert "Recalibration alone mends its scores" in found.verdict
    assert "Recalibrated: Scores promised" in found.to_text()


def test_a_list_longer_than_half_of_the_customers_is_shortened_and_said():
    scores, y = draw(5, n=600)
    found = challenge(y, scores, scores, NONE, RULE, resamples=50)
    assert found.list_size == 60
    assert "a tenth, as a list of 500 is too long" in found.to_text()


def test_one_outcome_cannot_be_compared():
    with pytest.raises(DataError, match="one outcome"):
        challenge([0, 0], [0.1, 0.2], [0.1, 0.2], NONE, RULE)


def test_every_model_calls_by_its_own_threshold():
    scores, y = draw(6)
    numbers, limit = Recalibration(0.8, 0.7), float(np.sort(scores)[-300])
    found = challenge(
        y, scores, scores / 2, numbers, RULE, threshold=limit, challenger_threshold=limit / 2,
        resamples=20,
    )  # fmt: skip
    called = [found.summaries[name]["confusion"] for name in ("champion", "recalibrated")]
    assert called[0] == called[1] == found.summaries["challenger"]["confusion"]
    assert called[0]["tp"] + called[0]["fp"] == 300
    same = challenge(y, scores, scores, NONE, RULE, threshold=limit, resamples=20)
    assert same.summaries["challenger"]["threshold"] == limit
