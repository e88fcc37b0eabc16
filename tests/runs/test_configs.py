"""The published configs run as they stand; here at a small size."""

import json
from pathlib import Path

import pandas as pd
import pytest

from dbnchurn.data.simulate import simulate
from dbnchurn.experiments.experiment import run_experiment
from dbnchurn.experiments.grid import plan
from dbnchurn.experiments.tuning import tune
from dbnchurn.runs import read_config, train
from dbnchurn.tables import read_sample

CONFIGS = Path(__file__).parents[2] / "configs"
SMALL = (
    "classifier.leaves.folds=2", "classifier.leaves.n_trees=5", "classifier.network.dbn.epochs=1",
    "classifier.network.dbn.layers=[16, 8]",
    "classifier.network.finetune={epochs: 2, batch_size: 512, learning_rate: 0.004}",
    "resamples=50", "n_threads=1", "classifier.companion={pretrain: false, dbn: {layers: [6]}, "
    "finetune: {epochs: 1, batch_size: 512, learning_rate: 0.004}}",
    "report.page=false", "device=cpu", "classifier.refit=false",
    "classifier.linear.C=[0.05]", "classifier.extra_trees.n_trees=5",
)  # fmt: skip


@pytest.fixture(scope="module")
def crm(tmp_path_factory):
    return simulate(
        tmp_path_factory.mktemp("crm") / "tables", customers=3_000, months=4, random_state=1
    )


def tables_of(crm: Path) -> list[str]:
    paths = [f"data.tables.{t}.path={crm / t}" for t in ("basic", "complaints", "optical")]
    return [*paths, f"data.truth={crm / 'truth'}"]


def config_of(name: str, output: Path, *overrides: str):
    return read_config(CONFIGS / f"{name}.yaml", [*SMALL, f"output={output}", *overrides])


def metrics_of(folder: Path) -> dict:
    return json.loads((folder / "metrics.json").read_text())


@pytest.mark.slow
def test_tv(tmp_path):
    folder = train(config_of("tv", tmp_path, "baselines=[]"), "tv")
    assert metrics_of(folder)["test"]["n"] == 1876
    assert metrics_of(folder)["test"]["roc_auc"]["value"] > 0.5


def test_csv_example(tmp_path, draw_telco):
    """With its names in place of those of the file, and nothing else changed."""
    table = draw_telco(600).rename(columns={"customerID": "customer_id", "Churn": "churned"})
    table.to_csv(tmp_path / "mine.csv", sep=";", index=False)
    mine = (f"source.path={tmp_path / 'mine.csv'}", "baselines=[]")
    folder = train(config_of("csv_example", tmp_path, *mine), "mine")
    assert metrics_of(folder)["threshold"]["rule"] == "expected f1"
    assert metrics_of(folder)["test"]["n"] == 120


@pytest.mark.slow
def test_crm(tmp_path, crm):
    folder = train(config_of("crm", tmp_path, *tables_of(crm), "baselines=[]"), "crm")
    assert metrics_of(folder)["attainable"]["average_precision"]["best"] > 0.1


@pytest.mark.slow
def test_paper(tmp_path, crm):
    """Its table has the form of the paper's: four figures for the method and four peers."""
    config = config_of("paper", tmp_path, *tables_of(crm))
    folder = train(config, "paper")
    table = pd.read_csv(folder / "table.csv")
    assert table["model"].tolist() == [
        "dbnchurn", "logistic regression", "xgboost", "without leaves", "without pretraining",
        "source paper",
    ]  # fmt: skip
    assert table.loc[:4, ["accuracy", "precision", "recall", "f1"]].notna().all(axis=None)
    text = (folder / "table.md").read_text()
    assert "make an F1 of 93.27%, not 89.27%" in text
    assert "is read as the accuracy" in text
    base = metrics_of(folder)["parts"]["test"]["base_rate"]
    assert 0.02 < base < 0.06  # about the paper's 3.54 %
    assert [run.unit for run in plan(config)] == [f"seed {seed}, fold 1" for seed in (0, 1, 2)]


@pytest.mark.slow
@pytest.mark.usefixtures("empty_pictures")
def test_ablation(tmp_path):
    """With 1500 customers in place of all, and two of its variants."""
    read_sample("tv_subscriptions").head(1500).to_csv(tmp_path / "tv.csv", index=False)
    source = ("source.sample=null", f"source.path={tmp_path / 'tv.csv'}")
    folds = ("split.folds=2", "split.validation=0.2")
    config = config_of("ablation", tmp_path, *source, *folds)
    names = [run.variant for run in plan(config)]
    assert len(set(names)) == 9
    assert names[0] == "whole model"
    two = {k: config.experiment.variants[k] for k in ("whole model", "without leaves")}
    fewer = config.experiment.model_copy(update={"variants": two})
    folder = run_experiment(config.model_copy(update={"experiment": fewer}), "ablation", jobs=1)
    table = pd.read_csv(folder / "comparison.csv").set_index(["model", "metric"])
    assert set(table.loc["without leaves", "runs"]) == {2}
    assert table.loc[("without leaves", "average_precision"), "difference_low"] < 0.2


@pytest.mark.slow
def test_tune(tmp_path):
    pytest.importorskip("optuna")
    config = config_of("tune", tmp_path, "tuning.trials=2")
    found = tune(config, "tune")
    assert found.finished == 2
    ready = read_config(found.folder / "best.yaml")
    assert ready.baselines == ("xgboost", "without leaves")


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_config_explains_itself(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert any("dbnchurn " in line or "python " in line or "make demo" in line for line in lines)
