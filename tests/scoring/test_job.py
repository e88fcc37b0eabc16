"""A scoring job writes the predictor's numbers, whole, or says why it wrote nothing."""

import logging

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.errors import ArtifactError, ConfigError, DataError
from dbnchurn.scoring import score_file


@pytest.fixture
def table(customers, tmp_path):
    path = tmp_path / "new.parquet"
    customers[0].assign(customer=[f"C{i}" for i in range(600)]).to_parquet(path, index=False)
    return path


def read(path) -> pd.DataFrame:
    return pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)


@pytest.mark.parametrize("source", ["csv", "parquet"])
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_scores_are_those_of_the_predictor(model, customers, table, tmp_path, source, ending):
    if source == "csv":
        frame = pd.read_parquet(table)
        table = table.with_suffix(".csv")
        frame.to_csv(table, index=False)
    output = tmp_path / "out" / f"scores.{ending}"
    returned = score_file(model, table, output, id="customer")
    predictor = Predictor.load(model)
    scores = predictor.predict_proba(customers[0])[:, 1]
    for found in (returned.read(), read(output)):
        assert list(found.columns) == ["id", "probability", "decision", "risk", "model"]
        assert set(found["model"]) == {predictor.version}
        assert found["id"].tolist() == [f"C{i}" for i in range(600)]
        np.testing.assert_allclose(found["probability"], scores, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(found["decision"], scores >= predictor.threshold)
    left = sorted(path.name for path in output.parent.iterdir())
    assert left == sorted([output.name, "scores.job.json"])


def test_the_id_of_training_is_used_where_it_is(fitted, table, tmp_path):
    fitted.save(tmp_path / "model", about={"id": "customer"})
    found = score_file(tmp_path / "model", table, tmp_path / "s.csv")
    assert found.read()["id"].tolist()[:2] == ["C0", "C1"]
    bare = tmp_path / "bare.parquet"
    pd.read_parquet(table).drop(columns="customer").to_parquet(bare)
    found = score_file(tmp_path / "model", bare, tmp_path / "s.csv").read()
    assert found["id"].tolist() == list(range(600))


def test_a_new_category_is_scored_and_logged(model, customers, tmp_path, caplog):
    table = tmp_path / "new.csv"
    customers[0].assign(plan="quantum").to_csv(table, index=False)
    with caplog.at_level(logging.WARNING):
        found = score_file(model, table, tmp_path / "s.csv")
    assert found.read()["probability"].between(0, 1).all()
    assert found.unusual.unknown_levels == {"plan": 600}
    assert "plan: 600 of 600 rows with a category that training never saw" in caplog.text


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda X: X.drop(columns="debt"), "lacks 1 of 5 columns: 'debt'"),
        (lambda X: X.astype({"debt": str}).assign(debt="much"), "row 0: column 'debt' .number.: 'much' is not a number"),
        (lambda X: X.assign(debt=np.inf), "row 0: column .* inf is infinite"),
        (lambda X: X.iloc[:0], "has 5 columns but no rows"),
    ],
)
def test_tables_that_changed_write_nothing(model, customers, tmp_path, spoil, message):
    table, output = tmp_path / "new.parquet", tmp_path / "s.csv"
    spoil(customers[0]).to_parquet(table)
    output.write_text("last month's scores")
    with pytest.raises(DataError, match=message):
        score_file(model, table, output)
    assert output.read_text() == "last month's scores"


def test_what_cannot_be_used_is_told(model, table, tmp_path):
    with pytest.raises(ArtifactError, match="no such model folder"):
        score_file(tmp_path / "nowhere", table, tmp_path / "s.csv")
    with pytest.raises(DataError, match=r"no such file, did you mean 'new.parquet'"):
        score_file(model, tmp_path / "nwe.parquet", tmp_path / "s.csv")
    with pytest.raises(ConfigError, match=r"s\.xlsx: scores are written as one of '\.csv', "):
        score_file(model, table, tmp_path / "s.xlsx")
    with pytest.raises(DataError, match="no id column 'custmer': did you mean 'customer'"):
        score_file(model, table, tmp_path / "s.csv", id="custmer")
    (tmp_path / "folder.csv").mkdir()
    for output in (table / "s.csv", tmp_path / "folder.csv"):
        with pytest.raises(ConfigError, match="scores cannot be written there"):
            score_file(model, table, output)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "folder.csv",
        "model",
        "new.parquet",
    ]
