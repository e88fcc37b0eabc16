"""Keys tell runs apart by all that matters and nothing else; seals find every damage."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from dbnchurn.experiments.fingerprints import (
    Fingerprints,
    completion_marker,
    key_of,
    of_customers,
    write_completion_marker,
)
from dbnchurn.runs import read_config
from dbnchurn.runs.customers import load_customers, read_customers


@pytest.fixture
def config(write_config, telco, small_run):
    return read_config(write_config(telco), small_run)


def test_a_key_changes_with_config_and_data_but_not_with_places(config):
    key = key_of(config, "data")
    assert key == key_of(config.model_copy(update={"output": config.output / "x"}), "data")
    assert key != key_of(config.model_copy(update={"seed": 1}), "data")
    assert key != key_of(config, "other data")


def test_a_key_changes_with_the_packages(config, monkeypatch):
    key = key_of(config, "data")
    monkeypatch.setattr("dbnchurn.experiments.fingerprints.versions", lambda: {"xgboost": "0"})
    assert key_of(config, "data") != key


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.assign(tenure=t["tenure"] + (t.index == 5)),
        lambda t: t.assign(Churn=t["Churn"].where(t.index != 5, "Yes").where(t.index != 6, "No")),
        lambda t: t.assign(customerID=t["customerID"] + "x"),
        lambda t: t.rename(columns={"tenure": "months"}),
        lambda t: t.iloc[::-1],
        lambda t: t.iloc[1:],
        lambda t: t.assign(gender=t["gender"].where(t.index != 9, "Unknown")),
    ],
)
def test_a_fingerprint_changes_with_every_part_of_the_table(write_config, draw_telco, change):
    telco = draw_telco()
    telco.loc[5, "Churn"], telco.loc[6, "Churn"] = "No", "Yes"
    first, again, other = (
        of_customers(load_customers(read_config(write_config(table))))
        for table in (telco, telco, change(telco))
    )
    assert first == again != other


def test_labels_dates_and_unlabelled_rows_count(config):
    table = load_customers(config)
    known = of_customers(table)
    dates = pd.date_range("2024-01-01", periods=len(table)).to_numpy("datetime64[ns]")
    assert of_customers(replace(table, y=1 - table.y)) != known
    assert of_customers(replace(table, dates=dates)) != known
    assert of_customers(replace(table, unlabelled=table.X.iloc[:3])) != known
    assert of_customers(replace(table, side_columns=table.X[["tenure"]])) != known


def test_a_table_is_read_once_for_configs_that_share_it(config, monkeypatch):
    calls = []

    def read(config, work):
        calls.append(config)
        return read_customers(config, work)

    monkeypatch.setattr("dbnchurn.experiments.fingerprints.read_customers", read)
    known = Fingerprints()
    known.of(config)
    known.of(config.model_copy(update={"seed": 7, "resamples": 60}))
    assert len(calls) == 1
    columns = config.columns.model_copy(update={"drop": ("tenure",)})
    known.of(config.model_copy(update={"columns": columns}))
    assert len(calls) == 2
    assert known.largest > 600 * 5 * 8


@pytest.fixture
def folder(tmp_path):
    run = tmp_path / "run"
    (run / "model").mkdir(parents=True)
    (run / "metrics.json").write_text("{}")
    (run / "model" / "weights").write_bytes(bytes(100))
    write_completion_marker(run, {"key": "k", "seed": 3})
    return run


def test_a_seal_holds_the_facts(folder):
    facts = completion_marker(folder)
    assert (facts["key"], facts["seed"]) == ("k", 3)
    assert set(facts["files"]) == {"metrics.json", "model/weights"}
    assert sorted(path.name for path in folder.iterdir()) == ["metrics.json", "model", "seal.json"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda run: (run / "model" / "weights").write_bytes(bytes(99)),
        lambda run: (run / "metrics.json").unlink(),
        lambda run: (run / "new").write_text(""),
        lambda run: (run / "seal.json").unlink(),
        lambda run: (run / "seal.json").write_text((run / "seal.json").read_text()[:-9]),
        lambda run: (run / "seal.json").write_text(json.dumps({"key": "k"})),
        lambda run: (run / "seal.json").write_text("[]"),
    ],
)
def test_no_damage_passes(folder, damage):
    damage(folder)
    assert completion_marker(folder) is None
