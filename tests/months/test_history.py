"""A history: the same whatever order and however often it is written, and refused where broken."""

import json
from datetime import date

import pytest

from dbnchurn.core import files
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.made_by import Command, running
from dbnchurn.months.campaign_months import add_campaign
from dbnchurn.months.history import (
    add_month,
    gap_of,
    outcome_facts,
    read_entries,
    read_history,
    score_facts,
)
from dbnchurn.scoring import score_file
from tests.months.made_months import draw, measured, scored

JULY, AUGUST = date(2024, 7, 1), date(2024, 8, 1)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def facts(seed):
    scores, y = draw(seed, n=300)
    return scored(scores), outcome_facts(measured(scores, y))


def test_order_and_repetition_change_nothing(tmp_path):
    steps = [(JULY, "scores", facts(0)[0]), (JULY, "outcomes", facts(0)[1])]
    steps += [(AUGUST, "scores", facts(1)[0])]
    for day, part, found in steps:
        assert "added" in add_month(tmp_path / "one", day, "0a1b", part, found)
    for day, part, found in [*reversed(steps), *steps]:
        add_month(tmp_path / "two", day, "0a1b", part, found)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    months = read_history(tmp_path / "one")
    assert [month.month for month in months] == [JULY, AUGUST]
    assert gap_of(months[0]).rows == 300
    assert gap_of(months[1]) is None
    assert "the same" in add_month(tmp_path / "one", *steps[0][:1], "0a1b", *steps[0][1:])
    said = add_month(tmp_path / "one", JULY, "0a1b", "scores", facts(5)[0])
    assert "replaced by others" in said
    assert read_history(tmp_path / "one")[0].outcomes == months[0].outcomes


def test_ended_while_writing_a_month_is_as_before(tmp_path, monkeypatch):
    folder = tmp_path / "history"
    add_month(folder, JULY, "0a1b", "scores", facts(0)[0])
    before = contents(folder)

    def die(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            add_month(folder, JULY, "0a1b", "outcomes", facts(0)[1])
    assert contents(folder) == before
    add_month(folder, JULY, "0a1b", "outcomes", facts(0)[1])
    assert read_history(folder)[0].outcomes


def test_entries_are_read_as_they_were_whatever_part_came_later(tmp_path):
    folder = tmp_path / "history"
    spring = {"campaign": "spring", "claim": "kept", "effect": -0.1, "low": -0.2, "high": -0.05,
              "confidence": 0.95, "contacted": 90, "control": 10, "preliminary": False}  # fmt: skip
    steps = [("outcomes", facts(0)[1]), ("scores", facts(0)[0])]
    steps += [("campaign", {**spring, "campaign": name}) for name in ("spring", "autumn", "fall")]

    def add(part, found):
        if part == "campaign":
            return add_campaign(folder, JULY, found)
        return add_month(folder, JULY, "0a1b", part, found)

    shown = []
    for part, found in steps:
        add(part, found)
        command = Command(["monitor"])
        with running(command):
            texts = read_entries(folder)[1]
            shown.append((texts, command.as_dict()["entries"]))
    for texts, digests in shown:
        with running(Command(["monitor"], entries_before=digests)):
            assert read_entries(folder)[1] == texts
    add_campaign(folder, JULY, {**spring, "effect": -0.11})
    with (
        running(Command(["monitor"], entries_before=shown[-1][1])),
        pytest.raises(ConfigError, match=r"campaigns\.2024-07-01\.json has other bytes"),
    ):
        read_entries(folder)


def test_what_is_no_history_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="there is no such history"):
        read_history(tmp_path / "none")
    with pytest.raises(ConfigError, match="does not exist"):
        add_month(tmp_path / "no" / "history", JULY, "0a1b", "scores", {})
    with pytest.raises(ConfigError, match="has no version"):
        add_month(tmp_path / "history", JULY, "", "scores", {})
    add_month(tmp_path / "history", JULY, "0a1b", "scores", facts(0)[0])
    path = tmp_path / "history" / "2024-07-01.0a1b.json"
    stored = json.loads(path.read_text())
    for broken in ("{", "[]", json.dumps({**stored, "format": 9}), json.dumps({"format": 1})):
        path.write_text(broken)
        with pytest.raises(DataError, match=r"2024-07-01\.0a1b\.json"):
            read_history(tmp_path / "history")
    path.write_text(json.dumps({**stored, "model": "other"}))
    with pytest.raises(DataError, match="it was renamed"):
        read_history(tmp_path / "history")


def test_facts_of_a_job_are_those_of_its_scores(shared_model, named, write, tmp_path):
    job = score_file(shared_model, write(named, "t.csv"), tmp_path / "s.csv")
    found = score_facts(job)
    p = job.read()["probability"]
    assert found["mean"] == pytest.approx(p.mean())
    assert sum(rows for _, rows in found["groups"]) == len(p)
    assert found["estimate"]["rate"]["value"] == pytest.approx(p.mean(), abs=0.02)
    assert found["drift"] == job.drift.as_dict()
