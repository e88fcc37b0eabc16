"""All numbers at once: plain data, seeded, paired, and intervals that cover the truth."""

import json

import numpy as np
import pytest

from dbnchurn.errors import DataError
from dbnchurn.evaluate import Offer, Ranking, compare, evaluate, intervals, metrics


def sample(n, seed):
    rng = np.random.default_rng(seed)
    p = rng.beta(0.6, 11.4, n)
    return (rng.random(n) < p).astype(int), p


def test_the_summary_is_plain_and_its_values_are_the_metrics():
    y, p = sample(1500, 0)
    found = evaluate(y, p, 0.1, budget=100, offer=Offer(), repeats=50)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    ranking = Ranking.of(y, p)
    at = metrics.Confusion.of(ranking, 0.1)
    assert found["confusion"] == {"tn": at.tn, "fp": at.fp, "fn": at.fn, "tp": at.tp}
    assert (found["n"], found["threshold"]) == (1500, 0.1)
    assert found["base_rate"] == pytest.approx(y.mean())
    assert found["precision"]["value"] == at.precision
    assert found["average_precision"]["value"] == metrics.average_precision(ranking)
    assert found["precision_at_budget"]["value"] == y[np.argsort(-p)[:100]].mean()
    assert found["profit"]["value"] == pytest.approx((at.tp * 56 - at.fp * 11) / 1500)
    for name, number in found.items():
        if isinstance(number, dict) and "low" in number and name != "calibration_error":
            assert number["low"] < number["value"] < number["high"], name


def test_a_seed_gives_the_same_intervals_and_another_seed_others():
    y, p = sample(500, 1)
    one, two, other = (evaluate(y, p, 0.1, repeats=30, random_state=s) for s in (3, 3, 4))
    assert one == two
    assert one["roc_auc"]["low"] != other["roc_auc"]["low"]
    assert one["roc_auc"]["value"] == other["roc_auc"]["value"]


def test_undefined_numbers_are_null():
    found = evaluate([0, 0, 0], [0.1, 0.2, 0.3], 0.9, repeats=5)
    nothing = {"value": None, "low": None, "high": None}
    assert found["precision"] == found["recall"] == found["roc_auc"] == nothing
    assert found["accuracy"]["value"] == 1
    assert found["confusion"] == {"tn": 3, "fp": 0, "fn": 0, "tp": 0}


def test_scores_that_are_no_probabilities_are_refused_by_model():
    with pytest.raises(DataError, match=r"scores of 'raw' should be probabilities, got -1 to 0.5"):
        compare([0, 1], {"raw": [-1, 0.5]}, {"raw": 0.5})


def test_differences_are_paired():
    y, p = sample(2000, 2)
    rng = np.random.default_rng(0)
    near = np.clip(p + rng.normal(0, 0.002, len(p)), 0, 1)
    both = compare(y, {"a": p, "b": near, "same": p}, dict.fromkeys(["a", "b", "same"], 0.1))
    paired = both["b"]["difference"]["average_precision"]
    alone = both["a"]["average_precision"]
    assert "difference" not in both["a"]
    assert paired["high"] - paired["low"] < 0.5 * (alone["high"] - alone["low"])
    assert paired["value"] == pytest.approx(
        both["a"]["average_precision"]["value"] - both["b"]["average_precision"]["value"]
    )
    assert set(both["same"]["difference"]["f1"].values()) == {0.0}
    assert both["a"] == evaluate(y, p, 0.1)


def test_merging_neighbouring_scores_does_not_move_intervals(monkeypatch):
    y, p = sample(20_000, 3)
    exact = evaluate(y, p, 0.1, repeats=40, offer=Offer())
    monkeypatch.setattr(intervals, "MAX_GROUPS", 4000)
    merged = evaluate(y, p, 0.1, repeats=40, offer=Offer())
    for name in (
        "precision",
        "recall",
        "f1",
        "average_precision",
        "roc_auc",
        "brier",
        "lift_top_decile",
        "log_loss",
        "profit",
        "expected_maximum_profit",
    ):
        width = exact[name]["high"] - exact[name]["low"]
        assert merged[name]["value"] == exact[name]["value"]
        for end in ("low", "high"):
            assert merged[name][end] == pytest.approx(exact[name][end], abs=0.03 * width), name


def test_counts_are_poisson():
    counts = np.concatenate(list(intervals.poisson_counts(50_000, 4)))
    n = len(counts)
    assert counts.mean() == pytest.approx(1, abs=4 / n**0.5)
    assert counts.var() == pytest.approx(1, abs=4 * (3 / n) ** 0.5)
    assert (counts == 0).mean() == pytest.approx(np.exp(-1), abs=4 * 0.5 / n**0.5)
    assert all(c.any() for c in intervals.poisson_counts(1, 50))


@pytest.mark.slow
def test_intervals_cover_the_truth():
    """The truth is that of four million rows; 95 % ± 3.1 % is 2.8 deviations of 400 trials."""
    y, p = sample(4_000_000, 100)
    ranking = Ranking.of(y, p)
    truth = {
        "average_precision": metrics.average_precision(ranking),
        "f1": metrics.Confusion.of(ranking, 0.12).f1,
        "lift_top_decile": metrics.lift(ranking),
        "roc_auc": metrics.roc_auc(ranking),
    }
    hits = dict.fromkeys(truth, 0)
    for seed in range(400):
        found = evaluate(*sample(3000, seed), 0.12, repeats=200, random_state=seed)
        for name, value in truth.items():
            hits[name] += found[name]["low"] <= value <= found[name]["high"]
    assert all(0.919 <= hit / 400 <= 0.981 for hit in hits.values()), hits
