"""Curves: their ends, their areas, and no visible change from thinning."""

import json

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve, roc_curve

from dbnchurn.evaluate import Offer, Ranking, all_curves, curves, metrics
from dbnchurn.evaluate.profit import profit_at
from dbnchurn.evaluate.ranking import thinned


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(0)
    p = generator.beta(0.6, 11.4, 200_000)
    y = (generator.random(len(p)) < p).astype(int)
    return y, p, Ranking.of(y, p, gain=Offer().gain(y))


def test_all_curves_are_plain_and_short(data):
    found = all_curves(data[2])
    assert set(found) == {
        "precision_recall",
        "roc",
        "deciles",
        "calibration",
        "thresholds",
        "distribution",
        "profit",
    }
    assert len(json.dumps(found, allow_nan=False)) < 100_000
    for curve in found.values():
        assert len({len(column) for column in curve.values()}) == 1
        assert len(next(iter(curve.values()))) <= curves.POINTS + 1


def test_short_curves_are_those_of_scikit_learn():
    generator = np.random.default_rng(1)
    p = np.round(generator.random(200), 2)
    y = (generator.random(200) < p).astype(int)
    precision, recall, _ = precision_recall_curve(y, p)
    ours = curves.precision_recall(Ranking.of(y, p))
    np.testing.assert_allclose(ours["recall"], recall[-2::-1], rtol=1e-5)
    np.testing.assert_allclose(ours["precision"], precision[-2::-1], rtol=1e-5)
    fpr, tpr, _ = roc_curve(y, p, drop_intermediate=False)
    ours = curves.roc(Ranking.of(y, p))
    np.testing.assert_allclose(ours["fpr"], fpr, rtol=1e-5)
    np.testing.assert_allclose(ours["tpr"], tpr, rtol=1e-5)


def test_thinning_keeps_every_curve_within_a_hair(data):
    y, p, ranking = data
    roc = curves.roc(ranking)
    fpr, tpr, _ = roc_curve(y, p)
    assert np.abs(np.interp(fpr, roc["fpr"], roc["tpr"]) - tpr).max() < 0.004
    assert np.trapezoid(roc["tpr"], roc["fpr"]) == pytest.approx(metrics.roc_auc(ranking), abs=5e-4)
    pr = curves.precision_recall(ranking)
    precision, recall, _ = precision_recall_curve(y, p)
    late = recall > 0.02
    distance = np.interp(recall[late], pr["recall"], pr["precision"]) - precision[late]
    assert np.abs(distance).max() < 0.01
    assert (roc["tpr"][0], roc["tpr"][-1], pr["recall"][-1]) == (0, 1, 1)


def test_deciles_share_out_all_churners(data):
    y, p, ranking = data
    found = curves.deciles(ranking)
    by_hand = y[np.argsort(-p)].reshape(10, -1).mean(axis=1)
    np.testing.assert_allclose(found["rate"], by_hand, rtol=1e-5)
    assert found["gain"][-1] == 1
    assert found["lift"][0] == pytest.approx(metrics.lift(ranking), rel=1e-5)
    assert np.mean(found["lift"]) == pytest.approx(1, rel=1e-5)


def test_calibrated_scores_lie_within_their_bands(data):
    found = curves.calibration(data[2])
    low, high, predicted = (np.array(found[k]) for k in ("low", "high", "predicted"))
    assert (np.diff(predicted) > 0).all()
    assert ((low < predicted) & (predicted < high)).sum() >= 8


def test_threshold_sweep_and_profit_agree_with_the_metrics(data):
    _, _, ranking = data
    sweep = curves.thresholds(ranking)
    gains = curves.profit(ranking)
    for i in (0, 50, 200, -1):
        at = metrics.Confusion.of(
            ranking, ranking.scores[thinned(len(ranking.scores), curves.POINTS)[i]]
        )
        assert sweep["precision"][i] == pytest.approx(at.precision, rel=1e-5)
        assert sweep["recall"][i] == pytest.approx(at.recall, rel=1e-5)
        assert sweep["f1"][i] == pytest.approx(at.f1, rel=1e-5)
        assert sweep["contacted"][i] == pytest.approx((at.tp + at.fp) / ranking.total, rel=1e-5)
    assert gains["profit"][0] == 0
    assert gains["profit"][-1] == pytest.approx(profit_at(ranking, 0.0), rel=1e-5)


def test_distribution_sums_to_one_per_class(data):
    found = curves.distribution(data[2])
    assert sum(found["churners"]) == pytest.approx(1, abs=1e-4)
    assert sum(found["stayers"]) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("y", "p"), [([0, 0], [0.2, 0.2]), ([1, 1], [0.1, 0.9]), ([1], [0.5])])
def test_one_class_has_a_distribution_only(y, p):
    assert set(all_curves(Ranking.of(y, p))) == {"distribution"}


def test_constant_scores_have_flat_curves():
    found = all_curves(Ranking.of([1, 0, 0, 0], [0.25] * 4))
    assert found["precision_recall"] == {"recall": [1.0], "precision": [0.25]}
    assert found["roc"] == {"fpr": [0.0, 1.0], "tpr": [0.0, 1.0]}
    assert found["deciles"]["lift"] == [1.0] * 10
