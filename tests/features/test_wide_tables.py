"""Wide tables: what boosters test is chosen by their own rows, and other tables are as before."""

import numpy as np
import pytest

from dbnchurn.features.encode import Encode
from dbnchurn.features.leaves import Leaves
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.features.wide_tables import (
    BINS,
    SMALL,
    SMALL_BINS,
    WIDE,
    WIDE_BINS,
    bins_of,
    is_wide,
    strongest,
    wide_sentence,
)
from dbnchurn.tables.schema import Table

ROWS = 80


def table_of(numbers, codes=0, seed=0):
    """Noise, but for the last number and, where there are any, the codes."""
    generator = np.random.default_rng(seed)
    y = generator.integers(0, 2, ROWS)
    values = generator.normal(size=(ROWS, numbers))
    values[:, -1] += 3 * y
    levels = tuple(("a", "b") for _ in range(codes))
    names = tuple(f"n{i}" for i in range(numbers))
    kinds = generator.integers(0, 2, (ROWS, codes)).astype(np.int32)
    return Table(values, kinds, names, tuple(f"c{i}" for i in range(codes)), levels), y


def fitted(table, y, **more):
    stage = Leaves(folds=2, n_trees=5, learning_rate=0.3)
    return stage.fit(table, y, generator=np.random.default_rng(3), **more)


def test_a_table_is_wide_from_both_bounds_on():
    assert not is_wide(10, WIDE)
    assert is_wide(10, WIDE + 1)
    assert is_wide(WIDE, WIDE + 1)
    assert not is_wide(WIDE + 1, WIDE + 1)
    assert (bins_of(10, WIDE), bins_of(10, WIDE + 1)) == (SMALL_BINS, WIDE_BINS)
    assert (bins_of(SMALL - 1, 50), bins_of(SMALL, 50)) == (SMALL_BINS, BINS)
    assert wide_sentence(10, WIDE) == []
    (said,) = wide_sentence(10, 5_000)
    assert said.startswith("5000 numbers are more than the 10 rows")


def test_the_strongest_are_found_whatever_their_direction_scale_and_gaps():
    generator = np.random.default_rng(1)
    y = np.repeat([0, 1], 50)
    values = generator.normal(size=(100, 40)).astype(np.float32)
    values[:, 7] += 2 * y
    values[:, 20] = np.exp(np.clip(20 * (values[:, 20] - 2 * y), -80, 80))
    values[:10, 7] = np.nan
    values[:, 9] = np.nan
    values[:, 10] = 1e30
    assert strongest(values, y, np.ones(100), 2).tolist() == [7, 20]
    order = generator.permutation(100)
    few = strongest(values, y, np.ones(100), 5)
    assert strongest(values[order], y[order], np.ones(100), 5).tolist() == few.tolist()
    assert len(strongest(values, y, np.ones(100), 400)) == 40


def test_rows_without_weight_choose_nothing():
    y = np.tile([0, 1], 50)
    values = np.random.default_rng(2).normal(size=(100, 30)).astype(np.float32)
    values[:40, 3] = 10 * y[:40]
    weight = np.r_[np.zeros(40), np.ones(60)]
    assert strongest(values, y, np.ones(100), 1).tolist() == [3]
    assert 3 not in strongest(values, y, weight, 5)


def test_boosters_of_a_wide_table_find_what_matters_and_name_the_columns_of_the_table():
    table, y = table_of(WIDE + 40, codes=2)
    leaves = fitted(table, y)
    tested = np.concatenate([f.feature[f.feature >= 0] for f in leaves.record_.forests])
    assert WIDE + 39 in tested
    assert tested.max() < WIDE + 42
    assert leaves.record_.leaf_codes(0, booster_matrix(table)).shape == (ROWS, 5)


def test_a_fold_chooses_nothing_for_its_own_booster():
    """The labels of a fold may change as they like: the booster without it stays the same."""
    table, y = table_of(WIDE + 40)
    fold = np.arange(ROWS) % 2
    changed = np.where(fold == 0, 1 - y, y)
    first, second = (fitted(table, labels, fold=fold).record_.forests[0] for labels in (y, changed))
    for name in ("feature", "threshold", "value"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


@pytest.mark.parametrize(("numbers", "rungs"), [(30, 12), (WIDE + 1, 0)])
def test_numbers_of_a_wide_table_have_no_ladder(numbers, rungs):
    table, _ = table_of(numbers)
    assert len(Encode().fit(table).record_.rungs) == rungs * numbers
