"""Measure the build on Spark beside that of one machine: python scripts/benchmark_spark.py.

Simulates tables (kept in --folder), builds the features of configs/crm.yaml on two executors of a
local cluster and in this process, and compares them: equal or not, processor seconds of the whole
tree of processes, an executor killed meanwhile, and metrics from counts in bins. Needs Java 17. The
last line is one JSON object; null is what was not measured.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from benchmark_data import simulated

from dbnchurn.data.build import Built, build
from dbnchurn.data.plan import DataPlan
from dbnchurn.evaluate.binned import BinnedScores
from dbnchurn.evaluate.bootstrap import poisson_counts
from dbnchurn.evaluate.metrics import average_precision, roc_auc
from dbnchurn.evaluate.ranking import Ranking
from dbnchurn.runs import read_config
from dbnchurn.spark import prepare

CONFIG = Path(__file__).parents[1] / "configs" / "crm.yaml"
EXECUTOR = "CoarseGrainedExecutorBackend"
TICKS = os.sysconf("SC_CLK_TCK")
WARM_UP = 2_000  # customers of the build that starts the workers


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("data/benchmark"))
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 400_000])
    parser.add_argument("--parts", type=int, default=4)
    parser.add_argument("--scores", type=int, default=2_000_000)
    parser.add_argument("--resamples", type=int, default=300)
    parser.add_argument("--master", default="local-cluster[2,1,1024]")
    parser.add_argument("--kill", action="store_true", help="Kill an executor meanwhile, too.")
    options = parser.parse_args()
    found: dict[str, object] = {"features_equal": None, "killed_equal": None}
    found |= measure_tables(options)
    found |= measure_scores(options.scores, options.resamples)
    print(json.dumps(found))


def measure_tables(options: argparse.Namespace) -> dict[str, object]:
    """Equality and processor seconds of the builds of every size."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master(options.master).config("spark.ui.enabled", "false")
    builder = builder.config("spark.driver.host", "127.0.0.1")
    spark = builder.config("spark.executorEnv.PYTHONPATH", os.pathsep.join(sys.path)).getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    found: dict[str, object] = {}
    equal = []
    try:
        prepare(plan_of(simulated(options.folder, WARM_UP)), spark, parts=options.parts).close()
        for size in options.sizes:
            plan = plan_of(simulated(options.folder, size))
            with tempfile.TemporaryDirectory() as work:
                start = processor_seconds()
                here = build(plan, Path(work) / "here", n_threads=1)
                own = processor_seconds() - start
                start = processor_seconds()
                prepared = prepare(plan, spark, parts=options.parts)
                there = processor_seconds() - start
                equal.append(same(prepared.collect(Path(work) / "there"), here))
                prepared.close()
                if options.kill and size == options.sizes[-1]:
                    killer = threading.Timer(0.3 * there, kill_executor)
                    killer.start()
                    again = prepare(plan, spark, parts=options.parts)
                    killer.join()
                    found["killed_equal"] = same(again.collect(Path(work) / "again"), here)
            found[f"cpu_ratio_{size // 1000}k"] = round(there / own, 2)
            print(f"{size:>9,} customers: {own:.1f} s here, {there:.1f} s on Spark, processor time")
    finally:
        spark.stop()
    return {**found, "features_equal": all(equal)}


def plan_of(tables: Path) -> DataPlan:
    """The plan of the config over simulated tables."""
    changes = [f"data.tables.{n}.path={tables / n}" for n in ("basic", "complaints", "optical")]
    plan = read_config(CONFIG, changes).data
    assert plan is not None
    return plan


def same(one: Built, other: Built) -> bool:
    """Whether features, counts and joins of two builds are equal."""
    features = pq.read_table(one.features).equals(pq.read_table(other.features))
    return bool(features and one.tables == other.tables and one.joins == other.joins)


def descendants() -> list[int]:
    """Numbers of this process and of all that it has started, directly or not."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
            except OSError:
                continue
    found, added = {os.getpid()}, True
    while added:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found, added = found | more, bool(more)
    return sorted(found)


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat behind the name, which may have spaces."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def processor_seconds() -> float:
    """Of this process, all that it has started, and those of them that have ended."""
    total = 0
    for pid in descendants():
        try:
            total += sum(map(int, _stat(pid)[11:15]))
        except OSError:
            continue
    return total / TICKS


def kill_executor() -> None:
    """Kill one executor that this process has started."""
    for pid in descendants():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if EXECUTOR in command and "java" in command.partition("\0")[0]:
            os.kill(pid, signal.SIGKILL)
            return


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
