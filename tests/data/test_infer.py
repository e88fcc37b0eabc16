"""Proposed contracts: right kinds, readable YAML, and they hold for the table they came from."""

import gzip

import pandas as pd
import pytest
import yaml

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.data.infer import summary_text, write_inferred_contracts
from dbnchurn.data.inferred import infer_table
from dbnchurn.data.plan import TablePlan
from dbnchurn.data.simulate import simulate
from tests.data.small_crm import crm


@pytest.fixture
def folder(tmp_path):
    frame = crm()["calls"]
    frame["vip"] = frame["id"].mod(2).map({0: "yes", 1: "no"})
    frame["kind"] = frame["kind"].where(frame.index % 5 > 0, "IN")
    frame["day"] = frame["at"].dt.strftime("%d.%m.%Y")
    frame["note"] = [f"text {i}" for i in range(len(frame))]
    frame["balance"] = frame["minutes"] - 20
    frame["calls"] = 3
    frame.to_csv(tmp_path / "calls.csv", index=False)
    return tmp_path


def test_kinds_bounds_levels_and_formats(folder):
    table = infer_table("calls", path=str(folder / "calls.csv")).plan
    assert (table.key, table.date, table.rows) == ("id", "at", "event")
    rules = table.columns
    assert {name: rule.kind for name, rule in rules.items()} == {
        "at": "date", "minutes": "number", "kind": "category", "vip": "flag", "day": "date",
        "note": "text", "balance": "number", "calls": "integer",
    }  # fmt: skip
    assert rules["minutes"].low == 0
    assert rules["balance"].low is None
    assert set(rules["kind"].levels) == {"out", "in"}  # the more frequent spelling of each
    assert rules["day"].format == "%d.%m.%Y"


def test_the_proposal_is_a_plan_that_its_own_table_keeps(tmp_path):
    tables = simulate(tmp_path / "crm", customers=500)
    output = tmp_path / "c.yaml"
    written = write_inferred_contracts([str(tables / "basic"), str(tables / "optical")], output)
    text = summary_text(written, output)
    assert "basic (41 columns, key 'customer_id', rows are months)" in text
    plain = yaml.safe_load((tmp_path / "c.yaml").read_text())["data"]["tables"]
    for table in plain.values():
        again = infer_table("again", path=table["path"]).plan
        assert TablePlan.model_validate(table) == again


def test_another_encoding_is_found_out(tmp_path):
    frame = pd.DataFrame({"id": range(50), "town": ["Köln", "Zürich"] * 25})
    path = tmp_path / "towns.csv.gz"
    path.write_bytes(gzip.compress(frame.to_csv(index=False, sep=";").encode("cp1252")))
    table = infer_table("towns", path=str(path)).plan
    assert table.csv.encoding == "cp1252"
    assert table.columns["town"].levels == ("Köln", "Zürich")


def test_what_cannot_be_proposed_is_said(folder):
    path = str(folder / "calls.csv")
    with pytest.raises(DataError, match="no key column 'idd': did you mean 'id'"):
        infer_table("calls", path=path, key="idd")
    pd.DataFrame({"a": [1], "b": [2]}).to_csv(folder / "plain.csv", index=False)
    with pytest.raises(DataError, match=r"no column looks like a key .*name it with --key"):
        infer_table("plain", path=str(folder / "plain.csv"))
    with pytest.raises(ConfigError, match="two inputs would both be called 'calls'"):
        write_inferred_contracts([path, path], folder / "out.yaml")
    (folder / "out.yaml").write_text("edited")
    with pytest.raises(DataError, match="exists already"):
        write_inferred_contracts([path], folder / "out.yaml")
    assert (folder / "out.yaml").read_text() == "edited"
