"""What a large table changes, and that a small one changes nothing."""

import numpy as np
import pytest

from dbnchurn.core.random_state import stratified_subsample
from dbnchurn.dbn import DBN, FineTune, NetworkStage
from dbnchurn.features import Leaves
from dbnchurn.model.large_tables import LargeTableRules

ROWS = (1_000, 50_000, 70_000, 100_000, 200_000, 979_902, 3_000_000)


def test_small_tables_keep_the_boosters_they_have():
    leaves = Leaves(folds=7, n_trees=123, learning_rate=0.07)
    for rows in (1, 1_000, 50_000):
        assert LargeTableRules().leaves(leaves, rows) is leaves


def test_boosters_of_large_tables_are_fewer_and_faster():
    found = [
        LargeTableRules().leaves(Leaves(folds=5, n_trees=600, learning_rate=0.05), rows)
        for rows in ROWS
    ]
    for name, direction in (("folds", -1), ("n_trees", -1), ("learning_rate", 1)):
        values = [getattr(leaves, name) for leaves in found]
        assert values == sorted(values, key=lambda v: direction * v), name
    assert (found[-1].folds, found[-1].n_trees, found[-1].learning_rate) == (2, 300, 0.1)


@pytest.mark.parametrize(("times", "factor"), [(1.44, 1.2), (2.25, 1.5), (4, 2.0), (9, 2.0)])
def test_the_learning_rate_grows_with_the_root_of_the_rows_up_to_twice(times, factor):
    found = LargeTableRules(boost_rows=1_000).leaves(
        Leaves(n_trees=600, learning_rate=0.05), int(1_000 * times)
    )
    assert found.learning_rate == pytest.approx(0.05 * factor)
    assert found.n_trees == round(600 / factor)


@pytest.mark.parametrize("rows", ROWS)
def test_what_all_boosters_see_of_a_tree_grows_no_faster_than_the_table(rows):
    folds = LargeTableRules().leaves(Leaves(folds=5), rows).folds
    # Rounding to whole passes over the table, and one pass at least.
    assert (folds - 1) * rows <= max(1.5 * 8 * 50_000, rows)


def test_the_learning_rate_stays_one_that_is_allowed():
    assert LargeTableRules().leaves(Leaves(learning_rate=0.8), 10**7).learning_rate == 1.0


def test_other_settings_are_kept_and_nothing_is_changed_in_place():
    leaves = Leaves(max_depth=3, subsample=0.5, patience=7)
    found = LargeTableRules().leaves(leaves, 10**6)
    assert (found.max_depth, found.subsample, found.patience) == (3, 0.5, 7)
    assert leaves.learning_rate == Leaves().learning_rate


@pytest.mark.parametrize("limit", [1, 10, 99, 100, 1_000])
def test_some_rows_are_distinct_in_order_and_of_every_stratum_alike(limit):
    stratum = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], [60, 30, 10]))
    rows = stratified_subsample(stratum, limit, np.random.default_rng(1))
    assert len(rows) == min(limit, 100)
    assert (np.diff(rows) > 0).all()
    shares = np.bincount(stratum[rows], minlength=3) / len(rows)
    assert np.abs(shares - [0.6, 0.3, 0.1]).max() <= 1 / len(rows)


def test_some_rows_of_a_small_table_draw_no_random_numbers():
    generator = np.random.default_rng(0)
    stratified_subsample(np.zeros(50, np.int64), 50, generator)
    assert generator.integers(1000) == np.random.default_rng(0).integers(1000)


def test_a_table_over_the_bounds_learns_from_all_its_rows(small, draw_customers):
    X, y = draw_customers(1200, 3)
    bounds = LargeTableRules(boost_rows=300, pretrain_rows=200, stop_rows=80, memory=0)
    model = small(
        refit=True,
        large_tables=bounds,
        leaves=Leaves(folds=5, n_trees=20, learning_rate=0.2),
        finetune=FineTune(epochs=4, epoch_rows=250),
        companion=NetworkStage(pretrain=False, dbn=DBN((6,)), finetune=FineTune(epochs=4)),
    )
    model.fit(X, y)
    forests = model.record_.leaves.forests
    assert len(forests) == bounds.leaves(Leaves(folds=5), 1020).folds < 5
    assert model.about_["training"]["rows"] == 1200
    scores = model.predict_proba(X)[:, 1]
    assert scores[y == 1].mean() > 1.5 * scores[y == 0].mean()
    again = small(**{name: getattr(model, name) for name in (
        "refit", "large_tables", "leaves", "network", "companion")}).fit(X, y)  # fmt: skip
    np.testing.assert_array_equal(again.predict_proba(X)[:, 1], scores)


def test_memory_or_files_make_no_difference(small, draw_customers):
    X, y = draw_customers(400, 5)
    in_memory, in_files = (
        small(large_tables=LargeTableRules(memory=gigabytes)).fit(X, y).predict_proba(X)
        for gigabytes in (1.0, 0.0)
    )
    np.testing.assert_array_equal(in_memory, in_files)
