"""Time and memory of segment mining beside two other programs.

Run as ``python scripts/benchmark_segments.py``. Twelve uniform columns of ten intervals, patterns
of up to three columns, three planted boxes. Every measurement is a process of its own with one
thread. The others get a memory cap and a time limit; one that breaks either has no ratio. Ratios
are of processor time, which neighbours on the machine disturb least. The last line is one JSON
object.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from typing import Any

import numpy as np
import pandas as pd
from measuring import peak_mb

COLUMNS, BINS, LENGTH, MIN_COUNT = 12, 10, 3, 30
CAP_GB, LIMIT_S = 8, 420
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def customers(rows: int) -> tuple[pd.DataFrame, np.ndarray[Any, np.dtype[np.bool_]]]:
    """About three in ten say yes; more of them in three boxes."""
    generator = np.random.default_rng(0)
    X = pd.DataFrame(generator.random((rows, COLUMNS)), columns=[f"c{j}" for j in range(COLUMNS)])
    three = X["c3"].between(0.5, 0.8) & X["c4"].between(0.2, 0.6) & (X["c5"] > 0.4)
    two = X["c1"].between(0.3, 0.6) & (X["c2"] < 0.4)
    rate = np.select([three, two, X["c0"] > 0.9], [0.7, 0.5, 0.4], 0.25)
    return X, generator.random(rows) < rate


def coded(rows: int) -> Any:
    """The same customers as items, by quantiles of all rows."""
    from dbnchurn.segments.bins import Binning, code_rows
    from dbnchurn.segments.columns import read_columns

    X, y = customers(rows)
    binning = Binning("quantile", BINS, {}, True, {}, 20)
    columns = read_columns(X)
    return code_rows([binning.axis(column) for column in columns], columns, y)


def ranges(rows: int) -> Any:
    """Cut the columns and search every contiguous range over all rows."""
    from dbnchurn.segments.boxes import BoxMiner

    return lambda: len(BoxMiner(coded(rows), LENGTH, MIN_COUNT).run())


def fit(rows: int) -> Any:
    """The whole estimator: split, mine, select, cover, report."""
    from dbnchurn.segments import SegmentMiner

    X, y = customers(rows)
    return lambda: len(SegmentMiner(bins=BINS, random_state=0).fit(X, y).segments_)


def single(rows: int) -> Any:
    """One interval per column: closed sets of the yeses, counted on the noes."""
    from dbnchurn.segments.closed_sets import mine_closed

    data = coded(rows)
    return lambda: len(mine_closed(data, LENGTH, MIN_COUNT))


def one_hot(rows: int) -> tuple[pd.DataFrame, np.ndarray[Any, np.dtype[np.bool_]]]:
    """A column per item."""
    data = coded(rows)
    items = {f"{j}={k}": data.codes[j] == k for j in range(COLUMNS) for k in range(data.items[j])}
    return pd.DataFrame(items), data.hits


def mlxtend(rows: int) -> Any:
    """The frequent sets of the yeses (fpgrowth neither closes them nor counts the noes)."""
    from mlxtend.frequent_patterns import fpgrowth

    items, hits = one_hot(rows)
    yes = items[hits].reset_index(drop=True)
    support = (MIN_COUNT - 0.5) / len(yes)
    return lambda: len(fpgrowth(yes, min_support=support, max_len=LENGTH))


def pysubgroup(rows: int) -> Any:
    """The best thousand by weighted relative accuracy, depth first."""
    import pysubgroup as ps

    data = coded(rows)
    frame = pd.DataFrame({f"c{j}": data.codes[j] for j in range(COLUMNS)}).assign(y=data.hits)
    task = ps.SubgroupDiscoveryTask(
        frame,
        ps.BinaryTarget("y", True),
        [ps.EqualitySelector(f"c{j}", k) for j in range(COLUMNS) for k in range(data.items[j])],
        result_set_size=1000,
        depth=LENGTH,
        qf=ps.WRAccQF(),
    )
    return lambda: len(ps.DFS(ps.BitSetRepresentation).execute(task).to_dataframe())


WORK = {f.__name__: f for f in (ranges, fit, single, mlxtend, pysubgroup)}


def measure(name: str, rows: int, repeats: int) -> None:
    """In the child process: print seconds, peak memory and the number of patterns."""
    work = WORK[name](rows)
    imported = peak_mb()
    seconds, processor, found = [], [], 0
    for _ in range(repeats):
        start, own = time.perf_counter(), time.process_time()
        found = work()
        seconds.append(time.perf_counter() - start)
        processor.append(time.process_time() - own)
    result = {"seconds": float(np.median(seconds)), "cpu": float(np.median(processor))}
    result |= {"peak_mb": peak_mb(), "before_mb": imported}
    print(json.dumps({**result, "found": found}))


def run(name: str, rows: int, repeats: int = 1, cap: bool = False) -> dict[str, Any] | None:
    """Measure in a process of its own; None if it broke the cap or the limit."""
    command = [sys.executable, __file__, "--measure", name, str(rows), str(repeats)]
    size = CAP_GB << 30

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (size, size))

    try:
        done = subprocess.run(
            command,
            env={**os.environ, **dict.fromkeys(THREADS, "1")},
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            preexec_fn=limit if cap else None,
        )
    except subprocess.TimeoutExpired:
        print(f"{name:>11} {rows:>9,} rows: more than {LIMIT_S} s, stopped")
        return None
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["killed"]
        print(f"{name:>11} {rows:>9,} rows: failed within {CAP_GB} GB: {last[0]}")
        return None
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(
        f"{name:>11} {rows:>9,} rows: {found['seconds']:6.2f} s (processor {found['cpu']:.2f}), "
        f"peak {found['peak_mb']:.0f} MB ({found['before_mb']:.0f} before), "
        f"{found['found']:,} found"
    )
    return found


def main() -> None:
    """All measurements, then the JSON line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", nargs=3, metavar=("NAME", "ROWS", "REPEATS"))
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the smaller table")
    parser.add_argument("--large", type=int, default=1_000_000, help="rows of the larger one")
    given = parser.parse_args()
    if given.measure:
        name, rows, repeats = given.measure
        return measure(name, int(rows), int(repeats))
    print(
        f"{COLUMNS} columns × {BINS} intervals, up to {LENGTH} columns, at least {MIN_COUNT} yeses;"
    )
    print(
        f"one thread; mlxtend and pysubgroup capped at {CAP_GB} GB, {LIMIT_S} s; ours: median of 3"
    )
    hundred = run("ranges", given.rows, 3)
    run("fit", given.rows, 3)
    million = run("ranges", given.large)
    run("fit", given.large)
    ours = run("single", given.rows, 3)
    others = {name: run(name, given.rows, cap=True) for name in ("mlxtend", "pysubgroup")}
    result = {
        "seconds_100k": hundred and round(hundred["seconds"], 2),
        "peak_mb": hundred and round(hundred["peak_mb"]),
        "seconds_1m": million and round(million["seconds"], 2),
    }
    for name, other in others.items():
        ratio = other and ours and round(other["cpu"] / ours["cpu"], 1)
        result[f"vs_{name}"] = ratio
    print(json.dumps(result))
    return None


if __name__ == "__main__":
    main()
