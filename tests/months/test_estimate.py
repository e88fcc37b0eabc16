"""What scores let expect: known truths, and how often months come within the stated interval."""

import numpy as np
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.evaluate.metrics import lift, roc_auc
from dbnchurn.evaluate.ranking import Ranking
from dbnchurn.months.estimate import ScoreGroups, estimates
from tests.months.made_months import draw


def test_groups_give_the_metrics_of_the_rows():
    scores, y = draw(0, n=700)
    groups, ranking = ScoreGroups.of(scores.round(2), y), Ranking.of(y, scores.round(2))
    rows, left = groups.rows.astype(float), groups.left.astype(float)
    grouped = Ranking(groups.score[::-1], left[::-1], (rows - left)[::-1])
    assert roc_auc(grouped) == pytest.approx(roc_auc(ranking))
    assert lift(grouped) == pytest.approx(lift(ranking), rel=0.02)  # ties at the edge
    few = groups.coarse(10)
    assert len(few.rows) <= 10
    assert (few.rows.sum(), few.left.sum()) == (700, y.sum())
    assert few.score @ few.rows == pytest.approx(scores.round(2).sum())


def test_of_true_scores_the_month_comes_within_the_interval_as_often_as_stated():
    months, inside = 100, {"rate": 0, "roc_auc": 0}
    for seed in range(months):
        scores, y = draw(seed, n=500)
        expected = estimates(ScoreGroups.of(scores), draws=100)
        came = {"rate": y.mean(), "roc_auc": roc_auc(Ranking.of(y, scores))}
        for name in inside:
            z = (came[name] - expected[name].value) / expected[name].spread
            inside[name] += abs(z) <= 1.96
    for name, count in inside.items():  # 95 % stated: within three standard errors
        assert abs(count / months - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / months), name


def test_a_month_without_leavers_has_no_ranking():
    found = estimates(ScoreGroups(np.array([1e-9]), np.array([10])))
    assert found["roc_auc"].value is None
    with pytest.raises(DataError, match="no customer was scored"):
        estimates(ScoreGroups(np.array([0.1]), np.array([0])))
