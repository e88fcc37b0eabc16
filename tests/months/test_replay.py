"""Past months from the raw tables: the same rows and numbers as a table made beforehand."""

import datetime
import json

import pandas as pd
import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.months.past_months import PastMonth, PastMonths
from dbnchurn.months.replay import replay

AUGUST = datetime.date(2024, 8, 1)
HOW = {"trust_sources": True, "resamples": 20, "n_threads": 1}


def test_a_month_built_anew_has_the_outcomes_of_the_raw_tables(month_by_month, tmp_path):
    output = tmp_path / "august.json"
    found = replay(month_by_month / "model", [AUGUST], by=["basic_plan_last"], output=output, **HOW)
    (month,) = found.months
    basic = pd.read_parquet(month_by_month / "basic.parquet")
    there = basic[(basic["month"] == "2024-08-01")]
    assert found.gaps[0].rows == len(there) == month.found.measured["n"]
    assert found.gaps[0].left == (there["status"] == "gone").sum()
    assert {gap.breakdown for gap in found.gaps} == {"", "risk", "basic_plan_last"}
    for name in ("risk", "basic_plan_last"):
        own = [gap for gap in found.gaps if gap.breakdown == name]
        assert sum(gap.rows for gap in own) == len(there)
        assert sum(gap.left for gap in own) == found.gaps[0].left
    told = json.loads(output.read_text())
    assert told["months"][0]["cutoff"] == "2024-08-01"
    assert told["together"][0]["left"] == found.gaps[0].left
    assert f"## cutoff {AUGUST}" in found.to_text()
    assert found.model == Predictor.load(month_by_month / "model").version


def test_several_months_are_measured_alone_and_together(month_by_month):
    one = replay(month_by_month / "model", [AUGUST], **HOW).months[0]
    twice = PastMonths("m", (one, PastMonth(datetime.date(2024, 9, 1), one.found)))
    assert twice.gaps[0].rows == 2 * one.found.gaps[0].rows
    assert "## 2 months together" in twice.to_text()


def test_months_that_the_model_knows_or_that_are_not_over_are_refused(month_by_month, tmp_path):
    model = month_by_month / "model"
    with pytest.raises(ConfigError, match="learned from outcomes of days before 2024-08-01"):
        replay(model, [datetime.date(2024, 7, 1)], **HOW)
    with pytest.raises(ConfigError, match="given twice"):
        replay(model, [AUGUST, AUGUST], **HOW)
    with pytest.raises(DataError, match=r"outcome window of the cutoff 2024-09-01 is empty"):
        replay(model, [datetime.date(2024, 9, 1)], **HOW)
    with pytest.raises(ConfigError, match="--trust-sources"):
        replay(model, [AUGUST])
    with pytest.raises(ConfigError, match="no column 'plan' to compare by"):
        replay(model, [AUGUST], by=["plan"], **HOW)


def test_an_outcome_month_with_hardly_any_rows_is_not_over(month_by_month, tmp_path):
    """The first rows of a month have arrived: who left is not known of the others."""
    basic = pd.read_parquet(month_by_month / "basic.parquet")
    partial = basic[(basic["month"] < "2024-08-01") | (basic["id"] <= 9)]
    partial.to_parquet(tmp_path / "basic.parquet", index=False)
    given = {"tables": {"basic": str(tmp_path / "basic.parquet")}}
    with pytest.raises(DataError, match=r"outcome window 2024-08-01 to 2024-09-01 is not over"):
        replay(month_by_month / "model", [AUGUST], **given, **HOW)
    found = replay(month_by_month / "model", [AUGUST], **given, allow_stale="first rows", **HOW)
    assert "stale, and allowed" in found.to_text()
