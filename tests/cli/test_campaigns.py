"""The verbs ``plan`` and ``lift``."""

import json

import pandas as pd
import pytest

from dbnchurn.campaign.config import LiftSection
from dbnchurn.cli.campaigns import with_sources
from dbnchurn.core.errors import ConfigError
from tests.campaign.test_measurement import simulated


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("campaign")
    log, outcomes = simulated(4000)
    log.to_csv(folder / "log.csv", index=False)
    outcomes.to_parquet(folder / "outcomes.parquet", index=False)
    return folder


def test_lift_prints_and_writes(call, tables, tmp_path, caplog):
    page = tmp_path / "new" / "lift.html"
    files = [tables / "log.csv", tables / "outcomes.parquet"]
    code, out, _ = call("lift", *files, "--worth", 100, "--output", page, "--mkdir")
    assert code == 0
    assert "campaign spring: " in out
    assert "it is assumed that every outcome is of the whole window" in caplog.text
    numbers = json.loads(page.with_suffix(".json").read_text())
    assert numbers["verdict"] in out
    assert numbers["money"]["worth"] == 100
    assert "<h2>The two groups</h2>" in page.read_text()


def test_lift_reads_its_settings_from_a_config(call, refused, tables, tmp_path):
    config = tmp_path / "campaign.yaml"
    config.write_text(
        f"lift:\n  log: {{path: {tables}/log.csv}}\n  outcomes: {{path: {tables}/outcomes.parquet}}"
        "\n  worth: 50\n  looks: 4\n"
    )
    code, out, _ = call("lift", "--config", config)
    assert code == 0
    assert "However often one looks" in out
    assert call("lift", "--config", config, "--worth", 10)[1] != out
    history = ("--history", config.parent / "history")
    assert "belong together" in refused("lift", "--config", config, *history)
    code, out, _ = call("lift", "--config", config, *history, "--month", "2024-07-01")
    assert (code, "of 2024-07-01 was added" in out) == (0, True)
    assert "the outcomes are not named" in refused("lift", tables / "log.csv")
    clash = ("--config", config, "--output", tables / "log.html", "--campaign", "sprnig")
    assert "did you mean 'spring'" in refused("lift", *clash)
    with pytest.raises(ConfigError, match="the log is not named"):
        with_sources(LiftSection(), None, "outcomes.csv")


def test_lift_takes_scores_and_a_column_from_a_table(call, tables, tmp_path):
    log = pd.read_csv(tables / "log.csv")
    known = log[["customer", "score"]].assign(persona=log["offer"] + "ers")
    known.to_parquet(tmp_path / "scores.parquet")
    files = [tables / "log.csv", tables / "outcomes.parquet"]
    scored = ("--scores", tmp_path / "scores.parquet")
    code, out, _ = call("lift", *files, *scored, "--by", "persona")
    assert code == 0
    assert "persona: discounters" in out


def test_the_schema_of_a_campaign_has_all_its_sections(call):
    code, out, _ = call("schema", "campaign")
    assert code == 0
    assert {"plan", "allocate", "lift", "worth"} <= set(json.loads(out)["properties"])


def test_lift_refuses_without_a_control_group(refused, tables, tmp_path):
    log = pd.read_csv(tables / "log.csv").assign(arm="contact")
    log.to_csv(tmp_path / "log.csv", index=False)
    message = refused("lift", tmp_path / "log.csv", tables / "outcomes.parquet")
    assert "no control group" in message


def test_plan_prints_and_writes(call, refused, tmp_path):
    config, page = tmp_path / "campaign.yaml", tmp_path / "plan.html"
    config.write_text("plan: {customers: 20000, base_rate: 0.1, effect: -0.02}\n")
    code, out, _ = call("plan", config, "plan.control=0.2", "--output", page)
    assert code == 0
    numbers = json.loads(page.with_suffix(".json").read_text())
    assert numbers["verdict"] in out
    assert numbers["control"] == 4000
    config.write_text("lift: {days: 9}\n")
    assert "no section 'plan'" in refused("plan", config)
    config.write_text("plan: {customers: 20000, base_rate: 0.1, effect: -0.02}\n")
    json_page = tmp_path / "none" / "plan.html"
    assert "--mkdir" in refused("plan", config, "--output", json_page)
