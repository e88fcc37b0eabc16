"""A challenger trained on a later month, and the champion on the same rows."""

import json

import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.months.retraining import retrain
from dbnchurn.runs import read_config
from tests.data.small_crm import PLAN, deep


@pytest.fixture
def config(month_by_month, small_run, tmp_path):
    """A config of August, whose tables are those of the champion."""
    paths = {n: {"path": str(month_by_month / f"{n}.parquet")} for n in PLAN["tables"]}
    windows = {"cutoffs": ["2024-08-01"], "observation": "2 months"}
    data = deep(PLAN, {"tables": paths, "windows": windows})
    path = tmp_path / "august.yaml"
    path.write_text(json.dumps({"data": data, "output": str(tmp_path / "runs")}))
    return read_config(path, [*small_run, "report.page=false", "leakage.allow={identifier: drawn}"])


def test_both_are_measured_on_rows_that_neither_learned(month_by_month, config, tmp_path):
    done = retrain(config, month_by_month / "model", registry=tmp_path / "models")
    tested = pd.read_parquet(done.run / "predictions.parquet").query("part == 'test'")
    assert (done.found.rows, done.found.left) == (len(tested), tested["label"].sum())
    told = json.loads((done.run / "challenge.json").read_text())
    assert told["promoted"] == done.found.promoted
    kept = done.champion == month_by_month / "model"
    assert kept == (not done.found.promoted)
    assert (tmp_path / "models" / "champion").exists() == done.found.promoted
    with pytest.raises(ConfigError, match="learned from outcomes of days before 2024-09-01"):
        retrain(config, done.run / "model")
