"""All numbers at once: plain data, seeded, paired, and intervals that cover the truth."""

import json

import numpy as np
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.evaluate import Offer, Ranking, compare, evaluate, metrics
from dbnchurn.evaluate.bootstrap import Grouping, Interval, bootstrap, interval, poisson_counts
from dbnchurn.evaluate.ranking import checked


def sample(n, seed):
    generator = np.random.default_rng(seed)
    p = generator.beta(0.6, 11.4, n)
    return (generator.random(n) < p).astype(int), p


def test_the_summary_is_plain_and_its_values_are_the_metrics():
    y, p = sample(1500, 0)
    found = evaluate(y, p, 0.1, budget=100, offer=Offer(), resamples=50)
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
    one, two, other = (evaluate(y, p, 0.1, resamples=30, random_state=s) for s in (3, 3, 4))
    assert one == two
    assert one["roc_auc"]["low"] != other["roc_auc"]["low"]
    assert one["roc_auc"]["value"] == other["roc_auc"]["value"]


def test_undefined_numbers_are_null():
    found = evaluate([0, 0, 0], [0.1, 0.2, 0.3], 0.9, resamples=5)
    nothing = {"value": None, "low": None, "high": None}
    assert found["precision"] == found["recall"] == found["roc_auc"] == nothing
    assert found["accuracy"]["value"] == 1
    assert found["confusion"] == {"tn": 3, "fp": 0, "fn": 0, "tp": 0}


def test_scores_that_are_no_probabilities_are_refused_by_model():
    with pytest.raises(DataError, match=r"scores of 'raw' should be probabilities, got -1 to 0.5"):
        compare([0, 1], {"raw": [-1, 0.5]}, {"raw": 0.5})


def test_differences_are_paired():
    y, p = sample(2000, 2)
    generator = np.random.default_rng(0)
    near = np.clip(p + generator.normal(0, 0.002, len(p)), 0, 1)
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


def test_merging_neighbouring_scores_does_not_move_intervals():
    y, p = sample(20_000, 3)
    exact = evaluate(y, p, 0.1, resamples=40, offer=Offer())
    merged = evaluate(y, p, 0.1, resamples=40, offer=Offer(), max_groups=4000)
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


def test_every_tenth_has_its_intervals():
    y, p = sample(3000, 4)
    tenths = evaluate(y, p, 0.1, resamples=60)["deciles"]
    assert [tenth["part"] for tenth in tenths] == list(range(1, 11))
    by_hand = y[np.argsort(-p)].reshape(10, -1).mean(axis=1)
    np.testing.assert_allclose([t["rate"]["value"] for t in tenths], by_hand)
    np.testing.assert_allclose([t["lift"]["value"] for t in tenths], by_hand / y.mean())
    np.testing.assert_allclose(
        [t["gain"]["value"] for t in tenths], by_hand.cumsum() / by_hand.sum()
    )
    assert tenths[-1]["gain"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    for tenth in tenths:
        for number in (tenth["rate"], tenth["lift"], tenth["gain"]):
            assert number["low"] <= number["value"] <= number["high"]


def test_a_weight_of_two_is_the_row_twice_in_every_number():
    y, p = sample(900, 5)
    times = np.random.default_rng(0).integers(0, 3, 900)
    gain = Offer().gain(y)
    weighted = evaluate(
        y, p, 0.1, sample_weight=times, budget=90, offer=Offer(), gain=gain, resamples=5
    )
    rows = np.repeat(np.arange(900), times)
    repeated = evaluate(
        y[rows], p[rows], 0.1, budget=90, offer=Offer(), gain=gain[rows], resamples=5
    )
    for name, number in repeated.items():
        if isinstance(number, dict) and "value" in number:
            assert weighted[name]["value"] == pytest.approx(number["value"], rel=1e-9), name
    assert weighted["confusion"] == repeated["confusion"]
    for one, other in zip(weighted["deciles"], repeated["deciles"], strict=True):
        assert one["lift"]["value"] == pytest.approx(other["lift"]["value"], rel=1e-9, abs=1e-12)


def test_several_thresholds_stay_exact_when_scores_are_merged():
    y, p = sample(20_000, 6)
    cuts = [0.05, 0.1, 0.11, 0.3]
    grouped = Grouping.of(checked(y, p), cuts, max_groups=500)
    assert len(grouped.scores) < 600
    for cut in cuts:
        merged = metrics.Confusion.of(grouped.ranking(), cut)
        assert merged == metrics.Confusion.of(Ranking.of(y, p), cut)


@pytest.mark.parametrize("weighted", [False, True], ids=["rows alike", "weighted rows"])
@pytest.mark.parametrize("own", [False, True], ids=["offer", "gain of every customer"])
def test_a_resample_is_the_ranking_of_the_drawn_rows(weighted, own):
    y, p = sample(700, 8)
    generator = np.random.default_rng(8)
    p = p.round(2)  # with ties
    weight = generator.uniform(0, 3, 700) if weighted else np.ones(700)
    gain = generator.normal(1, 5, 700) if own else Offer().gain(y)
    counts = generator.integers(0, 4, 700)
    resample = Grouping.of(checked(y, p, weight, gain), 0.1).ranking(counts.astype(float))
    rows = np.repeat(np.arange(700), counts)
    drawn = Ranking.of(y[rows], p[rows], weight[rows], gain[rows])
    held = np.isin(resample.scores, drawn.scores)
    assert resample.sample_weight[~held].sum() == 0
    for name in ("positive", "negative", "gain"):
        found, expected = getattr(resample, name)[held], getattr(drawn, name)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12, err_msg=name)


