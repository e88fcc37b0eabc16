"""Metrics of made-up predictions: every rule has its own target, and reaches it."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.metrics import alternatives, chosen, uses_each_gain

TARGETS = {"precision": 0.7, "recall": 0.9, "contacts": 0.2}


@pytest.fixture(scope="module")
def config() -> RunConfig:
    return RunConfig.model_validate(
        {
            "source": {"path": "customers.csv"},
            "columns": {"label": "left"},
            "campaign": TARGETS,
            "resamples": 50,
        }
    )


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Calibrated scores of 4,000 customers."""
    generator = np.random.default_rng(0)
    p = generator.beta(1, 3, 4000)
    label = (generator.random(4000) < p).astype(int)
    gain = np.where(label == 1, 50.0, -10.0)
    return pd.DataFrame({"label": label, "score": p, "gain": gain})


@pytest.fixture(scope="module")
def listed(config, rows) -> dict[str, dict]:
    """The alternatives of a run at threshold 0.5, validated and tested on the same rows."""
    return {entry["rule"]: entry for entry in alternatives(config, rows, rows, 0.5)}


def test_every_rule_has_its_own_target(listed):
    assert {rule: entry["target"] for rule, entry in listed.items()} == {
        "expected f1": None,
        "f1": None,
        "precision": 0.7,
        "recall": 0.9,
        "budget": 0.2,
        "profit": None,
    }
    assert [rule for rule, entry in listed.items() if entry["own"]] == ["expected f1"]


def test_every_target_is_reached_on_the_rows_that_chose(listed, rows):
    assert listed["precision"]["precision"]["value"] >= 0.7
    assert listed["recall"]["recall"]["value"] >= 0.9
    # The lowest and the highest threshold that do: neither reaches the other's target.
    assert listed["precision"]["recall"]["value"] < 0.9
    assert listed["recall"]["precision"]["value"] < 0.7
    best = max(rows["gain"][rows["score"] >= t].sum() for t in rows["score"])
    assert listed["profit"]["profit"]["value"] == pytest.approx(best / len(rows))


def test_a_target_that_cannot_be_reached_is_a_sentence(config, rows):
    campaign = config.campaign.model_copy(update={"precision": 0.9999})
    hopeless = config.model_copy(update={"campaign": campaign})
    noise = rows.assign(score=np.random.default_rng(1).random(len(rows)))
    (entry,) = (e for e in alternatives(hopeless, noise, noise, 0.5) if e["rule"] == "precision")
    assert "0.9999" in entry["unreached"] or "99.99" in entry["unreached"]
    assert "precision" not in entry


def test_gains_of_each_customer_decide_only_for_profit_without_a_ratio(config, rows):
    def rule_of(rule: str, target: float | None = None):
        section = {"threshold": {"rule": rule, "target": target}}
        return RunConfig.model_validate(
            {"source": {"path": "x.csv"}, "columns": {"label": "y"}, "classifier": section}
        ).threshold

    assert uses_each_gain(rule_of("profit"))
    assert not uses_each_gain(rule_of("profit", 0.2))
    assert not uses_each_gain(rule_of("f1"))
    y, scores, gain = (rows[name].to_numpy() for name in ("label", "score", "gain"))
    dearer = np.where(y == 1, 50.0, -45.0)
    cheap, dear = (chosen(rule_of("profit"), y, scores, g).threshold for g in (gain, dearer))
    assert cheap < dear
    same = {chosen(rule_of("f1"), y, scores, g).threshold for g in (gain, dearer)}
    assert len(same) == 1
