"""Runs in an MLflow store: what the folder holds, and nothing without the extra."""

import json
import logging
import socket
import subprocess
import sys

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.runs import read_config, train
from dbnchurn.runs.sections import TrackingSection
from dbnchurn.runs.tracking import track

pytest.importorskip("mlflow")


@pytest.fixture(scope="module")
def tracked(tmp_path_factory, draw_telco, small_run):
    """A run that was logged while every connection was refused, and what was logged.

    One for all tests: a new store takes longer than a small run.
    """

    def refuse(*_):
        raise AssertionError("a connection was asked for")

    here = tmp_path_factory.mktemp("tracked")
    draw_telco().to_csv(here / "telco.csv", index=False)
    uri = f"sqlite:///{here / 'store' / 'mlflow.db'}"
    (here / "telco.yaml").write_text(
        f"source: {{path: {here / 'telco.csv'}}}\noutput: {here / 'runs'}\n"
        "columns: {id: customerID, label: Churn}\n"
        f"tracking: {{uri: '{uri}', experiment: churn}}\n"
    )
    overrides = [*small_run, "baselines=[xgboost]"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        folder = train(read_config(here / "telco.yaml", overrides), "telco")
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("churn")
    (run,) = client.search_runs([experiment.experiment_id])
    return folder, client, run


def test_a_run_is_logged_whole(tracked):
    folder, client, run = tracked
    metrics = json.loads((folder / "metrics.json").read_text())
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "telco"
    assert run.data.params["classifier.network.dbn.layers"] == "[8, 4]"
    assert run.data.params["seed"] == "0"
    logged = run.data.metrics
    assert logged["test.roc_auc"] == metrics["test"]["roc_auc"]["value"]
    assert logged["test.roc_auc.low"] == metrics["test"]["roc_auc"]["low"]
    assert logged["baselines.xgboost.f1"] == metrics["baselines"]["xgboost"]["f1"]["value"]
    losses = client.get_metric_history(run.info.run_id, "curve.finetune.validation_loss")
    curve = json.loads((folder / "curves.json").read_text())["finetune"]
    assert [m.value for m in sorted(losses, key=lambda m: m.step)] == [
        epoch["validation_loss"] for epoch in curve
    ]
    names = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert names == {path.name for path in folder.iterdir()}
    assert {file.path for file in client.list_artifacts(run.info.run_id, "model")} == {
        "model/manifest.json", "model/model.safetensors", "model/card.md",
    }  # fmt: skip
    for name in ("mlflow", "alembic"):
        assert logging.getLogger(name).getEffectiveLevel() >= logging.WARNING


def test_a_second_run_joins_the_experiment(tracked):
    folder, client, run = tracked
    section = TrackingSection(uri=client.tracking_uri, experiment="churn")
    again = track(folder, section, {"variant": "whole"})
    assert client.get_run(again).info.experiment_id == run.info.experiment_id
    assert client.get_run(again).data.tags["variant"] == "whole"


def test_only_sqlite_stores_are_taken(write_config, telco):
    with pytest.raises(ConfigError, match=r"tracking\.uri"):
        read_config(write_config(telco), ["tracking.uri=http://localhost:5000"])


def test_a_store_that_cannot_be_opened_is_told(tracked, tmp_path):
    folder, *_ = tracked
    (tmp_path / "taken").write_text("")
    section = TrackingSection(uri=f"sqlite:///{tmp_path / 'taken' / 'mlflow.db'}")
    with pytest.raises(ConfigError, match="cannot be opened"):
        track(folder, section)


def test_without_the_extra_it_is_told_before_training(
    write_config, telco, small_run, monkeypatch, tmp_path
):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    config = read_config(write_config(telco), [*small_run, "tracking.uri=sqlite:///x.db"])
    with pytest.raises(ConfigError, match=r"pip install 'dbnchurn\[mlflow\]'"):
        train(config)
    assert not list((tmp_path / "runs").iterdir())


def test_the_core_imports_neither_extra():
    code = (
        "import sys, dbnchurn.cli, dbnchurn.experiments.experiment, dbnchurn.experiments.tuning\n"
        "print({'mlflow', 'optuna'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
