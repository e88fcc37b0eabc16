"""``dbnchurn score``: what it prints, and how it ends."""

import json

import pandas as pd
import pytest

from dbnchurn.cli import main
from dbnchurn.scoring import score_file


@pytest.fixture
def call(capsys):
    """``call(*arguments)`` → exit code, standard output and error."""

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            main(["score", *(str(argument) for argument in arguments)])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return int(end.value.code or 0), out, err

    return run


@pytest.fixture
def table(named, write):
    return write(named, "t.csv")


def test_everything_that_can_be_asked_for(call, model, table, named, tmp_path):
    suppress = tmp_path / "gone.txt"
    suppress.write_text("\n".join(named["customer"][:100]))
    output, campaign = tmp_path / "s.parquet", tmp_path / "campaign.csv"
    code, out, _ = call(
        model, table, "--output", output, "--id", "customer", "--reasons", 1, "--campaign",
        campaign, "--budget", 0.1, "--suppress", suppress, "--control", 0.2, "--seed", 3,
        "--chunk-rows", 300, "--threads", 1, "--rejected", tmp_path / "bad.csv",
    )  # fmt: skip
    assert code == 0
    assert "950 customers scored" in out
    assert "95 to contact, 24 held out as control; 100 kept off" in out
    chosen = pd.read_csv(campaign)
    assert not set(chosen["id"]) & set(named["customer"][:100])
    assert "reason_1" in chosen
    assert "reason_1" in pd.read_parquet(output)
    assert "population stability index" in out
    for column in ("score", "debt", "age", "plan", "tv", "since"):
        assert column in out
    assert not (tmp_path / "bad.csv").exists()


def test_the_largest_drift_is_printed(call, model, named, write, tmp_path, caplog):
    table = write(named.assign(debt=named["debt"] + 1000), "t.csv")
    _, out, _ = call(model, table, "--output", tmp_path / "s.csv", "--allow-changed", "debt")
    written = json.loads((tmp_path / "s.csv.job.json").read_text())
    index = written["drift"]["columns"]["debt"]["index"]
    assert f"{index:.4f}" in out
    assert "unusual: debt: 950 of 950 rows far outside the range of training" in caplog.text


@pytest.mark.parametrize(("options", "expected"), [([], 3), (["--alarm-code", 17], 17)])
def test_an_alarm_ends_with_its_code_and_the_scores_are_there(
    call, model, named, write, tmp_path, options, expected
):
    calm = score_file(model, write(named, "calm.csv"), tmp_path / "calm-scores.csv").drift
    highest = max(calm.score.index, calm.columns[0].index)
    table = write(named.assign(debt=named["debt"] + 1000), "t.csv")
    allowed = ("--allow-changed", "debt")
    arguments = ("--output", tmp_path / "s.csv", "--alarm", highest * 1.01, *allowed)
    code, out, err = call(model, table, *arguments, *options)
    assert code == expected
    assert "950 customers scored" in out
    assert len(pd.read_csv(tmp_path / "s.csv")) == 950
    assert err.splitlines()[-1].startswith("alarm: drift of ")
    assert "debt" in err.splitlines()[-1]
    assert call(model, tmp_path / "calm.csv", *arguments, *options)[0] == 0


def test_rejected_rows_are_told(call, model, spoiled, write, tmp_path):
    table = write(spoiled, "t.csv")
    code, out, _ = call(model, table, "--output", tmp_path / "s.csv")
    assert code == 0
    assert f"3 rows could not be read: {tmp_path / 's.rejected.csv'}" in out
    code, out, err = call(model, table, "--output", tmp_path / "s.csv", "--max-rejected", 0.001)
    assert (code, out) == (2, "")
    assert "3 of 950 rows cannot be scored, more than the 0.10% allowed" in err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--campaign", "c.csv"], "needs both --campaign FILE and --budget NUMBER"),
        (["--budget", 10], "needs both --campaign FILE and --budget NUMBER"),
        (["--suppress", "x.csv"], "--suppress, --control and --log belong to --campaign"),
        (["--control", 0.1], "--suppress, --control and --log belong to --campaign"),
        (["--campaign", "c.csv", "--budget", -1], "campaign budget -1"),
        (["--cutoff", "2024-09-01"], "give a table, or cutoff and raw tables"),
        (["--table", "basic"], "write NAME=PATH"),
        (["--database", "NO_SUCH_VARIABLE"], "NO_SUCH_VARIABLE is not set"),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_written(
    call, model, table, tmp_path, options, message
):
    code, out, err = call(model, table, "--output", tmp_path / "s.csv", *options)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "t.csv"]
