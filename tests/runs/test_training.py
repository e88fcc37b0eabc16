"""A run: a folder that is whole, says the truth about its scores, and never learned from test."""

import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from dbnchurn import Predictor
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.runs import read_config, resume, train
from dbnchurn.runs.baselines import baselines_of
from dbnchurn.runs.customers import load_customers
from dbnchurn.runs.dataset import unlabelled_rows
from dbnchurn.runs.fitting import fit_all
from dbnchurn.runs.training import divide
from dbnchurn.tables.splitting import PARTS

BASELINES = baselines_of(None)


@pytest.fixture(scope="module")
def run(tmp_path_factory, draw_telco, small_run) -> Path:
    """A finished run with every baseline; an empty column, two blank ids, three blank labels."""
    folder = tmp_path_factory.mktemp("run")
    telco = draw_telco().assign(void=np.nan)
    telco.loc[[3, 5], "customerID"] = None
    telco.loc[[8, 13, 21], "Churn"] = None
    telco.to_csv(folder / "telco.csv", index=False)
    config = folder / "telco.yaml"
    config.write_text(
        f"source: {{path: {folder / 'telco.csv'}}}\noutput: {folder / 'runs'}\n"
        "columns: {id: customerID, label: Churn}\n"
    )
    overrides = [change for change in small_run if not change.startswith("baselines")]
    return train(read_config(config, [*overrides, "report.page=true"]), "telco")


@pytest.fixture(scope="module")
def metrics(run) -> dict:
    return json.loads((run / "metrics.json").read_text())


@pytest.fixture(scope="module")
def predictions(run) -> pd.DataFrame:
    return pd.read_parquet(run / "predictions.parquet")


def test_the_folder_is_whole(run):
    assert sorted(path.name for path in run.iterdir()) == [
        "config.yaml",
        "curves.json",
        "data_quality.html",
        "learned_rows.parquet",
        "metrics.json",
        "model",
        "predictions.parquet",
        "quarantine.parquet",
        "report.html",
        "table.csv",
        "table.md",
        "training.json",
    ]
    assert [path.name for path in run.parent.iterdir()] == ["telco"]  # nothing half-written


def test_who_left_is_said_in_words(run):
    outcome = json.loads((run / "training.json").read_text())["outcome"]
    assert re.fullmatch(r"Left: Churn = 'Yes', \d+\.\d % of 595 customers", outcome)
    assert outcome.replace("'", "&#39;") in (run / "report.html").read_text(encoding="utf-8")
    predictor = Predictor.load(run / "model")
    assert re.fullmatch(
        r"Left: Churn = 'Yes', \d+\.\d % of \d+ training customers", predictor.outcome
    )
    assert predictor.outcome in (run / "model" / "card.md").read_text(encoding="utf-8")
    stored = {key: predictor.about[key] for key in ("label", "positive", "negative")}
    assert stored == {"label": "Churn", "positive": ["Yes"], "negative": ["No"]}


def test_most_customers_leaving_is_warned_of(tmp_path, draw_telco, small_run, caplog):
    telco = draw_telco().assign(Churn=lambda t: t["Churn"].map({"Yes": "A", "No": "B"}))
    telco.to_csv(tmp_path / "telco.csv", index=False)
    (tmp_path / "telco.yaml").write_text(
        f"source: {{path: {tmp_path / 'telco.csv'}}}\noutput: {tmp_path / 'runs'}\n"
        "columns: {id: customerID, label: Churn}\n"
    )
    message = r"columns\.positive: 'A' or columns\.positive: 'B'"
    with pytest.raises(DataError, match=message):
        train(read_config(tmp_path / "telco.yaml", small_run), "asked")
    given = [*small_run, "columns.positive=b"]
    folder = train(read_config(tmp_path / "telco.yaml", given), "most")
    warning = r"Most customers count as having left: Churn = 'B' .*: columns\.positive: 'A'"
    facts = json.loads((folder / "training.json").read_text())
    assert any(re.match(warning, sentence) for sentence in facts["warnings"])
    assert re.search(warning, caplog.text)
    assert "Most customers count" in (folder / "model" / "card.md").read_text(encoding="utf-8")


def test_what_the_label_means_is_said_of_the_columns(tmp_path):
    (tmp_path / "x.yaml").write_text("source: {path: x.csv}\ncolumns: {label: y}\n")
    for key in ("positive", "negative"):
        with pytest.raises(ConfigError, match=rf"renamed to columns\.{key}"):
            read_config(tmp_path / "x.yaml", [f"classifier.{key}=1"])
    lists = read_config(tmp_path / "x.yaml", ["columns.positive=[A, 1]", "columns.negative=B"])
    assert (lists.columns.positive, lists.columns.negative) == (("A", 1), "B")


