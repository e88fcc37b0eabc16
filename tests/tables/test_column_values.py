"""The values of one column: what is at fault is told by row, and distinct texts stand for all."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.tables.column_values import FEW, LARGEST, code_values, number_values, shown
from dbnchurn.tables.schema import Column

DEBT = Column("debt", "number")
PLAN = Column("plan", "category", ("basic", "01067"))


@pytest.mark.parametrize("rows", [1, FEW, 3 * FEW])
def test_faults_go_to_whoever_asks_for_them(rows):
    told = []
    values = pd.Series(["much", "1.5", "", "1,2,3"] * rows)
    numbers = number_values(DEBT, values, lambda *fault: told.append(fault))
    np.testing.assert_array_equal(numbers[:3], [np.nan, 1.5, np.nan])
    at_fault = np.flatnonzero(np.any([np.asarray(bad) for _, _, bad, _ in told], axis=0))
    assert set(at_fault % 4) == {0, 3}
    assert len(at_fault) == 2 * rows


@pytest.mark.parametrize("rows", [1, 3 * FEW])
def test_the_first_fault_ends_the_reading_where_nobody_asks(rows):
    with pytest.raises(DataError, match=rf"row 1: 'much' is not a number.*\({rows} such row"):
        number_values(DEBT, pd.Series(["1", "much"] * rows))


def test_numbers_beyond_float32_are_clipped_to_it():
    assert number_values(DEBT, pd.Series([1e300, -1e300, 1.0])).tolist() == [LARGEST, -LARGEST, 1.0]


@pytest.mark.parametrize("rows", [1, 3 * FEW])
@pytest.mark.parametrize("dress", [list, pd.Series, lambda v: pd.Series(v, dtype="category")])
def test_codes_count_what_is_no_level(dress, rows):
    values = dress(["basic", "1067", " 01067 ", "gold", ""] * rows)
    codes, unknown, bare = code_values(PLAN, values)
    assert codes.tolist() == [0, -1, 1, -1, -1] * rows
    assert (unknown, bare) == (2 * rows, rows)


def test_values_are_shown_without_their_numpy_type():
    assert [shown(v) for v in (np.int64(3), "a", None)] == ["3", "'a'", "None"]
