"""The table of a run in the form papers print it, and what follows from figures that clash."""

import html
import json
import re

import pandas as pd
import pytest

from dbnchurn.runs import read_config, train
from dbnchurn.runs.published import (
    accuracy_of,
    f1_of,
    markdown,
    notes,
    precision_of,
    remarks,
    run_table,
)
from dbnchurn.runs.sections import PublishedFigures

PAPER = PublishedFigures(precision=0.9908, recall=0.8811, f1=0.8927, base_rate=0.0354)


@pytest.mark.parametrize(("tp", "fp", "fn", "tn"), [(30, 10, 20, 940), (1, 0, 99, 900)])
def test_the_ties_between_figures_hold_for_any_confusion(tp, fp, fn, tn):
    precision, recall, total = tp / (tp + fp), tp / (tp + fn), tp + fp + fn + tn
    f1 = f1_of(precision, recall)
    assert f1 == pytest.approx(2 * tp / (2 * tp + fp + fn))
    assert precision_of(recall, f1) == pytest.approx(precision)
    found = accuracy_of(precision, recall, (tp + fn) / total)
    assert found == pytest.approx((tp + tn) / total)


def test_the_papers_figures_clash_and_nearly_fit_as_an_accuracy():
    said = list(remarks("paper", PAPER))
    assert len(said) == 2
    assert "make an F1 of 93.27%, not 89.27%" in said[0]
    needed = precision_of(0.8811, 0.8927)
    accuracy = accuracy_of(needed, 0.8811, 0.0354)
    assert f"a precision of {needed:.2%}" in said[1]
    assert abs(accuracy - 0.9908) < 0.0025  # nearly: a quarter of a point, and not exactly
    assert f"an accuracy of {accuracy:.2%}" in said[1]


def test_figures_that_agree_or_are_too_few_are_passed_over():
    agreeing = PublishedFigures(precision=0.8, recall=0.6, f1=0.6857)
    assert not list(remarks("x", agreeing))
    assert not list(remarks("x", PublishedFigures(precision=0.8, f1=0.1)))
    assert len(list(remarks("x", PublishedFigures(precision=0.9, recall=0.1, f1=0.9)))) == 1


@pytest.mark.usefixtures("empty_pictures")
def test_every_run_has_the_table_and_it_is_that_of_its_metrics(
    write_config, telco, small_run, tmp_path
):
    more = "published: {paper: {precision: 0.9908, recall: 0.8811, f1: 0.8927, base_rate: 0.0354}}"
    config = read_config(
        write_config(telco, more=more),
        [*small_run, "baselines=[logistic regression, xgboost]", "report.page=true"],
    )
    folder = train(config, "telco")
    metrics = json.loads((folder / "metrics.json").read_text())
    table = pd.read_csv(folder / "table.csv").set_index("model")
    assert list(table.index) == ["dbnchurn", "logistic regression", "xgboost", "paper"]
    for model, found in {"dbnchurn": metrics["test"], **metrics["baselines"]}.items():
        for name in ("accuracy", "precision", "recall", "f1"):
            assert table.loc[model, name] == pytest.approx(found[name]["value"])
            assert table.loc[model, f"{name}_high"] == pytest.approx(found[name]["high"])
    assert table.loc["paper", "recall"] == 0.8811
    assert pd.isna(table.loc["paper", "accuracy"])
    text = (folder / "table.md").read_text()
    assert text == markdown(run_table(metrics, config.published), notes(metrics, config.published))
    assert "| paper | – | 99.08 | 88.11 | 89.27 |" in text
    assert f"{100 * metrics['test']['recall']['value']:.2f} [" in text
    assert f"an accuracy of {1 - metrics['test']['base_rate']:.2%}" in text
    page = html.unescape((folder / "report.html").read_text())
    for note in notes(metrics, config.published):
        assert f"<li>{note}</li>" in page
    rows = dict(
        re.findall(r'<tr[^>]*><th scope="row">([^<]+)(?:<small.*?</th>|</th>)(.*)</tr>', page)
    )
    assert re.findall(r"<td>([^<]*)", rows["paper"]) == ["–", "99.08 %", "88.11 %", "89.27 %"]
    recall = f"{100 * metrics['test']['recall']['value']:.2f} %"
    assert page.count(f"<td>{recall}<small>") == 1
    curves = json.loads((folder / "curves.json").read_text())
    assert len(curves["finetune"]) == 2
    assert [len(curve) for curve in curves["rbm"]] == [1, 1]
