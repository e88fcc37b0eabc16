"""Measure the build on Spark beside that of one machine: python scripts/benchmark_spark.py.

Simulates tables (kept in --folder), builds the features of configs/crm.yaml on two executors of a
local cluster and in this process, and compares them: equal or not, processor seconds of the whole
tree of processes, memory of the workers, boosters of two workers beside those of this process, an
executor killed meanwhile (--kill), and metrics from counts in bins. Needs Java 17. The last line is
one JSON object; null is what was not measured. Its constants are what scripts/spark_cost.py needs:
--write FILE stores them.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
from benchmark_data import simulated
from spark_cost import ROWS_PER_PART, fixed_and_slope
from spark_processes import executor_killed, processor_seconds, workers_weighed

from dbnchurn.core.records import pack
from dbnchurn.data.build import Built, build, load
from dbnchurn.data.plan import DataPlan
from dbnchurn.evaluate.binned import BinnedScores
from dbnchurn.evaluate.bootstrap import poisson_counts
from dbnchurn.evaluate.metrics import average_precision, roc_auc
from dbnchurn.evaluate.ranking import Ranking
from dbnchurn.features import Leaves
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.model.large_tables import LargeTableRules
from dbnchurn.runs import read_config
from dbnchurn.spark import PreparedFeatures, prepare
from dbnchurn.spark.booster_task import BoosterTask, shards
from dbnchurn.spark.boosters import fit_shards
from dbnchurn.spark.exchange import places_of
from dbnchurn.spark.records import RECORD
from dbnchurn.spark.sources import sources_of
from dbnchurn.tables.schema import Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CONFIG = Path(__file__).parents[1] / "configs" / "crm.yaml"
KEYS = (
    "features_equal", "killed_equal", "same_trees", "killed_same_trees", "ap_difference_se",
    "cpu_ratio_100k", "cpu_ratio_400k", "by_spark_ratio_100k", "by_spark_ratio_400k",
    "worker_mb_over_limit", "ap_error", "bootstrap_sd_ratio",
)  # fmt: skip


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("data/benchmark"))
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 400_000])
    parser.add_argument("--parts", type=int, help="By default one for every million rows.")
    parser.add_argument("--seeds", type=int, default=8, help="Of the boosters; 0: none are fitted.")
    parser.add_argument("--scores", type=int, default=2_000_000)
    parser.add_argument("--resamples", type=int, default=300)
    parser.add_argument("--master", default="local-cluster[2,1,1024]")
    parser.add_argument("--kill", action="store_true", help="Kill an executor meanwhile, too.")
    parser.add_argument("--write", type=Path, metavar="FILE", help="Store the last line there.")
    options = parser.parse_args()
    if options.seeds == 1:
        parser.error("--seeds 1: the error of a difference needs two or more, or 0 to leave it out")
    found: dict[str, object] = dict.fromkeys(KEYS)
    spark = session(options.master)
    try:
        found |= measure_tables(options, spark)
        if options.seeds:
            found |= measure_boosters(options, spark)
    finally:
        spark.stop()
    found |= measure_scores(options.scores, options.resamples)
    constants = found["constants"]
    assert isinstance(constants, dict)
    constants["booster_seconds_per_row"] = found.pop("booster_seconds_per_row", None)
    text = json.dumps(found)
    if options.write is not None:
        options.write.write_text(text + "\n", encoding="utf-8")
    print(text)


def session(master: str) -> SparkSession:
    """A session whose workers see what this process sees."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(master).config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "127.0.0.1")
    spark = builder.config("spark.executorEnv.PYTHONPATH", os.pathsep.join(sys.path)).getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


