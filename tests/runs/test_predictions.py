"""The table of predictions: every row has its own id, label, score, gain, month and groups."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.evaluate import contact_gain
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.predictions import models, predictions, score_column
from dbnchurn.runs.result import MODEL
from tests.runs.made_results import make_result

ONE_TABLE = {"source": {"path": "mine.csv"}, "columns": {"label": "churned"}}


def make_config(**sections: object) -> RunConfig:
    return RunConfig.model_validate({**ONE_TABLE, **sections})


def test_rows_are_the_validation_and_then_the_test_customers(fitted, customers):
    X, y = customers
    result = make_result(fitted, X, y, "xgboost", "logistic regression")
    frame = predictions(result, make_config())
    assert frame["id"].tolist() == [f"C{i:04d}" for i in range(420, 600)]
    assert frame["part"].tolist() == ["validation"] * 80 + ["test"] * 100
    assert frame["label"].tolist() == y[420:].tolist()
    score = fitted.predict_proba(X.iloc[420:])[:, 1]
    np.testing.assert_allclose(frame["score"], score)
    np.testing.assert_allclose(frame["score xgboost"], score / 2)
    np.testing.assert_allclose(frame["score logistic regression"], score / 3)
    assert not {"month", "truth"} & set(frame)


def test_gains_are_of_each_customers_own_costs(fitted, customers):
    X, y = customers
    worth = np.random.default_rng(0).uniform(50, 500, 600)
    result = make_result(fitted, X, y, side_columns=pd.DataFrame({"worth": worth}))
    costs = {"tp_cost": 5, "fp_cost": 10, "fn_cost": "worth"}
    frame = predictions(result, make_config(campaign={"costs": costs}))
    expected = contact_gain(y[420:], tp_cost=5, fp_cost=10, tn_cost=0, fn_cost=worth[420:])
    np.testing.assert_allclose(frame["gain"], expected)
    assert (frame.loc[frame["label"] == 0, "gain"] == -10).all()


def test_months_are_those_of_the_snapshots(fitted, customers):
    dates = np.datetime64("2023-01-15") + np.arange(600).astype("timedelta64[D]")
    result = make_result(fitted, *customers, dates=dates.astype("datetime64[s]"))
    frame = predictions(result, make_config())
    assert frame["month"].tolist() == [str(date)[:7] for date in dates[420:]]


def test_groups_are_of_the_named_columns_or_the_three_strongest(fitted, customers):
    X, y = customers
    result = make_result(fitted, X, y)
    frame = predictions(result, make_config(report={"groups": ["plan", "tv"]}))
    assert [name for name in frame if name.startswith("group ")] == ["group plan", "group tv"]
    own = X["plan"].iloc[420:].to_numpy()
    known = frame["group plan"].notna().to_numpy()
    assert (known == pd.notna(own)).all()
    assert (frame["group plan"].to_numpy()[known] == own[known]).all()
    strongest = [f"group {name}" for name in list(result.strength)[:3]]
    by_default = predictions(result, make_config())
    assert [name for name in by_default if name.startswith("group ")] == strongest


# --- True probabilities of simulated customers ----------------------------------------------------


def simulated(truth) -> RunConfig:
    """A config of two tables with the true probabilities in `truth`."""
    data = {
        "tables": {
            "bills": {"path": "bills.csv", "key": "id", "date": "month", "grain": "month"},
            "left": {"path": "left.csv", "key": "id", "date": "day"},
        },
        "base": "bills",
        "windows": {"cutoffs": ["2024-08-01"]},
        "label": {"table": "left", "kind": "events"},
        "features": {"bills": {"window": {"mean": ["amount"]}}},
        "truth": str(truth),
    }
    return RunConfig.model_validate({"data": data})


def write_truth(path, rows: np.ndarray) -> None:
    ids = [f"C{i:04d}" for i in rows]
    pd.DataFrame({"id": ids, "probability": rows / 1000}).to_parquet(path)


def test_test_customers_have_their_true_probability(fitted, customers, tmp_path):
    write_truth(tmp_path / "truth.parquet", np.random.default_rng(0).permutation(600))
    frame = predictions(make_result(fitted, *customers), simulated(tmp_path / "truth.parquet"))
    truth = frame.set_index("part")["truth"]
    assert truth["validation"].isna().all()
    np.testing.assert_allclose(truth["test"], np.arange(500, 600) / 1000)


def test_a_truth_that_lacks_test_customers_is_refused(fitted, customers, tmp_path):
    write_truth(tmp_path / "truth.parquet", np.arange(597))
    with pytest.raises(DataError, match="lacks 3 of the test customers"):
        predictions(make_result(fitted, *customers), simulated(tmp_path / "truth.parquet"))


# --- Names of the columns with scores -------------------------------------------------------------


def test_models_are_read_back_from_the_columns_of_their_scores():
    names = [MODEL, "xgboost", "score keeper"]
    columns = ["id", *(score_column(name) for name in names), "gain", "group score"]
    assert columns[1:4] == ["score", "score xgboost", "score score keeper"]
    assert models(pd.DataFrame(columns=columns)) == names


def test_a_run_folder_has_these_columns(finished_run):
    frame = pd.read_parquet(finished_run / "predictions.parquet")
    assert list(frame)[:5] == ["id", "part", "label", "score", "gain"]
    assert models(frame) == [MODEL]
