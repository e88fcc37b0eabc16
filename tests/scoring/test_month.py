"""From raw tables: the month is built as in training, then scored like the table it makes."""

import datetime
import json
import shutil
import sys

import numpy as np
import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ArtifactError, ConfigError
from dbnchurn.data.build import build, load
from dbnchurn.data.plan import DataPlan
from dbnchurn.runs.customers import stored_plan
from dbnchurn.scoring import score_file
from dbnchurn.scoring.month import build_month, trained_plan
from dbnchurn.scoring.scorer import Scorer
from tests.data.small_crm import PLAN, crm

SEPTEMBER = datetime.date(2024, 9, 1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, small):
    """Raw tables and a model that was trained on them in August."""
    folder = tmp_path_factory.mktemp("crm")
    tables = {}
    for name, frame in crm(300).items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
        tables[name] = {**PLAN["tables"][name], "path": str(folder / f"{name}.parquet")}
    built = build(
        DataPlan.model_validate({**PLAN, "tables": tables}), folder / "built", n_threads=1
    )
    customers = load(built)
    about = {"id": customers.id, "data": stored_plan(built)}
    small().fit(customers.X, customers.y).save(folder / "model", about=about)
    return folder


@pytest.fixture
def expected(trained, tmp_path):
    """Scores of September's table, built beforehand."""
    how = {"n_threads": 1, "trust_sources": True}
    built = build_month(trained / "model", SEPTEMBER, tmp_path / "september", **how)
    return score_file(trained / "model", built.features, tmp_path / "expected.csv")


def test_a_month_is_scored_like_its_table(trained, expected, tmp_path):
    found = score_file(
        trained / "model", None, tmp_path / "s.csv", cutoff=SEPTEMBER, trust_sources=True
    )
    assert found.output.read_bytes() == expected.output.read_bytes()
    assert found.read()["id"].is_unique
    left = {"expected.csv", "expected.csv.job.json", "s.csv", "s.csv.job.json", "september"}
    assert {path.name for path in tmp_path.iterdir()} == left


def opened_models(action):
    """How many times a file of model weights is opened while `action` runs."""
    opened = []

    def hook(event, arguments):
        if event == "open" and str(arguments[0]).endswith("model.safetensors"):
            opened.append(arguments[0])

    sys.addaudithook(hook)  # stays for good, and only adds to this list
    action()
    return len(opened)


def test_the_model_is_loaded_once(trained, tmp_path, monkeypatch):
    loads, load = [], Predictor.load.__func__
    counted = classmethod(
        lambda cls, *given, **how: loads.append(given) or load(cls, *given, **how)
    )
    once = opened_models(lambda: Predictor.load(trained / "model"))
    monkeypatch.setattr(Predictor, "load", counted)
    how = {"cutoff": SEPTEMBER, "trust_sources": True}
    job = opened_models(lambda: score_file(trained / "model", None, tmp_path / "s.csv", **how))
    assert job == once >= 1
    assert len(loads) == 1


def test_the_plan_of_a_loaded_model_is_that_of_its_folder(trained):
    loaded = Predictor.load(trained / "model")
    plan = trained_plan(trained / "model", loaded)
    assert plan == trained_plan(trained / "model")
    assert set(plan.plan.tables) == set(PLAN["tables"])


def test_a_crashed_month_goes_on_and_rows_that_changed_are_scored_anew(
    trained, expected, tmp_path, monkeypatch
):
    real, chunks, crash = Scorer.score, [], {"before": 3}

    def score(self, chunk, digest, known=None):
        if len(chunks) == crash["before"]:
            raise RuntimeError
        chunks.append(len(chunk.row_numbers))
        return real(self, chunk, digest, known)

    monkeypatch.setattr(Scorer, "score", score)
    how = {"cutoff": SEPTEMBER, "chunk_rows": 40, "trust_sources": True}
    with pytest.raises(RuntimeError):
        score_file(trained / "model", None, tmp_path / "s.csv", **how)
    chunks.clear()
    crash["before"] = None
    job = score_file(trained / "model", None, tmp_path / "s.csv", **how)
    assert sum(chunks) == job.rows - 120
    np.testing.assert_allclose(job.read()["probability"], expected.read()["probability"], rtol=1e-6)


def test_raw_tables_may_have_moved_and_their_bad_rows_are_kept(trained, tmp_path, caplog):
    moved = tmp_path / "moved.parquet"
    basic = pd.read_parquet(trained / "basic.parquet")
    # No month: the row breaks the contract.
    pd.concat([basic, basic.iloc[[5]].assign(month=pd.NaT)]).to_parquet(moved, index=False)
    how = {"cutoff": SEPTEMBER, "tables": {"basic": str(moved)}, "trust_sources": True}
    score_file(trained / "model", None, tmp_path / "s.csv", **how)
    assert len(pd.read_parquet(tmp_path / "s.csv.quarantine" / "basic.parquet")) == 1
    assert "broke their contract" in caplog.text
    assert "s.csv.quarantine: basic 1" in caplog.text
    assert "passed over" not in caplog.text  # nothing of a table that was built for the model


def test_what_was_assumed_of_raw_tables_stands_in_the_notes_of_the_job(trained, tmp_path, caplog):
    caplog.set_level("INFO", "dbnchurn.notes")
    basic = pd.read_parquet(trained / "basic.parquet")
    moved, output = tmp_path / "moved.csv", tmp_path / "s.csv"
    written = pd.concat([basic, basic.iloc[[5]].assign(id=None)]).assign(
        id=lambda t: t["id"].astype("Int64"), month=lambda t: t["month"].dt.strftime("%d.%m.%Y")
    )
    written["plan"] = written["plan"].replace("A", "Größe")
    moved.write_bytes(written.to_csv(index=False, sep=";").encode("cp1252"))
    how = {"cutoff": SEPTEMBER, "tables": {"basic": str(moved)}, "trust_sources": True}
    notes = score_file(trained / "model", None, output, allow_changed=["basic_plan_last"], **how)
    notes = notes.as_dict()["notes"]
    assert [note for note in notes if "cp1252" in note and note.startswith("table 'basic': ")]
    assert [note for note in notes if "column 'month' is read as dates" in note]
    assert [note for note in notes if "1 of 1501 rows was set aside" in note]
    assert all(note in caplog.text for note in notes)
    assert json.loads((tmp_path / "s.csv.job.json").read_text())["notes"] == notes


def test_what_cannot_be_built_is_told(trained, model, tmp_path):
    shutil.copytree(trained / "model", tmp_path / "crm-model")
    crm_model, output = tmp_path / "crm-model", tmp_path / "s.csv"
    with pytest.raises(ConfigError, match="so a cutoff is needed"):
        score_file(crm_model, None, output, trust_sources=True)
    with pytest.raises(ConfigError, match="there is no table 'basics': did you mean 'basic'"):
        score_file(crm_model, None, output, cutoff=SEPTEMBER, tables={"basics": "x"})
    with pytest.raises(ArtifactError, match="trained from one table"):
        score_file(model, None, output, cutoff=SEPTEMBER)
    with pytest.raises(ConfigError, match="not both"):
        score_file(crm_model, trained / "basic.parquet", output, cutoff=SEPTEMBER)
    assert {path.name for path in tmp_path.iterdir()} == {"crm-model", "model"}
