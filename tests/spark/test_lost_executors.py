"""On executors of their own processes: one that is killed changes nothing."""

import importlib.util
import os
import signal
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from dbnchurn.core.records import pack
from dbnchurn.features import Leaves
from dbnchurn.spark import prepare
from dbnchurn.spark.booster_task import BoosterTask, shards
from dbnchurn.spark.boosters import fit_shards
from dbnchurn.spark.exchange import places_of
from dbnchurn.spark.records import RECORD
from dbnchurn.tables.schema import Table
from tests.data.test_neighbours import crm
from tests.data.test_neighbours import plan as neighbours_plan
from tests.java import JAVA_OPTIONS, has_java
from tests.spark.conftest import assert_like_here, written
from tests.spark_session import stop_session

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
PARTS, WORKERS = 5, 2


@pytest.fixture(scope="module")
def processes():
    """What the benchmark of Spark kills and weighs processes with."""
    path = os.path.join(os.path.dirname(__file__), "../../scripts/spark_processes.py")
    spec = importlib.util.spec_from_file_location("spark_processes", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["spark_processes"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["spark_processes"]


@pytest.fixture(scope="module")
def cluster():
    """Two executors of one core and 1 GB each."""
    pytest.importorskip("pyspark", reason="the extra spark is not installed")
    if not has_java():
        pytest.skip("Spark needs Java 17")
    from pyspark.sql import SparkSession

    stop_session()
    patch = pytest.MonkeyPatch()
    patch.setenv("PYSPARK_PYTHON", sys.executable)
    patch.setenv("JDK_JAVA_OPTIONS", JAVA_OPTIONS)
    builder = SparkSession.builder.master("local-cluster[2,1,1024]").appName("dbnchurn")
    builder = builder.config("spark.driver.host", "127.0.0.1").config("spark.ui.enabled", "false")
    path = os.pathsep.join(filter(None, sys.path))
    session = builder.config("spark.executorEnv.PYTHONPATH", path).getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()
    patch.undo()


def test_an_executor_that_is_killed_during_the_build_changes_nothing(
    cluster, processes, plan, tmp_path
):
    with processes.executor_killed(cluster, PARTS) as watch:
        prepared = prepare(plan, cluster, parts=PARTS)
    assert watch.killed
    assert_like_here(prepared, plan, tmp_path)
    prepared.close()


def test_features_of_neighbours_survive_executors_killed_during_and_after_the_build(
    cluster, processes, tmp_path
):
    """Rows of earlier rounds are freed in the end: what is lost is made anew of the sources."""
    plan = neighbours_plan(tmp_path, crm(), ("2024-07-01", "2024-08-01"))
    with processes.executor_killed(cluster, PARTS) as watch:
        prepared = prepare(plan, cluster, parts=PARTS)
    assert watch.killed
    assert_like_here(prepared, plan, tmp_path)
    held = prepared.features.count()
    for pid in processes.executors():
        os.kill(pid, signal.SIGKILL)
    assert prepared.features.count() == held
    again = prepared.collect(tmp_path / "again").features
    assert pq.read_table(again).equals(pq.read_table(tmp_path / "here" / "features.parquet"))
    prepared.close()


def test_an_executor_that_is_killed_while_boosters_are_fitted_changes_no_tree(cluster, processes):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(4_000, 5))
    y = (x[:, 0] + generator.normal(size=4_000) > 1).astype(np.int64)
    table = Table(x, np.empty((4_000, 0), np.int32), tuple("abcde"), (), ())
    leaves = Leaves(folds=2, n_trees=300)
    fold = leaves.assign(y, None, np.random.default_rng(0))
    rows = list(shards(table, y, np.ones(4_000), fold, places_of(WORKERS)))
    task = BoosterTask(leaves, table.take(np.arange(0)), 2, None, 0)

    def fit():
        tree, arrays = pack(
            fit_shards(cluster.createDataFrame(rows, RECORD), task, WORKERS).record_
        )
        return tree, {name: array.tolist() for name, array in arrays.items()}

    undisturbed = fit()
    with processes.executor_killed(cluster, WORKERS) as watch:
        disturbed = fit()
    assert watch.killed
    assert disturbed == undisturbed == fit()


def test_a_customer_with_a_million_events_stays_within_the_memory(
    cluster, processes, plan, tmp_path
):
    tables = {name: pd.read_parquet(plan.tables[name].path) for name in ("basic", "leavers")}
    many = 1_000_000
    seconds = np.random.default_rng(0).integers(0, 86_400 * 60, many)
    tables["calls"] = pd.DataFrame(
        {
            "id": np.full(many, 7),
            "at": pd.Timestamp("2024-06-01") + pd.to_timedelta(seconds, unit="s"),
            "minutes": seconds % 600 / 10.0,
            "kind": np.where(seconds % 2, "in", "out"),
        }
    )
    lenient = {"basic": {"max_quarantine": 0.2}, "calls": {"key_kind": "number"}}
    changes = {"memory": "200MB", "tables": lenient}
    large = written(tmp_path, tables, changes, as_csv=())
    with processes.workers_weighed() as watch:
        prepared = prepare(large, cluster, parts=3)
    assert prepared.rows == len(tables["basic"]["id"].unique())
    assert 0 < watch.worker_mb < 200 + 500
    prepared.close()
