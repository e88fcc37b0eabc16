"""A job that is refused leaves nothing; one that was stopped by something else goes on."""

import datetime
import os

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError, ResourceError
from dbnchurn.data.build import build, load
from dbnchurn.data.plan import DataPlan
from dbnchurn.runs.customers import stored_plan
from dbnchurn.scoring import Campaign, score_file
from dbnchurn.scoring.month import build_month
from dbnchurn.scoring.scorer import Scorer
from dbnchurn.scoring.work_folder import WorkFolder
from tests.data.small_crm import PLAN, crm

SEPTEMBER, OCTOBER = datetime.date(2024, 9, 1), datetime.date(2024, 10, 1)


def names(folder):
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda X: X.assign(age=np.nan), "column 'age' is missing in 950 of 950 rows"),
        (lambda X: X.assign(plan="quantum"), "column 'plan' holds categories that no training"),
        (
            lambda X: X.assign(plan=np.where(np.arange(950) < 500, "quantum", X["plan"])),
            "column 'plan' holds categories",
        ),
        (
            lambda X: X.assign(debt=X["debt"] / 100),
            "column 'debt' holds numbers about 100 times small",
        ),
        (
            lambda X: X.assign(debt=X["debt"] * 10),
            "column 'debt' holds numbers about 10 times larger",
        ),
        (lambda X: X.assign(debt=["1"] * 500 + ["much"] * 450), "of 950 rows cannot be scored"),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_refused_job_leaves_nothing_but_rejected_rows(
    model, named, write, tmp_path, spoil, message, ending
):
    table = write(spoil(named), f"t.{ending}")
    (tmp_path / "s.csv").write_text("last month's scores")
    campaign = Campaign(tmp_path / "c.csv", 10)
    with pytest.raises(DataError, match=message):
        score_file(model, table, tmp_path / "s.csv", campaign=campaign, chunk_rows=100)
    left = names(tmp_path) - {"model", f"t.{ending}", "s.csv"}
    assert left == ({"s.rejected.csv"} if "cannot be" in message else set())
    assert (tmp_path / "s.csv").read_text() == "last month's scores"


def test_allowed_columns_are_told_in_the_report(model, named, write, tmp_path):
    table = write(named.assign(age=np.nan), "t.csv")
    job = score_file(model, table, tmp_path / "s.csv", allow_changed=["age"])
    assert job.changed[0].startswith("column 'age' is missing in 950 of 950 rows")
    assert job.as_dict()["changed_columns"] == list(job.changed)
    with pytest.raises(ConfigError, match="allow_changed 'agee': did you mean 'age'"):
        score_file(model, table, tmp_path / "s.csv", allow_changed=["agee"])


def test_a_few_customers_are_scored_whatever_they_lack(model, named, write, tmp_path):
    for rows in (1, 19):
        table = write(named.head(rows).assign(age=np.nan, plan="quantum"), "t.csv")
        assert score_file(model, table, tmp_path / "s.csv").changed == ()


def test_a_job_that_was_stopped_by_other_things_keeps_its_chunks(
    model, named, write, tmp_path, monkeypatch
):
    table, real = write(named, "t.csv"), Scorer.score
    for stop in (KeyboardInterrupt, MemoryError, RuntimeError, ResourceError):

        def score(self, chunk, digest, known=None, stop=stop):
            if chunk.row_numbers[0] == 500:
                raise stop
            return real(self, chunk, digest, known)

        monkeypatch.setattr(Scorer, "score", score)
        with pytest.raises(stop):
            score_file(model, table, tmp_path / "s.csv", chunk_rows=100)
        assert len(list((tmp_path / "s.csv.parts").glob("*.parquet"))) == 5
    monkeypatch.setattr(Scorer, "score", real)
    score_file(model, table, tmp_path / "s.csv", chunk_rows=100)
    assert names(tmp_path) == {"model", "t.csv", "s.csv", "s.csv.job.json"}


@pytest.mark.parametrize("error", [DataError, ConfigError])
def test_a_work_folder_outlives_no_refusal(tmp_path, error):
    work = WorkFolder(tmp_path / "work", {})
    work.facts.append(None)
    work.__exit__(error, error("no"), None)
    assert names(tmp_path) == set()


