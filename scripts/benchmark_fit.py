"""Seconds of one fit at the defaults on a table of mixed columns, without validation rows.

    python scripts/benchmark_fit.py [--rows 10000] [--columns 50] [--rounds 1]

The last line is one JSON object: `wall_seconds` and `cpu_seconds` (medians over rounds), and the
wall seconds of every stage in the last round.
"""

from __future__ import annotations

import argparse
import json
from statistics import median
from time import perf_counter, process_time

import numpy as np
import pandas as pd

from dbnchurn import ChurnClassifier


def customers(rows: int, columns: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers, and a fifth of the columns categories; a tenth of all values are missing.

    Nine in a hundred leave; ten columns matter, two of them together only.
    """
    generator = np.random.default_rng(seed)
    categories = columns // 5
    numbers = generator.normal(size=(rows, columns - categories)) ** 3
    codes = generator.integers(0, generator.integers(2, 30, categories), (rows, categories))
    effect = generator.normal(size=(categories, 30))
    logit = 0.4 * np.cbrt(numbers[:, :8]).sum(axis=1) - 3.2
    logit += np.cbrt(numbers[:, 8]) * np.cbrt(numbers[:, 9]) + effect[0, codes[:, 0]]
    y = (generator.random(rows) < 1 / (1 + np.exp(-logit))).astype(int)
    frame = pd.DataFrame(numbers, columns=[f"number {j}" for j in range(numbers.shape[1])])
    for j in range(categories):
        frame[f"category {j}"] = pd.Series(codes[:, j]).astype(str)
    return frame.mask(generator.random(frame.shape) < 0.1), y


def main() -> None:
    """Fit and print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    X, y = customers(options.rows, options.columns)
    print(f"{X.shape[0]} x {X.shape[1]}, {y.mean():.1%} churners")
    wall, cpu = [], []
    for _ in range(options.rounds):
        started, spent = perf_counter(), process_time()
        model = ChurnClassifier(random_state=0).fit(X, y)
        wall.append(round(perf_counter() - started, 1))
        cpu.append(round(process_time() - spent, 1))
        print(f"{wall[-1]} s wall, {cpu[-1]} s of processor time", flush=True)
    stages = {name: round(seconds, 1) for name, seconds in model.seconds_.items()}
    found = {"wall_seconds": median(wall), "cpu_seconds": median(cpu), "stages": stages}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
