"""Hidden codes for the boosters: kept where they help, and where not the model is as without."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ConfigError
from dbnchurn.exports.onnx import export_onnx
from dbnchurn.features import Leaves
from dbnchurn.model.booster_fitter import boosters_fitted_by
from dbnchurn.model.code_columns import CodeComparison, CodedBoosters, check_codes
from dbnchurn.predictor.card import codes_sentence, model_card

TRAITS, COLUMNS = 4, 120
BOOSTERS = Leaves(folds=4, n_trees=60, max_depth=3)


def indicators(n, seed):
    """Many weak yes/no indicators of a few hidden traits, of which three decide who leaves."""
    fixed, generator = np.random.default_rng(99), np.random.default_rng(seed)
    loads = fixed.normal(size=(TRAITS, COLUMNS)) * (fixed.random((TRAITS, COLUMNS)) < 0.5)
    traits = (generator.random((n, TRAITS)) < 0.4).astype(float)
    shown = generator.random((n, COLUMNS)) < 1 / (1 + np.exp(1 - (traits - 0.5) @ loads))
    logit = 4 * traits[:, 0] * traits[:, 1] + 1.5 * traits[:, 2] - 3
    y = (generator.random(n) < 1 / (1 + np.exp(-logit))).astype(int)
    return pd.DataFrame(shown.astype(float), columns=[f"use {j}" for j in range(COLUMNS)]), y


@pytest.fixture(scope="module")
def wide():
    """By what was asked for: a model of the table of indicators."""
    from tests.conftest import make_small

    X, y = indicators(600, 0)
    return {
        codes: make_small(codes=codes, leaves=BOOSTERS).fit(X, y) for codes in (False, True, "auto")
    }


def average_precision(model, X, y):
    from sklearn.metrics import average_precision_score

    return average_precision_score(y, model.predict_proba(X)[:, 1])


def test_codes_help_on_weak_indicators_and_are_kept(wide):
    X, y = indicators(3_000, 1)
    without, with_codes, auto = (average_precision(wide[c], X, y) for c in (False, True, "auto"))
    assert with_codes > without + 0.03
    assert auto == with_codes
    told = wide["auto"].about_["codes"]  # of the fit that decided, before the one on all rows
    assert told["kept"]
    assert told["asked"] == "auto"
    assert told["difference"] > told["standard_error"] > 0
    assert np.diff(told["average_precision"]) == pytest.approx(told["difference"])


def test_kept_codes_are_those_of_true_to_the_bit(wide):
    X, _ = indicators(200, 2)
    np.testing.assert_array_equal(wide["auto"].predict_proba(X), wide[True].predict_proba(X))


def test_codes_are_tested_by_boosters_alone(wide):
    record, n_codes = wide[True].record_, 64
    assert len(record.codes.head) == n_codes
    assert record.leaves.n_features == COLUMNS + n_codes
    assert record.extra_trees.n_features == COLUMNS
    tested = np.concatenate([forest.feature for forest in record.leaves.forests])
    assert (tested >= COLUMNS).any()


def test_declined_codes_leave_the_model_without_to_the_bit(small, customers):
    X, y = customers  # two columns decide, and codes blur them
    plain, auto = (small(codes=codes, leaves=BOOSTERS).fit(X, y) for codes in (False, "auto"))
    assert not auto.about_["codes"]["kept"]
    assert "codes" not in plain.about_
    assert auto.record_.codes is None
    np.testing.assert_array_equal(auto.predict_proba(X), plain.predict_proba(X))
    assert auto.threshold_ == plain.threshold_


def test_a_stored_model_scores_the_same_and_a_row_alone_too(wide, tmp_path):
    X, _ = indicators(1_500, 4)
    expected = wide[True].predict_proba(X)
    wide[True].save(tmp_path / "model")
    predictor = Predictor.load(tmp_path / "model")
    np.testing.assert_array_equal(predictor.predict_proba(X), expected)
    for row in (0, 1, 1_024, 1_499):
        alone = predictor.predict_proba(X.iloc[[row]])
        np.testing.assert_allclose(alone[0], expected[row], rtol=0, atol=1e-12)


def test_an_interrupted_fit_goes_on_to_the_same_model(small, tmp_path, monkeypatch):
    monkeypatch.setattr("dbnchurn.model.code_columns.LAYERS", (12, 6))
    X, y = indicators(300, 5)
    scores = [
        small(codes=True).fit(X, y, checkpoints=tmp_path).predict_proba(X)
        for _ in range(2)  # the second time the boosters are taken from the checkpoints
    ]
    assert sorted(path.name for path in tmp_path.rglob("booster*"))
    np.testing.assert_array_equal(*scores)


def test_the_card_tells_what_was_decided(wide):
    card = model_card(wide["auto"].about_)
    assert "## Hidden codes" in card
    assert codes_sentence(wide["auto"].about_["codes"]) in card
    assert "codes, machine 2, 64 hidden units" in card
    assert "as was asked for" in model_card(wide[True].about_)
    assert "Hidden codes" not in model_card(wide[False].about_)
    declined = {**wide["auto"].about_["codes"], "kept": False}
    assert codes_sentence(declined).startswith("The boosters are given the columns alone")
    unknown = declined | {"average_precision": None}
    assert codes_sentence(unknown).endswith("on too few folds")


def test_a_machine_that_learned_nothing_is_warned_of():
    facts = {"remarks": ["machine 1 (128 hidden units) has learned nothing"]}
    assert CodedBoosters(facts=facts).remarks() == [
        "codes: machine 1 (128 hidden units) has learned nothing"
    ]
    assert CodedBoosters().remarks() == CodedBoosters().decision() == []


def test_a_difference_has_to_exceed_its_standard_error():
    without = np.array([0.2, 0.3, 0.4, 0.3])
    always = CodeComparison(without, without + 0.01)
    assert always.kept
    assert always.standard_error == pytest.approx(0, abs=1e-15)
    assert not replace(always, with_codes=without).kept
    assert not CodeComparison(without, without + np.array([0.05, -0.03, -0.02, 0.02])).kept
    difference = np.array([0.03, 0.01, 0.0, 0.02])
    compared = CodeComparison(without, without + difference)
    assert compared.standard_error == pytest.approx(difference.std(ddof=1) / 2)
    assert compared.kept
    assert not CodeComparison(without[:1], without[:1] + 0.5).kept  # one fold has no spread


def test_codes_without_a_use_are_refused(small, customers):
    with pytest.raises(ConfigError, match="codes=True gives hidden codes to the boosters"):
        small(codes=True, use_leaves=False).fit(*customers)
    with pytest.raises(ConfigError, match="codes='auto' compares boosters on the folds"):
        small(codes="auto", leaves=Leaves(cross_fit=False, n_trees=3)).fit(*customers)
    with pytest.raises(ConfigError, match="codes"):
        small(codes="perhaps").fit(*customers)


def test_boosters_that_are_fitted_elsewhere_are_given_no_codes():
    class Elsewhere:
        def fit(self, *_):
            raise AssertionError

    with (
        boosters_fitted_by(Elsewhere()),
        pytest.raises(ConfigError, match="on all rows of a Spark table"),
    ):
        check_codes(True, Leaves())
    check_codes(False, None)


def test_the_graph_of_a_model_with_codes_is_refused(wide, tmp_path):
    wide[True].save(tmp_path / "model")
    with pytest.raises(ConfigError, match="which another runtime rounds otherwise"):
        export_onnx(tmp_path / "model", tmp_path / "churn.onnx")
    assert not (tmp_path / "churn.onnx").exists()


def test_a_truth_value_of_numpy_is_one(small, customers):
    X, y = customers
    model = small(codes=np.False_, leaves=Leaves(folds=2, n_trees=5)).fit(X, y)
    assert "codes" not in model.about_
    assert model.record_.codes is None


def test_codes_that_would_displace_columns_are_refused(small):
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(120, 990)))
    X.columns = [f"c{j}" for j in range(990)]
    y = np.arange(120) % 3 == 0
    with pytest.raises(ConfigError, match=r"with 64 codes a table of \d+ training rows has 1054"):
        small(codes="auto", leaves=Leaves(folds=2, n_trees=5)).fit(X, y.astype(int))


def test_the_machines_that_are_told_are_those_that_are_stored(small, customers):
    """The fit that is measured and the one on all rows train machines of their own."""
    X, y = customers
    settings = {"codes": True, "leaves": Leaves(folds=2, n_trees=5), "random_state": 3}
    first, stored = (small(refit=refit, **settings).fit(X, y) for refit in (False, True))
    assert not np.array_equal(first.record_.codes.dense_weights, stored.record_.codes.dense_weights)
    told = [model.about_["codes"]["machines"] for model in (first, stored)]
    assert told[0] != told[1]
