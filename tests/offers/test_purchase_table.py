"""Purchases from a table: weeks, refusals with all that is wrong, and what is said."""

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.offers.purchase_table import PurchaseColumns, read_purchases
from dbnchurn.tables.duckdb import Session

COLUMNS = PurchaseColumns("id", "item", "day", "kind")
TODAY = date(2026, 6, 30)


def make_rows(n=200):
    k = np.arange(n)
    return pd.DataFrame(
        {
            "id": k % 97,
            "item": [f"item {i}" for i in k % 7],
            "day": pd.Timestamp("2026-01-05") + pd.to_timedelta(k % 70, "D"),
            "kind": [f"kind {i % 2}" for i in k % 7],
        }
    )


def read(frame, columns=COLUMNS, **settings):
    with Session(n_threads=1) as session:
        session.store("rows", pa.Table.from_pandas(frame, preserve_index=False).to_reader())
        return read_purchases(
            session, "rows", columns, where="sales.csv", **{"today": TODAY, **settings}
        )


def test_weeks_are_counted_back_from_the_last_day():
    found = read(make_rows())
    assert (found.n_weeks, found.until) == (10, date(2026, 3, 15))
    frame = make_rows()
    week = 9 - (pd.Timestamp(found.until) - frame["day"]).dt.days // 7
    exact = set(zip(frame["id"].astype(str), frame["item"], week, strict=True))
    rows = zip(found.customer, found.item, found.week, strict=True)
    assert {(found.customers[c], found.items[i], w) for c, i, w in rows} == exact
    assert found.groups[found.items.index("item 3")] == "kind 1"


def test_the_order_of_rows_and_the_type_of_ids_do_not_matter():
    one = read(make_rows())
    frame = make_rows().sample(frac=1, random_state=0)
    for ids in (frame["id"].astype(float), frame["id"].astype(str)):
        other = read(frame.assign(id=ids))
        assert other.customers == one.customers
        assert (other.held(10) != one.held(10)).nnz == 0


def test_an_id_that_is_written_in_two_ways_is_one_customer():
    frame = make_rows().astype({"id": str})
    one = read(frame)
    frame.loc[::3, "id"] = " " + frame["id"]
    other = read(pd.concat([frame, make_rows().astype({"id": str}).head(20)]))
    assert other.customers == one.customers
    for name in ("customer", "item", "week"):
        assert sorted(getattr(other, name)) == sorted(getattr(one, name))
    assert (other.held(10) != one.held(10)).nnz == 0


def test_purchases_after_until_are_kept_apart_and_said():
    found = read(make_rows(), until=date(2026, 3, 1))
    assert found.n_weeks == 8
    assert (found.week >= 8).any()
    assert any("purchases after 2026-03-01" in note for note in found.notes)


def test_repeated_rows_count_once_and_are_said():
    twice = pd.concat([make_rows(), make_rows().head(3)])
    found = read(twice)
    assert "3 rows repeat customer, item and day of another; they count once" in found.notes
    assert len(found.week) == len(read(make_rows()).week)


def test_an_item_without_group_is_said():
    frame = make_rows()
    frame.loc[frame["item"] == "item 2", "kind"] = None
    found = read(frame)
    assert found.groups[found.items.index("item 2")] is None
    assert any("1 items have no group" in note for note in found.notes)


def test_all_that_is_wrong_is_said_at_once():
    frame = make_rows().astype({"day": str})
    frame.loc[0, "day"] = "yesterday"
    frame.loc[[1, 2], "item"] = [None, " "]
    frame.loc[3, "day"] = "2027-01-01"
    frame.loc[4, "item"] = "Item 4"
    frame.loc[5, "kind"] = "kind 0"
    frame["id"] = frame["id"].astype("Int64")
    frame.loc[6, "id"] = None
    with pytest.raises(DataError) as error:
        read(frame)
    for part in (
        "'id' is empty in 1 rows", "'item' is empty in 2 rows", "'day' holds no date in 1 rows",
        "1 rows have a date in the future, up to 2027-01-01", "'Item 4' and 'item 4'",
        "'item 5' in 'kind 0' and 'kind 1'",
    ):  # fmt: skip
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("day", "message"),
    [
        (np.arange(200), "holds numbers"),
        (pd.date_range("2026-01-01 23:30", periods=200, tz="Europe/Berlin"), "times with a zone"),
        (["2026-01-05 22:30-05"] * 200, "times with a zone"),
    ],
)
def test_days_that_can_be_read_in_two_ways_are_refused(day, message):
    with pytest.raises(DataError, match=message):
        read(make_rows().assign(day=day))


def test_an_unfinished_last_week_is_refused_until_it_is_named():
    frame = make_rows(1400)
    late = frame["day"] > pd.Timestamp("2026-03-09")
    frame = pd.concat([frame[~late], frame[late].tail(2)])
    last = frame["day"].max().date()
    with pytest.raises(DataError, match="seems unfinished; say until"):
        read(frame)
    assert read(frame, until=last).until == last


def test_weeks_without_a_purchase_are_said():
    frame = make_rows(1400)
    gap = frame["day"].between("2026-02-02", "2026-02-15")
    assert "2 of 10 weeks have no purchase of anybody" in read(frame[~gap]).notes


def test_absent_columns_and_empty_tables_are_refused():
    with pytest.raises(DataError, match=r"no column 'itm'.*item"):
        read(make_rows(), PurchaseColumns("id", "itm", "day"))
    with pytest.raises(DataError, match="there are no purchases"):
        read(make_rows().head(0))
    with pytest.raises(DataError, match="until is 2025-01-01, and the first purchase"):
        read(make_rows(), until=date(2025, 1, 1))
