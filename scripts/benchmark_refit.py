"""What the stored model of a run is worth beside the one that was measured, on fresh customers.

A fifth of every table is set aside first, and is in no part of the run. The rest is divided as a
run divides it: 65 % to train on, 15 % to stop and choose with, 20 % to measure on. The measured
model is fitted on the first of these parts; the stored one is fitted again on all three, with the
lengths, blend and threshold of the first (``refit``). Both score the fresh fifth. Prints a Markdown
table and, as the last line, one JSON object.

    python scripts/benchmark_refit.py --tables DIR --seeds 3
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
from benchmark_tables import machine, measure, options_of, paired_interval, tables
from sklearn.model_selection import train_test_split

from dbnchurn import ChurnClassifier
from dbnchurn.evaluate import Ranking
from dbnchurn.evaluate.metrics import calibration_error
from dbnchurn.tables.splitting import split

MEASURED, STORED = "measured", "stored"
SHOWN = ("AP", "F1", "Brier", "ECE", "promised", "came", "called")


def compared(X: pd.DataFrame, y: np.ndarray, seed: int) -> dict[str, dict[str, float]]:
    """Both models of one division on its fresh rows, and the processor seconds of their fits."""
    inside, fresh = train_test_split(
        np.arange(len(y)), test_size=0.2, stratify=y, random_state=seed
    )
    parts = split(y[inside], random_state=seed)
    train, val = inside[parts.train], inside[parts.validation]
    started = time.process_time()
    first = ChurnClassifier(random_state=seed, n_threads=1, leakage="off").fit(
        X.iloc[train], y[train], X_val=X.iloc[val], y_val=y[val]
    )
    between = time.process_time()
    again = first.refitted_on(X.iloc[inside], y[inside])
    ended = time.process_time()
    seconds = {MEASURED: between - started, STORED: ended - between}
    found = {}
    for name, model in ((MEASURED, first), (STORED, again)):
        scores = model.predict_proba(X.iloc[fresh])[:, 1]
        found[name] = {
            **measure(y[fresh], scores, model.threshold_),
            "ECE": calibration_error(Ranking.of(y[fresh], scores)),
            "promised": float(scores.mean()),
            "came": float(y[fresh].mean()),
            "called": float((scores >= model.threshold_).mean()),
            "seconds": seconds[name],
        }
    return found


def main() -> None:
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options_of(parser, seeds=3)
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for label, X, y in tables(options.tables, options.only):
        for seed in range(options.seeds):
            for name, numbers in compared(X, y, seed).items():
                rows.append({"table": label, "seed": seed, "model": name, **numbers})
            print(f"{label}, seed {seed}", file=sys.stderr, flush=True)
    found = pd.DataFrame(rows)
    print(f"{options.seeds} divisions of every table, 1 thread; {machine()}.\n")
    print(f"| table | model | {' | '.join(SHOWN)} | fit, CPU seconds |")
    print("|---|---|" + "---|" * (len(SHOWN) + 1))
    means = found.drop(columns="seed").groupby(["table", "model"], sort=False).mean()
    for (label, name), numbers in means.iterrows():
        cells = [f"{numbers[key]:.4f}" for key in SHOWN]
        print(f"| {label} | {name} | {' | '.join(cells)} | {numbers['seconds']:.1f} |")
    summary = {}
    for metric in ("AP", "F1", "Brier", "ECE"):
        wide = found.pivot(index=["table", "seed"], columns="model", values=metric)
        summary[metric] = paired_interval((wide[STORED] - wide[MEASURED]).to_numpy())
    print(
        "\nStored minus measured, mean over tables and divisions [95 % bootstrap over divisions]:"
    )
    print("; ".join("{} {:+.4f} [{:+.4f}, {:+.4f}]".format(k, *v) for k, v in summary.items()))
    print(json.dumps({k: [round(number, 4) for number in v] for k, v in summary.items()}))


if __name__ == "__main__":
    main()
