"""``dbnchurn evaluate``: its three ways, and options that do not go together."""

import json

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def files(tmp_path):
    """Scores and outcomes of one month."""
    p = np.linspace(0.01, 0.5, 100)
    scores, outcomes = tmp_path / "scores.csv", tmp_path / "outcomes.csv"
    pd.DataFrame({"id": range(100), "probability": p}).to_csv(scores, index=False)
    pd.DataFrame({"id": range(100), "left": [0, 0, 0, 1] * 25}).to_csv(outcomes, index=False)
    return scores, outcomes


def test_scores_and_outcomes_of_several_months(call, files, tmp_path):
    output = tmp_path / "found.json"
    code, out, _ = call("evaluate", *files, *files, "--output", output)
    assert code == 0
    assert "## 2 months together" in out
    told = json.loads(output.read_text())
    assert told["together"][0]["rows"] == 200
    assert call("evaluate", *files, "--output", output)[0] == 2
    assert call("evaluate", *files, "--output", files[0].with_suffix(".json"), "--mkdir")[0] == 0


def test_options_of_another_way_are_refused(refused, files, model):
    scores, outcomes = files
    assert "--cutoff" in refused("evaluate", scores, outcomes, "--cutoff", "2024-08-01")
    assert "after each file of scores" in refused("evaluate", scores)
    assert "--others-stayed" in refused("evaluate", model, outcomes, "--others-stayed")
    assert "--cutoff DATE" in refused("evaluate", model)
    assert "--cutoff" in refused("evaluate", model, outcomes, "--cutoff", "2024-08-01")
    assert "--label" in refused("evaluate", model, "--cutoff", "2024-08-01", "--label", "left")
    assert "one table" in refused("evaluate", model, outcomes, outcomes)
    assert "--since" in refused("evaluate", model, outcomes, "--days", "3")