def test_merging_neighbouring_scores_hardly_moves_an_interval():
    y, p = sample(20_000, 9)
    full, merged = (
        evaluate(y, p, 0.1, budget=2_000, offer=Offer(), resamples=100, max_groups=groups)
        for groups in (10**9, 2_000)
    )
    for name, number in full.items():
        if isinstance(number, dict) and "low" in number:
            width = number["high"] - number["low"]
            for end in ("low", "high"):
                assert merged[name][end] == pytest.approx(number[end], abs=0.05 * width), name
            assert merged[name]["value"] == number["value"]


def test_intervals_mend_a_bias_that_resampling_repeats():
    """A number whose resamples lie half a deviation too high has its interval moved down."""
    drawn = np.random.default_rng(0).normal(0.5, 1, 100_000)
    found = interval(0.0, drawn)
    assert (found.low, found.high) == pytest.approx((-0.5 - 1.96, -0.5 + 1.96), abs=0.05)
    strong = interval(0.0, drawn + 2.5)
    assert (strong.low, strong.high) == pytest.approx((-3 - 1.96, -3 + 1.96), abs=0.05)
    assert interval(0.0, np.zeros(50)) == Interval(0.0, 0.0, 0.0)


def test_intervals_of_few_churners_are_wider_by_students_t():
    drawn = np.random.default_rng(0).normal(0, 1, 200_000)
    wide, many = (interval(0.0, drawn, fewer) for fewer in (8, 1e6))
    expected = (8 / 7) ** 0.5 * 2.3646  # t with 7 degrees of freedom
    assert wide.high - wide.low == pytest.approx(2 * expected, rel=0.02)
    assert many.high - many.low == pytest.approx(2 * 1.96, rel=0.02)


def test_counts_are_poisson():
    counts = np.concatenate(list(poisson_counts(50_000, 4)))
    n = len(counts)
    assert counts.mean() == pytest.approx(1, abs=4 / n**0.5)
    assert counts.var() == pytest.approx(1, abs=4 * (3 / n) ** 0.5)
    assert (counts == 0).mean() == pytest.approx(np.exp(-1), abs=4 * 0.5 / n**0.5)
    assert all(c.any() for c in poisson_counts(1, 50))


def few_numbers(found: Ranking) -> dict[str, float]:
    return {
        "average_precision": metrics.average_precision(found),
        "f1": metrics.Confusion.of(found, 0.12).f1,
        "lift_top_decile": metrics.lift(found),
        "roc_auc": metrics.roc_auc(found),
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("noise", "trials", "resamples"),
    [
        pytest.param(0.8, 180, 100, id="noisy scores, quick"),
        pytest.param(0.0, 500, 200, id="true scores", marks=pytest.mark.long),
        pytest.param(0.8, 500, 200, id="noisy scores", marks=pytest.mark.long),
    ],
)
def test_intervals_cover_the_truth(noise, trials, resamples):
    """150 churners; the truth is that of two million rows; 95 % ± 3 deviations of the trials."""

    def draw(n, seed):
        y, p = sample(n, seed)
        factor = np.exp(np.random.default_rng([seed, 1]).normal(0, noise, n))
        return y, np.minimum(p * factor, 1)

    truth = few_numbers(Ranking.of(*draw(2_000_000, 10**6)))
    hits = dict.fromkeys(truth, 0)
    for seed in range(trials):
        drawn = bootstrap(
            {"": checked(*draw(3000, seed))},
            {"": few_numbers},
            cuts={"": 0.12},
            resamples=resamples,
            random_state=np.random.default_rng([seed, 2]),
        )
        for name, found in drawn.intervals("").items():
            hits[name] += found.low <= truth[name] <= found.high
    limit = 3 * (0.95 * 0.05 / trials) ** 0.5
    assert 0.9 < 0.95 - limit < 0.95 + limit < 1  # so intervals that always cover fail as well
    assert all(abs(hit / trials - 0.95) <= limit for hit in hits.values()), hits
