"""A scoring month is built only from tables that reach over its windows."""

import json
import logging
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.data.build import load
from dbnchurn.data.coverage import Coverage, usual_gap
from tests.data.small_crm import crm

WHOLE = {"windows": {"cutoffs": ["2024-08-01"], "observation": "3 months"}}
DEPARTURES = {"label": {"table": "leavers", "kind": "events", "column": None, "left": None}}


def without(tables, name, column, start, until="2100-01-01"):
    """The tables without the rows of one from `start` to before `until`."""
    when = tables[name][column]
    gone = (when >= start) & (when < until)
    return {**tables, name: tables[name][~gone]}


def test_whole_windows_are_built_and_told_beside_the_table(make):
    built = make(crm(300), labelled=False)
    assert built.coverage == Coverage()
    assert json.loads((built.folder / "coverage.json").read_text()) == {
        "uncovered": [], "reason": None, "gone": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "column", "start", "until", "message"),
    [
        ("basic", "month", "2024-07-01", "2100-01-01", r"'basic' ends with 2024-06, .*'2024-07'"),
        ("basic", "month", "2024-01-01", "2024-06-01", r"'basic' begins with 2024-06.*'2024-05'"),
        ("basic", "month", "2024-06-01", "2024-07-01", r"'basic' lacks months.*rows of '2024-06'"),
        ("calls", "at", "2024-07-01", "2100-01-01", r"'calls': the last row .* is of 2024-06-30"),
        ("calls", "at", "2024-01-01", "2024-06-01", r"'calls': the first row is of 2024-06-01"),
        ("calls", "at", "2024-06-01", "2024-07-01", r"'calls' has no rows between 2024-05-31 and"),
    ],
)
def test_a_table_that_ends_too_early_begins_too_late_or_has_a_gap_is_refused(
    make, name, column, start, until, message
):
    tables = without(crm(300), name, column, start, until)
    with pytest.raises(DataError, match=message) as told:
        make(tables, labelled=False)
    assert "do not cover the windows of the cutoff 2024-08-01" in str(told.value)
    assert "--allow-stale REASON" in str(told.value)
    built = make(tables, labelled=False, allow_stale="known outage")
    assert built.coverage.reason == "known outage"
    assert len(built.coverage.uncovered) == 1
    assert "known outage" in (built.folder / "coverage.json").read_text()
    assert built.coverage.lines()[0].startswith("stale, and allowed (known outage): cutoff 2024-08")


def test_a_month_that_has_not_arrived_names_every_table(make):
    with pytest.raises(DataError) as told:
        make(crm(300), labelled=False, cutoffs=[date(2024, 10, 1)])
    assert "table 'basic' ends with 2024-08, the windows need 2024-07 to 2024-09" in str(told.value)
    assert "table 'calls': the last row before the cutoff is of 2024-08-28" in str(told.value)


def test_a_cutoff_within_a_month_needs_the_months_that_are_over(make):
    tables = without(crm(300), "basic", "month", "2024-08-01")
    windows = {"windows": {"cutoffs": ["2024-08-15"], "observation": "1 month"}}
    make(tables, windows, labelled=False)
    with pytest.raises(DataError, match="ends with 2024-06"):
        make(without(tables, "basic", "month", "2024-07-01"), windows, labelled=False)


def test_a_few_days_without_events_are_no_fault(make):
    tables = without(crm(300), "calls", "at", "2024-07-26")
    make(tables, labelled=False)
    make(without(crm(300), "calls", "at", "2024-05-01", "2024-05-07"), labelled=False)
    strict = {"tables": {"calls": {"max_gap": 3}}}
    with pytest.raises(DataError, match="may be without rows for 3 days at most"):
        make(tables, strict, labelled=False)
    none = without(crm(300), "calls", "at", "2024-01-01", "2024-08-01")
    with pytest.raises(DataError, match="table 'calls' has no rows before the cutoff"):
        make(none, strict, labelled=False)


def test_a_table_with_a_row_now_and_then_is_refused_for_no_silence_that_training_had(make):
    tables = crm(60)
    days = pd.to_datetime(["2024-04-02", "2024-04-30", "2024-05-05", "2024-06-20", "2024-07-01"])
    tables["calls"] = tables["calls"].head(5).assign(at=days)
    make(tables, labelled=False)
    tables["calls"] = tables["calls"].head(2).assign(at=days[:2])
    make(tables, labelled=False)  # of two days nothing is known


