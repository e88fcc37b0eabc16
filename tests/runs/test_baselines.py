"""Baselines see the training rows, read them like the model, and are what they are called."""

from dataclasses import replace
from importlib.util import find_spec
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from dbnchurn.core.errors import ConfigError
from dbnchurn.model.inputs import LabelledFrame
from dbnchurn.runs import baselines
from dbnchurn.runs.baselines import OPTIONAL, PEERS, VARIANTS, baselines_of
from dbnchurn.runs.config import Baseline, RunConfig, classifier_of

SETTINGS = {"kinds": {}, "random_state": 0, "n_threads": 1}


def labelled(X: pd.DataFrame, y: np.ndarray) -> LabelledFrame:
    return LabelledFrame(X, y, np.ones(len(y)))


@pytest.fixture
def rows(draw_customers) -> tuple[LabelledFrame, LabelledFrame, LabelledFrame]:
    return tuple(labelled(*draw_customers(n, seed)) for n, seed in ((1500, 1), (500, 2), (1500, 3)))


def test_a_config_may_ask_for_each_of_them():
    assert set(get_args(Baseline)) == {*PEERS, *VARIANTS}


@pytest.fixture(autouse=True)
def _installed(request):
    """Peers whose package is not there are not tried."""
    name = getattr(request.node, "callspec", None) and request.node.callspec.params.get("name")
    if name in OPTIONAL:
        pytest.importorskip(name, reason="the extra bench is not installed")


def test_by_default_all_are_trained_whose_packages_are_installed(monkeypatch):
    there = [name for name in OPTIONAL if find_spec(name) is not None]
    plain = [name for name in (*PEERS, *VARIANTS) if name not in OPTIONAL]
    assert set(baselines_of(None)) == {*plain, *there}
    monkeypatch.setattr(baselines, "find_spec", lambda name: None)
    assert set(baselines_of(None)) == set(plain)
    assert baselines_of(["xgboost"]) == ("xgboost",)
    assert baselines_of([]) == ()
    with pytest.raises(ConfigError, match=r"'catboost' not installed; .*'dbnchurn\[bench\]'"):
        baselines_of(["xgboost", "catboost"])


@pytest.mark.parametrize("name", PEERS)
def test_peers_rank_new_customers(rows, name):
    train, val, test = rows
    scores = PEERS[name](train, val, **SETTINGS)(test.frame)
    assert scores.shape == (1500,)
    assert scores.min() >= 0
    assert scores.max() <= 1
    assert roc_auc_score(test.y, scores) > 0.68
    assert abs(scores.mean() - test.y.mean()) < 0.05


@pytest.mark.parametrize("name", PEERS)
def test_peers_read_gaps_new_categories_and_a_row_alone(rows, name):
    train, val, test = rows
    predict = PEERS[name](train, val, **SETTINGS)
    X = test.frame.head(20).assign(plan="unheard of", age=np.nan)
    whole = predict(X)
    assert np.isfinite(whole).all()
    np.testing.assert_allclose(predict(X.iloc[[5]]), whole[[5]], rtol=1e-6)


@pytest.mark.parametrize("name", PEERS)
def test_peers_repeat_themselves_and_change_nothing(rows, name):
    train, val, test = rows
    before = train.frame.copy()
    first, again = (PEERS[name](train, val, **SETTINGS)(test.frame) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    pd.testing.assert_frame_equal(train.frame, before)


@pytest.mark.parametrize("name", PEERS)
def test_peers_learn_the_share_of_churners_by_weight(rows, name):
    train, val, test = (replace(part, sample_weight=1.0 + 3 * part.y) for part in rows)
    scores = PEERS[name](train, val, **SETTINGS)(test.frame)
    share, mean = (np.average(values, weights=test.sample_weight) for values in (test.y, scores))
    assert abs(mean - share) < 0.05 < share - test.y.mean()


def test_logistic_regression_ignores_validation_rows(rows):
    train, val, test = rows
    first, second = (
        PEERS["logistic regression"](train, labelled(val.frame, y), **SETTINGS)(test.frame)
        for y in (val.y, 1 - val.y)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_differ_from_the_model_in_one_thing(name):
    given = {"codes": True}  # nothing is given to boosters that are left out
    source, columns = {"sample": "tv_subscriptions"}, {"label": "churn"}
    config = RunConfig(source=source, columns=columns, classifier=given)
    whole, variant = classifier_of(config), classifier_of(config, **VARIANTS[name])
    ours, theirs = (
        {key: repr(value) for key, value in c.get_params().items()} for c in (whole, variant)
    )
    plain = {key for key in ours if not any(k.startswith(f"{key}__") for k in ours)}  # no stages
    assert {key for key in plain if ours[key] != theirs[key]} == set(VARIANTS[name])
