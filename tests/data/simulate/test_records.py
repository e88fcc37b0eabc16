"""Records of simulated customers: one row a month from joining to leaving, events in between."""

import numpy as np
import pytest

from dbnchurn.data.simulate.records import event_records, monthly_records, to_arrow
from dbnchurn.data.simulate.world import World, draw

N, MONTHS = 40, 8


@pytest.fixture(scope="module")
def world() -> World:
    return draw(np.arange(N), MONTHS, np.random.default_rng(0))


@pytest.fixture(scope="module")
def stays() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(1)
    joined = generator.integers(0, 3, N)
    return joined, generator.integers(4, MONTHS + 1, N)  # as many as there are months: stays


def test_a_customer_has_one_row_a_month_from_joining_to_leaving(world, stays):
    joined, left_in = stays
    records = monthly_records(world, left_in, joined)
    rows = np.bincount(np.searchsorted(world.ids, records["customer_id"]), minlength=N)
    np.testing.assert_array_equal(rows, np.minimum(left_in, MONTHS - 1) - joined + 1)
    assert records["status"].sum() == (left_in < MONTHS).sum()
    of_all = monthly_records(world, left_in)
    assert len(of_all["month"]) == (np.minimum(left_in, MONTHS - 1) + 1).sum()


def test_events_lie_in_the_months_in_which_a_customer_is_there(world, stays):
    joined, left_in = stays
    found = event_records(world, world.readings, left_in, "reading_date", joined)
    place = np.searchsorted(world.ids, found["customer_id"])
    month = found["reading_date"].astype("datetime64[M]") - world.months[0]
    assert len(month) > N
    assert (month.astype(int) >= joined[place]).all()
    assert (month.astype(int) <= left_in[place]).all()


def test_a_table_for_files_keeps_columns_and_rows(world, stays):
    records = monthly_records(world, stays[1])
    table = to_arrow(records)
    assert table.column_names == list(records)
    assert table.num_rows == len(records["month"])
