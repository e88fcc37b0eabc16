"""Accuracy beside AutoGluon (``best_quality``), where both learn from all training rows.

The folds of scripts/benchmark_accuracy.py without a validation part: the rows outside a fold are
all given to ``fit(X, y)``, which sets aside or cross-fits what it needs itself. AutoGluon lives in
an environment of its own, whose interpreter is named; it is given --seconds by the clock and both
threads, several times what dbnchurn takes on one.

    python -m venv AUTOML
    AUTOML/bin/pip install "autogluon.tabular[lightgbm,catboost,xgboost,fastai]"
    python scripts/benchmark_automl.py --automl AUTOML/bin/python --automl-keep FILE.jsonl

Finished fits are kept in a file where one is named. Prints a Markdown table and, as the last line,
one JSON object: ``ap_minus_automl`` with its interval.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from benchmark_tables import folds_of, machine, measure, options_of, paired_interval, tables

from dbnchurn import ChurnClassifier

OURS, AUTOML = "dbnchurn", "AutoGluon"
SHOWN = {
    "AP": "AP", "Brier": "Brier score", "wall": "wall seconds", "processor": "processor seconds"
}  # fmt: skip
Key = tuple[str, int, int, str, float | None]
Found = dict[str, Any]


def ours(X: pd.DataFrame, y: np.ndarray, fresh: pd.DataFrame, seed: int) -> Found:
    """Scores of fresh rows and the seconds of a fit on all others."""
    wall, processor = time.perf_counter(), time.process_time()
    model = ChurnClassifier(random_state=seed, n_threads=1, leakage="off").fit(X, y)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    scores = model.predict_proba(fresh)[:, 1].tolist()
    return {"scores": scores, "wall": wall, "processor": processor}


def automl(
    X: pd.DataFrame, y: np.ndarray, fresh: pd.DataFrame, python: Path, seconds: float
) -> Found:
    """The same of AutoGluon, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        X.assign(label=y).to_parquet(Path(folder) / "train.parquet")
        fresh.to_parquet(Path(folder) / "test.parquet")
        script = Path(__file__).with_name("automl_fit.py")
        command = [str(python.absolute()), str(script), folder, str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"AutoGluon ended with {done.returncode}:\n{done.stderr[-2000:]}")
        found: Found = json.loads((Path(folder) / "scores.json").read_text())
    return found


def measured(options: argparse.Namespace) -> pd.DataFrame:
    """One row per table, seed, fold and model; `options` as :func:`add_options` adds them."""
    kept, rows = read_kept(options.automl_keep), []
    for table, X, y in tables(options.tables, options.only):
        for seed, fold, (train, val, test) in folds_of(y, options.seeds, options.folds):
            inside = np.sort(np.concatenate([train, val]))
            given = X.iloc[inside], y[inside], X.iloc[test]
            fits: dict[str, tuple[float | None, Callable[[], Found]]] = {
                OURS: (None, partial(ours, *given, seed)),
                AUTOML: (
                    options.automl_seconds,
                    partial(automl, *given, options.automl, options.automl_seconds),
                ),
            }
            for name, (allowed, fit) in fits.items():
                key = (table, seed, fold, name, allowed)
                if key not in kept:
                    kept[key] = fit()
                    keep(options.automl_keep, key, kept[key])
                    print(f"{table}, seed {seed}, fold {fold}: {name}", file=sys.stderr, flush=True)
                found = kept[key]
                scores = measure(y[test], np.array(found["scores"]), 0.5)
                row = {"table": table, "seed": seed, "fold": fold, "model": name}
                rows.append(
                    {**row, **{column: (scores | found)[column] for column in SHOWN}},
                )
    return pd.DataFrame(rows)


def read_kept(file: Path | None) -> dict[Key, Found]:
    """Finished fits of a file by table, seed, fold, model and seconds allowed."""
    if file is None or not file.exists():
        return {}
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return {tuple(line["key"]): line["found"] for line in lines}


def keep(file: Path | None, key: Key, found: Found) -> None:
    """Append a finished fit."""
    if file is not None:
        with file.open("a") as lines:
            lines.write(json.dumps({"key": key, "found": found}) + "\n")


def difference(found: pd.DataFrame) -> list[float]:
    """Mean paired difference of AP over tables and folds, and its interval of 95 %."""
    wide = found.pivot(index=["table", "seed", "fold"], columns="model", values="AP")
    return [round(number, 4) for number in paired_interval((wide[OURS] - wide[AUTOML]).to_numpy())]


def lines_of(found: pd.DataFrame) -> Iterator[str]:
    """The lines of a Markdown table: means of each table and model, then the difference."""
    yield f"| table | model | {' | '.join(SHOWN.values())} |"
    yield "|---|---|" + "---|" * len(SHOWN)
    means = found.groupby(["table", "model"], sort=False)[list(SHOWN)].mean()
    for (table, model), row in means.iterrows():
        cells = [f"{row[name]:.{4 if name in ('AP', 'Brier') else 0}f}" for name in SHOWN]
        yield f"| {table} | {model} | {' | '.join(cells)} |"
    yield ""
    apart = {table: difference(part) for table, part in found.groupby("table", sort=False)}
    texts = ["{}: {:+.4f} [{:+.4f}, {:+.4f}]".format(name, *apart[name]) for name in apart]
    all_tables = "{:+.4f} [{:+.4f}, {:+.4f}]".format(*difference(found))
    yield f"{OURS} minus {AUTOML}, AP: {all_tables} ({'; '.join(texts)}).\n"


def add_options(parser: argparse.ArgumentParser, required: bool = False) -> None:
    """Add what the comparison is told."""
    parser.add_argument(
        "--automl", type=Path, required=required, help="interpreter of the environment of AutoGluon"
    )
    parser.add_argument("--automl-seconds", type=float, default=60.0, help="allowed to each fit")
    parser.add_argument("--automl-keep", type=Path, help="JSON-lines file of finished fits")


def main() -> None:
    """Measure and print."""
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options_of(parser)
    add_options(parser, required=True)
    options = parser.parse_args()
    found = measured(options)
    print("\n".join(lines_of(found)))
    print(f"{options.seeds} x {options.folds} folds; {machine()}")
    print(json.dumps({"ap_minus_automl": difference(found)}))


if __name__ == "__main__":
    main()
