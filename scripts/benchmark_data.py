"""Time the way from raw tables to the finished matrix: python scripts/benchmark_data.py.

Simulates tables of several sizes (kept in --folder for the next time), builds the features of
configs/crm.yaml from each in a process of its own, and prepares the matrix. The last line is one
JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from measuring import apart, exponent, peak_mb

PAPER = 979_902
SIZES = (100_000, 300_000, PAPER, 3_000_000)
CONFIG = Path(__file__).parents[1] / "configs" / "crm.yaml"


def main() -> None:
    """Measure every size and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("data/benchmark"))
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.threads)))
        return
    found = {}
    for size in options.sizes:
        tables = simulated(options.folder, size)
        found[size] = apart(__file__, "--one", tables, "--threads", options.threads)
        print(f"{size:>9,} customers: {found[size]}", flush=True)
    sizes = sorted(found)
    own = found[PAPER if PAPER in found else sizes[-1]]
    result = {
        "seconds": own["seconds"],
        "peak_mb": own["peak_mb"],
        "row_exponent": exponent(sizes, [found[size]["seconds"] for size in sizes]),
        "scan_ratio": own["scan_ratio"],
    }
    print(json.dumps(result))


def simulated(folder: Path, customers: int) -> Path:
    """Tables of so many customers, simulated if they are not there yet."""
    from dbnchurn.data.simulate import simulate

    tables = folder / str(customers)
    if not tables.exists():
        folder.mkdir(parents=True, exist_ok=True)
        simulate(tables, customers=customers)
    return tables


def measure(tables: Path, threads: int) -> dict[str, float]:
    """Seconds, peak memory and ratio to a plain scan, of one size."""
    from dbnchurn.data.build import build, load
    from dbnchurn.prepare import Prepare
    from dbnchurn.runs import read_config
    from dbnchurn.tables.kinds import infer
    from dbnchurn.tables.reading import read

    overrides = [f"data.tables.{t}.path={tables / t}" for t in ("basic", "complaints", "optical")]
    plan = read_config(CONFIG, overrides).data
    scan = min(scan_seconds(tables, threads) for _ in range(2))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        built = build(plan, Path(folder, "built"), n_threads=threads)
        integrated = time.perf_counter() - start
        customers = load(built)
        table, _ = read(infer(customers.X), customers.X)
        matrix = Prepare().fit(table).transform(table)
        seconds = time.perf_counter() - start
    return {
        "records": sum(checked.rows for checked in built.tables.values()),
        "monthly_records": built.tables["basic"].rows,
        "columns": matrix.numbers.shape[1] + matrix.codes.shape[1],
        "integrate_seconds": round(integrated, 1),
        "seconds": round(seconds, 1),
        "scan_seconds": round(scan, 2),
        "scan_ratio": round(seconds / scan, 1),
        "peak_mb": round(peak_mb()),
    }


def scan_seconds(tables: Path, threads: int) -> float:
    """Seconds for DuckDB to read every value of the same files once."""
    from dbnchurn.core.sql import quoted
    from dbnchurn.tables.duckdb import Session

    with Session(n_threads=threads) as session:
        start = time.perf_counter()
        for table in ("basic", "complaints", "optical"):
            files = f"read_parquet('{tables / table}/*.parquet')"
            columns = ", ".join(f"max({quoted(name)})" for name in session.columns(files))
            session.rows(f"SELECT {columns} FROM {files}")
        return time.perf_counter() - start


if __name__ == "__main__":
    main()
