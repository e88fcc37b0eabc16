"""The summary of a run on the terminal: each number in the row and column of its own."""

import json

import pytest

from dbnchurn.predictor.model_files import digest_of_folder
from dbnchurn.runs.result import MODEL
from dbnchurn.runs.summary_text import SHOWN, result_table, summary_text

UNDEFINED = {"value": None, "low": None, "high": None}


def cells(table) -> dict[str, list[str]]:
    """Head of each column → its cells."""
    return {str(column.header): list(column.cells) for column in table.columns}


def test_a_row_per_model_and_a_column_per_metric():
    test, baseline = (
        {
            name: {"value": (start + i) / 100, "low": i / 1000, "high": 0.9}
            for i, name in enumerate(SHOWN)
        }
        for start in (10, 50)
    )
    table = cells(result_table({"test": {"n": 120, **test}, "baselines": {"xgboost": baseline}}))
    assert table.pop("model") == [MODEL, "xgboost"]
    assert list(table) == [name.replace("_", " ") for name in SHOWN]
    for i, column in enumerate(table.values()):
        assert column == [f"{(start + i) / 100:.3f} [{i / 1000:.3f}, 0.900]" for start in (10, 50)]


def test_an_undefined_number_is_a_dash():
    numbers = dict.fromkeys(SHOWN, UNDEFINED)
    table = cells(result_table({"test": {"n": 0, **numbers}, "baselines": {}}))
    assert table.pop("model") == [MODEL]
    assert list(table.values()) == [["–"]] * len(SHOWN)


def test_the_title_has_the_number_of_test_customers(finished_run):
    metrics = json.loads((finished_run / "metrics.json").read_text())
    assert result_table(metrics).title == "Test: 120 customers that no model was trained on"


@pytest.mark.parametrize(
    ("chosen_on", "origin"),
    [("validation", "rule f1, chosen on validation"), (None, "fixed in the config")],
)
def test_the_threshold_has_its_origin(chosen_on, origin, tmp_path):
    threshold = {"value": 0.123456, "rule": "f1", "target": None, "chosen_on": chosen_on}
    assert summary_text(tmp_path, {"threshold": threshold}).splitlines() == [
        f"threshold 0.1235 ({origin}); brackets are 95 % intervals",
        f"model:  {tmp_path / 'model'}",
    ]


def test_a_report_is_named_where_there_is_one(own_run):
    metrics = json.loads((own_run / "metrics.json").read_text())
    assert "report:" not in summary_text(own_run, metrics)
    (own_run / "report.html").write_text("<html>")
    outcome, stored, first, report, model, digest = summary_text(own_run, metrics).splitlines()
    assert outcome == json.loads((own_run / "training.json").read_text())["outcome"]
    assert stored == "The numbers are of the stored model, fitted on 390 training customers."
    assert outcome.startswith("Left: Churn = 'Yes', ")
    assert outcome.endswith(" % of 600 customers")
    assert first.startswith(f"threshold {metrics['threshold']['value']:.4f} (rule ")
    assert (report, model) == (f"report: {own_run / 'report.html'}", f"model:  {own_run / 'model'}")
    assert digest == f"digest: {digest_of_folder(own_run / 'model')}"
