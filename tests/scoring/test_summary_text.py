"""What is printed of a job."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from dbnchurn.core.errors import ConfigError
from dbnchurn.data.coverage import Coverage
from dbnchurn.predictor.scores import Oddities
from dbnchurn.scoring.campaign import CampaignList
from dbnchurn.scoring.drift import Drift, Shift
from dbnchurn.scoring.result import Job
from dbnchurn.scoring.summary_text import (
    alarm_message,
    allowed_text,
    drift_table,
    reasons_table,
    summary_text,
)

DRIFT = Drift(Shift("score", 0.3, 0.01), (Shift("debt", 0.5, 0.02), Shift("age", 0.1, 0.02)))
JOB = Job(
    output=Path("s.csv"), rejected=None, summary=Path("s.job.json"), model="0123456789ab", rows=10,
    scored=10, called=2, mean=0.25, without_id=0, repeated_ids=0, unusual=Oddities(10), drift=DRIFT,
    campaign=None,
)  # fmt: skip


def printed(table):
    console = Console(file=StringIO(), width=120)
    console.print(table)
    return console.file.getvalue()


def test_the_summary_has_counts_and_files():
    text = summary_text(JOB)
    assert text.startswith(
        "10 customers scored, 2 at or above the threshold; mean probability 0.25"
    )
    assert text.endswith("written to s.csv\nsummary: s.job.json")
    one = summary_text(replace(JOB, scored=9, rejected=Path("bad.csv"), drift=None))
    assert "1 row could not be read: bad.csv" in one
    assert "no drift: the model has no distributions" in one
    listed = CampaignList(
        Path("c.csv"),
        contact=5,
        control=1,
        suppressed=2,
        listed=3,
        matched=2,
        repeated=1,
        given=True,
    )
    text = summary_text(replace(JOB, campaign=listed))
    assert "5 to contact, 1 held out as control; 2 kept off, as 2 of the 3 ids of the" in text
    assert "(as written; 1 entries repeated)" in text
    nobody = replace(listed, suppressed=0, listed=0, matched=0)
    text = summary_text(replace(JOB, campaign=nobody))
    assert "control; the suppression list is empty: c.csv" in text


def test_what_was_allowed_is_told_apart_to_be_read_first():
    assert allowed_text(JOB) == ""
    stale = Coverage(("table 'bills' ends with 2024-07",), "a strike", gone=3)
    lines = allowed_text(replace(JOB, changed=("column 'debt' is missing",), month=stale))
    assert lines.splitlines() == [
        "changed, and allowed: column 'debt' is missing",
        "stale, and allowed (a strike): table 'bills' ends with 2024-07",
        "customers of the base table without a row in its last month before the cutoff: 3; they "
        "count as gone",
    ]
    needless = allowed_text(replace(JOB, month=Coverage(reason="a strike")))
    assert needless == "no table is stale, so --allow-stale was not needed"


def test_an_alarm_names_what_moved_the_most_first():
    assert alarm_message(JOB.drift, 0.6) is None
    assert alarm_message(JOB.drift, 0.5) == "alarm: drift of 0.5 or more: debt 0.500"
    assert alarm_message(JOB.drift, 0.2) == "alarm: drift of 0.2 or more: debt 0.500, score 0.300"
    with pytest.raises(ConfigError, match="the drift of this model cannot be measured"):
        alarm_message(None, 0.2)


def test_tables_show_every_row():
    text = printed(drift_table(DRIFT))
    assert [text.index(name) for name in ("score", "debt", "age")] == sorted(
        text.index(name) for name in ("score", "debt", "age")
    )
    scores = {"id": ["a[b]"], "probability": [0.5], "reason_1": ["debt: 80"], "reason_2": [None]}
    scores = pd.DataFrame({**scores, "contribution_1": [1.25], "contribution_2": [None]})
    text = printed(reasons_table(scores, 2))
    assert "a[b]" in text
    assert "debt: 80 +1.25" in text
