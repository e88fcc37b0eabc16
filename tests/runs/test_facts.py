"""Warnings of a run: a strong column, machines that learned nothing; and what was decided."""

import json

import pytest

from dbnchurn.predictor.card import codes_sentence
from dbnchurn.runs import read_config, train
from dbnchurn.runs.facts import code_remarks, leak_warnings
from dbnchurn.runs.report import report_input


@pytest.mark.parametrize(
    ("strength", "warns"),
    [
        ({"call": 0.81, "debt": 0.80}, True),  # strong alone, whatever the others are
        ({"call": 0.79, "debt": 0.78}, False),
        ({"call": 0.76, "debt": 0.62}, True),  # not strong, but twice as far from chance
        ({"call": 0.76, "debt": 0.64}, False),
        ({"call": 0.74, "debt": 0.51}, False),  # too weak to be a leak, however weak the others
        ({"call": 0.76}, True),
        ({"call": 0.74}, False),
        ({}, False),
    ],
)
def test_a_column_that_stands_out_is_a_possible_leak(strength, warns):
    warnings = leak_warnings(strength)
    assert len(warnings) == warns
    if warns:
        assert f"call alone ranks churners with an AUC of {strength['call']:.2f}" in warnings[0]


def test_what_was_decided_on_hidden_codes_is_told(write_config, telco, small_run, monkeypatch):
    monkeypatch.setattr("dbnchurn.model.code_columns.LAYERS", (6, 4))
    folder = train(read_config(write_config(telco), [*small_run, "classifier.codes=auto"]), "telco")
    found = json.loads((folder / "training.json").read_text())
    sentence = codes_sentence(found["codes"])
    assert "average precision is" in sentence
    assert report_input(folder).facts["hidden codes"] == sentence
    assert sentence in (folder / "model" / "card.md").read_text()
    assert set(code_remarks(found["codes"])) <= set(found["warnings"])


def test_without_codes_nothing_is_told_of_them(finished_run):
    assert "codes" not in json.loads((finished_run / "training.json").read_text())
    assert "hidden codes" not in report_input(finished_run).facts


def test_machines_that_are_not_stored_are_not_warned_of():
    found = {"remarks": ["machine 1 has learned nothing"]}
    assert code_remarks(found | {"kept": True}) == ["codes: machine 1 has learned nothing."]
    assert code_remarks(found | {"kept": False}) == []
