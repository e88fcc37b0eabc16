"""Several tables to a trained model, and next month's features from the model alone."""

import json
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dbnchurn.cli import main
from dbnchurn.core.errors import ArtifactError, ConfigError, DataError
from dbnchurn.data.simulate import simulate
from dbnchurn.runs import read_config, train
from dbnchurn.runs.customers import read_customers
from dbnchurn.runs.report import report_input
from dbnchurn.scoring.month import build_month

CONFIG = Path(__file__).parents[2] / "configs" / "crm.yaml"
CUSTOMERS = 12_000
FAST = (
    "baselines=[logistic regression]", "resamples=50", "n_threads=1",
    "classifier.network.dbn.epochs=1",
    "classifier.network.dbn.layers=[16]", "classifier.network.finetune.epochs=2",
    "classifier.leaves.n_trees=20", "classifier.extra_trees.n_trees=5",
    "report.page=false", "classifier.refit=false", "classifier.leaves.folds=2",
    "classifier.companion={pretrain: false, dbn: {layers: [6]}, finetune: {epochs: 1}}",
)  # fmt: skip


def command(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert not ended.value.code


@pytest.fixture(scope="module")
def crm(tmp_path_factory):
    """Clean tables of five months, so that there are two cutoffs."""
    folder = tmp_path_factory.mktemp("crm")
    return simulate(folder / "tables", customers=CUSTOMERS, months=5, dirt=0)


def config_of(crm, output, *overrides):
    paths = [f"data.tables.{t}.path={crm / t}" for t in ("basic", "complaints", "optical")]
    return read_config(
        CONFIG, [*paths, f"data.truth={crm / 'truth'}", f"output={output}", *FAST, *overrides]
    )


@pytest.fixture(scope="module")
def run(crm, tmp_path_factory):
    cutoffs = "data.windows.cutoffs=[2024-08-01, 2024-09-01]"
    return train(config_of(crm, tmp_path_factory.mktemp("runs"), cutoffs), "crm")


def test_a_run_keeps_what_it_found_out_about_its_tables(run):
    facts = json.loads((run / "tables.json").read_text())
    assert set(facts["tables"]) == {"basic", "complaints", "optical"}
    assert {join["table"]: join["orphans"] for join in facts["joins"]}["optical"] == 0
    page = (run / "data_quality.html").read_text()
    for words in ("Contracts", "Joins", "Snapshots", "basic_broadband_gb_trend", "2024-09-01"):
        assert words in page
    assert "://" not in page


def test_logistic_regression_stays_under_three_quarters_of_the_attainable(run):
    metrics = json.loads((run / "metrics.json").read_text())
    best = metrics["attainable"]["average_precision"]["best"]
    assert metrics["baselines"]["logistic regression"]["average_precision"]["value"] < 0.75 * best
    for part in metrics["attainable"].values():
        assert 0 < part["share"] < 1.1
    assert "share of the attainable average precision" in report_input(run).facts


def test_only_snapshots_that_had_closed_are_trained_on(run):
    parts = json.loads((run / "metrics.json").read_text())["parts"]
    # August's outcome was known on 1 September, the cutoff of the test.
    truth = parts["train"]["rows"] + parts["validation"]["rows"]
    assert truth == CUSTOMERS
    assert parts["test"]["rows"] < CUSTOMERS


def test_drawn_customers_are_told_in_report_tables_and_card(crm, tmp_path):
    config = config_of(crm, tmp_path, "data.most_rows=3000", "baselines=[]")
    drawn = train(config, "drawn")
    parts = json.loads((drawn / "metrics.json").read_text())["parts"]
    used = sum(parts[part]["rows"] for part in ("train", "validation", "test"))
    told = json.loads((drawn / "tables.json").read_text())["draw"]
    assert (told["table_rows"], told["rows"], told["most_rows"]) == (CUSTOMERS, used, 3000)
    assert not told["boosted"]
    assert 2_900 < used <= 3_000
    warnings = json.loads((drawn / "training.json").read_text())["warnings"]
    assert f"the table has {CUSTOMERS} rows, more than data.most_rows 3000" in warnings[0]
    assert f"of a table of {CUSTOMERS} rows, the {used} of" in (drawn / "model/card.md").read_text()


def test_next_month_is_built_from_the_model_as_training_would_have(crm, run, tmp_path):
    built = build_month(
        run / "model", date(2024, 8, 1), tmp_path / "month", n_threads=1, trust_sources=True
    )
    paths = [f"data.tables.{t}.path={crm / t}" for t in ("basic", "complaints", "optical")]
    command("prepare", "--output", tmp_path / "train", CONFIG, *paths)
    month = pd.read_parquet(built.features)
    training = pd.read_parquet(tmp_path / "train" / "features.parquet")
    pd.testing.assert_frame_equal(month, training.drop(columns="label"), check_exact=True)


def test_a_scoring_month_is_scored_like_the_same_rows_in_the_test(crm, run, tmp_path):
    features = tmp_path / "september"
    model, scores = run / "model", tmp_path / "scores.parquet"
    how = ("--cutoff", "2024-09-01", "--output", features, "--trust-sources")
    command("prepare", "--model", model, *how)
    command("score", model, features / "features.parquet", "--output", scores)
    found = pd.read_parquet(scores).set_index("id")["probability"]
    told = pd.read_parquet(run / "predictions.parquet").query("part == 'test'").set_index("id")
    np.testing.assert_allclose(found[told.index], told["score"], atol=1e-6)


def test_the_model_holds_names_of_secrets_and_no_truth(run):
    plan = json.loads((run / "model" / "manifest.json").read_text())["about"]["data"]
    assert set(plan) == {"tables", "base", "windows", "label", "neighbours", "features", "ratios"}
    assert plan["tables"]["basic"]["columns"]["age"]["high"] == 110


def test_tables_may_have_moved(crm, run, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(crm / "basic", moved)
    how = {"paths": {"basic": str(moved)}, "n_threads": 1, "trust_sources": True}
    built = build_month(run / "model", date(2024, 8, 1), tmp_path / "out", **how)
    assert built.rows == CUSTOMERS
    with pytest.raises(ConfigError, match="there is no table 'basics': did you mean 'basic'"):
        build_month(run / "model", date(2024, 8, 1), tmp_path / "x", paths={"basics": "y"})


def test_a_month_that_breaks_the_contract_is_refused(crm, run, tmp_path):
    frame = pd.read_parquet(crm / "complaints").assign(kind="unheard of")
    path = tmp_path / "complaints.parquet"
    frame.to_parquet(path)
    with pytest.raises(DataError, match="kind: not one of its levels"):
        build_month(
            run / "model",
            date(2024, 8, 1),
            tmp_path / "out",
            paths={"complaints": str(path)},
            trust_sources=True,
        )
    assert not (tmp_path / "out").exists()


def test_a_cutoff_is_needed_and_a_model_of_one_table_has_no_plan(run, tmp_path):
    with pytest.raises(ConfigError, match="so a cutoff is needed"):
        build_month(run / "model", None, tmp_path / "out", trust_sources=True)
    manifest = json.loads((run / "model" / "manifest.json").read_text())
    model = tmp_path / "model"
    shutil.copytree(run / "model", model)
    manifest["about"]["data"] = {"tables": {}}
    (model / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match="its data plan cannot be read"):
        build_month(model, date(2024, 8, 1), tmp_path / "out")
    del manifest["about"]["data"]
    (model / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match="trained from one table"):
        build_month(model, date(2024, 8, 1), tmp_path / "out")


def test_a_leak_stops_the_run_before_anything_is_written(crm, tmp_path):
    leak = "data.features.basic.window.last=[status, contract_months_left]"
    query = (
        "data.tables.late={query: 'SELECT customer_id, max(status) AS last_status FROM basic "
        "GROUP BY ALL', key: customer_id, columns: {last_status: {kind: category}}}"
    )
    config = config_of(
        crm, tmp_path / "runs", query, "data.features.late={values: all}", "data.ratios={}", leak
    )
    with pytest.raises(DataError) as stopped:
        train(config, "leak")
    assert "single_column: late_last_status: AUC 0.9" in str(stopped.value)
    assert "outcome_window: late_last_status" in str(stopped.value)
    assert not list((tmp_path / "runs").iterdir())


def test_either_one_table_or_several(crm, tmp_path):
    with pytest.raises(ConfigError, match="give either 'source' and 'columns'"):
        config_of(crm, tmp_path, "source={sample: tv_subscriptions}", "columns={label: churn}")


def test_all_values_that_cannot_be_read_are_counted_and_named_by_customer(
    telco, write_config, small_run
):
    telco["MonthlyCharges"] = telco["MonthlyCharges"].astype(object)
    telco.loc[[7, 100, 550], "MonthlyCharges"] = "much"
    telco["tenure"] = telco["tenure"].astype(object)
    telco.loc[3, ["tenure", "Churn"]] = ["long", None]
    with pytest.raises(DataError) as told:
        train(read_config(write_config(telco), small_run))
    message = str(told.value)
    assert "'much' is not a number; leave it empty if it is unknown (customer 0007-ABCD; 3 rows in all)" in message  # noqa: E501  # fmt: skip
    assert "'long' is not a number; leave it empty if it is unknown (a customer without outcome; 1 row in all)" in message  # noqa: E501  # fmt: skip


def test_no_note_holds_a_value_of_a_private_column(tmp_path):
    rows = [f"{k};{k % 28 + 1:02d}.12.20{k % 20:02d};{k},5;{k % 3 == 0}" for k in range(60)]
    file = tmp_path / "t.csv"
    file.write_text("\n".join(["id;since;debt;left", *rows]))
    config = tmp_path / "t.yaml"
    config.write_text(f"source: {{path: {file}}}\ncolumns: {{id: id, label: left}}\n")
    plain, _ = read_customers(read_config(config), tmp_path)
    assert any("'since'" in note and "12.20" in note for note in plain.notes)
    table, _ = read_customers(read_config(config, ["private=[since]"]), tmp_path)
    assert list(table.X) == ["debt"]
    assert not any("12.20" in note for note in table.notes)
    assert "private, and in no note: 'since'" in table.notes
    assert any("'debt'" in note for note in table.notes)
    with pytest.raises(ConfigError, match="'id' is private, and id"):
        read_config(config, ["private=[id]"])
    with pytest.raises(DataError, match=r"no column 'Since', which is to be left out: .*'since'"):
        read_customers(read_config(config, ["private=[Since]"]), tmp_path)


def test_a_private_column_that_no_source_table_has_is_refused(crm, tmp_path):
    with pytest.raises(
        DataError, match="private: no table has the column 'distrikt': did you mean 'district'"
    ):
        read_customers(config_of(crm, tmp_path, "private=[distrikt]"), tmp_path)
