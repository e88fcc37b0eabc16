"""A challenger trained on a later month, and the champion on the same rows."""

import json

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.campaign.feedback import FeedbackSection
from dbnchurn.core.errors import ConfigError
from dbnchurn.months.folder_registry import FolderRegistry
from dbnchurn.months.recalibration import Recalibration
from dbnchurn.months.retraining import retrain
from dbnchurn.runs import read_config
from dbnchurn.runs.backtest import backtest
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
    assert kept == (not done.taken)
    assert (tmp_path / "models" / "champion").exists() == done.taken
    assert "recalibration_trial" in told
    with pytest.raises(ConfigError, match="learned from outcomes of days before 2024-09-01"):
        retrain(config, done.run / "model")


@pytest.fixture
def later(fitted, tmp_path, draw_customers, small_run):
    """``later(shift)``: a champion and the config of a month whose odds are those of its scores,
    times ``exp(shift)``."""

    def make(shift, *overrides):
        fitted.save(tmp_path / "old" / "model", about={"id": "customer"})
        X, _ = draw_customers(1600, seed=8)
        p = Predictor.load(tmp_path / "old" / "model").predict_proba(X)[:, 1]
        left = np.random.default_rng(0).random(len(X)) < Recalibration(1.0, shift).apply(p)
        frame = X.assign(customer=range(len(X)), churn=np.where(left, "yes", "no"))
        frame.to_csv(tmp_path / "month.csv", index=False)
        path = tmp_path / "month.yaml"
        source, columns = (
            {"path": str(tmp_path / "month.csv")},
            {"id": "customer", "label": "churn"},
        )
        told = {"source": source, "columns": columns, "output": str(tmp_path / "runs")}
        path.write_text(json.dumps(told))
        return tmp_path / "old" / "model", read_config(path, [*small_run, *overrides])

    return make


def test_two_numbers_that_suffice_are_taken_and_nothing_is_trained(later, tmp_path):
    champion, config = later(1.0)
    before = {path.name: path.read_bytes() for path in champion.iterdir()}
    done = retrain(config, champion, name="month", registry=tmp_path / "models")
    assert done.found is None
    assert done.trial.suffices
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["month-recalibrated"]
    assert (
        done.champion == tmp_path / "models" / Predictor.load(done.recalibrated).version / "model"
    )
    assert FolderRegistry(tmp_path / "models").champion() == done.champion
    assert (done.champion.parent / "learned_rows.parquet").is_file()
    assert before == {path.name: path.read_bytes() for path in champion.iterdir()}
    # The month that the two numbers were fitted to is no test of them.
    again = backtest(done.champion, tmp_path / "month.csv", label="churn", resamples=1)
    assert again.learned == len(done.trial.fitted)
    with pytest.raises(ConfigError, match="the champion learned from"):
        retrain(config, done.champion)


def test_contacted_customers_are_left_out_of_the_trial(later, tmp_path, caplog):
    caplog.set_level("INFO", "dbnchurn")
    champion, config = later(1.0)
    log = pd.DataFrame({
        "customer": range(400), "campaign": "spring", "offer": "discount", "channel": "mail",
        "arm": np.where(np.arange(400) < 200, "control", "contact"),
        "propensity": 0.5, "contact_date": "2026-03-05",
    })  # fmt: skip
    log.to_csv(tmp_path / "log.csv", index=False)
    feedback = {"log": str(tmp_path / "log.csv"), "since": "2026-03-01", "days": 31}
    section = FeedbackSection.model_validate(feedback)
    done = retrain(config.model_copy(update={"feedback": section}), champion)
    assert done.trial is not None
    assert "200 of 1,600 customers were contacted by a campaign" in caplog.text
    assert "200 who were held out stay in it" in caplog.text
    tested = pd.read_parquet(done.run / "predictions.parquet").query("part == 'test'")
    contacted = tested["id"].astype(int).between(200, 399)
    assert contacted.any()
    assert done.found.rows == (~contacted).sum()
    assert len(done.trial.fitted) + len(done.trial.tested) == 1_400
    without = feedback | {"since": None}
    with pytest.raises(ConfigError, match="the table has no dates"):
        retrain(
            config.model_copy(update={"feedback": FeedbackSection.model_validate(without)}),
            champion,
        )


@pytest.mark.long
def test_two_numbers_are_not_tried_where_the_config_says_so(later):
    champion, config = later(1.0, "retraining.recalibrate=never")
    done = retrain(config, champion)
    assert (done.trial, done.recalibrated) == (None, None)
    assert done.found is not None
