"""Groups: each judged as if alone, small ones pooled or marked, and no row lost."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_score, recall_score, roc_auc_score

from dbnchurn.core.errors import DataError
from dbnchurn.evaluate import by_group


@pytest.fixture(scope="module")
def rows():
    generator = np.random.default_rng(0)
    p = generator.beta(2, 8, 3000)
    y = (generator.random(3000) < p).astype(int)
    plan = np.array(["A", "B", "rare", "odd", None], object)[
        np.searchsorted([1500, 2800, 2840, 2900], np.arange(3000), side="right")
    ]
    return y, p, plan


def test_a_group_has_the_numbers_of_its_rows(rows):
    y, p, plan = rows
    for group in by_group(y, p, plan, 0.25, resamples=40)[:2]:
        own = plan == group["name"]
        assert group["rows"] == own.sum()
        assert group["churners"] == y[own].sum()
        assert group["rate"]["value"] == pytest.approx(y[own].mean())
        assert group["mean_score"]["value"] == pytest.approx(p[own].mean())
        assert group["roc_auc"]["value"] == pytest.approx(roc_auc_score(y[own], p[own]))
        called = p[own] >= 0.25
        assert group["precision"]["value"] == pytest.approx(precision_score(y[own], called))
        assert group["recall"]["value"] == pytest.approx(recall_score(y[own], called))
        for kind in ("rate", "mean_score", "precision", "recall", "roc_auc"):
            assert group[kind]["low"] < group[kind]["value"] < group[kind]["high"]


def test_small_groups_are_pooled_and_no_row_is_lost(rows):
    y, p, plan = rows
    found = by_group(y, p, plan, 0.25, resamples=20)
    assert [g["name"] for g in found] == ["A", "B", "other (3 small groups)"]
    assert sum(g["rows"] for g in found) == 3000
    assert sum(g["churners"] for g in found) == y.sum()
    assert (found[-1]["pooled"], found[-1]["few"]) == (3, False)
    assert found[-1]["roc_auc"]["value"] is not None


def test_without_pooling_they_are_marked_and_not_judged(rows):
    y, p, plan = rows
    found = {g["name"]: g for g in by_group(y, p, plan, 0.25, pool=False, resamples=20)}
    assert list(found) == ["A", "B", "odd", "rare", "missing"]
    rare = found["rare"]
    assert rare["few"]
    assert rare["roc_auc"] == rare["recall"] == {"value": None, "low": None, "high": None}
    assert 0 <= rare["rate"]["low"] <= rare["rate"]["value"] <= rare["rate"]["high"]
    assert found["missing"]["rows"] == 100


def test_one_small_group_keeps_its_name(rows):
    y, p, _ = rows
    found = by_group(y, p, np.where(np.arange(3000) < 30, "new", "old"), 0.25, resamples=20)
    assert [(g["name"], g["few"], g["pooled"]) for g in found] == [
        ("new", True, 0),
        ("old", False, 0),
    ]


def test_groups_come_in_the_order_of_their_categories(rows):
    y, p, _ = rows
    size = pd.Categorical.from_codes(np.arange(3000) % 3, ["small", "medium", "huge"])
    assert [g["name"] for g in by_group(y, p, size, 0.25, resamples=10)] == [
        "small",
        "medium",
        "huge",
    ]


def test_a_weight_of_two_is_the_row_twice(rows):
    y, p, plan = rows
    times = np.random.default_rng(1).integers(1, 3, 3000)
    weighted = by_group(y, p, plan, 0.25, sample_weight=times, resamples=5)
    again = np.repeat(np.arange(3000), times)
    repeated = by_group(y[again], p[again], plan[again], 0.25, resamples=5)
    for one, other in zip(weighted[:2], repeated[:2], strict=True):
        for kind in ("rate", "mean_score", "precision", "recall", "roc_auc"):
            assert one[kind]["value"] == pytest.approx(other[kind]["value"], rel=1e-9)


def test_as_many_groups_as_rows_are_needed(rows):
    y, p, plan = rows
    with pytest.raises(DataError, match="the group of each of the 3000 rows, got 10"):
        by_group(y, p, plan[:10], 0.25)
