"""Every rule meets its target on the rows it was chosen on, ties and weights included."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.decide import Threshold, choose_threshold


@pytest.fixture(params=[0, 1, 2])
def rows(request) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(request.param)
    scores = generator.random(400).round(2)  # rounding makes ties
    return (generator.random(400) < scores**2).astype(int), scores


def everywhere(measure, y, scores) -> list[float]:
    return [measure(y, scores >= t, zero_division=0) for t in np.unique(scores)]


@pytest.mark.parametrize(
    ("rule", "target"), [("f1", None), ("precision", 0.7), ("recall", 0.8), ("fixed", 0.3)]
)
def test_the_choice_says_what_it_does(rows, rule, target):
    y, scores = rows
    choice = Threshold(rule=rule, target=target).choose(y, scores)
    called = scores >= choice.threshold
    assert choice.precision == pytest.approx(precision_score(y, called))
    assert choice.recall == pytest.approx(recall_score(y, called))
    assert choice.f1 == pytest.approx(f1_score(y, called))


def test_f1_is_the_best_there_is(rows):
    y, scores = rows
    assert choose_threshold(y, scores, "f1").f1 == pytest.approx(
        max(everywhere(f1_score, y, scores))
    )


def test_expected_f1_calls_down_to_half_of_itself():
    scores = np.random.default_rng(0).beta(1, 5, 400).round(3)
    y = (np.arange(400) % 5 == 0).astype(int)
    threshold = Threshold().choose(y, scores).threshold
    called = scores >= threshold
    best = 2 * scores[called].sum() / (called.sum() + scores.sum())
    everywhere = [
        2 * scores[scores >= t].sum() / ((scores >= t).sum() + scores.sum()) for t in scores
    ]
    assert best == pytest.approx(max(everywhere))
    assert scores[~called].max() <= best / 2 <= threshold


def test_expected_f1_is_blind_to_single_labels():
    generator = np.random.default_rng(0)
    scores = generator.beta(1, 5, 400)
    one, another = (
        Threshold().choose(generator.permutation([0] * 350 + [1] * 50), scores) for _ in "ab"
    )
    assert one.threshold == another.threshold
    assert one.f1 != another.f1


def test_precision_is_reached_with_the_most_recall(rows):
    y, scores = rows
    choice = choose_threshold(y, scores, "precision", 0.7)
    reached = [
        recall_score(y, scores >= t)
        for t in np.unique(scores)
        if precision_score(y, scores >= t) >= 0.7
    ]
    assert choice.precision >= 0.7
    assert choice.recall == pytest.approx(max(reached))


def test_recall_is_reached_with_the_highest_threshold(rows):
    y, scores = rows
    choice = choose_threshold(y, scores, "recall", 0.8)
    assert choice.recall >= 0.8
    above = scores[scores > choice.threshold].min()
    assert recall_score(y, scores >= above) < 0.8


@pytest.mark.parametrize("budget", [0.05, 0.2, 1.0])
def test_a_budget_is_used_up_and_never_exceeded(rows, budget):
    y, scores = rows
    choice = choose_threshold(y, scores, "budget", budget)
    called = (scores >= choice.threshold).mean()
    assert called <= budget
    below = scores[scores < choice.threshold]
    assert not len(below) or (scores >= below.max()).mean() > budget


@pytest.mark.parametrize("ratio", [0.1, 0.3, 0.6])
def test_profit_is_the_most_that_can_be_earned(rows, ratio):
    y, scores = rows
    choice = choose_threshold(y, scores, "profit", ratio)

    def earned(threshold):
        called = scores >= threshold
        return (y[called] - ratio * (1 - y[called])).sum()

    assert earned(choice.threshold) == pytest.approx(max(earned(t) for t in np.unique(scores)))


def test_profit_counts_what_each_customer_gains(rows):
    y, scores = rows
    gain = np.where(y == 1, 5.0, -1.0) * np.random.default_rng(0).exponential(1, len(y))
    choice = choose_threshold(y, scores, "profit", gain=gain)
    best = max(gain[scores >= t].sum() for t in np.unique(scores))
    assert gain[scores >= choice.threshold].sum() == pytest.approx(best)
    ratio = choose_threshold(y, scores, "profit", 0.3, gain=np.where(y == 1, 1.0, -0.3))
    assert ratio == choose_threshold(y, scores, "profit", 0.3)
    weight = np.random.default_rng(9).integers(0, 4, len(y))
    copied = choose_threshold(
        *(np.repeat(a, weight) for a in (y, scores)), "profit", gain=np.repeat(gain, weight)
    )
    assert choose_threshold(y, scores, "profit", None, weight, gain).threshold == copied.threshold


def test_a_profit_that_cannot_be_made_is_refused(rows):
    y, scores = rows
    with pytest.raises(DataError, match="at these costs calling nobody is best"):
        choose_threshold(y, scores, "profit", gain=-np.ones(len(y)))
    with pytest.raises(ConfigError, match=r"rule='profit' needs threshold\.target"):
        choose_threshold(y, scores, "profit")


def test_a_fixed_threshold_above_all_scores_calls_nobody():
    choice = choose_threshold(np.array([0, 1]), np.array([0.2, 0.3]), "fixed", 0.9)
    assert (choice.threshold, choice.precision, choice.recall, choice.f1) == (0.9, 0, 0, 0)


def test_weights_count_like_copies(rows):
    y, scores = rows
    weight = np.random.default_rng(9).integers(0, 4, len(y))
    weighted = choose_threshold(y, scores, "f1", None, weight)
    copied = choose_threshold(np.repeat(y, weight), np.repeat(scores, weight), "f1")
    assert weighted == copied


@pytest.mark.parametrize(
    ("rule", "target", "message"),
    [
        ("precision", 1.0, r"no threshold reaches a precision of 1.0, best is 0\.\d+; lower"),
        ("budget", 0.001, "keeps to a budget of 0.10%.*: 50.00% of them share .*; raise"),
    ],
)
def test_targets_out_of_reach_are_refused(rule, target, message):
    y, scores = np.array([0, 1, 1, 0]), np.array([0.9, 0.9, 0.5, 0.1])
    with pytest.raises(DataError, match=message):
        choose_threshold(y, scores, rule, target)


def test_a_rule_without_its_target_is_refused():
    with pytest.raises(ConfigError, match=r"threshold\.rule='recall' needs threshold\.target"):
        Threshold(rule="recall").choose(np.array([0, 1]), np.array([0.1, 0.2]))


def test_a_rule_that_is_none_is_refused():
    with pytest.raises(ConfigError, match=r"threshold\.rule='buget': .*'budget'"):
        Threshold(rule="buget", target=0.5).choose(np.array([0, 1]), np.array([0.1, 0.2]))


@pytest.mark.parametrize("y", [[0, 0], [1, 1], []])
def test_one_class_is_refused(y):
    with pytest.raises(DataError, match="both classes are needed"):
        choose_threshold(np.array(y, int), np.linspace(0, 1, len(y)), "f1")
