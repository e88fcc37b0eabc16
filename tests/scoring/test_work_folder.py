"""Finished chunks are kept, for the same job only, and for one process at a time."""

import json
import shutil

import pandas as pd
import pyarrow as pa
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.scoring import score_file
from dbnchurn.scoring.output_paths import OutputPaths
from dbnchurn.scoring.outputs import write_rejected
from dbnchurn.scoring.scorer import REJECTED, Scorer
from dbnchurn.scoring.work_folder import ChunkFacts, WorkFolder

ROWS = 100  # of a chunk, of which there are ten


class Crashed(Exception): ...


@pytest.fixture
def scored_chunks(monkeypatch):
    """Counts the chunks that are scored, and crashes before the one that it is told of."""
    real, state = Scorer.score, {"chunks": 0, "crash": None}

    def score(self, chunk, digest, known=None):
        if state["chunks"] == state["crash"]:
            raise Crashed
        state["chunks"] += 1
        return real(self, chunk, digest, known)

    monkeypatch.setattr(Scorer, "score", score)
    return state


@pytest.fixture
def crashed(model, named, write, tmp_path, scored_chunks):
    """A job that crashed after four chunks: ``run(**changes)`` runs it again."""
    table, output = write(named, "t.csv"), tmp_path / "s.csv"

    def run(crash=None, **changes):
        scored_chunks.update(chunks=0, crash=crash)
        how = {"model": model, "table": table, "output": output, "chunk_rows": ROWS}
        return score_file(**{**how, **changes})

    whole = run(output=tmp_path / "whole.csv")
    with pytest.raises(Crashed):
        run(crash=4)
    assert scored_chunks["chunks"] == 4
    assert not output.exists()
    run.table, run.output, run.whole = table, output, whole
    return run


def test_a_crashed_job_goes_on_and_writes_the_same_bytes(crashed, scored_chunks, tmp_path):
    crashed()
    assert scored_chunks["chunks"] == 6
    assert crashed.output.read_bytes() == crashed.whole.output.read_bytes()
    summaries = [tmp_path / f"{name}.csv.job.json" for name in ("s", "whole")]
    assert summaries[0].read_bytes() == summaries[1].read_bytes()
    assert not (tmp_path / "s.csv.parts").exists()


def test_a_crashed_job_goes_on_where_the_lock_went_with_its_process(crashed, scored_chunks):
    """Windows removes the file of a lock that is released."""
    OutputPaths.of(crashed.output).work.joinpath("lock").unlink()
    crashed()
    assert scored_chunks["chunks"] == 6


def test_chunks_are_kept_over_several_crashes(crashed, scored_chunks):
    for more in (1, 0, 3):
        with pytest.raises(Crashed):
            crashed(crash=more)
    crashed()
    assert scored_chunks["chunks"] == 2
    assert crashed.output.read_bytes() == crashed.whole.output.read_bytes()


def test_chunks_of_another_input_are_not_used(crashed, named, write, scored_chunks):
    named.loc[0, "debt"] = 99.5
    write(named, "t.csv")
    found = crashed().read()
    assert scored_chunks["chunks"] == 10
    assert found["probability"][0] != crashed.whole.read()["probability"][0]
    assert (found["probability"] == crashed.whole.read()["probability"]).sum() == 949


def test_chunks_of_another_model_are_not_used(crashed, small, draw_customers, tmp_path, model):
    other = small(random_state=5).fit(*draw_customers(600, seed=5))
    other.save(tmp_path / "other")
    shutil.rmtree(model)
    shutil.copytree(tmp_path / "other", model)
    found = crashed().read()
    fresh = crashed(output=tmp_path / "fresh.csv").read()
    pd.testing.assert_frame_equal(found, fresh)
    assert (found["model"] != crashed.whole.model).all()


@pytest.mark.parametrize("change", [{"id": "customer"}, {"chunk_rows": 50}, {"n_threads": 2}])
def test_chunks_of_other_options_are_not_used(crashed, change, scored_chunks, tmp_path):
    crashed(**change)
    assert scored_chunks["chunks"] == (19 if "chunk_rows" in change else 10)
    fresh = crashed(**change, output=tmp_path / "fresh.csv")
    assert crashed.output.read_bytes() == fresh.output.read_bytes()