def test_a_few_stray_rows_are_no_month(make):
    tables = crm(300)
    basic = tables["basic"]
    july = basic["month"] == "2024-07-01"
    tables["basic"] = pd.concat([basic[~july], basic[july].head(3)])
    with pytest.raises(DataError, match="rows of '2024-07' are missing or far too few"):
        make(tables, labelled=False)
    built = make(tables, labelled=False, allow_stale="a trial")
    assert built.rows == 300  # those of June are the newest month's customers


def test_the_tables_that_say_who_left_have_to_arrive_too(make):
    tables = crm(300)
    days = pd.date_range("2024-04-01", "2024-08-20", periods=75).normalize()
    tables["leavers"] = tables["leavers"].assign(on=days)
    built = make(tables, DEPARTURES, labelled=False)
    assert built.rows == 300 - (days < "2024-08-01").sum()
    late = without(tables, "leavers", "on", "2024-07-01")
    with pytest.raises(DataError, match="'leavers': the last row before the cutoff is of 2024-06"):
        make(late, DEPARTURES, labelled=False)


def test_training_keeps_the_gaps_that_it_saw_and_says_what_it_lacks(make, caplog):
    built = make(crm(300))
    assert built.plan.tables["calls"].max_gap == 7
    assert built.plan.tables["basic"].max_gap is None
    assert make(crm(300), {"tables": {"calls": {"max_gap": 3}}}).plan.tables["calls"].max_gap == 3
    with caplog.at_level(logging.WARNING):
        built = make(without(crm(300), "basic", "month", "2024-01-01", "2024-06-01"))
    assert "cutoff 2024-08-01: table 'basic' begins with 2024-06" in caplog.text
    assert "'basic' begins with 2024-06" in load(built).notes[0]


def test_who_has_no_row_in_the_last_month_of_the_base_table_is_gone(make):
    tables = crm(300)
    basic = tables["basic"]
    gone = basic["id"].isin([3, 5, 8]) & (basic["month"] >= "2024-07-01")
    tables["basic"] = basic[~gone]
    for how in ({"labelled": False}, {}):
        built = make(tables, **how)
        assert set(pd.read_parquet(built.features)["id"]) == set(basic["id"]) - {3, 5, 8}
        assert built.coverage.gone == 3
    assert "in its last month before the cutoff: 3; they count as gone" in built.coverage.lines()[0]
    windows = {"windows": {"active": "3 months"}}
    assert make(tables, windows, labelled=False).rows == 300
    newest = without(tables, "basic", "month", "2024-07-01")
    assert make(newest, labelled=False, allow_stale="a strike").rows == 300


def test_a_reason_is_a_text(make):
    with pytest.raises(ConfigError, match="--allow-stale needs a reason"):
        make(crm(), labelled=False, allow_stale=" ")
    built = make(crm(300), labelled=False, allow_stale="in case")
    assert built.coverage.lines() == ["no table is stale, so --allow-stale was not needed"]


def days_of(gaps):
    return [date(2024, 1, 1) + timedelta(int(day)) for day in np.cumsum([0, *gaps])]


@pytest.mark.parametrize(
    ("gaps", "most"),
    [
        ([1] * 90, 7),
        ([1, 1, 1, 1, 3] * 12, 7),  # no weekends
        ([1] * 40 + [31] + [1] * 40, 7),  # a month that was lost is not usual
        ([30, 31] * 6, 32),  # a reading a month
        ([30, 31], 32),
        ([10, 14, 2, 9, 21, 4, 16], 32),
        ([5], None),
    ],
)
def test_the_usual_gap_is_that_of_the_days_with_rows(gaps, most):
    assert usual_gap(days_of(gaps)) == most


def test_chance_alone_seldom_makes_a_table_stale():
    """Of 2000 tables with a row every five days by chance, few are silent for longer than usual."""
    generator, stale = np.random.default_rng(0), 0
    for _ in range(2000):
        days = np.flatnonzero(generator.random(365) < 0.2)
        known = days[days < 300]
        last = days[days < generator.integers(330, 365)].max()
        following = days[days > last].min(initial=365)
        most = usual_gap([date(2024, 1, 1) + timedelta(int(day)) for day in known])
        stale += following - last > most
    assert stale / 2000 < 0.02
