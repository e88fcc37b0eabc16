"""The command line: what it prints, and that a mistake is one line, exit code 2, no traceback."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from dbnchurn import Predictor


def test_the_package_can_be_run(root):
    done = subprocess.run(
        [sys.executable, "-m", "dbnchurn", "score", "nowhere", "x.csv", "--output", "y.csv"],
        capture_output=True, text=True, cwd=root,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")


def test_train_prints_the_result_and_where_it_lies(
    call, write_config, telco, small_run, tmp_path, monkeypatch
):
    def no_pictures(folder: Path) -> None:  # which take longer than all else
        (folder / "report.html").write_text("")

    monkeypatch.setattr("dbnchurn.runs.fitting.write_report", no_pictures)
    overrides = [*small_run, "baselines=[logistic regression]", "report.page=true"]
    code, out, _ = call("train", write_config(telco), *overrides)
    assert code == 0
    metrics = json.loads((tmp_path / "runs" / "telco" / "metrics.json").read_text())
    assert f"{metrics['test']['average_precision']['value']:.3f}" in out
    assert "logistic regression" in out
    assert f"threshold {metrics['threshold']['value']:.4f}" in out
    for name in ("report.html", "model"):
        path = tmp_path / "runs" / "telco" / name
        assert path.exists()
        assert str(path) in out


@pytest.fixture
def offer(tmp_path) -> Path:
    """A config of a search for segments: 4000 customers, of whom those from 60 on say yes."""
    generator = np.random.default_rng(0)
    age = generator.integers(18, 80, 4000)
    yes = generator.random(4000) < np.where(age >= 60, 0.4, 0.1)
    table = pd.DataFrame({"age": age, "visits": generator.poisson(3, 4000), "bought": yes})
    table.to_csv(tmp_path / "offer.csv", index=False)
    config = tmp_path / "offer.yaml"
    config.write_text(
        f"source: {{path: {tmp_path / 'offer.csv'}}}\ncolumns: {{label: bought}}\n"
        f"miner: {{outcome: buy, edges: {{age: [30, 45, 60]}}}}\noutput: {tmp_path / 'runs'}\n"
    )
    return config


def test_segments_prints_the_list_and_where_it_lies(call, offer, tmp_path):
    code, out, _ = call("segments", offer, "miner.n_segments=1")
    assert code == 0
    assert "age 60 or more" in out
    assert "Of all customers" in out
    page = tmp_path / "runs" / "offer" / "segments.html"
    assert page.exists()
    assert f"page: {page}" in out


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("miner.bins=1", "miner.bins should be at least 2, got 1"),
        ("columns.label=buy", "no column 'buy'"),
        ("miner.edges={ages: [30]}", "edges names column 'ages', which X lacks"),
        ("miner.parts=[0.5, 0.5]", "three positive shares"),
        (
            "columns.positive=maybe",
            "never holds the positive value 'maybe'; it holds 'False' (3189",
        ),
    ],
)
def test_mistakes_of_a_search_are_one_line(refused, offer, override, message):
    assert message in refused("segments", offer, override)


def test_score_reads_and_writes_tables(call, model, customers, tmp_path):
    table, output = tmp_path / "new.csv", tmp_path / "scores.parquet"
    customers[0].to_csv(table, index=False)
    code, out, _ = call("score", model, table, "--output", output)
    assert code == 0
    scores = pd.read_parquet(output)
    expected = Predictor.load(model).predict_proba(customers[0])[:, 1]
    np.testing.assert_allclose(scores["probability"], expected, rtol=0, atol=1e-12)
    assert "600 customers scored" in out
    assert f"{int(scores['decision'].sum())} at or above the threshold" in out


def test_schema_is_json_that_names_every_section(call):
    code, out, _ = call("schema")
    schema = json.loads(out)
    assert code == 0
    assert {"source", "columns", "split", "classifier", "seed"} <= set(schema["properties"])
    assert "leaves" in schema["$defs"]["ChurnClassifier"]["properties"]


def test_schema_of_segments_is_that_of_their_configs(call):
    code, out, _ = call("schema", "segments")
    schema = json.loads(out)
    assert code == 0
    assert set(schema["required"]) == {"source", "columns"}
    assert "min_count" in schema["$defs"]["MinerSection"]["properties"]
    assert "'run', 'segments'" in call("schema", "runs")[2]


def test_verbs_stand_in_groups_and_former_ones_are_hidden(call):
    out = call("--help")[1]
    titles = ["Train and measure", "Compare and tune", "Use a model", "Make tables"]
    titles += ["Find segments", "Plan and measure a campaign", "Write configs"]
    places = [out.index(title) for title in titles]
    assert places == sorted(places)
    assert places[2] < out.index("score ") < out.index("export ") < places[3]
    assert "explain" not in out


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], *([name, "--help"] for name in ("train", "segments", "score"))]
)
def test_help_is_there(call, arguments):
    _, out, _ = call(*arguments)
    assert "Usage" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian", "x.yaml"], "No such command 'trian'"),
        (["train"], "give either a config or an unfinished run with --resume"),
        (["train", "x.yaml", "--resume", "r"], "give either a config or"),
        (["score", "model", "t.csv"], "Missing option '--output'"),
        (["train", "x.yaml", "--fast"], "No such option"),
    ],
)
def test_misuse_is_told_with_exit_code_2(call, arguments, message):
    code, _, err = call(*arguments)
    assert code == 2
    assert message in err
    assert "Traceback" not in err


# --- Bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "override", "message"),
    [
        (lambda t: t.drop(columns="Churn"), None, "the table has no label column 'Churn'"),
        (lambda t: t.assign(Churn="Yes"), None, "holds one class only ('Yes' in all 600 rows)"),
        (
            lambda t: t.assign(Churn=["Yes", "No", "maybe"] * 200),
            None,
            "holds 3 classes: 'No' (200 rows, 33.3 %), 'Yes'",
        ),
        (lambda t: t.assign(customerID=7), None, "'customerID': 600 rows share their id"),
        (lambda t: t.assign(customerID=7), None, "differs, the first is '7'; name"),
        (lambda t: t.assign(tenure=np.inf), None, "'tenure' (number), row"),
        (lambda t: t[["customerID", "Churn"]].assign(x=np.nan), None, "nothing to learn from"),
        (lambda t: t[["customerID", "Churn"]], None, "no feature column beside id, label"),
        (lambda t: t.iloc[:0], None, "has 8 columns but no rows"),
        (lambda t: t, "source.path=nowhere.csv", "nowhere.csv: no such file"),
        (lambda t: t, "columns.kinds.tenure=numeric", "'number', 'flag', 'category', 'date' or"),
        (lambda t: t, "columns.kinds.tenur=number", "did you mean 'tenure'"),
        (lambda t: t, "columns.id=customer", "no id column 'customer': did you mean 'customerID'"),
        (lambda t: t, "classifier.network.dbn.epoch=1", "unknown key, did you mean 'epochs'"),
        (lambda t: t, "classifier.leaves.folds=1", "leaves.folds should be at least 2, got 1"),
        (
            lambda t: t,
            "classifier.network.dbn.epochs=[1, 2, 3]",
            "network: epochs has 3 values for 2 layers",
        ),
        (lambda t: t, "classifier.threshold.rule=recall", "needs threshold.target"),
        (lambda t: t, "seed=-1", "seed should be at least 0, got -1"),
        (lambda t: t, "device=tpu", "should be 'auto', 'cpu' or 'cuda', got 'tpu'"),
        (lambda t: t, "nonsense", "an override is written key.subkey=value"),
    ],
)
def test_training_mistakes_are_one_line(
    refused, write_config, telco, small_run, tmp_path, spoil, override, message
):
    config = write_config(spoil(telco))
    overrides = [*small_run, *([override] if override else [])]
    assert message in refused("train", config, *overrides)
    runs = tmp_path / "runs"
    assert not runs.exists() or not list(runs.iterdir())


def test_a_word_among_numbers_is_one_line(refused, write_config, telco, small_run):
    telco["tenure"] = telco["tenure"].astype(object)
    telco.loc[5, "tenure"] = "ten"
    assert "'ten' is not a number" in refused("train", write_config(telco), *small_run)


def test_an_empty_file_is_one_line(refused, write_config, telco, small_run, tmp_path):
    config = write_config(telco)
    (tmp_path / "telco.csv").write_bytes(b"")
    assert "the file is empty" in refused("train", config, *small_run)


def test_cuda_without_cuda_is_one_line(refused, write_config, telco, small_run, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    found = refused("train", write_config(telco), *small_run, "device=cuda")
    assert "no CUDA device" in found


def test_a_config_is_told_off_with_file_and_line(call, refused, write_config, telco, tmp_path):
    assert "no such config file (there is 'telco.yaml')" in refused(
        "train", write_config(telco).with_name("tv.yaml")
    )
    config = write_config(telco, more="clasifier: {}\nresamples: few\n")
    code, _, err = call("train", config)
    assert code == 2
    assert f"{config}:4: clasifier: unknown key, did you mean 'classifier'" in err
    assert f"{config}:5: resamples should be" in err  # every mistake in one go
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda X: X.drop(columns="debt"), "lacks 1 of 5 columns: 'debt'"),
        (lambda X: X.astype({"debt": str}).assign(debt="much"), "'much' is not a number"),
        (lambda X: X.assign(debt=np.inf), "'inf' is infinite"),
    ],
)
def test_scoring_mistakes_are_one_line(refused, model, customers, tmp_path, spoil, message):
    table = tmp_path / "new.csv"
    spoil(customers[0]).to_csv(table, index=False)
    assert message in refused("score", model, table, "--output", tmp_path / "s.csv")
    assert not (tmp_path / "s.csv").exists()


def test_a_damaged_model_is_one_line(refused, model, customers, tmp_path):
    table = tmp_path / "new.csv"
    customers[0].to_csv(table, index=False)
    arguments = ("score", model, table, "--output", tmp_path / "s.csv")
    arrays = model / "model.safetensors"
    arrays.write_bytes(arrays.read_bytes()[:-1])
    assert "model.safetensors is damaged" in refused(*arguments)
    (model / "manifest.json").unlink()
    assert "manifest.json is missing" in refused(*arguments)


# --- The scripts ----------------------------------------------------------------------------------


def test_scripts_do_what_the_commands_do(
    root, write_config, telco, small_run, tmp_path, monkeypatch, capsys
):
    def script(name: str, *arguments: object) -> int:
        path = root / "scripts" / name
        monkeypatch.setattr(sys, "argv", [str(path), *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(path), run_name="__main__")
        return int(end.value.code or 0)

    assert script("train.py", write_config(telco), *small_run, "report.page=false") == 0
    model = tmp_path / "runs" / "telco" / "model"
    arguments = (model, tmp_path / "telco.csv", "--output")
    assert script("score.py", *arguments, tmp_path / "s.csv") == 0
    assert pd.read_csv(tmp_path / "s.csv")["id"].tolist() == telco["customerID"].tolist()
    assert script("simulate.py", "--customers", 20, "--output", tmp_path / "crm") == 0
    assert (tmp_path / "crm" / "basic").is_dir()
    capsys.readouterr()
    assert script("train.py", "nowhere.yaml") == 2
    assert capsys.readouterr().err.startswith("error: nowhere.yaml: no such config file")


def test_a_script_in_a_process_of_its_own(root, model, customers, tmp_path):
    customers[0].to_csv(tmp_path / "new.csv", index=False)
    script = [sys.executable, root / "scripts" / "score.py", model, tmp_path / "new.csv"]
    done = subprocess.run(
        [*script, "--output", tmp_path / "s.csv"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.returncode == 0, done.stderr
    assert len(pd.read_csv(tmp_path / "s.csv")) == len(customers[0])
