"""The explain command is a scoring job with reasons; mistakes are one line."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.cli import main
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.scoring import explain_file, score_file
from dbnchurn.scoring.explaining import highest


@pytest.fixture
def table(customers, tmp_path):
    path = tmp_path / "new.csv"
    customers[0].head(50).assign(name=[f"c{i}[b]" for i in range(50)]).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_command_writes_and_prints_reasons(model, table, tmp_path, capsys, ending):
    output = tmp_path / "new" / f"reasons.{ending}"
    with pytest.raises(SystemExit) as end:
        main(["explain", str(model), str(table), "--output", str(output), "--top", "2",
              "--id", "name"])  # fmt: skip
    assert not end.value.code
    out = capsys.readouterr().out
    found = getattr(pd, f"read_{ending}")(output)
    X = pd.read_csv(table)
    predictor = Predictor.load(model)
    expected = predictor.reasons(X, 2)
    assert list(found)[5:] == list(expected)
    assert found["id"].tolist() == X["name"].tolist()
    np.testing.assert_allclose(found["probability"], predictor.predict_proba(X)[:, 1], atol=1e-12)
    for name, values in expected.items():
        if name.startswith("contribution"):
            np.testing.assert_allclose(found[name], values)
        else:
            assert found[name].fillna("").astype(str).tolist() == values.fillna("").tolist()
    assert "50 customers scored" in out
    best = found.loc[found["probability"].idxmax()]
    assert best["id"] in out
    assert f"{best['reason_1']} {best['contribution_1']:+.2f}" in out
    assert {path.name for path in output.parent.iterdir()} == {output.name, "reasons.job.json"}


def test_it_is_the_scoring_job_chunk_by_chunk(model, spoiled, write, tmp_path):
    table = write(spoiled, "t.csv")
    told = explain_file(model, table, tmp_path / "a.parquet", top=1, chunk_rows=130)
    scored = score_file(model, table, tmp_path / "b.parquet", reasons=1, chunk_rows=130)
    assert told.output.read_bytes() == scored.output.read_bytes()
    assert told.rejected.read_bytes() == scored.rejected.read_bytes()
    assert (told.rows, told.scored) == (950, 947)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_highest_are_those_that_sorting_finds(model, table, tmp_path, ending):
    job = explain_file(model, table, tmp_path / f"out.{ending}", top=1, id="name")
    every = job.read().sort_values(["probability", "id"], ascending=[False, True])
    found = highest(job.output, 7)
    assert found["id"].tolist() == every["id"].tolist()[:7]
    np.testing.assert_array_equal(found["contribution_1"], every["contribution_1"][:7])


def test_the_id_of_training_is_found_and_rows_are_numbered_without_one(fitted, table, tmp_path):
    fitted.save(tmp_path / "named", about={"id": "name"})
    fitted.save(tmp_path / "unnamed")
    names = pd.read_csv(table)["name"].tolist()
    for folder, expected in (("named", names), ("unnamed", list(range(50)))):
        job = explain_file(tmp_path / folder, table, tmp_path / "out.csv")
        assert job.read()["id"].tolist() == expected


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"output": "reasons.xlsx"}, ConfigError, "written as one of '.csv', '.parquet'"),
        ({"id": "nam"}, DataError, "no id column 'nam': did you mean 'name'"),
        ({"top": 0}, ConfigError, "whole number from 1 on, got 0"),
    ],
)
def test_mistakes_are_told(model, table, tmp_path, change, error, message):
    given = {"output": "out.csv", **change}
    output = tmp_path / given.pop("output")
    with pytest.raises(error, match=message):
        explain_file(model, table, output, **given)
    assert not output.exists()


def test_an_output_that_cannot_be_written_is_told(model, table):
    with pytest.raises(ConfigError, match="cannot be written there"):
        explain_file(model, table, table / "out.csv")