def test_metrics_have_what_was_promised(metrics):
    for name in ("precision", "recall", "f1", "average_precision", "roc_auc"):
        found = metrics["test"][name]
        assert set(found) >= {"value", "low", "high"}
        assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1
    assert set(metrics["test"]["confusion"]) == {"tn", "fp", "fn", "tp"}
    assert metrics["threshold"]["rule"] == "expected f1"
    assert metrics["threshold"]["chosen_on"] == "validation"
    assert set(metrics["baselines"]) == set(BASELINES)
    assert sum(metrics["parts"][part]["rows"] for part in PARTS) == 595
    for part in PARTS:
        found = metrics["parts"][part]
        assert found["base_rate"] == pytest.approx(found["churners"] / found["rows"])
    assert metrics["quarantined_rows"] == 2
    assert metrics["unlabelled_rows"] == 3
    stages = metrics["seconds"]
    assert {"read", "train", "evaluate", *BASELINES} <= set(stages)
    parts = {"prepare", "leaves", "pretrain", "fine-tune", "companion", "decide"}
    assert parts <= set(stages["classifier"])
    assert all(value >= 0 for value in stages["classifier"].values())
    assert set(stages["fit"]) == {"dbnchurn", *BASELINES}
    assert all(value > 0 for value in stages["fit"].values())
    assert stages["fit"]["dbnchurn"] <= stages["train"]


@pytest.mark.parametrize("model", ["dbnchurn", *BASELINES])
def test_predictions_reproduce_the_metrics(metrics, predictions, model):
    test = predictions[predictions["part"] == "test"]
    y = test["label"].to_numpy()
    scores = test["score" if model == "dbnchurn" else f"score {model}"].to_numpy()
    found = metrics["test"] if model == "dbnchurn" else metrics["baselines"][model]
    called = scores >= found["threshold"]
    for name, expected in {
        "precision": precision_score(y, called),
        "recall": recall_score(y, called),
        "f1": f1_score(y, called),
        "average_precision": average_precision_score(y, scores),
        "roc_auc": roc_auc_score(y, scores),
    }.items():
        assert found[name]["value"] == pytest.approx(expected), name
    tn, fp, fn, tp = confusion_matrix(y, called).ravel().tolist()
    assert found["confusion"] == {"tn": tn, "fp": fp, "fn": fn, "tp": tp}


def test_the_threshold_was_chosen_on_validation(metrics, predictions):
    validation = predictions[predictions["part"] == "validation"]
    y, scores = validation["label"].to_numpy(), validation["score"].to_numpy()

    def expected(threshold: float) -> float:
        called = scores >= threshold
        return scores[called].sum() / (called.sum() + scores.sum())

    chosen = metrics["threshold"]["value"]
    assert expected(chosen) == pytest.approx(max(expected(t) for t in np.unique(scores)))
    assert metrics["validation"]["f1"]["value"] == pytest.approx(f1_score(y, scores >= chosen))


def test_predictions_are_those_of_the_stored_model(run, predictions, draw_telco):
    telco = draw_telco().assign(void=np.nan).set_index("customerID", drop=False)
    predictor = Predictor.load(run / "model")
    scores = predictor.predict_proba(telco.loc[predictions["id"]])[:, 1]
    np.testing.assert_allclose(scores, predictions["score"], rtol=0, atol=1e-12)
    assert predictions["id"].is_unique
    labels = (telco.loc[predictions["id"], "Churn"] == "Yes").to_numpy(int)
    np.testing.assert_array_equal(predictions["label"], labels)
    assert predictor.about["id"] == "customerID"


@pytest.mark.usefixtures("empty_pictures")
def test_the_stored_config_is_read_back_to_the_same_run(run, metrics):
    config = read_config(run / "config.yaml")
    again = train(config, "again")
    assert (again / "config.yaml").read_bytes() == (run / "config.yaml").read_bytes()
    repeated = json.loads((again / "metrics.json").read_text())
    for part in ("test", "validation", "threshold", "parts"):
        assert repeated[part] == metrics[part]
    for path in (run / "model").iterdir():
        assert (again / "model" / path.name).read_bytes() == path.read_bytes()


