"""Outcome and effect models: known rates, options as columns, classifiers of others."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from dbnchurn.campaign.outcome_models import OPTION, Features, Models
from dbnchurn.tables.kinds import infer

FAST = Models(None, 100, 2, 5, 0.2, 1, 0)


def features(n: int) -> Features:
    frame = pd.DataFrame(
        {"debt": np.arange(n) % 2, "plan": np.where(np.arange(n) % 4 < 2, "a", "b")}
    )
    return Features.of(infer(frame), frame)


def test_rates_of_known_groups_are_found():
    X = features(2000)
    y = ((np.arange(2000) % 20) < np.where(X.frame["debt"] == 1, 10, 2)).astype(int)
    p = FAST.outcome(X, y, np.ones(2000))(X)
    for debt in (0, 1):
        own = (X.frame["debt"] == debt).to_numpy()
        assert abs(p[own].mean() - y[own].mean()) < 0.01


def test_one_outcome_alone_is_its_rate():
    X = features(50)
    assert (FAST.outcome(X, np.zeros(50, int), np.ones(50))(X) == 0).all()


def test_effects_are_means_and_scale_with_the_target():
    X = features(400)
    target = np.where(X.frame["debt"] == 1, 3.0, -1.0)
    once, twice = (FAST.effect(X, factor * target, np.ones(400))(X) for factor in (1, 1000))
    np.testing.assert_allclose(once, target, atol=0.05)
    np.testing.assert_allclose(twice, 1000 * once, rtol=1e-4)


def test_the_option_is_a_column_beside_the_others():
    X = features(6)
    given = X.with_option(np.array([0, 1, 2, 0, 1, 2]), ("call", "mail"))
    assert given.frame[OPTION].tolist()[:3] == ["none", "call", "mail"]
    np.testing.assert_array_equal(given.matrix[:3, -2:], [[0, 0], [1, 0], [0, 1]])
    assert OPTION not in X.frame


def test_a_classifier_gets_the_frame():
    X = features(400)
    y = X.frame["debt"].to_numpy()
    other = make_pipeline(OneHotEncoder(), LogisticRegression())
    p = Models(other, 1, 1, 1, 0.1, 1, 0).outcome(X, y, np.ones(400))(X)
    assert p[y == 1].min() > 0.9
