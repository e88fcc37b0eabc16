"""Tables of every shape: probabilities are finite, stored models agree, signal is found."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from dbnchurn import Predictor
from dbnchurn.dbn import DBN, FineTune, NetworkStage
from dbnchurn.features import Leaves, Oversample

SHORT = FineTune(epochs=6, patience=3, batch_size=256, learning_rate=0.008)
SETTINGS = {
    "leaves": Leaves(folds=2, n_trees=20, patience=5),
    "dbn": DBN((16,), epochs=1),
    "finetune": SHORT,
    "companion": NetworkStage(pretrain=False, dbn=DBN((16,)), finetune=SHORT),
}


def churn(signal: np.ndarray, rate: float, generator: np.random.Generator) -> np.ndarray:
    """Labels at about this base rate; a standard deviation of the signal moves the logit by 2."""
    z = 2 * (signal - signal.mean()) / signal.std()
    noisy = z + generator.logistic(size=len(z))
    return (noisy > np.quantile(noisy, 1 - rate)).astype(int)


def very_wide(generator, n=450):
    X = pd.DataFrame(generator.normal(size=(n, 150))).add_prefix("x")
    return X, churn(X["x0"].to_numpy() + X["x7"].to_numpy(), 0.3, generator)


def mostly_missing(generator, n=1500):
    X = pd.DataFrame(generator.normal(size=(n, 8))).add_prefix("x")
    y = churn(X.sum(axis=1).to_numpy(), 0.3, generator)
    X["plan"] = pd.Series(np.where(y == 1, "A", generator.choice(list("AB"), n)), dtype=object)
    return X.mask(generator.random(X.shape) < 0.9), y


def constant_and_duplicate(generator, n=600):
    debt = generator.exponential(size=n)
    plan = pd.Series(generator.choice(["A", "B"], n), dtype=object)
    X = pd.DataFrame({"debt": debt, "again": debt, "one": 1, "plan": plan, "tariff": plan})
    return X.assign(void=np.nan, word="same"), churn(debt, 0.25, generator)


def hundreds_of_levels(generator, n=3000):
    city, shop = (400 * generator.random(n) ** 3).astype(int), generator.integers(0, 150, n)
    effect = generator.normal(size=400)
    words = {"city": [f"c{i}" for i in city], "shop": [f"s{i}" for i in shop]}
    X = pd.DataFrame({**words, "age": generator.normal(size=n)})
    return X, churn(effect[city], 0.3, generator)


def rate_of(rate, n):
    def draw(generator):
        X = pd.DataFrame(generator.normal(size=(n, 4))).add_prefix("x")
        return X, churn(X["x0"].to_numpy(), rate, generator)

    return draw


def heavy_tails(generator, n=800):
    X = pd.DataFrame(generator.standard_cauchy((n, 6)) * 1e6).add_prefix("x")
    return X, churn(np.arctan(X["x0"].to_numpy() / 1e6), 0.3, generator)


def forty_rows(generator):
    X = pd.DataFrame(generator.normal(size=(40, 3))).add_prefix("x")
    return X, churn(X["x0"].to_numpy(), 0.4, generator)


def one_column(generator, n=600):
    X = pd.DataFrame({"debt": generator.exponential(size=n)})
    return X, churn(X["debt"].to_numpy(), 0.3, generator)


def all_categorical(generator, n=800):
    codes = generator.integers(0, 4, (n, 5))
    X = pd.DataFrame(codes).map("abcd".__getitem__).astype(object).add_prefix("c")
    return X, churn((codes[:, 0] == 1) + 2.0 * (codes[:, 1] == 2), 0.3, generator)


def all_binary(generator, n=800):
    flags = generator.integers(0, 2, (n, 6))
    X = pd.DataFrame(flags).add_prefix("f").assign(g=generator.random(n) < 0.5)
    return X, churn(flags[:, 0] + 2.0 * flags[:, 1], 0.3, generator)


def dates(generator, n=800):
    days = generator.integers(0, 1500, n)
    since = pd.Series(pd.Timestamp("2020-01-01") + pd.to_timedelta(days, "D"))
    seen = since + pd.to_timedelta(generator.integers(0, 90, n), "D")
    X = pd.DataFrame(
        {"since": since.mask(generator.random(n) < 0.05), "seen": seen.dt.strftime("%F")}
    )
    return X, churn(-days.astype(float), 0.3, generator)


TABLES = {
    "very wide": very_wide,
    "mostly missing": mostly_missing,
    "constant and duplicate": constant_and_duplicate,
    "hundreds of levels": hundreds_of_levels,
    "0.5 % churn": rate_of(0.005, 3000),
    "60 % churn": rate_of(0.6, 600),
    "heavy tails": heavy_tails,
    "forty rows": forty_rows,
    "one column": one_column,
    "all categorical": all_categorical,
    "all binary": all_binary,
    "dates": dates,
}


def parts_of(X: pd.DataFrame, y: np.ndarray, generator: np.random.Generator):
    """A third for testing, churners and stayers alike."""
    place = np.empty(len(y))
    for label in (0, 1):
        rows = np.flatnonzero(y == label)
        place[rows] = generator.permutation(len(rows)) % 3
    train, test = place > 0, place == 0
    return X[train], y[train], X[test], y[test]


def assert_stored_alike(classifier, X: pd.DataFrame, folder) -> np.ndarray:
    """Finite probabilities, the same from the stored model; returns those of leaving."""
    scores = classifier.predict_proba(X)
    assert np.isfinite(scores).all()
    assert scores.min() >= 0
    assert scores.max() <= 1
    classifier.save(folder)
    stored = Predictor.load(folder).predict_proba(X)
    np.testing.assert_allclose(stored, scores, rtol=0, atol=1e-6)
    return scores[:, 1]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_any_shape_is_learned_from(small, tmp_path, name):
    generator = np.random.default_rng(list(TABLES).index(name))
    X, y, X_test, y_test = parts_of(*TABLES[name](generator), generator)
    classifier = small(**SETTINGS).fit(X, y)
    scores = assert_stored_alike(classifier, X_test, tmp_path / "model")
    assert average_precision_score(y_test, scores) > 1.15 * y_test.mean()
    assert 0 < classifier.threshold_ < 1


FEW = [
    ("0.5 % churn", "random"),
    ("0.5 % churn", "class weights"),
    ("mostly missing", "smotenc"),
    ("all categorical", "smotenc"),
    ("forty rows", "class weights"),
    ("forty rows", "random"),
]
ALL = product(
    ["0.5 % churn", "mostly missing", "all categorical", "forty rows"],
    ["random", "smotenc", "class weights"],
)
MORE = [pytest.param(*case, marks=pytest.mark.long) for case in ALL if case not in FEW]


@pytest.mark.parametrize(("name", "method"), [*FEW, *MORE])
def test_few_churners_may_be_multiplied_in_any_way(small, tmp_path, name, method):
    generator = np.random.default_rng(list(TABLES).index(name))
    X, y, X_test, y_test = parts_of(*TABLES[name](generator), generator)
    classifier = small(**SETTINGS, oversample=Oversample(method=method)).fit(X, y)
    scores = assert_stored_alike(classifier, X_test, tmp_path / "model")
    assert average_precision_score(y_test, scores) > 1.15 * y_test.mean()


def test_a_level_that_training_has_not_seen_is_no_evidence(small, tmp_path):
    generator = np.random.default_rng(0)
    X, y, X_val, y_val = parts_of(*all_categorical(generator), generator)
    X_val = X_val.assign(c0="new")
    classifier = small(**SETTINGS).fit(X, y, X_val=X_val, y_val=y_val)
    scores = assert_stored_alike(classifier, X_val, tmp_path / "model")
    assert average_precision_score(y_val, scores) > 1.15 * y_val.mean()
    np.testing.assert_array_equal(classifier.predict_proba(X_val.assign(c0=None))[:, 1], scores)
