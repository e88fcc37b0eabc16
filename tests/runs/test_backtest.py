"""A stored model on newly labelled customers: the same numbers, and a verdict."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ArtifactError, ConfigError, DataError
from dbnchurn.data.draw import Draw
from dbnchurn.evaluate.registry import METRICS
from dbnchurn.runs import read_config, train
from dbnchurn.runs.backtest import backtest
from dbnchurn.runs.backtest_result import Backtest


@pytest.fixture(scope="module")
def run(tmp_path_factory, draw_telco, small_run):
    folder = tmp_path_factory.mktemp("later")
    draw_telco(900).to_csv(folder / "telco.csv", index=False)
    config = folder / "telco.yaml"
    config.write_text(
        f"source: {{path: {folder / 'telco.csv'}}}\noutput: {folder / 'runs'}\n"
        "columns: {id: customerID, label: Churn}\n"
    )
    deeper = ["classifier.leaves={folds: 2, n_trees: 40}", "resamples=200"]
    return train(read_config(config, [*small_run, *deeper]), "telco")


@pytest.fixture
def new(draw_telco, tmp_path):
    """``new(table)`` → a file of newly labelled customers."""

    def write(change=lambda table: table, n=900):
        path = tmp_path / "new.csv"
        change(draw_telco(n, seed=7)).to_csv(path, index=False)
        return path

    return write


def test_on_the_test_customers_it_finds_what_the_run_found(run, draw_telco, tmp_path):
    predictions = pd.read_parquet(run / "predictions.parquet").query("part == 'test'")
    telco = draw_telco(900).set_index("customerID", drop=False).loc[predictions["id"]]
    telco.to_csv(tmp_path / "same.csv", index=False)
    found = backtest(run / "model", tmp_path / "same.csv", resamples=50)
    promised = json.loads((run / "metrics.json").read_text())["test"]
    for name in ("average_precision", "recall", "brier"):
        assert found.measured[name]["value"] == pytest.approx(promised[name]["value"])
        assert found.standing(name) == "inside"
    assert found.measured["confusion"] == promised["confusion"]
    assert found.learned == 0
    assert "the model holds its promise" in found.verdict


def test_customers_that_the_model_learned_from_are_no_new_ones(run, draw_telco, tmp_path):
    predictions = pd.read_parquet(run / "predictions.parquet")
    tested = set(predictions.query("part == 'test'")["id"])
    draw_telco(900).to_csv(tmp_path / "same.csv", index=False)
    found = backtest(run / "model", tmp_path / "same.csv", resamples=50)
    assert found.learned == 900 - len(tested) == found.plain()["learned"]
    assert f"the model learned from {found.learned} of these customers" in found.verdict
    assert "holds its promise" not in found.to_text()


def test_numbers_are_those_of_the_model_on_the_new_rows(run, new, tmp_path):
    output = tmp_path / "out" / "later.json"
    with pytest.raises(ConfigError, match=r"the folder .*out does not exist"):
        backtest(run / "model", new(), output=output)
    found = backtest(run / "model", new(), output=output, mkdir=True, resamples=50)
    assert found.measured["n"] == 900
    stored = json.loads(output.read_text())
    assert stored["verdict"] == found.verdict
    assert stored["found"]["roc_auc"] == found.measured["roc_auc"]
    assert set(stored["standing"]) == set(stored["promised"])
    assert f"| ROC AUC | {stored['promised']['roc_auc']['value']:.3f} (" in found.to_text()


def test_a_model_whose_signal_is_gone_is_told(run, new):
    """Outcomes that have nothing to do with the customers: as chance, far below the promise."""
    generator = np.random.default_rng(0)
    found = backtest(
        run / "model",
        new(lambda t: t.assign(Churn=generator.choice(["Yes", "No"], len(t), p=[0.1, 0.9]))),
    )
    assert found.standing("average_precision").startswith("below")
    assert "outside the interval that training gave" in found.verdict
    assert "fewer left than promised, beyond chance" in found.calibration


def test_rows_without_an_outcome_are_left_out(run, new):
    def later(telco):
        telco.loc[:99, "Churn"] = None
        return telco

    found = backtest(run / "model", new(later), resamples=50)
    assert (found.measured["n"], found.left_out) == (800, 100)
    assert "100 rows were left out" in found.to_text()


def test_another_label_column_and_words(run, new):
    def renamed(telco):
        words = telco["Churn"].map({"Yes": "weg", "No": "da"})
        return telco.drop(columns="Churn").assign(outcome=words)

    path = new(renamed)
    found = backtest(run / "model", path, label="outcome", positive="weg", resamples=50)
    assert found.measured["n"] == 900
    with pytest.raises(DataError, match="no label column 'Churn'"):
        backtest(run / "model", path)
    with pytest.raises(DataError, match=r"training has not: 'weg' .*'Yes' counts .*--positive"):
        backtest(run / "model", path, label="outcome")


@pytest.mark.parametrize(
    "words", [{"Yes": "YES ", "No": "no"}, {"Yes": True, "No": False}, {"Yes": 1.0, "No": 0.0}]
)
def test_the_same_labels_in_another_spelling(run, new, words):
    same = backtest(run / "model", new(), resamples=50)
    found = backtest(
        run / "model", new(lambda t: t.assign(Churn=t["Churn"].map(words))), resamples=50
    )
    assert found.measured == same.measured
    rate = f"{100 * same.measured['base_rate']:.1f} % of 900 customers"
    assert f"Left: Churn = 'Yes', {rate}." in found.to_text().splitlines()
    assert found.warning is None


def test_a_month_that_means_something_else_is_refused_or_warned_of(run, new):
    other = new(lambda t: t.assign(Churn=t["Churn"].map({"Yes": "gone", "No": "kept"})))
    with pytest.raises(DataError, match=r"'gone' .*'kept' .*'Yes' counts as having left and 'No'"):
        backtest(run / "model", other)
    path = new(lambda t: t.assign(active=t["Churn"].map({"Yes": 0, "No": 1})))
    with pytest.raises(DataError, match=r"'active' .*its name turns into the opposite"):
        backtest(run / "model", path, label="active")
    same = backtest(run / "model", path, resamples=50)
    assert backtest(run / "model", path, label="active", positive="0", resamples=50).measured == (
        same.measured
    )
    turned = backtest(run / "model", path, positive="No", resamples=50)
    assert "turn it: --positive 'Yes'" in turned.to_text()


def test_a_month_in_which_nobody_left_is_measured(run, new):
    found = backtest(run / "model", new(lambda t: t.assign(Churn="No")), resamples=50)
    assert "nothing can be said" in found.verdict


def test_without_its_run_there_is_no_promise(run, new, tmp_path):
    shutil.copytree(run / "model", tmp_path / "model")
    found = backtest(tmp_path / "model", new(), resamples=50)
    assert found.promised == {}
    assert "no promise to hold it against" in found.verdict
    (tmp_path / "metrics.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"metrics\.json cannot be read"):
        backtest(tmp_path / "model", new(), resamples=50)


def test_an_output_is_not_replaced(run, new, tmp_path):
    (tmp_path / "there.json").write_text("")
    with pytest.raises(ConfigError, match="exists already"):
        backtest(run / "model", new(), output=tmp_path / "there.json")


@pytest.mark.parametrize(
    ("value", "low", "high", "standing", "words"),
    [
        (0.5, 0.3, 0.7, "inside", "holds its promise"),
        (0.35, 0.2, 0.5, "below, near", "leave it open"),
        (0.1, 0.05, 0.2, "below", "worse than promised"),
        (0.9, 0.8, 0.95, "above", "better than promised"),
        (0.65, 0.55, 0.75, "above, near", "leave it open"),
        (None, None, None, "–", "nothing can be said"),
    ],
)
def test_the_verdict_goes_by_where_the_number_lies(value, low, high, standing, words):
    number = {"value": value, "low": low, "high": high}
    promised = {"average_precision": {"value": 0.5, "low": 0.4, "high": 0.6}}
    found = Backtest("m", promised, {"average_precision": number, "n": 100, "base_rate": 0.1})
    assert found.standing("average_precision") == standing
    assert words in found.verdict


@pytest.mark.parametrize("value", [0.5, 0.9])
def test_a_higher_share_hides_no_worse_order(value):
    precision = {"value": value, "low": value - 0.05, "high": value + 0.05}
    promised = {
        "average_precision": {"value": 0.5, "low": 0.4, "high": 0.6},
        "roc_auc": {"value": 0.8, "low": 0.75, "high": 0.85},
    }
    curve = {"value": 0.7, "low": 0.69, "high": 0.71}
    measured = {"average_precision": precision, "roc_auc": curve, "n": 100, "base_rate": 0.2}
    verdict = Backtest("m", promised, measured).verdict
    assert verdict.endswith("below its own: the order of the customers is worse than promised.")


def test_where_fewer_leave_the_order_is_judged_by_the_area_under_the_curve():
    precision = {"value": 0.1, "low": 0.05, "high": 0.2}
    promised = {
        "average_precision": {"value": 0.5, "low": 0.4, "high": 0.6},
        "roc_auc": {"value": 0.8, "low": 0.75, "high": 0.85},
        "brier": {"value": 0.1, "low": 0.09, "high": 0.11},
    }
    brier = {"value": 0.02, "low": 0.01, "high": 0.03}
    for area, said in ((0.8, "is as good as promised"), (0.6, "does worse than promised")):
        curve = {"value": area, "low": area - 0.02, "high": area + 0.02}
        measured = {"average_precision": precision, "roc_auc": curve, "brier": brier, "n": 100}
        found = Backtest("m", promised, {**measured, "base_rate": 0.02})
        assert said in found.verdict
        judged = {key: found.judged(METRICS[key]) for key in promised}
        assert judged["average_precision"] == "below: worse"
        assert judged["brier"] == "below: better"


def test_no_promise_is_held_where_the_ranking_is_turned():
    number = {"value": 0.5, "low": 0.3, "high": 0.7}
    promised = {"average_precision": {"value": 0.5, "low": 0.4, "high": 0.6}}
    measured = {"average_precision": number, "n": 100, "base_rate": 0.6}
    for high, turned in ((0.45, True), (0.55, False), (None, False)):
        area = {"value": 0.4, "low": 0.3, "high": high}
        found = Backtest("m", promised, {**measured, "roc_auc": area})
        assert ("the other way round" in found.verdict) is turned
        assert ("holds its promise" in found.verdict) is not turned


def test_a_lost_column_is_refused_unless_it_is_allowed(run, new):
    lost = new(lambda table: table.assign(tenure=np.nan))
    with pytest.raises(DataError, match="column 'tenure' is missing in 900 of 900 rows"):
        backtest(run / "model", lost)
    assert (
        backtest(run / "model", lost, allow_changed=["tenure"], resamples=50).measured["n"] == 900
    )


def test_a_table_in_another_locale_gives_the_same_numbers(run, new, tmp_path):
    plain = backtest(run / "model", new(), resamples=50).measured
    table = pd.read_csv(tmp_path / "new.csv", dtype=str)
    for name in ("MonthlyCharges", "TotalCharges"):
        table[name] = table[name].str.replace(".", ",")
    table.to_csv(tmp_path / "german.csv", index=False, sep=";", encoding="utf-16")
    assert backtest(run / "model", tmp_path / "german.csv", resamples=50).measured == plain


def test_boosters_of_customers_who_are_not_listed_are_said(fitted, draw_customers, write, tmp_path):
    X, y = draw_customers(200, seed=6)
    path = write(X.assign(customer=range(200), left=np.where(y, "yes", "no")), "month.csv")
    for boosted in (True, False):
        model, draw = tmp_path / str(boosted) / "model", Draw(400, 200, 300, 0, (9, 9), boosted)
        fitted.save(model, about={"id": "customer", "draw": draw.as_dict()})
        found = backtest(model, path, label="left", resamples=1)
        assert ("customers who were not drawn" in found.to_text()) == boosted
