"""Score a large Parquet file in a stream: python scripts/benchmark_stream.py [--rows N].

Writes the file (29 columns of mixed kinds, and an id) into a temporary folder, trains a model at
its defaults on a few thousand of its rows or takes --model, and scores the file by ``score_file``
in a process of its own, whose peak memory is measured. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from measuring import apart, peak_mb

TILE = 100_000  # rows, simulated once
NUMBERS, FLAGS, CATEGORIES = 20, 4, 4  # and a date
TRAINED = 4_000


def main() -> None:
    """Write, train, score and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--model", type=Path, help="made and kept there if it does not exist")
    parser.add_argument(
        "--folder", type=Path, help="for the temporary files; 4 GB at 10 million rows"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--child", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(score(*options.child, options.threads)))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        tile, left = simulated(TILE)
        model = options.model or Path(folder, "model")
        if not model.exists():
            train(tile[:TRAINED], left[:TRAINED], model, options.threads)
        table = Path(folder, "customers.parquet")
        write(tile, options.rows, table)
        print(json.dumps(apart(__file__, "--child", model, table, "--threads", options.threads)))


def simulated(rows: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Customers of 29 columns, and who left: debt, contract and calls decide, with noise."""
    generator = np.random.default_rng(0)
    frame = {f"number_{j:02d}": generator.gamma(1 + j / 4, 10, rows) for j in range(NUMBERS)}
    frame |= {f"flag_{j}": generator.random(rows) < 0.1 + 0.2 * j for j in range(FLAGS)}
    for j in range(CATEGORIES):
        levels = np.array([f"level {level}" for level in range(3 + 8 * j)], object)
        frame[f"category_{j}"] = levels[generator.integers(0, len(levels), rows)]
    frame["since"] = np.datetime64("2018-01-01") + generator.integers(
        0, 2000, rows
    ) * np.timedelta64(1, "D")
    table = pd.DataFrame(frame)
    for j in range(0, NUMBERS, 4):
        table.loc[generator.random(rows) < 0.1, f"number_{j:02d}"] = np.nan
    logit = 0.06 * table["number_01"] + 1.5 * table["flag_0"] - 4
    logit += 1.2 * (table["category_0"] == "level 1")
    return table, (generator.random(rows) < 1 / (1 + np.exp(-logit))).to_numpy().astype(int)


def train(X: pd.DataFrame, y: np.ndarray, folder: Path, threads: int) -> None:
    """A model at its defaults."""
    from dbnchurn import ChurnClassifier

    start = time.perf_counter()
    ChurnClassifier(random_state=0, device="cpu", n_threads=threads).fit(X, y).save(
        folder, about={"id": "customer"}
    )
    print(f"trained on {len(X)} rows in {time.perf_counter() - start:.0f} s", flush=True)


def write(tile: pd.DataFrame, rows: int, path: Path) -> None:
    """The same rows over and over, with ids of their own; a row group each time."""
    table = pa.Table.from_pandas(tile, preserve_index=False)
    writer = None
    for start in range(0, rows, TILE):
        some = table.slice(0, min(TILE, rows - start))
        ids = pa.array(np.arange(start, start + some.num_rows))
        some = some.add_column(0, "customer", ids)
        writer = writer or pq.ParquetWriter(path, some.schema)
        writer.write_table(some)
    if writer is not None:
        writer.close()
    print(f"wrote {rows} rows, {path.stat().st_size / 2**20:.0f} MB", flush=True)


def score(model: Path, table: Path, threads: int) -> dict[str, float]:
    """Score a file in this process."""
    from dbnchurn.scoring import score_file

    start = time.perf_counter()
    job = score_file(model, table, table.with_name("scores.parquet"), n_threads=threads)
    seconds = time.perf_counter() - start
    return {
        "rows": job.scored,
        "score_drift": round(job.drift.score.index, 4) if job.drift else float("nan"),
        "rows_per_second": round(job.scored / seconds),
        "stream_peak_mb": round(peak_mb()),
        "seconds": round(seconds, 1),
    }


if __name__ == "__main__":
    main()
