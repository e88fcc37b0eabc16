"""What a run stores: measured first, then learned anew from all labelled customers."""

import json

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.runs import read_config, train
from dbnchurn.runs.learned_rows import LEARNED
from dbnchurn.runs.report import report_input
from dbnchurn.runs.stored_model import stored_sentence
from dbnchurn.runs.summary_text import summary_text


@pytest.fixture(scope="module")
def runs(tmp_path_factory, draw_telco, small_run):
    """The run with a second fit and the one without, on the same table."""
    folder = tmp_path_factory.mktemp("stored")
    draw_telco().to_csv(folder / "telco.csv", index=False)
    config = folder / "telco.yaml"
    config.write_text(
        f"source: {{path: {folder / 'telco.csv'}}}\noutput: {folder / 'runs'}\n"
        "columns: {id: customerID, label: Churn}\n"
    )
    return {
        refit: train(read_config(config, [*small_run, f"classifier.refit={refit}"]), str(refit))
        for refit in (True, False)
    }


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_numbers_are_those_of_the_run_without_a_second_fit(runs):
    first, second = (read_json(runs[refit] / "metrics.json") for refit in (True, False))
    for metrics in (first, second):
        del metrics["seconds"]
    assert first == second
    predictions = [pd.read_parquet(runs[refit] / "predictions.parquet") for refit in (True, False)]
    pd.testing.assert_frame_equal(*predictions)


def test_the_stored_model_learned_from_all_rows_and_kept_the_decision(runs, draw_telco):
    again, measured = (Predictor.load(runs[refit] / "model") for refit in (True, False))
    train_rows = read_json(runs[True] / "metrics.json")["parts"]["train"]["rows"]
    assert again.about["training"]["rows"] == 600
    assert measured.about["training"]["rows"] == train_rows == 390
    assert again.threshold == measured.threshold
    new = draw_telco(200, seed=4)
    assert not np.array_equal(again.predict_proba(new), measured.predict_proba(new))
    predictions = pd.read_parquet(runs[False] / "predictions.parquet").set_index("id")["score"]
    rows = draw_telco().set_index("customerID").loc[predictions.index]
    np.testing.assert_allclose(measured.predict_proba(rows)[:, 1], predictions, rtol=1e-9)


def test_what_was_measured_and_what_is_stored_is_said_everywhere(runs):
    """Terminal, report and card; the card has the numbers of rows that chose nothing."""
    sentence = (
        "The numbers are of the fit on 390 training customers. The stored model was then fitted "
        "again on all 600 labelled customers, with the lengths, blend and threshold of that fit."
    )
    folder = runs[True]
    metrics = read_json(folder / "metrics.json")
    assert sentence == stored_sentence(read_json(folder / "training.json")["stored"])
    assert sentence in summary_text(folder, metrics).splitlines()
    assert report_input(folder).stored == sentence
    card = (folder / "model" / "card.md").read_text(encoding="utf-8")
    assert "On 120 test rows" in card
    assert "Measured on the fit of 390 rows" in card
    assert "again on all 600 labelled rows" in card
    value = metrics["test"]["roc_auc"]["value"]
    assert f"| roc auc | {value:.3f} |" in card
    about = Predictor.load(folder / "model").about
    assert about["measured"] == {"part": "test", "rows": 390}


def test_without_a_second_fit_no_byte_of_the_model_comes_from_test_rows(runs):
    folder = runs[False]
    assert "The numbers are of the stored model" in summary_text(
        folder, read_json(folder / "metrics.json")
    )
    card = (folder / "model" / "card.md").read_text(encoding="utf-8")
    assert "On 90 validation rows" in card
    assert "test rows" not in card


def test_the_rows_that_were_learned_from_are_remembered(runs):
    assert [len(pd.read_parquet(runs[refit] / LEARNED)) for refit in (True, False)] == [600, 480]
