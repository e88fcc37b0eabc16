"""A month whose contents are not those of the other months is refused for scoring, and told."""

from datetime import date

import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.data.month_contents import MOST
from tests.data.small_crm import crm

JULY = pd.Timestamp("2024-07-01")


def without_july(frame, when, column):
    """The table with a column that is renamed, and so empty, in the rows of July."""
    july = frame[when].dt.month == 7
    return frame.assign(**{column: frame[column].mask(july)})


@pytest.mark.parametrize(
    ("name", "when", "column"), [("basic", "month", "gb"), ("calls", "at", "minutes")]
)
def test_a_column_that_one_month_lacks_is_refused(make, name, when, column):
    tables = crm(100)
    tables[name] = without_july(tables[name], when, column)
    message = f"'{name}': the column '{column}' is empty in '2024-07'"
    with pytest.raises(DataError, match=message):
        make(tables, labelled=False)
    built = make(tables, labelled=False, allow_stale="known")
    assert any("is empty" in line for line in built.coverage.uncovered)
    assert any("is empty" in line for line in make(tables).coverage.uncovered)


@pytest.mark.parametrize("more", [-1, 0])
def test_a_column_is_lost_from_a_share_of_the_rows_on(make, more):
    tables = crm(100)
    basic = tables["basic"]
    lost = (basic["month"] == JULY) & (basic["id"] <= MOST * 100 + more)
    tables["basic"] = basic.assign(gb=basic["gb"].mask(lost))
    assert len(make(tables).coverage.uncovered) == 1 + more


def test_a_column_that_is_rare_in_every_month_is_no_fault(make):
    tables = crm(100)
    tables["basic"]["gb"] = tables["basic"]["gb"].mask(tables["basic"]["month"].dt.month != 6)
    built = make(tables, labelled=False)
    assert built.coverage.uncovered == ()


def test_a_month_with_the_values_of_the_month_before_is_refused(make):
    tables = crm(100)
    basic = tables["basic"]
    july = basic["month"] == JULY
    june = basic["month"] == pd.Timestamp("2024-06-01")
    basic.loc[july, ["gb", "plan"]] = basic.loc[june, ["gb", "plan"]].to_numpy()
    with pytest.raises(DataError, match="'basic': in 2024-07, 100 of 100 customers have the val"):
        make(tables, labelled=False)


def test_columns_that_never_change_are_no_repeated_month(make):
    tables = crm(100)
    tables["basic"] = tables["basic"].assign(gb=tables["basic"]["id"] / 2, plan="A")
    assert make(tables, labelled=False).coverage.uncovered == ()


def test_rows_of_days_to_come_are_told_and_change_nothing(make, caplog):
    tables = crm(100)
    plain = pd.read_parquet(make(tables).features)
    stray = tables["calls"].head(1).assign(at=pd.Timestamp("2962-08-01"))
    tables["calls"] = pd.concat([tables["calls"], stray])
    built = make(tables)
    message = "table 'calls': 1 row of days to come, the newest of 2962-08-01, is not used"
    assert message in built.notes
    assert message in caplog.text
    pd.testing.assert_frame_equal(pd.read_parquet(built.features), plain)


def test_a_file_that_is_there_twice_is_told_and_counts_once(make, caplog):
    tables = crm(100)
    plain = pd.read_parquet(make(tables).features)
    rows = len(tables["calls"].drop_duplicates())
    tables["calls"] = pd.concat([tables["calls"], tables["calls"]])
    built = make(tables)
    assert f"table 'calls': {len(tables['calls']) - rows} of {len(tables['calls'])} rows" in (
        caplog.text
    )
    pd.testing.assert_frame_equal(pd.read_parquet(built.features), plain)
    assert date(2024, 8, 1) in set(plain["cutoff"])
