"""The cron example: the shell parses it, its commands exist, and a month takes the right way."""

import os
import re
import shutil
import signal
import stat
import subprocess
from datetime import date

import pandas as pd
import pytest

from dbnchurn.campaign import ContactLog, Outcomes
from dbnchurn.campaign.outcomes import join_outcomes
from dbnchurn.months.campaign_months import add_campaign
from dbnchurn.months.outcome_files import read_outcomes
from tests.campaign.test_log import make_log
from tests.shown_commands import wrong

# Stands for `dbnchurn`: notes what it was called with, makes what later steps look for, which holds
# how it was called, and ends `monitor` with the code of a file. A call that FAIL describes ends
# with WITH, or kills the script; with 2, a refusal, it makes nothing.
STAND_IN = """#!/bin/sh
echo "$*" >> calls
[ "$WITH" != 2 ] || case "$*" in $FAIL) exit 2 ;; esac
for word; do
  case ${before:-} in
    --output | --campaign) [ "$1" = prepare ] && mkdir "$word" || echo "$*" > "$word" ;;
    --month) [ "$1" != lift ] || echo '"preliminary": false' > "history/campaigns.$word.json" ;;
  esac
  before=$word
done
[ "$1" != retrain ] || echo 9f8e/model > models/champion
case "$*" in
  $FAIL) [ "$WITH" != kill ] || kill -KILL "$PPID"; exit "$WITH" ;;
esac
[ "$1" != monitor ] || exit "$(cat code)"
"""
NOBODY = "#!/bin/sh\necho customer\n"  # stands for Python with do_not_contact.py
CONTACTED = pd.DataFrame({"customer": ["7", "8", "9"], "arm": ["contact", "contact", "control"]})
OUTCOMES = "id,left_date\n7,2024-09-20\n8,\n9,2024-12-01\n"  # as the page describes the file


@pytest.fixture
def script(root):
    return root / "examples" / "churn_month.sh"


@pytest.fixture
def month(script, tmp_path):
    """``month(day, code)``: the verbs of a month, its exit code, its calls, and what it says."""
    for name in ("models", "features", "scores", "lists", "done", "history", "bin"):
        (tmp_path / name).mkdir()
    (tmp_path / "models" / "champion").write_text("0a1b/model\n")
    shutil.copy(script.parent / "measure_campaigns.sh", tmp_path)
    for name, text in (("dbnchurn", STAND_IN), ("python3", NOBODY)):
        program = tmp_path / "bin" / name
        program.write_text(text)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def run(day, code=0, fail="", end="3"):
        (tmp_path / "calls").write_text("")
        (tmp_path / "code").write_text(f"{code}\n")
        path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
        told = {"PATH": path, "CHURN_FOLDER": str(tmp_path), "FAIL": fail, "WITH": end}
        done = subprocess.run(["sh", str(script), day], env=told, capture_output=True, text=True)
        calls = (tmp_path / "calls").read_text().splitlines()
        return [call.split()[0] for call in calls], done.returncode, calls, done.stdout

    return run


def commands(script):
    """The calls of `dbnchurn` in a script, in one line each."""
    text = script.read_text(encoding="utf-8")
    done = subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.strip() for line in re.sub(r"\\\n\s*", "", text).splitlines()]
    return [line for line in lines if line.startswith("dbnchurn ")]


def test_the_shell_parses_it_and_the_commands_exist(script):
    calls = commands(script)
    assert [call.split()[1] for call in calls] == [
        "prepare", "score", "evaluate", "evaluate", "monitor", "retrain"
    ]  # fmt: skip
    calls += commands(script.parent / "measure_campaigns.sh")
    assert calls[-1].split()[1] == "lift"
    for call in calls:
        assert wrong(call.split(" || ")[0]) is None


def test_the_first_month_has_nothing_to_look_back_at(month):
    verbs, code, calls, said = month("2024-09-03")
    assert (verbs, code) == (["prepare", "score", "monitor"], 0)
    assert calls[0].startswith("prepare --model models/0a1b/model --cutoff 2024-09-01")
    assert "--month 2024-09-01" in calls[1]
    assert "2024-09-01 is measured from 2024-10-01 on" in said


def test_contacted_customers_count_where_the_month_before_had_a_list(month):
    month("2024-09-03")
    verbs, code, calls, _ = month("2024-10-03", 7)
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
    verbs, code, _, _ = month("2024-10-03", advice)
    assert ("retrain" in verbs, code) == (retrains, 0)


def test_what_fails_ends_the_month_which_runs_again(month):
    month("2024-09-03")
    assert month("2024-10-03", 2)[1] == 2
    verbs, code, _, _ = month("2024-10-03", fail="evaluate *")
    assert (verbs, code) == (["score", "evaluate"], 3)  # the table of the month is there
    assert month("2024-10-03")[1] == 0