def test_no_file_is_in_two_roles_and_all_conflicts_are_told_at_once(model, named, write, tmp_path):
    table = write(named, "t.csv")
    before = table.read_bytes()
    os.symlink(tmp_path, tmp_path / "link")
    no = write(named[["customer"]].head(), "no.csv")
    campaign = Campaign(tmp_path / "link" / "s.csv", 10, suppress=no)
    with pytest.raises(ConfigError) as told:
        score_file(model, table, tmp_path / "s.csv", rejected=no, campaign=campaign, id="customer")
    assert "output and campaign are the same file" in str(told.value)
    assert "rejected and suppress are the same file" in str(told.value)
    for output in (model / "s.csv", tmp_path / "link" / "t.CSV"):
        with pytest.raises(ConfigError, match=r"lies in what is read .model|output and input are"):
            score_file(model, table, output)
    with pytest.raises(ConfigError, match="rejected and input are the same file"):
        score_file(model, table, tmp_path / "s.csv", rejected=table)
    inside = write(named, "s.csv.quarantine/t.csv")
    with pytest.raises(ConfigError, match=r"quarantine is replaced, and input .* lies in it"):
        score_file(model, inside, tmp_path / "s.csv")
    assert (table.read_bytes(), inside.read_bytes()) == (before, before)
    assert not (tmp_path / "s.csv.parts").exists()


def test_a_mistyped_folder_is_not_made(model, named, write, tmp_path):
    table = write(named, "t.csv")
    (tmp_path / "scores").mkdir()
    with pytest.raises(ConfigError, match=r"scors does not exist \(there is .*scores\); make it"):
        score_file(model, table, tmp_path / "scors" / "s.csv")
    campaign = Campaign(tmp_path / "crm" / "c.csv", 10)
    with pytest.raises(ConfigError, match=r"campaign .*crm does not exist"):
        score_file(model, table, tmp_path / "s.csv", campaign=campaign)
    assert names(tmp_path) == {"model", "t.csv", "scores"}
    score_file(model, table, tmp_path / "scors" / "s.csv", campaign=campaign, mkdir=True)
    assert (tmp_path / "crm" / "c.csv").exists()


# --- Raw tables -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory, small):
    """Raw tables and a model that was trained on them in August."""
    folder = tmp_path_factory.mktemp("crm")
    tables = {}
    for name, frame in crm(300).items():
        frame.to_parquet(folder / f"{name}.parquet", index=False)
        tables[name] = {**PLAN["tables"][name], "path": str(folder / f"{name}.parquet")}
    plan = DataPlan.model_validate({**PLAN, "tables": tables})
    built = build(plan, folder / "built", n_threads=1)
    customers = load(built)
    about = {"id": customers.id, "data": stored_plan(built)}
    small().fit(customers.X, customers.y).save(folder / "model", about=about)
    return folder


def test_a_month_that_has_not_arrived_is_refused_unless_there_is_a_reason(trained, tmp_path):
    model, output = trained / "model", tmp_path / "s.csv"
    with pytest.raises(DataError, match=r"table 'basic' ends with 2024-08.* table 'calls': the la"):
        score_file(model, None, output, cutoff=OCTOBER, trust_sources=True)
    with pytest.raises(DataError, match="table 'basic' ends with 2024-08"):
        build_month(model, OCTOBER, tmp_path / "october", trust_sources=True)
    assert names(tmp_path) == set()
    how = {"allow_stale": "the warehouse moves", "trust_sources": True}
    job = score_file(model, None, output, cutoff=OCTOBER, **how)
    assert job.month.reason == job.as_dict()["month"]["reason"] == "the warehouse moves"
    assert len(job.month.uncovered) == 2
    # No calls of the last month are zeros, and a value that is not there is missing.
    changed = ["calls_minutes_sum_m1", "calls_count_m1", "basic_gb_last_m1"]
    assert [found.split("'")[1] for found in job.changed] == changed
    built = build_month(model, OCTOBER, tmp_path / "october", **how)
    assert built.coverage == job.month
    assert job.scored == built.rows
    with pytest.raises(ConfigError, match="allow_stale belongs to a month that is built"):
        score_file(model, built.features, output, allow_stale="a trial")


