"""Sources of a replayed month are named by the caller or confirmed, and nothing else is touched."""

import json

import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.data.plan import DataPlan
from dbnchurn.data.stored_plan import StoredPlan, storable_plan
from dbnchurn.scoring import score_file
from dbnchurn.scoring.month import build_month
from dbnchurn.scoring.sources import Sources, placed_plan, read_sources, sources_text
from tests.data.small_crm import PLAN
from tests.scoring.escapes import SECRET, SEPTEMBER, escape, escapes, trained_crm


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return trained_crm(tmp_path_factory.mktemp("crm"))


def places(folder):
    return {name: str(folder / f"{name}.parquet") for name in PLAN["tables"]}


def test_no_plan_touches_what_the_caller_did_not_name(trained, tmp_path, monkeypatch):
    outside = tmp_path / "outside"
    outside.mkdir()
    pd.read_parquet(trained / "basic.parquet").to_parquet(outside / "secret.parquet")
    monkeypatch.setenv(SECRET, "postgresql://127.0.0.1:9/x")
    found = escapes(trained, outside, tmp_path)
    assert {name: touched for name, (_, touched) in found.items() if touched} == {}
    wrong = {name: told for name, (told, _) in found.items() if told.startswith("no sentence")}
    assert wrong == {}
    unnamed = {name: told for name, (told, _) in found.items() if "not named" in name}
    assert not [name for name, told in unnamed.items() if told == "built"]
    assert found["a query beside a path, sources named"][0] == "built"  # passed over, and said
    assert sum(told == "built" for told, _ in found.values()) > 8
    assert [entry.name for entry in outside.iterdir()] == ["secret.parquet"]


def test_what_would_be_read_is_shown_and_both_ways_to_go_on(trained, tmp_path):
    model = trained / "model"
    with pytest.raises(ConfigError) as told:
        build_month(model, SEPTEMBER, tmp_path / "month")
    for words in ("basic: /", "calls.parquet", "--table NAME=PATH", "--trust-sources"):
        assert words in str(told.value)
    some = {name: path for name, path in places(trained).items() if name != "leavers"}
    with pytest.raises(ConfigError, match=r"leavers: .*leavers\.parquet; name their places"):
        score_file(model, None, tmp_path / "s.csv", cutoff=SEPTEMBER, tables=some)
    assert not list(tmp_path.iterdir())


def test_confirmed_places_are_said_on_the_terminal_and_in_the_summary(trained, tmp_path, caplog):
    how = {"cutoff": SEPTEMBER, "trust_sources": True}
    job = score_file(trained / "model", None, tmp_path / "s.csv", **how)
    assert "read where the model says, as confirmed: basic: /" in caplog.text
    stored = json.loads((tmp_path / "s.csv.job.json").read_text())
    assert stored["sources"] == dict(job.sources) == places(trained)
    assert stored["digest"] == job.digest
    assert len(job.digest) == 64


def test_the_caller_may_name_queries_and_the_same_rows_come_out(trained, tmp_path):
    expected = build_month(trained / "model", SEPTEMBER, tmp_path / "a", paths=places(trained))
    lines = [f"  {name}: {{path: '{path}'}}" for name, path in places(trained).items()]
    lines[0] = f"  basic: {{query: \"SELECT * FROM '{trained / 'basic.parquet'}'\"}}"
    file = tmp_path / "sources.yaml"
    file.write_text("memory: 1GB\ntables:\n" + "\n".join(lines))
    built = build_month(trained / "model", SEPTEMBER, tmp_path / "b", sources=file)
    pd.testing.assert_frame_equal(
        pd.read_parquet(built.features), pd.read_parquet(expected.features)
    )
    file.write_text(file.read_text().replace("parquet'\"", "parquet'; SELECT 1\""))
    with pytest.raises(DataError, match="table 'basic': a query is one SELECT"):
        build_month(trained / "model", SEPTEMBER, tmp_path / "c", sources=file)


def test_a_config_of_the_training_names_sources_too(tmp_path):
    file = tmp_path / "train.yaml"
    file.write_text(
        "output: runs\nclassifier: {balance: none}\ndata:\n  base: bills\n  memory: 4GB\n"
        "  tables:\n    bills: {path: bills.csv, key: id, csv: {decimal: ','}}\n"
    )
    found = read_sources(file)
    assert (found.memory, sources_text_of(found)) == ("4GB", {"bills": "bills.csv"})
    assert found.tables["bills"].csv.decimal == ","


def sources_text_of(sources: Sources) -> dict[str, str]:
    return {name: source.text for name, source in sources.tables.items()}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tables: {bills: {}}", "exactly one of 'path', 'query' and 'postgres'"),
        ("tables: {bills: {path: a.csv, key: id}}", "key"),
        ("tables: {bills: {path: a.csv}}\nmemory: much", "memory"),
        ("- a", "sources.yaml"),
        ("tables: [", "sources.yaml"),
    ],
)
def test_a_wrong_file_of_sources_is_refused(tmp_path, text, message):
    (tmp_path / "sources.yaml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_sources(tmp_path / "sources.yaml")
    with pytest.raises(ConfigError, match="nowhere"):
        read_sources(tmp_path / "nowhere.yaml")


BILLS = DataPlan.model_validate(
    {
        "tables": {
            "bills": {"path": "b.csv", "key": "id"},
            "plans": {"path": "p.csv", "key": "id"},
        },
        "base": "bills",
    }
)


def test_a_table_is_named_once_and_has_to_be_one_of_the_model():
    sources = Sources.model_validate({"tables": {"bills": {"path": "x.csv"}}})
    stored = StoredPlan(BILLS)
    with pytest.raises(ConfigError, match="'bills' is named both as a table and in the file"):
        placed_plan(stored, {"bills": "y.csv"}, sources, trust=True)
    with pytest.raises(ConfigError, match="there is no table 'bill': did you mean 'bills'"):
        placed_plan(stored, {"bill": "y.csv"}, trust=True)
    placed = placed_plan(stored, None, sources, trust=True)
    assert sources_text(placed) == {"bills": "x.csv", "plans": "p.csv"}


def test_a_table_without_a_path_has_to_be_named_even_where_the_model_is_trusted():
    plan = BILLS.tables["bills"].model_copy(update={"path": None})
    stored = StoredPlan(BILLS.model_copy(update={"tables": {**BILLS.tables, "bills": plan}}))
    with pytest.raises(ConfigError, match=r"has to name .the model holds no path.: 'bills'; name"):
        placed_plan(stored, trust=True)
    assert storable_plan(stored.plan)["tables"]["bills"]["path"] is None


def test_the_watch_sees_what_the_caller_names(trained, tmp_path, monkeypatch):
    """Else the law that nothing is touched would hold for a watch that sleeps."""
    monkeypatch.setenv(SECRET, "postgresql://127.0.0.1:9/x")
    outside = tmp_path / "outside"
    outside.mkdir()
    pd.read_parquet(trained / "calls.parquet").to_csv(outside / "calls.csv", index=False)
    paths = {**places(trained), "calls": str(outside / "calls.csv")}
    told, touched = escape(trained, outside, lambda plan: None, tmp_path / "a", paths=paths)
    assert touched, told
    del paths["calls"]
    sources = Sources.model_validate(
        {"tables": {"calls": {"postgres": {"url": SECRET, "table": "t"}}}}
    )
    given = {"paths": paths, "sources": sources}
    told, touched = escape(trained, outside, lambda plan: None, tmp_path / "b", **given)
    assert touched == [SECRET], told
