"""Outcomes join a log by customer and window, and what does not fit is refused."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from dbnchurn.campaign import ContactLog, Outcomes
from dbnchurn.campaign.id_match import comparable
from dbnchurn.campaign.outcomes import join_outcomes
from dbnchurn.core.errors import DataError
from tests.campaign.test_log import make_log

LOG = ContactLog.of(make_log(8), "log.csv")  # contacted on 2026-03-01


def outcomes(**columns):
    frame = pd.DataFrame({"customer": [f"{i:03d}" for i in range(8)]})
    return Outcomes.of(frame.assign(**(columns or {"left": [0, 1] * 4})), "outcomes.csv")


def dated(*days):
    return [f"2026-03-{day:02d}" if day else None for day in days]


def test_leaving_counts_within_the_window():
    found = outcomes(left_date=dated(1, 10, 11, 31, 0, 0, 0, 0))
    joined = join_outcomes(LOG, found, window=10)  # the days 1 to 10
    assert joined.frame["left"].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    assert (joined.as_of, joined.window, joined.preliminary) == (date(2026, 3, 31), 10, False)
    assert "last date of leaving" in joined.notes[0]


def test_a_window_that_is_not_over_is_shortened_for_everybody():
    found = outcomes(left_date=dated(1, 10, 0, 0, 0, 0, 0, 0))
    joined = join_outcomes(LOG, found, window=90, as_of=date(2026, 3, 20))
    assert (joined.window, joined.wanted_window, joined.preliminary) == (20, 90, True)
    assert joined.frame["left"].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]


def test_customers_whose_window_is_not_over_are_left_out_where_others_are():
    waves = ContactLog.of(make_log(8, contact_date=["2026-03-01"] * 4 + ["2026-03-15"] * 4))
    joined = join_outcomes(waves, outcomes(left_date=dated(0, 5, 0, 0, 20, 0, 0, 0)), window=10)
    assert (len(joined.frame), joined.not_over, joined.preliminary) == (4, 4, True)
    plain = outcomes()
    joined = join_outcomes(waves, plain, window=10, as_of=date(2026, 3, 12))
    assert (len(joined.frame), joined.not_over) == (4, 4)
    assert "it is assumed" in join_outcomes(waves, plain).notes[0]


def test_customers_without_an_outcome_are_counted_and_never_stayed():
    left = {"customer": ["000", "001", "x"], "left": [0, "yes", None]}
    some = Outcomes.of(pd.DataFrame(left))
    joined = join_outcomes(LOG, some)
    assert joined.frame["left"].tolist() == [0, 1]
    assert (joined.without_outcome, joined.others) == (6, 1)
    leavers = Outcomes.of(pd.DataFrame({"customer": ["000", "001"], "left": 1}))
    with pytest.raises(DataError, match=r"everybody in it left.*not taken as stayed"):
        join_outcomes(LOG, leavers)


@pytest.mark.parametrize(
    ("columns", "how", "told"),
    [
        ({"left_date": dated(1, 2, 3, 4, 0, 0, 0, 0)}, {}, "how many days after the contact"),
        ({"left_date": [None] * 8}, {"window": 9}, "nobody left.*--as-of"),
        (
            {"left_date": ["2026-02-01"] + [None] * 7},
            {"window": 9, "as_of": date(2026, 5, 1)},
            "left before they were contacted, 1 of them, such as '000' on 2026-02-01",
        ),
        ({"left_date": ["2026-02-01"] + [None] * 7}, {"window": 9}, "contacted after that in 8"),
        (
            {"left_date": dated(9, 0, 0, 0, 0, 0, 0, 0)},
            {"window": 9, "as_of": date(2026, 3, 8)},
            r"leaving after 2026-03-08 .* in 1 row \(row 1\)",
        ),
        ({}, {"window": 90, "as_of": date(2026, 3, 9)}, "the first ends on 2026-05-29: wait"),
        ({}, {"as_of": date(2026, 3, 9)}, "needs the days of the window"),
    ],
)
def test_windows_that_do_not_fit_are_refused(columns, how, told):
    with pytest.raises(DataError, match=told.replace(": wait", "")):
        join_outcomes(LOG, outcomes(**columns), **how)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"left": ["2026-03-05"] * 8}, "dates of leaving belong in 'left_date'"),
        ({"left": [0, 1, 2, 0, 0, 0, 0, 0]}, r"holds .*2.* in 1 row \(row 3\)"),
        ({"customer": ["a"] * 8, "left": [0, 1] * 4}, "are there twice in 2 rows"),
        ({"customer": [None] * 8, "left": 0}, "'customer' is empty in 8 rows"),
        ({"left": 0, "left_date": "2026-03-05"}, "stayed .left 0. and have a date"),
        ({"left": 1, "left_date": None}, "left .left 1. and have no date"),
        ({"gone": 1}, "need the columns 'customer' and 'left'"),
        ({"left": 0, "revenue": ["a lot"] * 8}, "'revenue' holds no number"),
    ],
)
def test_wrong_outcomes_are_refused(columns, told):
    with pytest.raises(DataError, match=told):
        outcomes(**columns)


def test_ids_that_are_written_otherwise_are_shown_and_can_be_matched():
    numbers = Outcomes.of(pd.DataFrame({"customer": range(8), "left": [0, 1] * 4}))
    with pytest.raises(
        DataError, match=r"'000' in the log for '0' in the outcomes.*--match digits"
    ):
        join_outcomes(LOG, numbers)
    assert join_outcomes(LOG, numbers, match="digits").frame["left"].sum() == 4
    others = Outcomes.of(pd.DataFrame({"customer": list("abcdefgh"), "left": 0}))
    with pytest.raises(DataError, match=r"none of the 8 customers.*such as '000'.*such as 'a'"):
        join_outcomes(LOG, others)
    both = Outcomes.of(pd.DataFrame({"customer": ["7", "07"], "left": 0}))
    with pytest.raises(DataError, match="'7', '07' would become one"):
        join_outcomes(LOG, both, match="digits")
    assert comparable(pd.Series(["A 7", "a7"]), "loose").nunique() == 1


def test_outcomes_of_several_campaigns():
    two = ContactLog.of(pd.concat([make_log(8), make_log(8, campaign="autumn")]))
    with pytest.raises(DataError, match="several campaigns, and the outcomes say neither"):
        join_outcomes(two, outcomes())
    frame = pd.concat([outcomes().frame.assign(campaign=c) for c in ("spring", "autumn")])
    frame["left"] = np.repeat([0.0, 1.0], 8)
    joined = join_outcomes(two, Outcomes.of(frame)).frame
    assert joined.groupby("campaign")["left"].mean().to_dict() == {"autumn": 1, "spring": 0}


def test_files_are_read_by_the_reader_of_training(tmp_path):
    path = tmp_path / "outcomes.csv"
    path.write_text(
        "customer;left_date;revenue;town\n000;05.03.2026;1.234,5;x\n001;13.03.2026;2,5;y\n"
    )
    found = Outcomes.read(path)
    assert found.frame["left_date"].tolist() == [
        pd.Timestamp("2026-03-05"),
        pd.Timestamp("2026-03-13"),
    ]
    assert found.frame["revenue"].tolist() == [1234.5, 2.5]
    assert any("no use for 'town'" in note for note in found.notes)


def test_a_date_that_stands_for_never_ends_no_window():
    found = outcomes(left_date=[*dated(1, 10), *["9999-12-31"] * 6])
    with pytest.raises(DataError, match=r"9999-12-31, which stands for never.*--as-of DATE"):
        join_outcomes(LOG, found, window=10)


def test_times_of_several_zones_are_refused_by_the_name_of_the_column():
    with pytest.raises(DataError, match=r"\.csv: column 'left_date' holds times of several"):
        outcomes(left_date=["2026-03-02T00:00+01:00", "2026-04-02T00:00+02:00", *[None] * 6])


def test_equal_rows_are_one_outcome_and_others_are_refused():
    twice = pd.DataFrame({"customer": ["1", "2", "1"], "left": ["yes", "no", "1"]})
    found = Outcomes.of(twice, "o.csv")
    assert found.frame["customer"].tolist() == ["1", "2"]
    assert "another row is repeated in 1 row (row 3)" in found.notes[0]
    with pytest.raises(DataError, match=r"twice in 2 rows \(row 1, row 3\), such as '1'"):
        Outcomes.of(twice.assign(left=["yes", "no", "no"]), "o.csv")
    with pytest.raises(DataError, match="twice"):  # two sums, or one sum twice
        Outcomes.of(twice.assign(revenue=[5, 6, 5]), "o.csv")