def test_a_month_killed_after_its_promotion_runs_again_with_the_model_it_began_with(
    month, tmp_path
):
    def files():
        return {
            path: path.read_text()
            for name in ("scores", "lists", "history", "models")
            for path in (tmp_path / name).iterdir()
        }

    month("2024-09-03")
    verbs, code, first, _ = month("2024-10-03", 7, fail="retrain *", end="kill")
    assert (verbs[-1], code) == ("retrain", -signal.SIGKILL)
    before = files()
    verbs, code, calls, said = month("2024-10-05", 7)
    assert (verbs, code) == (["score", "evaluate", "evaluate", "monitor"], 0)
    assert "The champion 9f8e/model took the place of 0a1b/model" in said
    assert calls[0] in first
    assert files() == before
    assert "score models/9f8e/model" in "\n".join(month("2024-11-03")[2])


def test_a_campaign_too_small_for_feedback_ends_no_month(month):
    month("2024-09-03")
    verbs, code, _, said = month("2024-10-03", fail="*--contact-log*", end="2")
    assert (verbs[-1], code) == ("monitor", 0)
    assert "What would have come of 2024-09-01 without its campaign is not known" in said
    assert month("2024-11-03", fail="*--contact-log*", end="1")[1] == 1  # a fault is none


def test_a_campaign_that_lift_refuses_is_tried_again_and_holds_nothing_up(month):
    month("2024-09-03")
    verbs, code, _, said = month("2024-10-03", fail="lift *2024-09-01*", end="2")
    assert (verbs[-1], code) == ("monitor", 0)
    assert "The campaign 2024-09-01 is not measured; see why above" in said
    calls = month("2024-11-03", fail="lift *2024-09-01*", end="2")[2]
    assert [call.split()[4] for call in measured(calls)] == ["2024-09-01", "2024-10-01"]
    assert month("2024-12-03", fail="lift *", end="1")[1] == 1  # a fault is none


def measured(calls):
    return [call for call in calls if call.startswith("lift ")]


def test_a_window_that_is_open_is_measured_by_a_later_month(month):
    month("2024-09-20")
    verbs, code, calls, said = month("2024-10-03")
    assert (measured(calls), verbs[-1], code) == ([], "monitor", 0)
    assert "The campaign 2024-09-01 is measured from 2024-10-18 on" in said
    found = measured(month("2024-11-03")[2])
    assert [call.split("--history")[0] for call in found] == [
        "lift contacts.csv outcomes.csv --campaign 2024-09-01 --days 28 --as-of 2024-11-03 ",
        "lift contacts.csv outcomes.csv --campaign 2024-10-01 --days 28 --as-of 2024-11-03 ",
    ]
    assert len(measured(month("2024-12-03")[2])) == 1


def test_a_month_that_runs_again_measures_as_of_its_day_and_keeps_the_day_of_contacts(month):
    month("2024-09-20")
    assert measured(month("2024-10-03", fail="monitor *")[2]) == []
    _, code, calls, _ = month("2024-10-18")
    assert "--contact-date 2024-10-03" in calls[0]
    assert ["--as-of 2024-10-18" in call for call in measured(calls)] == [True]
    assert code == 0


def test_an_effect_that_the_history_has_is_measured_again_where_it_is_preliminary(month, tmp_path):
    facts = {
        "campaign": "2024-09-01", "claim": "not told", "effect": 0.0, "low": -0.1, "high": 0.1,
        "confidence": 0.95, "contacted": 9, "control": 9, "preliminary": True,
    }  # fmt: skip
    month("2024-09-03")
    for preliminary in (False, True):
        facts["preliminary"] = preliminary
        add_campaign(tmp_path / "history", date(2024, 9, 1), facts)
        found = measured(month("2024-10-03", fail="monitor *")[2])
        assert len(found) == preliminary


def test_the_outcomes_of_the_folder_are_read_by_lift_and_by_evaluate(tmp_path):
    path = tmp_path / "outcomes.csv"
    path.write_text(OUTCOMES)
    log = make_log(3).assign(**CONTACTED, contact_date="2024-09-03")
    found = join_outcomes(
        ContactLog.of(log), Outcomes.read(path), window=28, as_of=date(2024, 12, 3)
    )
    assert (found.frame["left"].tolist(), found.preliminary) == ([1, 0, 0], False)
    frame, _ = read_outcomes(
        str(path), None, None, (), None, None, date(2024, 9, 1), 30, others_stayed=False
    )
    assert frame.set_index("customer")["y"].to_dict() == {"7": 1, "8": 0, "9": 0}
