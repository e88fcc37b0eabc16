"""``dbnchurn evaluate``: its three ways, and options that do not go together."""

import json

import numpy as np
import pandas as pd
import pytest

from dbnchurn.campaign.id_match import MATCHES
from dbnchurn.cli.options import IdMatch


@pytest.fixture
def files(tmp_path):
    """Scores and outcomes of one month."""
    p = np.linspace(0.01, 0.5, 100)
    scores, outcomes = tmp_path / "scores.csv", tmp_path / "outcomes.csv"
    pd.DataFrame({"id": range(100), "probability": p}).to_csv(scores, index=False)
    pd.DataFrame({"id": range(100), "left": [0, 0, 0, 1] * 25}).to_csv(outcomes, index=False)
    return scores, outcomes


def test_the_option_offers_what_the_package_compares_by():
    assert tuple(choice.value for choice in IdMatch) == MATCHES


def test_scores_and_outcomes_of_several_months(call, files, tmp_path):
    output = tmp_path / "found.json"
    code, out, _ = call("evaluate", *files, *files, "--output", output)
    assert code == 0
    assert "## 2 months together" in out
    told = json.loads(output.read_text())
    assert told["together"][0]["rows"] == 200
    assert call("evaluate", *files, "--output", output)[0] == 2
    assert call("evaluate", *files, "--output", files[0].with_suffix(".json"), "--mkdir")[0] == 0


def test_each_of_two_files_is_read_as_told(call, refused, files, tmp_path):
    plain = call("evaluate", *files)[1]
    odd = [file.with_stem(f"odd_{file.stem}") for file in files]
    pd.read_csv(files[0]).to_csv(odd[0], sep="^", index=False)
    pd.read_csv(files[1]).to_csv(odd[1], sep="~", index=False, encoding="utf-16")
    told = ("--scores-delimiter", "^", "--delimiter", "~", "--encoding", "utf-16")
    assert call("evaluate", *odd, *told)[1].splitlines()[0] == plain.splitlines()[0]
    for option in ("--scores-delimiter", "--delimiter"):  # of another file
        assert call("evaluate", *odd, *told, option, "|")[0] == 2
    assert "--scores-sheet" in refused("evaluate", tmp_path, files[1], "--scores-sheet", "July")
    assert "has no sheet 'July'" in refused("evaluate", *files, "--scores-sheet", "July")


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


def test_months_are_kept_and_monitored(call, refused, files, tmp_path):
    history = tmp_path / "history"
    kept = ("evaluate", *files, "--history", history, "--month", "2024-08-01")
    scores = pd.read_csv(files[0]).assign(model="0a1b")
    scores.to_csv(files[0], index=False)
    answers = pd.read_csv(files[1])
    true = np.random.default_rng(3).random(100) < scores["probability"]
    answers.assign(left=true.astype(int)).to_csv(files[1], index=False)
    assert "the outcomes of 2024-08-01 were added" in call(*kept)[1]
    assert "are there already" in call(*kept)[1]
    page = tmp_path / "page.html"
    code, out, _ = call("monitor", history, "--output", page)
    assert (code, page.exists()) == (0, True)
    assert "Nothing to do" in out
    answers.assign(left=[1, 1, 1, 0] * 25).to_csv(files[1], index=False)
    later = ("evaluate", *files, "--history", history, "--month", "2024-09-01")
    assert call(*later)[0] == 0
    assert call("monitor", history)[0] in (6, 7)
    assert "--month DATE 1 times" in refused("evaluate", *files, "--history", history)
    assert "belongs to --history" in refused("evaluate", *files, "--month", "2024-09-01")


def test_a_scored_month_is_kept(call, refused, shared_model, named, write, tmp_path):
    history, table = tmp_path / "history", write(named, "t.csv")
    command = ("score", shared_model, table, "--output", tmp_path / "s.csv", "--history", history)
    assert "Give --month DATE" in refused(*command)
    assert "the scores of 2024-09-01 were added" in call(*command, "--month", "2024-09-01")[1]
    before = {path.name: path.read_bytes() for path in history.iterdir()}
    call(*command, "--month", "2024-09-01")
    assert {path.name: path.read_bytes() for path in history.iterdir()} == before
    assert call("monitor", history)[0] in (0, 5)


def test_the_folder_above_a_history_is_made_where_that_is_asked_for(call, refused, files, tmp_path):
    scores = pd.read_csv(files[0]).assign(model="0a1b")
    scores.to_csv(files[0], index=False)
    history = tmp_path / "new" / "history"
    kept = ("evaluate", *files, "--history", history, "--month", "2024-08-01")
    assert "let it be made with --mkdir" in refused(*kept)
    assert call(*kept, "--mkdir")[0] == 0
    assert len(list(history.iterdir())) == 1


def test_a_history_in_a_database_is_asked_for_its_variable(refused, files, monkeypatch):
    month = ("--month", "2024-08-01")
    with_password = "postgresql://me:hush@db/crm"
    told = refused("evaluate", *files, "--history", with_password, *month)
    assert "environment variable" in told
    assert "hush" not in told
    assert "hush" not in refused("monitor", with_password)
    monkeypatch.delenv("NO_SUCH", raising=False)
    for words in (("monitor",), ("evaluate", *files, *month, "--history")):
        assert "NO_SUCH is not set" in refused(*words, "postgresql:NO_SUCH")