def measure_tables(options: argparse.Namespace, spark: SparkSession) -> dict[str, object]:
    """Equality, processor seconds and memory of the builds of every size."""
    found: dict[str, object] = {}
    equal, over = [], 0
    rows, seconds, sent, frame = [], [], [], []
    warm_up(options, spark)
    for size in options.sizes:
        plan = plan_of(tables := simulated(options.folder, size))
        with tempfile.TemporaryDirectory() as work:
            start = processor_seconds()
            here = build(plan, Path(work) / "here", n_threads=1)
            own = spent_since(start)["driver"]
            rows.append(sum(table.rows for table in here.tables.values()))
            parts = options.parts or max(2, math.ceil(rows[-1] / ROWS_PER_PART))
            prepared, there, by_spark = built_twice(tables, spark, parts)
            seconds.append(there.total())
            found[f"cpu_ratio_{size // 1000}k"] = round(there.total() / own, 2)
            found[f"by_spark_ratio_{size // 1000}k"] = round(by_spark.total() / own, 2)
            print(f"{size:>9,} customers in {parts} parts: {own:.1f} s here", flush=True)
            print(f"  files read by the workers: {as_text(there)}", flush=True)
            print(f"  files read by Spark: {as_text(by_spark)}", flush=True)
            sent.append(bytes_sent(plan, spark, parts))
            frame.append(frame_bytes_per_row(here))
            equal.append(same(prepared.collect(Path(work) / "there"), here))
            prepared.close()
            if size != options.sizes[-1]:
                continue
            with workers_weighed() as watch:  # by itself, for it takes processor time
                prepare(plan, spark, parts=parts).close()
            over = round(watch.worker_mb - megabytes(plan.memory))
            if options.kill:
                with executor_killed(spark, parts) as lost:
                    again = prepare(plan, spark, parts=parts)
                alike = same(again.collect(Path(work) / "again"), here)
                found["killed_equal"] = bool(lost.killed) and alike
                again.close()
    fixed, per_row = fixed_and_slope(rows, seconds)
    constants = {
        "rows": rows[-1],
        "fixed_seconds": fixed,
        "seconds_per_row": per_row,
        "shuffle_bytes_per_row": sent[-1] / rows[-1],
        "frame_bytes_per_row": frame[-1],
        "memory_mb": megabytes(plan.memory),
        "over_mb": over,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "date": date.today().isoformat(),
    }
    found |= {"features_equal": all(equal), "worker_mb_over_limit": over}
    return {**found, "constants": constants}


def warm_up(options: argparse.Namespace, spark: SparkSession) -> None:
    """Build the smallest size, which starts the workers and compiles what the JVM runs often."""
    tables = simulated(options.folder, size := min(options.sizes))
    prepare(plan_of(tables), spark, parts=options.parts or 2).close()
    print(f"{size:>9,} customers, first build: {as_text(processor_seconds())}", flush=True)
    prepare(plan_of(tables, by_spark=True), spark, parts=options.parts or 2).close()


def built_twice(
    tables: Path, spark: SparkSession, parts: int
) -> tuple[PreparedFeatures, Counter[str], Counter[str]]:
    """Features, and processor seconds where the workers read the files, and where Spark does."""
    start = processor_seconds()
    prepared = prepare(plan_of(tables), spark, parts=parts)
    there = spent_since(start)
    start = processor_seconds()
    prepare(plan_of(tables, by_spark=True), spark, parts=parts).close()
    return prepared, there, spent_since(start)


def spent_since(start: Counter[str]) -> Counter[str]:
    """Processor seconds of every kind of process since then."""
    return processor_seconds() - start


def as_text(seconds: Counter[str]) -> str:
    """Processor seconds in all, and of every kind of process."""
    kinds = ", ".join(f"{kind} {n:.1f}" for kind, n in seconds.most_common())
    return f"{seconds.total():.1f} s ({kinds})"


def bytes_sent(plan: DataPlan, spark: SparkSession, parts: int) -> int:
    """Bytes of the packed rows of all tables that are divided among the parts."""
    places = places_of(parts)
    frames = [s.divide(places) for s in sources_of(spark, plan).values() if s.divide is not None]
    (sums,) = zip(*(f.selectExpr("sum(length(data))").collect()[0] for f in frames), strict=True)
    return int(sum(sums))


def frame_bytes_per_row(built: Built) -> float:
    """Memory of a row of features as the training has it."""
    frame = load(built).X
    return float(frame.memory_usage(deep=True).sum() / len(frame))


def megabytes(memory: str) -> float:
    """A size such as 2GB, in MB."""
    number, unit = float(memory.upper().rstrip("BGM")), memory.upper().strip("0123456789. ")
    return number * {"GB": 1000, "MB": 1}[unit]


def plan_of(tables: Path, *, by_spark: bool = False) -> DataPlan:
    """The plan of the config over simulated tables; with addresses, which Spark alone reads."""
    place = tables.resolve().as_uri() if by_spark else str(tables)
    changes = [f"data.tables.{n}.path={place}/{n}" for n in ("basic", "complaints", "optical")]
    plan = read_config(CONFIG, changes).data
    assert plan is not None
    return plan


def same(one: Built, other: Built) -> bool:
    """Whether features, counts and joins of two builds are equal."""
    features = pq.read_table(one.features).equals(pq.read_table(other.features))
    return bool(features and one.tables == other.tables and one.joins == other.joins)


