"""Boosters on all rows: of every customer who is not held out, to the same trees each time."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import clone

from dbnchurn import ChurnClassifier
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.records import pack
from dbnchurn.data.build import load
from dbnchurn.data.draw import DrawRule
from dbnchurn.dbn import DBN, FineTune, NetworkStage
from dbnchurn.features import Leaves, Oversample
from dbnchurn.model.booster_fitter import boosters_fitted_by
from dbnchurn.spark.booster_task import BoosterTask, shards
from dbnchurn.spark.boosters import SparkBoosters, fit_shards
from dbnchurn.spark.exchange import places_of
from dbnchurn.spark.records import RECORD
from dbnchurn.spark.training import SparkEngine
from dbnchurn.tables.schema import Table
from tests.spark.test_barrier import session

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
NO_CODES = np.empty((200, 0), np.int32)


def classifier(**changes):
    return ChurnClassifier(
        leaves=Leaves(folds=2, n_trees=4, max_depth=2),
        network=NetworkStage(dbn=DBN((4,), epochs=1), finetune=FineTune(epochs=1)),
        use_companion=False,
        use_linear=False,
        use_extra_trees=False,
        refit=False,
        n_threads=1,
        random_state=0,
    ).set_params(**changes)


@pytest.fixture
def drawn(spark, plan, tmp_path):
    """``drawn(workers)``: drawn customers, and what fits their boosters."""
    engines = []

    def run(workers=None):
        engine = SparkEngine(spark, parts=2, workers=workers)
        engines.append(engine)
        built = engine.build(plan, tmp_path / f"built{len(engines)}", DrawRule(50, 0))
        table = load(built)
        return table, engine.boosters(table, built)

    yield run
    for engine in engines:
        engine.close()


def held_out(table):
    """Training rows of every other drawn customer, and the rest to validate on."""
    ids = np.unique(table.ids)
    rows = np.isin(table.ids, ids[::2])
    return np.flatnonzero(rows), np.flatnonzero(~rows)


def trees_of(fitted):
    tree, arrays = pack(fitted.leaves_.record_)
    return tree, {name: array.tolist() for name, array in arrays.items()}


@pytest.mark.long
def test_all_rows_but_those_held_out_are_learned_from_to_the_same_trees(drawn):
    table, boosters = drawn(workers=2)
    train, validation = held_out(table)

    def fit():
        with boosters_fitted_by(boosters):
            return classifier().fit(
                table.X.iloc[train],
                table.y[train],
                X_val=table.X.iloc[validation],
                y_val=table.y[validation],
                groups=table.ids[train],
            )

    fitted = [fit() for _ in range(2)]
    for one in fitted:
        assert one.leaves_.rows_ == boosters.built.draw.table_rows - len(validation)
        assert one.leaves_.workers_ == 2
        assert all(0 < len(curve) <= 4 for curve in one.leaves_.curves_)
        assert trees_of(one) == trees_of(fitted[0])


def test_one_worker_grows_the_trees_of_this_process(spark):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(300, 3))
    y = (x[:, 0] + generator.normal(size=300) > 1).astype(np.int64)
    codes = generator.integers(-1, 4, (300, 1)).astype(np.int32)
    table, weight = Table(x, codes, tuple("abc"), ("d",), (4,)), generator.random(300) + 0.5
    leaves, stopping = Leaves(folds=3, n_trees=8), (table, y, np.ones(300))
    fold = leaves.assign(y, None, np.random.default_rng(1))
    here = clone(leaves).fit(
        table,
        y,
        sample_weight=weight,
        fold=fold,
        validation=stopping,
        generator=np.random.default_rng(5),
    )
    rows = spark.createDataFrame(list(shards(table, y, weight, fold, (0,))), RECORD)
    task = BoosterTask(leaves, table.take(np.arange(0)), 3, stopping, 5)
    there = fit_shards(rows, task, 1)
    assert pack(there.record_)[0] == pack(here.record_)[0]
    for name, values in pack(here.record_)[1].items():
        np.testing.assert_array_equal(pack(there.record_)[1][name], values)
    assert (there.rows_, there.workers_, here.workers_) == (300, 1, 1)


def test_a_worker_with_rows_of_one_class_alone_fits_with_the_others(spark):
    generator = np.random.default_rng(0)
    y = np.tile([1, 0], 100)  # every other row goes to the other worker
    table = Table(y[:, None] + generator.normal(size=(200, 2)), NO_CODES, ("a", "b"), (), ())
    leaves = Leaves(folds=2, n_trees=4, max_depth=2)
    fold = leaves.assign(y, None, np.random.default_rng(1))
    rows = spark.createDataFrame(list(shards(table, y, np.ones(200), fold, places_of(2))), RECORD)
    fitted = fit_shards(rows, BoosterTask(leaves, table.take(np.arange(0)), 2, None, 5), 2)
    assert (fitted.rows_, fitted.workers_) == (200, 2)
    for forest in fitted.record_.forests:
        assert forest.leaf_values.min() < 0 < forest.leaf_values.max()


def test_fewer_drawn_rows_than_workers_are_refused():
    boosters = SparkBoosters(session(), None, None, None, (3, 0))
    one = SimpleNamespace(training=SimpleNamespace(y=np.zeros(1)))
    with pytest.raises(ConfigError, match=r"a drawn training row for each of 2 workers, .* are 1"):
        boosters.fit(Leaves(), None, None, one, np.random.default_rng(0))


@pytest.mark.long
def test_rows_that_are_resampled_and_too_many_workers_are_refused(drawn):
    table, boosters = drawn(workers=1)
    resampled = classifier(oversample=Oversample(method="random", ratio=0.9))
    with (
        boosters_fitted_by(boosters),
        pytest.raises(ConfigError, match=r"oversample\.method to none or class weights"),
    ):
        resampled.fit(table.X, table.y)
    with pytest.raises(ConfigError, match=r"need 99 tasks at once, and the session has room for 2"):
        drawn(workers=99)
