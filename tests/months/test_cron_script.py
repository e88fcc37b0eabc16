"""The cron example: the shell parses it, its commands exist, and a month takes the right way."""

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shown_commands import wrong

# Stands for `dbnchurn`: notes what it was called with, makes what later steps look for, and ends
# `monitor` with the code of a file.
STAND_IN = """#!/bin/sh
echo "$*" >> calls
for word; do
  case ${before:-} in
    --output | --campaign) [ "$1" = prepare ] && mkdir "$word" || : > "$word" ;;
  esac
  before=$word
done
[ "$1" != "${FAIL:-}" ] || exit 3
[ "$1" != monitor ] || exit "$(cat code)"
"""


@pytest.fixture
def script(root):
    return root / "examples" / "churn_month.sh"


@pytest.fixture
def month(script, tmp_path):
    """``month(day, code)``: the verbs that a month calls, its exit code and its calls."""
    for name in ("models", "features", "scores", "lists", "done", "bin"):
        (tmp_path / name).mkdir()
    (tmp_path / "models" / "champion").write_text("0a1b/model\n")
    shutil.copy(script.parent / "do_not_contact.py", tmp_path)
    program = tmp_path / "bin" / "dbnchurn"
    program.write_text(STAND_IN)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def run(day, code=0, fail=""):
        (tmp_path / "calls").write_text("")
        (tmp_path / "code").write_text(f"{code}\n")
        path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
        told = {"PATH": path, "CHURN_FOLDER": str(tmp_path), "FAIL": fail}
        done = subprocess.run(["sh", str(script), day], env=told, capture_output=True, text=True)
        calls = (tmp_path / "calls").read_text().splitlines()
        return [call.split()[0] for call in calls], done.returncode, calls

    return run


def test_the_shell_parses_it_and_the_commands_exist(script):
    text = script.read_text(encoding="utf-8")
    done = subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.strip() for line in re.sub(r"\\\n\s*", "", text).splitlines()]
    calls = [c for line in lines if (c := re.sub(r"^6 \| 7\) ", "", line)).startswith("dbnchurn ")]
    assert [call.split()[1] for call in calls] == [
        "prepare", "score", "evaluate", "lift", "evaluate", "monitor", "retrain"
    ]  # fmt: skip
    for call in calls:
        assert wrong(re.split(r" \|\| | ;;", call)[0]) is None


def test_the_first_month_has_nothing_to_look_back_at(month):
    verbs, code, calls = month("2024-09-03")
    assert (verbs, code) == (["prepare", "score", "monitor"], 0)
    assert calls[0].startswith("prepare --model models/0a1b/model --cutoff 2024-09-01")
    assert "--month 2024-09-01" in calls[1]


def test_contacted_customers_count_where_the_month_before_had_a_list(month):
    month("2024-09-03")
    verbs, code, calls = month("2024-10-03", 7)
    assert verbs == ["prepare", "score", "evaluate", "lift", "evaluate", "monitor", "retrain"]
    assert code == 0
    assert "--cutoff 2024-09-01" in calls[2]
    assert "--campaign 2024-09-01 --days 28 --as-of 2024-10-03" in calls[3]
    assert "--contact-log contacts.csv" in calls[4]
    assert "feedback.log=contacts.csv" in calls[6]
    assert "data.windows.cutoffs=[2024-09-01]" in calls[6]
    assert month("2024-10-04")[0] == []  # the month is done


@pytest.mark.parametrize(("advice", "retrains"), [(0, False), (5, False), (6, True), (7, True)])
def test_the_exit_code_of_monitor_decides(month, advice, retrains):
    verbs, code, _ = month("2024-10-03", advice)
    assert ("retrain" in verbs, code) == (retrains, 0)


def test_what_fails_ends_the_month_which_runs_again(month):
    month("2024-09-03")
    assert month("2024-10-03", 2)[1] == 2
    verbs, code, _ = month("2024-10-03", fail="evaluate")
    assert (verbs, code) == (["score", "evaluate"], 3)  # the table of the month is there
    assert month("2024-10-03")[1] == 0


def test_who_left_since_or_was_held_out_is_left_alone(script, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("contacts.csv").write_text(
        "customer,campaign,offer,arm,contact_date\n"
        '1,2024-09-01,"a, b",control,2024-09-03\n2,2024-09-01,"a, b",contact,2024-09-03\n'
        "3,2024-10-01,a,control,2024-10-03\n4,2024-05-01,a,control,2024-05-03\n"
    )
    Path("outcomes.csv").write_text("id,left_date\n5,2024-10-02\n6,2024-10-04\n7,\n")
    example = str(script.parent / "do_not_contact.py")
    call = [sys.executable, example, "contacts.csv", "outcomes.csv", "2024-10-01", "2024-10-03"]
    assert subprocess.run(call, capture_output=True, text=True).stdout == "customer\n1\n5\n"
    call[2:4] = ["none.csv", "none.csv"]
    assert subprocess.run(call, capture_output=True, text=True).stdout == "customer\n"
