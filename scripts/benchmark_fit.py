"""Processor seconds of one fit at the defaults beside CatBoost's and XGBoost's, on the same rows.

    python scripts/benchmark_fit.py [--tables DIR] [--rounds 3] [--only tv,telco]

Every model is fitted to the same training and validation rows on one thread, one after the other,
at the settings of the accuracy benchmark; the open tables, and two simulated ones of 10,000 x 50
and 72,000 x 11 with mixed columns. Of every round the ratio is taken, and of the ratios the median,
so that what else the machine does cancels. The last line is one JSON object: `fit_vs_catboost` by
table, `fit_vs_xgboost_72k`, and the `seconds` of our stages by table.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import pandas as pd
from benchmark_models import CATBOOST, D6, THREADS, Fold, catboost, xgboost
from benchmark_tables import folds_of, machine, tables

from dbnchurn import ChurnClassifier

Table = tuple[str, pd.DataFrame, np.ndarray]
LARGE = "72k x 11"


def customers(rows: int, columns: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers, and a fifth of the columns categories; a tenth of all values are missing.

    Nine in a hundred leave; ten columns matter, two of them together only.
    """
    generator = np.random.default_rng(seed)
    categories = columns // 5
    numbers = generator.normal(size=(rows, columns - categories)) ** 3
    codes = generator.integers(0, generator.integers(2, 30, categories), (rows, categories))
    effect = generator.normal(size=(categories, 30))
    used = np.cbrt(numbers[:, : min(10, numbers.shape[1])])
    logit = 0.4 * used[:, :-2].sum(axis=1) - 3.2
    logit += used[:, -2] * used[:, -1] + effect[0, codes[:, 0]]
    y = (generator.random(rows) < 1 / (1 + np.exp(-logit))).astype(int)
    frame = pd.DataFrame(numbers, columns=[f"number {j}" for j in range(numbers.shape[1])])
    for j in range(categories):
        frame[f"category {j}"] = pd.Series(codes[:, j]).astype(str)
    return frame.mask(generator.random(frame.shape) < 0.1), y


def all_tables(folder: Path | None, only: str | None) -> Iterator[Table]:
    """The open tables, and the simulated ones."""
    yield from tables(folder, only)
    for name, rows, columns in (("10k x 50", 10_000, 50), (LARGE, 72_000, 11)):
        if only is None or name in only.split(","):
            yield name, *customers(rows, columns)


def seconds_of(fold: Fold) -> tuple[dict[str, float], dict[str, float]]:
    """Processor seconds of every model, and wall seconds of our stages."""
    X, y, X_val, y_val = fold
    spent = {}
    started = process_time()
    model = ChurnClassifier(random_state=0, n_threads=THREADS)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    spent["dbnchurn"] = process_time() - started
    for name, fit in (
        ("catboost", lambda f, s: catboost(f, s, **CATBOOST)),
        ("xgboost", lambda f, s: xgboost(f, s, **D6)),
    ):
        started = process_time()
        fit(fold, 0)
        spent[name] = process_time() - started
    return spent, model.seconds_


def main() -> None:
    """Fit, and print the seconds."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tables", type=Path, help="folder with iranian_churn.parquet")
    parser.add_argument("--only", help="names of tables, comma-separated")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    print(f"{machine()}, {THREADS} thread")
    print("| table | rows x columns | dbnchurn | CatBoost | XGBoost | to CatBoost | to XGBoost |")
    print("|---|---|---|---|---|---|---|")
    to_catboost: dict[str, float] = {}
    to_xgboost: dict[str, float] = {}
    stages: dict[str, dict[str, float]] = {}
    for name, X, y in all_tables(options.tables, options.only):
        _, _, (train, val, _) = next(folds_of(y, 1, 1))
        fold = (X.iloc[train], y[train], X.iloc[val], y[val])
        if not stages:
            seconds_of(fold)  # what the first fit imports is not counted
        rounds = []
        for _ in range(options.rounds):
            spent, seconds = seconds_of(fold)
            rounds.append(spent)
        for peer, ratios in (("catboost", to_catboost), ("xgboost", to_xgboost)):
            ratios[name] = round(median(each["dbnchurn"] / each[peer] for each in rounds), 2)
        stages[name] = {stage: round(value, 2) for stage, value in seconds.items()}
        cells = [f"{median(each[model] for each in rounds):.2f}" for model in rounds[0]]
        shape = f"{len(train):,} x {X.shape[1]}"
        ratios = f"{to_catboost[name]} | {to_xgboost[name]}"
        print(f"| {name} | {shape} | {' | '.join(cells)} | {ratios} |", flush=True)
    found = {"fit_vs_catboost": to_catboost, "fit_vs_xgboost_72k": to_xgboost.get(LARGE)}
    print(json.dumps({**found, "seconds": stages}))


if __name__ == "__main__":
    main()
