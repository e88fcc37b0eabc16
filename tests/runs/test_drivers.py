"""A run tells what drives its scores; what it tells can be recomputed from its folder."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.cli import main
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.html.format import percent
from dbnchurn.predictor.explain.contributions import Explainer
from dbnchurn.runs import read_config, train
from dbnchurn.runs.drivers import SAMPLE, check_display_names, find_drivers
from dbnchurn.runs.result import MODEL
from dbnchurn.tables.reading import read
from tests.conftest import pictures_left_empty
from tests.runs.made_results import make_result

LABELS = "display_names: {tenure: Months with us, Contract: Kind of <contract>}\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory, draw_telco, small_run) -> Path:
    folder = tmp_path_factory.mktemp("run")
    draw_telco().to_csv(folder / "telco.csv", index=False)
    config = folder / "telco.yaml"
    config.write_text(
        f"source: {{path: {folder / 'telco.csv'}}}\noutput: {folder / 'runs'}\n{LABELS}"
        "columns: {id: customerID, label: Churn}\n"
    )
    with pictures_left_empty():
        return train(read_config(config, [*small_run, "report.page=true"]), "telco")


@pytest.fixture(scope="module")
def reasons(run) -> dict:
    return json.loads((run / "training.json").read_text())["reasons"]


@pytest.fixture(scope="module")
def held_out(run, draw_telco) -> pd.DataFrame:
    found = pd.read_parquet(run / "predictions.parquet").query("part == 'test'")
    return draw_telco().set_index("customerID").loc[found["id"]].reset_index()


def contribution_of(found: pd.DataFrame, column: str) -> pd.Series:
    ranks = range(1, found.shape[1] // 4 + 1)
    parts = [found[f"contribution_{r}"].where(found[f"column_{r}"] == column, 0) for r in ranks]
    return sum(part.fillna(0) for part in parts)


def test_drivers_are_those_of_the_stored_model(run, reasons, held_out):
    columns = [driver["column"] for driver in reasons["columns"]]
    predictor = Predictor.load(run / "model")
    found = predictor.reasons(held_out, k=len(columns))
    assert reasons["customers"] == len(held_out)
    assert sorted(columns) == sorted(column.name for column in predictor.schema.used)
    for driver in reasons["columns"]:
        mean = contribution_of(found, driver["column"]).abs().mean()
        assert driver["mean_absolute"] == pytest.approx(mean, abs=1e-4)  # told to 4 decimals
    sizes = [driver["mean_absolute"] for driver in reasons["columns"]]
    assert sizes == sorted(sizes, reverse=True)
    assert {"Contract", "tenure"} <= set(columns[:4])


def test_directions_are_those_that_were_planted(reasons):
    said = {driver["column"]: driver["direction"] for driver in reasons["columns"]}
    assert said["tenure"] == "a higher value lowers the risk"
    assert said["Contract"].startswith("highest for Month-to-month, lowest for ")


def test_examples_are_reasons_of_the_stored_model(run, reasons, held_out):
    found = Predictor.load(run / "model").reasons(held_out.set_index("customerID"), k=3)
    assert len(reasons["examples"]) == 6
    for example in reasons["examples"]:
        row = found.loc[example["id"]]
        assert [told["reason"] for told in example["reasons"]] == [
            row[f"reason_{rank}"] for rank in (1, 2, 3) if not pd.isna(row[f"reason_{rank}"])
        ]
    scores = [example["probability"] for example in reasons["examples"]]
    assert scores == sorted(scores, reverse=True)


def test_examples_are_the_top_four_the_first_after_a_quarter_and_the_last(run, reasons):
    test = pd.read_parquet(run / "predictions.parquet").query("part == 'test'")
    ranked = test.sort_values("score", ascending=False, kind="stable")["id"].tolist()
    expected = [*ranked[:4], ranked[len(ranked) // 4], ranked[-1]]
    assert [example["id"] for example in reasons["examples"]] == expected


def test_reasons_are_faithful_and_random_ones_are_not(reasons):
    measured = reasons["faithfulness"]
    assert measured["sign"] > 0.9 > 0.8 > measured["random"]["sign"]
    assert measured["correlation"] > 0.9
    assert measured["random"]["correlation"] < 0.5
    falls = measured["fall"]
    assert falls["reasons"][-1] > 0.8 * falls["occlusion"][-1] > 0
    assert falls["reasons"][-1] > 2 * falls["random columns"][-1]


def test_the_report_shows_them(run, reasons):
    text = (run / "report.html").read_text()
    assert "Why customers score as they do" in text
    assert "Months with us: " in text
    assert "Kind of &lt;contract&gt;: " in text
    assert "Kind of <contract>" not in text
    for example in reasons["examples"]:
        assert example["id"] in text
    assert f"{percent(reasons['faithfulness']['sign'])} of the first 3 reasons" in text


def test_labels_go_with_the_model(run):
    labels = Predictor.load(run / "model").about["column_labels"]
    assert labels == {"tenure": "Months with us", "Contract": "Kind of <contract>"}


def test_the_same_seed_gives_the_same_numbers(run, reasons):
    again = train(read_config(run / "config.yaml", ["report.page=false"]), "again")
    found = json.loads((again / "training.json").read_text())["reasons"]
    assert found == reasons


def test_labels_of_unknown_columns_are_refused(write_config, telco, small_run):
    config = write_config(telco, more="display_names: {tenur: Months}\n")
    with pytest.raises(ConfigError, match="'tenur': did you mean 'tenure'"):
        train(read_config(config, small_run))


def test_a_model_of_a_run_explains_from_the_command_line(run, held_out, tmp_path, capsys):
    held_out.to_parquet(tmp_path / "new.parquet")
    output = tmp_path / "reasons.csv"
    with pytest.raises(SystemExit) as end:
        main(["score", str(run / "model"), str(tmp_path / "new.parquet"), "--output", str(output),
              "--reasons", "3", "--show", "5"])  # fmt: skip
    assert not end.value.code
    found = pd.read_csv(output)
    assert found["id"].tolist() == held_out["customerID"].tolist()
    assert found["reason_1"].str.contains("Months with us|Kind of <contract>").any()
    assert "Months with us" in capsys.readouterr().out
    predictions = pd.read_parquet(run / "predictions.parquet").query("part == 'test'")
    np.testing.assert_allclose(found["probability"], predictions["score"], atol=1e-9)


# --- Without a run folder -------------------------------------------------------------------------


def test_display_names_of_columns_that_are_there_are_accepted():
    check_display_names({"tenure": "Months with us"}, ["tenure", "Contract"])
    check_display_names({}, [])
    with pytest.raises(ConfigError, match="names the column 'contract': did you mean 'Contract'"):
        check_display_names({"tenure": "Months", "contract": "Kind"}, ["tenure", "Contract"])


def test_drivers_are_mean_absolute_contributions_of_the_test_customers(fitted, customers):
    result = make_result(fitted, *customers)
    drivers = find_drivers(result, {"debt": "Money owed"}, random_state=0)
    assert drivers["customers"] == 100
    table, _ = read(fitted.schema_, customers[0].iloc[result.parts.test])
    contributions = np.abs(Explainer(fitted.record_).contributions(table)).mean(axis=0)
    expected = dict(zip([*table.number_names, *table.code_names], contributions, strict=True))
    measured = {driver["column"]: driver["mean_absolute"] for driver in drivers["columns"]}
    assert measured == pytest.approx(expected)
    first = drivers["columns"][0]
    assert (first["column"], first["label"]) == ("debt", "Money owed")
    assert first["direction"] == "a higher value raises the risk"
    assert {d["label"] for d in drivers["columns"][1:]} == {"age", "plan", "tv", "since"}


def test_of_many_test_customers_a_sample_is_explained(fitted, draw_customers):
    result = make_result(fitted, *draw_customers(1500, seed=2))
    rows = np.arange(1500)
    scores = {"test": fitted.predict_proba(result.customers.X)[:, 1]}
    parts = replace(result.parts, train=rows[:0], validation=rows[:0], test=rows)
    large = replace(result, parts=parts, scores={MODEL: scores})
    drivers = find_drivers(large, {}, random_state=3)
    assert drivers["customers"] == SAMPLE
    for example in drivers["examples"]:
        assert example["probability"] == scores["test"][int(example["id"].removeprefix("C"))]
    assert find_drivers(large, {}, random_state=3) == drivers
    assert find_drivers(large, {}, random_state=4) != drivers
