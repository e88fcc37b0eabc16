"""What the first network's pretraining is worth in the blend.

Three classifiers that differ in nothing but the first network are fitted on the same rows with the
same seed: as it is by default (machines on the columns, the logit first on their codes, smaller
steps below); from random weights; and with machines of two epochs on columns and leaves together,
as it was before. Average precision on the test rows, processor seconds of the fit, and what the
machines and paths of the default network did. 15 % of the training rows validate.

Tables are files NAME.parquet of a folder, with a column `label` of 0 and 1. Prints a Markdown
table; the last line is one JSON object.

    python scripts/benchmark_pretraining.py DIR --folds 2 --only telco,tv
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from benchmark_tables import Parts, folds_of, machine, paired_interval
from sklearn.metrics import average_precision_score

from dbnchurn import ChurnClassifier
from dbnchurn.dbn import DBN, FineTune, NetworkStage

WHOLE = "default"
NETWORKS = {
    WHOLE: None,
    "random start": NetworkStage(pretrain=False, dbn=DBN((128, 64)), finetune=FineTune()),
    "two epochs, leaves too": NetworkStage(
        dbn=DBN((128, 64), epochs=2, batch_size=256),
        finetune=FineTune(),
        all_units=True,
        lower_rate=1.0,
        penalties=(1e6,),
    ),
}


def measured(X: pd.DataFrame, y: np.ndarray, parts: Parts, seed: int) -> dict[str, dict[str, Any]]:
    """Average precision and seconds of every variant, and what its machines did."""
    train, val, test = parts
    found = {}
    for name, network in NETWORKS.items():
        started = time.process_time()
        model = ChurnClassifier(network=network, random_state=seed, n_threads=1, leakage="off")
        model.fit(X.iloc[train], y[train], X_val=X.iloc[val], y_val=y[val])
        seconds = time.process_time() - started
        scores = model.predict_proba(X.iloc[test])[:, 1]
        of_network = model.about_["networks"][0]
        found[name] = {
            "ap": float(average_precision_score(y[test], scores)),
            "seconds": seconds,
            "hidden": of_network["paths"]["hidden"] / of_network["paths"]["direct"],
            "codes": [m["code_spread"] for m in of_network["machines"]],
            "likelihood": [m["pseudo_likelihood"] for m in of_network["machines"]][:1],
        }
    return found


def main() -> None:
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=Path, help="folder of NAME.parquet with a column label")
    parser.add_argument("--only", help="names of tables, comma-separated")
    parser.add_argument("--folds", type=int, default=2)
    options = parser.parse_args()
    names = options.only.split(",") if options.only else None
    differences: dict[str, list[float]] = {name: [] for name in NETWORKS if name != WHOLE}
    seconds: dict[str, list[float]] = {name: [] for name in NETWORKS}
    print(f"{machine()}, 1 thread, {options.folds} folds\n")
    print("| table | " + " | ".join(NETWORKS) + " | pseudo-likelihood | codes vary | hidden/skip |")
    print("|---" * (4 + len(NETWORKS)) + "|")
    for path in sorted(options.tables.glob("*.parquet")):
        if names is not None and path.stem not in names:
            continue
        X = pd.read_parquet(path)
        y = X.pop("label").to_numpy(int)
        folds = []
        for seed, number, parts in folds_of(y, 1, options.folds):
            folds.append(measured(X, y, parts, 100 * seed + number))
            print(path.stem, number, folds[-1], file=sys.stderr, flush=True)
        for name in NETWORKS:
            seconds[name] += [fold[name]["seconds"] for fold in folds]
        for name, values in differences.items():
            values += [fold[WHOLE]["ap"] - fold[name]["ap"] for fold in folds]
        ap = [f"{np.mean([fold[name]['ap'] for fold in folds]):.4f}" for name in NETWORKS]
        own = [fold[WHOLE] for fold in folds]
        (before, after) = np.mean([fold["likelihood"][0] for fold in own], axis=0)
        codes = np.mean([fold["codes"] for fold in own], axis=0)
        hidden = np.mean([fold["hidden"] for fold in own])
        print(
            f"| {path.stem} | {' | '.join(ap)} | {before:.1f} → {after:.1f} | "
            f"{', '.join(f'{code:.2f}' for code in codes)} | {hidden:.3f} |",
            flush=True,
        )
    told = {name: paired_interval(np.array(values)) for name, values in differences.items()}
    for name, (mean, low, high) in told.items():
        print(f"\ndefault minus {name}: {mean:+.4f} [{low:+.4f}, {high:+.4f}]", end="")
    spent = {name: round(float(np.mean(values)), 2) for name, values in seconds.items()}
    print(f"\n\nprocessor seconds of a fit: {spent}\n")
    rounded = {name: [round(v, 5) for v in values] for name, values in told.items()}
    print(json.dumps({"default_minus": rounded, "seconds": spent}))


if __name__ == "__main__":
    main()
