"""Time and memory of reading a CSV file of 979,902 customers and 29 columns.

    python scripts/benchmark_reading.py [--rows 979902] [--baseline CHECKOUT]

The file is written into a temporary folder. With ``--baseline`` another checkout reads the same
file, in turns with this one. The last line is one JSON object: ``seconds`` and ``peak_mb`` of this
checkout and, if given, ``baseline_seconds`` and ``baseline_peak_mb``; each the best of three.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 3
READERS = ("dbnchurn.tables", "dbnchurn.data")  # where read_table is, and where it was


def table(rows: int) -> pd.DataFrame:
    """A table like that of the main paper: counts, amounts, words, and an id."""
    generator = np.random.default_rng(0)
    columns = {"customer": np.arange(rows) + 10_000_000}
    for j in range(10):
        columns[f"count_{j}"] = generator.poisson(2 + 5 * j, rows)
    for j in range(12):
        amounts = np.round(generator.gamma(2, 20 + 10 * j, rows), 2)
        columns[f"amount_{j}"] = np.where(generator.random(rows) < 0.03, np.nan, amounts)
    for j in range(5):
        columns[f"word_{j}"] = generator.choice([f"level {k}" for k in range(3 + 4 * j)], rows)
    columns["churned"] = np.where(generator.random(rows) < 1 / 28, "yes", "no")
    return pd.DataFrame(columns)


def read(path: str) -> None:
    """Read the file in this process, and print seconds and peak memory in megabytes."""
    from importlib import import_module

    for name in READERS:
        try:
            read_table = import_module(name).read_table
            break
        except (ImportError, AttributeError):
            continue
    started = perf_counter()
    frame = read_table(path, "customer")
    seconds = perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"shape": frame.shape, "seconds": seconds, "peak_mb": peak}))


def measured(checkout: Path, path: Path) -> dict[str, float]:
    """Seconds and peak memory of a checkout in a process of its own."""
    output = subprocess.run(
        [sys.executable, __file__, "--read", str(path)],
        env={**os.environ, "PYTHONPATH": str(checkout)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found: dict[str, float] = json.loads(output.splitlines()[-1])
    return found


def main() -> None:
    """Write the file, let the checkouts read it in turns, and print the best of each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=979_902)
    parser.add_argument("--baseline", type=Path, help="another checkout")
    parser.add_argument("--read", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        read(options.read)
        return
    checkouts = {"": ROOT} | ({"baseline_": options.baseline} if options.baseline else {})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "customers.csv")
        table(options.rows).to_csv(path, index=False)
        print(f"{options.rows} rows, {path.stat().st_size / 1e6:.0f} MB")
        rounds = [
            {name: measured(checkout, path) for name, checkout in checkouts.items()}
            for _ in range(ROUNDS)
        ]
    best = {
        f"{name}{key}": round(min(found[name][key] for found in rounds), 2)
        for name in checkouts
        for key in ("seconds", "peak_mb")
    }
    print(json.dumps(best))


if __name__ == "__main__":
    main()
