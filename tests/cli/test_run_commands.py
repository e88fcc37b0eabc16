"""The commands of experiments: what they print, and mistakes in one line."""

import pandas as pd
import pytest

from dbnchurn.cli import main
from tests.experiments.made_runs import make_run


@pytest.fixture
def call(capsys):
    """``call(*arguments)`` → exit code, standard output and error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def test_compare_prints_the_comparison_and_where_it_lies(call, tmp_path):
    good = make_run(tmp_path / "good", skill=2.0)
    poor = make_run(tmp_path / "poor", skill=0.3, settings={"network": {"pretrain": False}})
    code, out, _ = call("compare", good, poor, "--output", tmp_path / "both", "--metric", "roc_auc")
    assert code == 0
    assert "By ROC AUC, poor is worse than good." in out
    assert "`classifier.network.pretrain: false`" in out
    assert f"page: {tmp_path / 'both' / 'compare.html'}" in out


def test_experiment_and_its_comparison_with_a_run(call, write_config, telco, small_run, tmp_path):
    config = write_config(
        telco, more="experiment: {variants: {a: {}, b: {classifier.skip: false}}}\n"
    )
    code, out, err = call("experiment", config, *small_run, "--jobs", "2")
    assert code == 0
    assert "[2/2] " in err
    folder = tmp_path / "runs" / "telco-experiment"
    assert (folder / "comparison.md").read_text() in out
    code, *_ = call("train", config, *small_run, "classifier.network.pretrain=false")
    assert code == 0
    both = tmp_path / "both"
    code, out, _ = call("compare", folder, tmp_path / "runs" / "telco", "--output", both)
    assert code == 0
    models = pd.read_csv(both / "comparison.csv")["model"].unique()
    assert sorted(models) == ["telco", "telco: a", "telco: b"]


def test_train_prints_the_table_beside_published_figures(call, write_config, telco, small_run):
    config = write_config(telco, more="published: {somebody: {accuracy: 0.99, recall: 0.5}}\n")
    code, out, _ = call("train", config, *small_run)
    assert code == 0
    assert "| somebody | 99.00 | – | 50.00 | – |" in out


def test_evaluate_prints_the_verdict(call, model, customers, tmp_path):
    X, y = customers
    X.assign(churned=y).to_csv(tmp_path / "new.csv", index=False)
    code, out, _ = call("evaluate", model, tmp_path / "new.csv", "--label", "churned")
    assert code == 0
    assert "on 600 newly labelled customers" in out
    assert "| ROC AUC | – |" in out


def test_tune_prints_the_best_settings(call, write_config, telco, small_run):
    pytest.importorskip("optuna")
    more = "tuning: {trials: 2, space: {classifier.network.dbn.cd_k: {low: 1, high: 3}}}\n"
    code, out, err = call("tune", write_config(telco, more=more), *small_run)
    assert code == 0
    assert err.splitlines()[1].startswith("[trial 2] average_precision 0.")
    assert "classifier.network.dbn.cd_k: " in out
    assert "next: dbnchurn train" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["experiment", "nowhere.yaml"], "nowhere.yaml: no such config file"),
        (["tune", "nowhere.yaml"], "nowhere.yaml: no such config file"),
        (["compare", "nowhere"], "nowhere is no finished run: it has no config.yaml"),
        (["evaluate", "nowhere", "x.csv"], "nowhere: no such model folder"),
    ],
)
def test_mistakes_are_one_line(call, arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert err == f"error: {message}\n"