def test_a_damaged_chunk_is_scored_again(crashed, scored_chunks, tmp_path):
    part = tmp_path / "s.csv.parts" / "000002.parquet"
    part.write_bytes(part.read_bytes()[:-50])
    crashed()
    assert scored_chunks["chunks"] == 8
    assert crashed.output.read_bytes() == crashed.whole.output.read_bytes()


@pytest.mark.parametrize(
    ("meddle", "message"),
    [
        (lambda table: table.write_text(table.read_text() + "\n"), "changed while it was read"),
        (lambda table: table.unlink(), "t.csv: the file can no longer be read: No such file"),
    ],
)
def test_a_table_that_changes_meanwhile_is_refused(crashed, monkeypatch, meddle, message):
    score = Scorer.score

    def and_meddle(self, chunk, digest, known):
        if chunk.row_numbers[0] == 800:
            meddle(crashed.table)
        return score(self, chunk, digest, known)

    monkeypatch.setattr(Scorer, "score", and_meddle)
    with pytest.raises(DataError, match=message):
        crashed()
    assert not crashed.output.exists()


def test_one_job_at_a_time_for_one_output(crashed, tmp_path, monkeypatch):
    score = Scorer.score

    def meanwhile(self, chunk, digest, known):
        monkeypatch.setattr(Scorer, "score", score)
        with pytest.raises(ConfigError, match="another job is at work"):
            crashed()
        crashed(output=tmp_path / "other.csv")
        return score(self, chunk, digest, known)

    monkeypatch.setattr(Scorer, "score", meanwhile)
    crashed()
    assert crashed.output.read_bytes() == crashed.whole.output.read_bytes()


def test_a_folder_that_is_something_else_is_left_alone(model, named, write, tmp_path):
    precious = tmp_path / "s.csv.parts" / "precious.txt"
    precious.parent.mkdir()
    precious.write_text("mine")
    with pytest.raises(ConfigError, match="is something else; move it"):
        score_file(model, write(named, "t.csv"), tmp_path / "s.csv")
    assert precious.read_text() == "mine"


def test_the_work_folder_names_the_job(crashed, tmp_path):
    job = json.loads((tmp_path / "s.csv.parts" / "job.json").read_text())
    assert job["input"]["files"][0][0] == str(crashed.table.resolve())
    assert job["options"]["rows"] == ROWS


def chunk(number, rejected=0):
    """A chunk of three rows, of which some are rejected, as `put` takes it."""
    scores = pa.table({"id": [3 * number + i for i in range(3 - rejected)]})
    rows = [("t.csv", 3 * number + i, None, "bad") for i in range(rejected)]
    columns = zip(*rows, strict=True) if rows else [[]] * len(REJECTED)
    listed = pa.Table.from_arrays(
        [pa.array(column, field.type) for column, field in zip(columns, REJECTED, strict=True)],
        schema=REJECTED,
    )
    return scores, listed, ChunkFacts(f"d{number}", 3, rejected, 1, 0.5, {}, {"debt": [1, 2]})


def test_chunks_are_there_again_until_the_job_or_its_options_change(tmp_path):
    folder, job = tmp_path / "work", {"model": "a"}
    with WorkFolder(folder, job) as work_folder:
        for number in range(4):
            work_folder.put(number, *chunk(number, rejected=number % 2))
        kept = list(work_folder.facts)
        with pytest.raises(ConfigError, match="another job is at work"):
            WorkFolder(folder, job)
    with WorkFolder(folder, job) as work_folder:
        assert work_folder.facts == kept
        ids = [table["id"].to_pylist() for table in work_folder.tables()]
        assert ids == [[0, 1, 2], [3, 4], [6, 7, 8], [9, 10]]
        work_folder.cut(3)
        assert work_folder.facts == kept[:3]
        paths = OutputPaths.of(tmp_path / "s.csv")
        write_rejected(work_folder, paths)
        assert pd.read_csv(paths.rejected)["row"].tolist() == [3]
    with WorkFolder(folder, {"model": "b"}) as work_folder:
        assert len(work_folder) == 0
        work_folder.remove()
    assert not folder.exists()
