"""``dbnchurn keyusers``: a config in; list, page and numbers out."""

import json

import pandas as pd

from dbnchurn.cli.key_users import PANEL
from tests.graph.conftest import make_calls


def test_key_users_from_the_command_line(call, tmp_path):
    make_calls(rows=3_000).to_csv(tmp_path / "calls.csv", index=False)
    config = tmp_path / "g.yaml"
    config.write_text(
        f"calls: {{path: {tmp_path / 'calls.csv'}}}\ncaller: from\ncallee: to\ndate: day\n"
    )
    output, facts = tmp_path / "k.csv", tmp_path / "k.json"
    code, out, err = call(
        "keyusers", str(config), "--output", str(output), "--facts", str(facts), "seeds=7"
    )
    assert code == 0, err
    assert "7 key users by expected reach" in out
    assert "Hubs cut out" in out
    assert len(pd.read_csv(output)) == 7
    assert json.loads(facts.read_text())["curve"]["held_out"] is True


def test_the_schema_of_a_call_graph(call):
    code, out, _ = call("schema", "graph")
    assert code == 0
    assert PANEL in call("--help")[1]
    assert "passes_on" in json.loads(out)["properties"]
