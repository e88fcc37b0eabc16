"""Extra trees: the numbers of scikit-learn's, folds that do not see their rows, bounded size."""

import numpy as np
import pytest
from scipy.special import expit
from sklearn.ensemble import ExtraTreesClassifier

from dbnchurn.features import ExtraTrees
from dbnchurn.features.extra_trees_record import FEW, LEAST_SHARE
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.tables.schema import Table


def make_table(n=600, seed=0):
    generator = np.random.default_rng(seed)
    numbers = generator.normal(size=(n, 4)).round(1)
    numbers[generator.random(numbers.shape) < 0.1] = np.nan
    codes = generator.integers(-1, 6, (n, 2)).astype(np.int32)
    drive = np.nan_to_num(numbers[:, 0]) + (codes[:, 0] == 2) + generator.normal(0, 0.5, n)
    return Table(numbers, codes, tuple("abcd"), ("x", "y"), (6, 6)), (drive > 0.7).astype(int)


def fitted(table, y, fold=None, seed=1, **settings):
    fold = np.arange(len(y)) % 5 if fold is None else fold
    generator = np.random.default_rng(seed)
    return ExtraTrees(**settings).fit(table, y, fold=fold, generator=generator).record_


def test_one_fold_has_the_shares_of_scikit_learn():
    table, y = make_table()
    record = fitted(table, y, np.zeros(len(y), int), n_trees=20)
    record.audit()
    seed = int(np.random.default_rng(1).integers(2**31, size=1)[0])
    matrix = booster_matrix(table)
    theirs = ExtraTreesClassifier(20, min_samples_leaf=2, max_features=0.6, random_state=seed)
    share = theirs.fit(matrix, y).predict_proba(matrix)[:, 1]
    expected = np.clip(share, LEAST_SHARE, 1 - LEAST_SHARE)
    # Shares of leaves are kept in single precision.
    assert expit(record.logits(matrix)) == pytest.approx(expected, abs=1e-6)


def test_a_row_alone_has_the_number_that_it_has_in_a_batch():
    table, y = make_table()
    record, matrix = fitted(table, y), booster_matrix(table)
    together = record.logits(matrix)
    assert len(matrix) > FEW
    assert [record.logits(matrix[i : i + 1])[0] for i in range(40)] == together[:40].tolist()
    assert record.logits(matrix[:0]).shape == (0,)


def test_trees_of_a_fold_do_not_depend_on_its_labels():
    table, y = make_table()
    fold = np.arange(len(y)) % 3
    turned = np.where(fold == 1, 1 - y, y)
    ours, theirs = (fitted(table, labels, fold, n_trees=9) for labels in (y, turned))
    rows = fold == 1
    matrix = booster_matrix(table)
    same = [record.out_of_fold_logits(matrix, fold)[rows] for record in (ours, theirs)]
    assert np.array_equal(*same)
    assert not np.array_equal(ours.logits(matrix), theirs.logits(matrix))


def test_out_of_fold_logits_are_less_certain_than_those_of_trees_that_saw_the_rows():
    table, y = make_table()
    fold = np.arange(len(y)) % 5
    record, matrix = fitted(table, y, fold), booster_matrix(table)
    own, held_out = record.logits(matrix), record.out_of_fold_logits(matrix, fold)
    loss = [np.mean(np.logaddexp(0, z) - y * z) for z in (own, held_out)]
    assert loss[0] < loss[1]


def test_the_same_seed_gives_the_same_trees_on_any_number_of_jobs():
    table, y = make_table()
    fold = np.arange(len(y)) % 5
    one, two = (
        ExtraTrees(n_trees=10).fit(
            table, y, fold=fold, generator=np.random.default_rng(3), n_jobs=jobs
        )
        for jobs in (1, 2)
    )
    assert np.array_equal(one.record_.threshold, two.record_.threshold)
    assert not np.array_equal(one.record_.threshold, fitted(table, y, n_trees=10).threshold)


def test_heavier_churners_raise_the_shares():
    table, y = make_table(200)
    record = fitted(table, y, np.zeros(200, int), n_trees=40)
    weighted = ExtraTrees(n_trees=40).fit(
        table,
        y,
        sample_weight=1.0 + y,
        fold=np.zeros(200, int),
        generator=np.random.default_rng(1),
    )
    raised = weighted.record_.logits(booster_matrix(table)) - record.logits(booster_matrix(table))
    assert raised.mean() > 0


def test_size_is_bounded_on_many_rows():
    table, y = make_table(4_000)
    record = fitted(table, y, n_trees=50, largest=5_000)
    leaves = int((record.feature < 0).sum())
    assert 1_000 < leaves < 2 * 5_000
    assert record.trees >= 4 * 5
    small = fitted(table, y, n_trees=10, max_rows=100)
    assert (small.feature < 0).sum() < 10 * 100


def test_folds_without_churners_expect_none():
    table, _ = make_table(60)
    y = np.zeros(60, int)
    y[7] = 1
    record, matrix = fitted(table, y, np.arange(60) % 2, n_trees=4), booster_matrix(table)
    # The trees of the churner's fold saw stayers alone.
    assert expit(record.out_of_fold_logits(matrix, np.arange(60) % 2))[7] == pytest.approx(
        LEAST_SHARE
    )
    few = fitted(table, y, np.zeros(60, int), n_trees=2, max_rows=10)
    assert few.logits(matrix).max() > few.logits(matrix).min()  # the churner is always drawn


def test_a_sample_of_trees_is_a_record_of_these_trees():
    table, y = make_table()
    record, matrix = fitted(table, y, n_trees=20), booster_matrix(table)
    assert record.sample(20) is record
    sample = record.sample(5)
    sample.audit()
    assert sample.trees == 5
    assert np.corrcoef(expit(sample.logits(matrix)), expit(record.logits(matrix)))[0, 1] > 0.8
    first, last = record.sample(2), record.trees - 1
    for place, tree in enumerate((0, last)):
        nodes = slice(record.starts[tree], record.starts[tree + 1])
        kept = slice(first.starts[place], first.starts[place + 1])
        assert np.array_equal(first.threshold[kept], record.threshold[nodes])