class Page(HTMLParser):
    """Collects what a page would fetch, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ("src", "srcset", "data", "action") or (name == "href" and tag == "link"):
                self.fetched.append(value or "")

    def handle_data(self, data):
        self.text += data


def test_the_report_stands_alone(run, metrics):
    text = (run / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert all(source.startswith(("data:", "#")) for source in page.fetched)
    assert "@import" not in text
    assert "url(http" not in text.replace(" ", "").lower()
    for model in BASELINES:
        assert model in page.text
    assert f"{metrics['test']['average_precision']['value']:.3f}" in page.text
    assert "void (empty)" in page.text
    assert "2 rows broke the contract" in page.text


def test_rows_set_aside_are_kept_with_their_reason(run, draw_telco):
    kept = pd.read_parquet(run / "quarantine.parquet")
    charges = draw_telco()["MonthlyCharges"][[3, 5]]
    assert kept["MonthlyCharges"].astype(float).tolist() == charges.tolist()
    assert kept["reason"].tolist() == ["no id"] * 2


def test_runs_of_one_name_get_numbers(write_config, telco, small_run):
    settings = read_config(write_config(telco), small_run)
    assert [train(settings, "x").name for _ in range(3)] == ["x", "x-2", "x-3"]


# --- Test rows are never learned from -----------------------------------------------------------


def model_bytes(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (run / "model").iterdir()}


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_poisoned_test_row_changes_no_byte_of_the_model(
    draw_telco, write_config, small_run, ending
):
    telco = draw_telco().assign(paperless=np.random.default_rng(0).random(600) < 0.5)
    clean = train(read_config(write_config(telco, ending), small_run), "clean")
    scores = pd.read_parquet(clean / "predictions.parquet")
    victim = scores.loc[scores["part"] == "test", "id"].iloc[7]
    row = telco.index[telco["customerID"] == victim][0]
    poison = telco.astype({"paperless": object, "tenure": float})
    poison.loc[row, ["gender", "Contract"]] = ["Unheard of", "For ever"]
    poison.loc[row, ["tenure", "MonthlyCharges", "TotalCharges"]] = [np.nan, 1e12, "-7e9"]
    poison.loc[row, "paperless"] = None
    dirty = train(read_config(write_config(poison, ending), small_run), "dirty")
    assert model_bytes(dirty) == model_bytes(clean)
    other = pd.read_parquet(dirty / "predictions.parquet")
    changed = scores.loc[scores["score"] != other["score"], "id"].tolist()
    assert changed == [victim]  # while the row itself, and no other, is scored anew


def test_a_word_in_a_test_row_does_not_change_what_other_rows_mean(write_config, telco, small_run):
    """A text file has no types: one word must not make categories of everyone's numbers."""
    settings = read_config(write_config(telco), small_run)
    table = load_customers(settings)
    victim = table.ids[divide(table, settings).test[0]]
    telco["SeniorCitizen"] = telco["SeniorCitizen"].astype(object)
    telco.loc[telco["customerID"] == victim, "SeniorCitizen"] = "who knows"
    settings = read_config(write_config(telco), small_run)
    with pytest.raises(
        DataError, match=rf"'SeniorCitizen' \(number\): 'who knows' is not a .*{victim}"
    ):
        train(settings)


def test_turned_test_labels_change_no_byte_of_the_model(write_config, telco, small_run, tmp_path):
    """Labels do take part in the division, which is stratified; after it, those of test do not."""
    config = read_config(write_config(telco), small_run)
    table = load_customers(config)
    parts = divide(table, config)
    found = []
    for turn in (False, True):
        if turn:
            table.y[parts.test] = 1 - table.y[parts.test]
        trained = fit_all(config, table, parts, {})
        trained.classifier.save(tmp_path / str(turn) / "model")
        found.append(model_bytes(tmp_path / str(turn)))
    assert found[0] == found[1]


def test_of_the_unlabelled_only_those_before_the_tested_dates_join(write_config, telco, small_run):
    telco["month"] = [f"2024-{1 + i % 6:02d}-01" for i in range(600)]
    telco.loc[:59, "Churn"] = None
    config = read_config(write_config(telco), [*small_run, "columns.date=month"])
    table = load_customers(config)
    assert len(table.unlabelled) == 60
    found = unlabelled_rows(table, divide(table, config))
    before = telco.iloc[:60].query("month < '2024-06-01'")
    assert found["tenure"].tolist() == before["tenure"].tolist()
    assert list(found) == list(table.X)


def test_unlabelled_rows_change_the_machines(write_config, telco, small_run):
    config = read_config(write_config(telco), small_run)
    table = load_customers(config)
    parts = divide(table, config)
    assert unlabelled_rows(table, parts) is None
    more = dataclasses.replace(table, unlabelled=table.X.iloc[:50])
    first, second = (fit_all(config, t, parts, {}).classifier for t in (table, more))
    weights = [c.dbn_.rbms_[0].parameters() for c in (first, second)]
    assert any((weights[0][name] != weights[1][name]).any() for name in weights[0])


