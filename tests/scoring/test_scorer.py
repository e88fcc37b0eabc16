"""A job with plausibility: two more columns, counts in the summary, and what is said first."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from dbnchurn.cli import app
from dbnchurn.core.errors import ConfigError
from dbnchurn.features import Plausibility
from dbnchurn.predictor.artifact import save
from dbnchurn.scoring import score_file
from dbnchurn.scoring.summary_text import allowed_text, summary_text
from dbnchurn.tables.reading import read
from tests.conftest import make_customers

MOVED = ["debt", "age"]  # columns that changed places


@pytest.fixture(scope="module")
def knowing(fitted, tmp_path_factory):
    """A stored model with a machine over the columns."""
    table = read(fitted.record_.schema, make_customers()[0])[0]
    stage = Plausibility(hidden=8, epochs=20, folds=2)
    machine = stage.fit(table, generator=np.random.default_rng(0)).record_
    folder = tmp_path_factory.mktemp("knowing") / "model"
    save(replace(fitted.record_, plausibility=machine), folder, card="# m")
    return folder


@pytest.fixture
def moved(customers, tmp_path):
    """Customers whose ages stand in the column of the debts, and the other way round."""
    path = tmp_path / "moved.parquet"
    X = customers[0]
    X.assign(debt=X["age"], age=X["debt"]).to_parquet(path)
    return path


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_scores_have_two_more_columns(knowing, moved, tmp_path, ending):
    job = score_file(
        knowing,
        moved,
        tmp_path / f"s.{ending}",
        plausibility=True,
        chunk_rows=250,
        allow_changed=MOVED,
    )
    found = job.read()
    assert list(found)[5:] == ["plausibility", "odd_columns"]
    assert job.odd.rows == 600
    assert job.odd.odd == (found["plausibility"] >= 1000).sum()
    stored = json.loads(job.summary.read_text())["plausibility"]
    assert stored == job.odd.as_dict()
    assert stored["expected"] == 0.6


def test_chunks_change_no_number(knowing, moved, tmp_path):
    jobs = [
        score_file(
            knowing,
            moved,
            tmp_path / f"{rows}.parquet",
            plausibility=True,
            chunk_rows=rows,
            allow_changed=MOVED,
        )
        for rows in (97, 600)
    ]  # fmt: skip
    assert jobs[0].odd == jobs[1].odd
    few, whole = (job.read() for job in jobs)
    pd.testing.assert_frame_equal(few, whole, rtol=1e-5)


def test_it_is_not_there_unless_asked_for(knowing, moved, tmp_path):
    job = score_file(knowing, moved, tmp_path / "s.csv", allow_changed=MOVED)
    assert job.odd is None
    assert "plausibility" not in job.read()
    assert json.loads(job.summary.read_text())["plausibility"] is None
    assert "plausib" not in summary_text(job)


def test_many_odd_rows_are_said_first(knowing, moved, tmp_path):
    job = score_file(knowing, moved, tmp_path / "s.csv", plausibility=True, allow_changed=MOVED)
    assert job.odd.many
    first = allowed_text(job).splitlines()[0]
    assert first.startswith("implausible, ")
    assert "columns named most often:" in first
    assert "odder than 1 in 1,000" in summary_text(job)


def test_usual_rows_are_not(knowing, customers, tmp_path):
    customers[0].to_parquet(tmp_path / "new.parquet")
    job = score_file(knowing, tmp_path / "new.parquet", tmp_path / "s.csv", plausibility=True)
    assert not job.odd.many
    assert allowed_text(job) == ""
    assert "plausibility: " in summary_text(job)


def test_a_model_without_a_machine_is_refused_before_a_row_is_read(model, moved, tmp_path):
    with pytest.raises(ConfigError, match="holds no machine that measures"):
        score_file(model, moved, tmp_path / "s.csv", plausibility=True)
    assert not (tmp_path / "s.csv").exists()
    assert not (tmp_path / "s.csv.parts").exists()


def test_the_command(knowing, moved, tmp_path):
    output = tmp_path / "s.csv"
    arguments = ["score", str(knowing), str(moved), "--output", str(output), "--plausibility"]
    arguments += [word for column in MOVED for word in ("--allow-changed", column)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "implausible, " in result.output
    assert "plausibility" in pd.read_csv(output)