def test_the_gaps_of_the_training_are_those_of_the_scoring(trained, tmp_path):
    """Calls every other week would be no fault in themselves, but training had some every day."""
    calls = pd.read_parquet(trained / "calls.parquet")
    seldom = calls[calls["at"].dt.day_of_year % 14 == 10]
    path = tmp_path / "seldom.parquet"
    seldom.to_parquet(path)
    with pytest.raises(DataError, match=r"'calls': .* may be without rows for 7 days at most"):
        score_file(
            trained / "model", None, tmp_path / "s.csv", cutoff=SEPTEMBER,
            tables={"calls": str(path)}, trust_sources=True,
        )  # fmt: skip


def test_who_left_does_not_come_back(trained, tmp_path):
    basic = pd.read_parquet(trained / "basic.parquet")
    active = basic[basic["status"] == "active"]
    gone = active["id"].isin([100, 200]) & (active["month"] >= "2024-08-01")
    path = tmp_path / "basic.parquet"
    active[~gone].to_parquet(path)
    how = {"cutoff": SEPTEMBER, "tables": {"basic": str(path)}, "trust_sources": True}
    job = score_file(trained / "model", None, tmp_path / "s.csv", **how)
    left = set(basic["id"]) - set(active[active["month"] >= "2024-08-01"]["id"]) | {100, 200}
    assert set(job.read()["id"]) == set(basic["id"]) - left
    assert job.month.gone == len(left)


def test_nothing_is_written_into_raw_tables_or_the_model(trained, tmp_path):
    model = trained / "model"
    for output in (trained / "calls.parquet", model / "s.parquet"):
        with pytest.raises(
            ConfigError, match=r"output and table are the same|lies in what is read"
        ):
            score_file(model, None, output, cutoff=SEPTEMBER, trust_sources=True)
    with pytest.raises(ConfigError, match=r"lies in what is read .model"):
        build_month(model, SEPTEMBER, model / "september", trust_sources=True)
    with pytest.raises(ConfigError, match=r"the folder .*no does not exist"):
        build_month(model, SEPTEMBER, tmp_path / "no" / "september", trust_sources=True)
    how = {"mkdir": True, "trust_sources": True}
    assert build_month(model, SEPTEMBER, tmp_path / "no" / "september", **how).rows


def test_ids_that_lost_their_zeros_are_refused_and_may_be_allowed(small, tmp_path):
    ids = [f"{k:06d}" for k in range(990, 990 * 301, 990)]
    frame = pd.DataFrame({"debt": np.arange(300.0) % 37, "plan": ["a", "b", "c"] * 100})
    spelled = {"ids": 300, "padded": 101, "shortest": 6, "longest": 6}
    model = small().fit(frame, np.arange(300) % 5 == 0)
    model.save(tmp_path / "model", about={"id": "customer", "ids": spelled})
    month, output = tmp_path / "month.parquet", tmp_path / "s.csv"
    frame.assign(customer=list(map(int, ids))).to_parquet(month, index=False)
    with pytest.raises(DataError, match=r"no id begins with a zero, 101 of 300 .*--allow-changed"):
        score_file(tmp_path / "model", month, output)
    assert not output.exists()
    assert score_file(tmp_path / "model", month, output, allow_changed=["customer"]).scored == 300
    frame.assign(customer=ids).to_parquet(month, index=False)
    assert score_file(tmp_path / "model", month, tmp_path / "t.csv").scored == 300
    mixed = [*ids[:180], *(id.lstrip("0") for id in ids[180:]), *map(str, range(500, 620))][:300]
    some = [str(int(id)) if k % 5 < 2 else id for k, id in enumerate(mixed)]
    frame.assign(customer=some).to_parquet(month, index=False)
    with pytest.raises(DataError, match=r"\d+ of 300 ids have fewer characters than the 6 that"):
        score_file(tmp_path / "model", month, tmp_path / "u.csv")
