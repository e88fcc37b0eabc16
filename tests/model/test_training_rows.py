"""Rows of the networks: the pretraining set is of real customers, leaf codes are out of fold."""

import numpy as np
import pytest

from dbnchurn.core.checkpoints import NOWHERE
from dbnchurn.dbn.visible import Visible
from dbnchurn.features import Encode, Leaves, Oversample
from dbnchurn.features.compact_rows import LeafRows
from dbnchurn.model.compute import Compute
from dbnchurn.model.inputs import ClassPriors, LabelledTable
from dbnchurn.model.large_tables import LargeTableRules
from dbnchurn.model.training_rows import PreparedRows, PretrainingSet, TrainingRows
from dbnchurn.tables.schema import Table

N, FOLDS = 240, 3


def table_of(n, seed):
    numbers = np.random.default_rng(seed).normal(size=(n, 2))
    return Table(numbers, np.empty((n, 0), np.int32), ("debt", "age"), (), ())


@pytest.fixture(scope="module")
def prepared():
    table = table_of(N, 0)
    y = (table.numbers[:, 0] > 0.8).astype(np.int64)
    training = Oversample(method="smotenc").sample(
        table,
        y,
        sample_weight=np.ones(N),
        fold=np.arange(N) % FOLDS,
        generator=np.random.default_rng(0),
    )
    return PreparedRows(
        table=table,
        sample_weight=np.linspace(0.5, 1.5, N),
        training=training,
        priors=ClassPriors(y.mean(), training.prior),
        encode=Encode().fit(table),
        stopping=LabelledTable(table.take(np.arange(30)), y[:30], np.ones(30)),
        unlabelled=table_of(60, 1),
    )


def test_synthetic_rows_do_not_join_the_pretraining(prepared):
    assert len(prepared.training.table) > N
    found = PretrainingSet.of(prepared, 10_000, np.random.default_rng(0))
    assert len(found.table) == N + 60
    np.testing.assert_array_equal(found.table.numbers[:N], prepared.table.numbers)
    np.testing.assert_array_equal(found.sample_weight[:N], prepared.sample_weight)
    assert (found.sample_weight[N:] == 1).all()
    assert np.bincount(found.fold[N:]).tolist() == [20, 20, 20]


def test_a_bounded_pretraining_set_keeps_the_shares_of_the_folds(prepared):
    found = PretrainingSet.of(prepared, 90, np.random.default_rng(0))
    assert np.bincount(found.fold).tolist() == [30, 30, 30]


def test_leaf_codes_come_from_the_booster_without_the_fold(prepared):
    training = prepared.training
    leaves = Leaves(folds=FOLDS, n_trees=4).fit(
        training.table,
        training.y,
        sample_weight=training.counted,
        fold=training.fold,
        generator=np.random.default_rng(0),
        store=NOWHERE,
    )
    compute = Compute.of("cpu", 1, 0, N)
    rows = TrainingRows.of(prepared, leaves, LargeTableRules(), compute)
    visible = rows.fine_tuning_rows()
    assert isinstance(visible, LeafRows)
    np.testing.assert_array_equal(visible.blocks, training.fold)
    pretraining, weight = rows.pretraining_rows(visible)
    assert len(pretraining) == len(weight) == N + 60
    stopping, y, _ = rows.stopping_rows()
    np.testing.assert_array_equal(stopping.blocks, np.arange(30) % FOLDS)
    assert len(y) == 30


def test_without_boosters_rows_are_the_columns_alone(prepared):
    rows = TrainingRows.of(prepared, None, LargeTableRules(), Compute.of("cpu", 1, 0, N))
    visible = rows.fine_tuning_rows()
    assert isinstance(visible, Visible)
    assert visible.sizes == prepared.encode.transform(prepared.table).sizes