# --- Division by time, Parquet, labels that do not speak for themselves ---------------------------


def test_a_date_column_divides_by_time(draw_telco, write_config, small_run):
    telco = draw_telco()
    telco["month"] = [f"2024-{1 + i % 6:02d}-01" for i in range(600)]
    config = read_config(write_config(telco), [*small_run, "columns.date=month"])
    folder = train(config, "by time")
    scores = pd.read_parquet(folder / "predictions.parquet", columns=["id", "part"])
    scores = scores.merge(telco, left_on="id", right_on="customerID")
    months = scores.groupby("part")["month"]
    assert months.max()["validation"] < months.min()["test"]
    assert set(months.get_group("test")) == {"2024-06-01"}
    assert "month" not in [c.name for c in Predictor.load(folder / "model").schema.columns]


# --- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "overrides", "error", "message"),
    [
        (lambda t: t.drop(columns="Churn"), (), DataError, "no label column 'Churn'"),
        (lambda t: t.assign(Churn="No"), (), DataError, r"one class only \('No' in all 600 rows"),
        (lambda t: t.assign(Churn=["a", "b", "c"] * 200), (), DataError, "holds 3 classes: 'a' "),
        (lambda t: t.assign(Churn=["a", "b"] * 300), (), DataError, "say which of them left"),
        (lambda t: t.assign(customerID="x"), (), DataError, "600 rows share their id"),
        (
            lambda t: t.assign(Churn=["Yes", *["No"] * 599]),
            (), DataError, "validation part has 0 churners among .* give more rows",
        ),
        (lambda t: t, ["columns.kinds.tenur=number"], DataError, "did you mean 'tenure'"),
        (lambda t: t, ["columns.kinds.tenure=numeric"], ConfigError, "'number', .*got 'numeric'"),
        (lambda t: t, ["classifier.network.dbn.epoch=1"], ConfigError, "did you mean 'epochs'"),
        (lambda t: t, ["split={validation: 0.5, test: 0.5}"], ConfigError, "rows to train on"),
        (lambda t: t.assign(MonthlyCharges=np.inf), (), DataError, "MonthlyCharges.*inf is infin"),
        (lambda t: t, ["source.path=nowhere.csv"], DataError, r"nowhere\.csv: no such file"),
        (lambda t: t, ["source={}"], ConfigError, "exactly one of 'path', 'sample', 'query'"),
        (
            lambda t: t.assign(void=np.nan)[["customerID", "void", "Churn"]],
            (), DataError, r"nothing to learn from: 'void \(empty\)'",
        ),
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_words(
    write_config, telco, small_run, tmp_path, spoil, overrides, error, message
):
    config = write_config(spoil(telco))
    with pytest.raises(error, match=message):
        train(read_config(config, [*small_run, *overrides]))
    runs = tmp_path / "runs"
    assert not runs.exists() or not list(runs.iterdir())


def test_a_word_among_numbers_is_named(write_config, telco, small_run):
    telco["MonthlyCharges"] = telco["MonthlyCharges"].astype(object)
    telco.loc[17, "MonthlyCharges"] = "see invoice"
    with pytest.raises(
        DataError, match=r"'MonthlyCharges' .*: 'see invoice' is not a num.*0017-ABCD"
    ):
        train(read_config(write_config(telco), small_run))


def test_cuda_is_refused_where_there_is_none(write_config, telco, small_run, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="no CUDA device"):
        train(read_config(write_config(telco), [*small_run, "device=cuda"]))


def test_output_that_cannot_be_written_is_told_before_training(
    write_config, telco, small_run, tmp_path
):
    (tmp_path / "taken").write_text("")
    settings = read_config(write_config(telco), [*small_run, f"output={tmp_path / 'taken'}"])
    with pytest.raises(ConfigError, match=r"no run can be written to .*taken"):
        train(settings)


def test_a_failure_leaves_no_half_written_run(
    write_config, telco, small_run, tmp_path, monkeypatch
):
    def fail(*_):
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr("dbnchurn.runs.fitting.write_quality", fail)
        with pytest.raises(OSError, match="disk full"):
            train(read_config(write_config(telco), small_run))
    (unfinished,) = (tmp_path / "runs").iterdir()
    assert unfinished.name == "run.unfinished"
    assert not (unfinished / "result").exists()
    assert (resume(unfinished) / "data_quality.html").exists()
