"""What customers without an outcome add: few labels, with and without the other rows.

Of the training rows of every fold a share keeps its labels, churners and stayers alike. The other
rows join the pretraining, or are left away. No validation part is given, as nobody with so few
labels would have one. Prints a Markdown table of average precision on the test rows with the paired
difference and its 95 % bootstrap interval over folds; the last line is one JSON object.

    python scripts/benchmark_unlabelled.py --folds 2 --tables DIR
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings

import numpy as np
import pandas as pd
from benchmark_tables import folds_of, machine, options_of, paired_interval, tables
from sklearn.metrics import average_precision_score
from sklearn.model_selection import train_test_split

from dbnchurn import ChurnClassifier

SHARES = (0.01, 0.05, 0.2)


def scores_at(
    X: pd.DataFrame, y: np.ndarray, inside: np.ndarray, test: np.ndarray, share: float, seed: int
) -> tuple[float, float]:
    """Average precision without and with the unlabelled rows."""
    kept, rest = train_test_split(inside, train_size=share, stratify=y[inside], random_state=seed)
    found = []
    for unlabelled in (None, X.iloc[rest]):
        model = ChurnClassifier(random_state=seed, n_threads=1)
        model.fit(X.iloc[kept], y[kept], X_unlabelled=unlabelled)
        found.append(average_precision_score(y[test], model.predict_proba(X.iloc[test])[:, 1]))
    return found[0], found[1]


def evaluate_table(
    X: pd.DataFrame, y: np.ndarray, seeds: int, folds: int
) -> dict[float, np.ndarray]:
    """Share → average precision of shape (seeds × folds, 2), without and with."""
    found: dict[float, list[tuple[float, float]]] = {share: [] for share in SHARES}
    for seed, number, (train, val, test) in folds_of(y, seeds, folds):
        inside = np.concatenate([train, val])
        for share in SHARES:
            found[share].append(scores_at(X, y, inside, test, share, 100 * seed + number))
        print(f"seed {seed}, fold {number} done", file=sys.stderr, flush=True)
    return {share: np.array(pairs) for share, pairs in found.items()}


def main() -> None:
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    options_of(parser)
    options = parser.parse_args()
    results = {}
    for table, X, y in tables(options.tables, options.only):
        print(table, file=sys.stderr, flush=True)
        results[table] = evaluate_table(X, y, options.seeds, options.folds)
    print(f"{machine()}, 1 thread, {options.seeds} seed(s) × {options.folds} folds\n")
    print("| table | labels kept | AP without | AP with unlabelled rows | difference [95 %] |")
    print("|---|---|---|---|---|")
    told: dict[str, list[float]] = {}
    for share in SHARES:
        pairs = [(table, found[share]) for table, found in results.items()]
        for table, found in [*pairs, ("all", np.vstack([found for _, found in pairs]))]:
            d = paired_interval(found[:, 1] - found[:, 0])
            without, with_them = found.mean(axis=0)
            print(f"| {table} | {share:.0%} | {without:.4f} | {with_them:.4f} | "
                  f"{d[0]:+.4f} [{d[1]:+.4f}, {d[2]:+.4f}] |")  # fmt: skip
            told[f"{table} {share:.0%}"] = [round(value, 5) for value in d]
    print(json.dumps({"with_minus_without": told}))


if __name__ == "__main__":
    main()
