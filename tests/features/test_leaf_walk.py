"""A few rows walked through all trees end where the look-up of many rows ends."""

import numpy as np
import pytest

from dbnchurn.features import Leaves
from dbnchurn.features.leaf_walk_record import Walk
from dbnchurn.features.leaves_record import LeavesRecord, booster_matrix
from tests.features.test_leaves import make_table


@pytest.fixture(scope="module")
def record() -> LeavesRecord:
    table, y = make_table(400, seed=1)
    leaves = Leaves(folds=2, n_trees=4, max_depth=3)
    return leaves.fit(table, y, generator=np.random.default_rng(0)).record_


def test_both_ways_agree_for_gaps_unknown_levels_and_extremes(record):
    matrix = booster_matrix(make_table(120, seed=5)[0])
    matrix[:30] = np.nan
    matrix[30:60, 3:] = np.arange(30)[:, None] * 1e6
    matrix[60:70, :3] = np.inf
    found = Walk(record.forests).leaves(matrix)
    many = [places + span.leaves.start for span, places in record.lookup.by_span(matrix)]
    np.testing.assert_array_equal(found, np.hstack(many))
    assert found.dtype == np.int32
    np.testing.assert_array_equal(record.lookup.at_once(matrix[:3]), found[:3])


def test_no_rows_have_no_leaves(record):
    matrix = booster_matrix(make_table(5, seed=5)[0])[:0]
    assert Walk(record.forests).leaves(matrix).shape == (0, 8)