def measure_boosters(options: argparse.Namespace, spark: SparkSession) -> dict[str, object]:
    """Whether boosters of two workers are the same each time, and as good as those of this process.

    On numbers of the features of the smallest size; a fifth of the customers stops the boosters,
    and another fifth is what they are measured on.
    """
    x, y = numbers_of(options.folder, options.sizes[0])
    part = np.random.default_rng(0).integers(0, 5, len(y))
    table = Table(x, np.empty((len(y), 0), np.int32), tuple(map(str, range(x.shape[1]))), (), ())
    train, stop, test = (np.flatnonzero(part > 1), *(np.flatnonzero(part == k) for k in (0, 1)))
    stopping = (table.take(stop), y[stop], np.ones(len(stop)))
    places = places_of(2)
    rules = LargeTableRules()

    def fitted(seed: int, *, local: bool) -> Leaves:
        leaves = rules.leaves(Leaves(), len(train))
        fold = leaves.assign(y[train], None, np.random.default_rng(seed))
        rows, labels, ones = table.take(train), y[train], np.ones(len(train))
        if local:
            generator = np.random.default_rng(seed)
            return leaves.fit(rows, labels, fold=fold, validation=stopping, generator=generator)
        packed = list(shards(rows, labels, ones, fold, places))
        task = BoosterTask(leaves, rows.take(np.arange(0)), fold.max() + 1, stopping, seed)
        return fit_shards(spark.createDataFrame(packed, RECORD), task, len(places))

    def precision(leaves: Leaves) -> float:
        scores = margins(leaves, booster_matrix(table.take(test)))
        return average_precision(Ranking.of(y[test], 1 / (1 + np.exp(-scores))))

    start = processor_seconds()
    first = fitted(0, local=False)
    seconds = spent_since(start).total()
    found: dict[str, object] = {"booster_seconds_per_row": seconds / len(train)}
    found |= {"same_trees": trees(first) == trees(fitted(0, local=False))}
    if options.kill:
        with executor_killed(spark, len(places)) as watch:
            again = fitted(0, local=False)
        found["killed_same_trees"] = bool(watch.killed) and trees(again) == trees(first)
    there = [
        precision(first),
        *(precision(fitted(s, local=False)) for s in range(1, options.seeds)),
    ]
    here = [precision(fitted(seed, local=True)) for seed in range(options.seeds)]
    difference = np.subtract(there, here)
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    found["ap_difference_se"] = round(float(difference.mean() / error), 2)
    print(f"average precision: {np.mean(here):.5f} here, {np.mean(there):.5f} by two workers")
    return found


def numbers_of(folder: Path, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Numbers and labels of the features of simulated tables."""
    with tempfile.TemporaryDirectory() as work:
        customers = load(build(plan_of(simulated(folder, size)), Path(work) / "f", n_threads=1))
    return customers.X.select_dtypes("number").to_numpy(np.float64), customers.y


def margins(leaves: Leaves, matrix: np.ndarray) -> np.ndarray:
    """Mean over boosters of the sum of leaf values."""
    sums = []
    for booster, forest in enumerate(leaves.record_.forests):
        starts = np.concatenate([[0], np.cumsum(forest.sizes)[:-1]])
        codes = leaves.record_.leaf_codes(booster, matrix) + starts
        sums.append(forest.leaf_values[codes].sum(axis=1, dtype=np.float64))
    return np.mean(sums, axis=0)


def trees(leaves: Leaves) -> tuple[object, dict[str, list[float]]]:
    """Boosters as values that can be compared."""
    tree, arrays = pack(leaves.record_)
    return tree, {name: array.tolist() for name, array in arrays.items()}


def measure_scores(n: int, resamples: int) -> dict[str, object]:
    """Errors of metrics from counts, and the spread of their resamples over that of rows."""
    generator = np.random.default_rng(0)
    p = 1 / (1 + np.exp(-(generator.normal(size=n) * 1.3 - 3.8)))
    y = (generator.random(n) < p).astype(int)
    exact, binned = Ranking.of(y, p), BinnedScores.of(y, p)
    start = time.perf_counter()
    of_bins = [average_precision(r) for r in binned.resampled(resamples, 1)]
    print(f"{resamples} resamples of counts: {time.perf_counter() - start:.1f} s")
    some = slice(0, min(n, 50_000))  # the spread of rows is measured on fewer, and so is theirs
    of_some = [
        average_precision(r) for r in BinnedScores.of(y[some], p[some]).resampled(resamples, 2)
    ]
    of_rows = [
        average_precision(Ranking.of(y[some], p[some], counts))
        for counts in poisson_counts(len(y[some]), resamples, 3)
    ]
    return {
        "ap_error": average_precision(binned.ranking()) - average_precision(exact),
        "auc_error": roc_auc(binned.ranking()) - roc_auc(exact),
        "ap_sd": float(np.std(of_bins)),
        "bootstrap_sd_ratio": round(float(np.std(of_some) / np.std(of_rows)), 3),
    }


if __name__ == "__main__":
    main()
