"""Accuracy of dbnchurn at its defaults beside its peers, on the same folds.

Repeated stratified 5-fold; in each fold 15 % of the training rows are the validation part that
every model may stop and choose its threshold on. Prints a Markdown table per metric, mean ranks,
paired differences with intervals, and as the last line one JSON object.

    python scripts/benchmark_accuracy.py                       # packaged tables, all models
    python scripts/benchmark_accuracy.py --only tv --models "dbnchurn,logistic,xgboost d6"
    python scripts/benchmark_accuracy.py --tables DIR          # adds DIR/iranian_churn.parquet
    python scripts/benchmark_accuracy.py --automl PYTHON       # and scripts/benchmark_automl.py

Finished fits may be kept in a file: an interrupted run then goes on where it stopped, and peers,
which no change of dbnchurn touches, are measured once. What was kept of other models is reported
beside the models asked for.

    python scripts/benchmark_accuracy.py --models dbnchurn --keep fits.jsonl --page docs/accuracy.md

With ``--jobs 8`` so many fits run at once, each on one thread; seconds then depend on one another.
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import benchmark_automl as automl
import numpy as np
import pandas as pd
from benchmark_kept import Fit, Kept, key_of, measured
from benchmark_models import MODELS, THREADS
from benchmark_tables import (
    Parts,
    folds_of,
    machine,
    measure,
    options_of,
    paired_interval,
    tables,
)

from dbnchurn.decide import choose_threshold
from dbnchurn.evaluate import Ranking
from dbnchurn.evaluate.metrics import calibration_error
from dbnchurn.model.compute import processors

METRICS = {
    "AP": "average precision",
    "ROC AUC": "area under the ROC curve",
    "F1": "F1 at the threshold chosen on the validation part",
    "lift": "lift of the top decile",
    "Brier": "Brier score",
    "ECE": "calibration error of pooled out-of-fold scores, 10 equal-count bins",
    "cpu": "fit, CPU seconds",
    "wall": "fit, wall seconds",
}
PAIRED = ("AP", "F1", "lift", "Brier")
Table = tuple[str, pd.DataFrame, np.ndarray]


def fits_of(
    table: Table, names: Sequence[str], kept: Kept, seeds: int, folds: int, jobs: int
) -> Iterator[tuple[Fit, Parts]]:
    """The fits of `names`, and of other models if they are kept for every fold."""
    label, X, y = table
    divided = list(folds_of(y, seeds, folds))
    wanted = []
    for name in MODELS:
        keys = [key_of(label, X, y, seed, fold, name) for seed, fold, _ in divided]
        if name in names or all(key in kept.fits for key in keys):
            wanted += [(key, parts) for key, (_, _, parts) in zip(keys, divided, strict=True)]
    missing = [(key, X, y, parts) for key, parts in wanted if key not in kept.fits]
    for fit in all_measured(missing, jobs):
        kept.add(fit)
        print("{}, seed {}, fold {}: {}".format(*fit.key[:4]), file=sys.stderr, flush=True)
    yield from ((kept.fits[key], parts) for key, parts in wanted)


def all_measured(missing: Sequence[tuple[Any, ...]], jobs: int) -> Iterator[Fit]:
    """The fits of some keys, side by side in processes of their own if there are several jobs."""
    if jobs == 1:
        yield from (measured(*arguments) for arguments in missing)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("forkserver")) as pool:
        for done in as_completed([pool.submit(measured, *arguments) for arguments in missing]):
            yield done.result()


def measures(table: Table, fits: Iterator[tuple[Fit, Parts]]) -> pd.DataFrame:
    """One row per (model, seed, fold); ECE is that of all folds of the seed together."""
    y = table[2]
    rows, pooled = [], {}
    for fit, (_, val, test) in fits:
        _, seed, fold, name, _ = fit.key
        scores = np.array(fit.scores_test)
        threshold = fit.threshold
        if threshold is None:
            threshold = choose_threshold(y[val], np.array(fit.scores_val), "f1").threshold
        found = measure(y[test], scores, threshold) | {"cpu": fit.cpu, "wall": fit.wall}
        rows.append({"model": name, "seed": seed, "fold": fold, **found})
        labels, together = pooled.setdefault((name, seed), ([], []))
        labels.append(y[test])
        together.append(scores)
    errors = {
        which: calibration_error(Ranking.of(np.concatenate(labels), np.concatenate(scores)))
        for which, (labels, scores) in pooled.items()
    }
    frame = pd.DataFrame(rows)
    frame["ECE"] = [errors[which] for which in zip(frame["model"], frame["seed"], strict=True)]
    return frame


def main() -> None:
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options_of(parser, seeds=3)
    parser.add_argument("--models", default=",".join(MODELS), help="names, comma-separated")
    parser.add_argument("--keep", type=Path, help="JSON-lines file of finished fits")
    parser.add_argument("--jobs", type=int, default=1, help="fits at once")
    automl.add_options(parser)
    parser.add_argument("--page", type=Path, help="Markdown file to write the result to as well")
    options = parser.parse_args()
    names = options.models.split(",")
    if unknown := set(names) - set(MODELS):
        parser.error(f"unknown models {sorted(unknown)}; there are {', '.join(MODELS)}")
    kept = Kept(options.keep)
    shape = (options.seeds, options.folds, options.jobs)
    results = {
        table[0]: measures(table, fits_of(table, names, kept, *shape))
        for table in tables(options.tables, options.only)
    }
    shared = set.intersection(*(set(found["model"]) for found in results.values()))
    shown = [name for name in MODELS if name in shared]
    summary = summarise(results, shown) | {"ap_minus_automl": None}
    page = "\n".join(page_of(results, shown, summary, options.seeds, options.folds))
    if options.automl is not None:
        found = automl.measured(options)
        summary["ap_minus_automl"] = automl.difference(found)
        page += "\n".join(["", "## Beside AutoGluon", "", *automl.lines_of(found)])
    print(page)
    if options.page is not None:
        options.page.write_text(page)
    print(json.dumps(summary))


def means_of(results: dict[str, pd.DataFrame], names: list[str], metric: str) -> pd.DataFrame:
    """Mean over folds: one row per model, one column per table."""
    columns = {t: found.groupby("model")[metric].mean()[names] for t, found in results.items()}
    return pd.DataFrame(columns)


def ranks_of(means: pd.DataFrame, metric: str) -> pd.Series:
    """Mean rank over the tables, 1 is best."""
    return means.rank(ascending=metric in ("Brier", "ECE", "cpu", "wall")).mean(axis=1)


def summarise(results: dict[str, pd.DataFrame], names: list[str]) -> dict[str, Any]:
    """The figures of the last line."""
    ap = means_of(results, names, "AP")
    boosters = [name for name in ("xgboost d6", "xgboost d4") if name in names]
    gap = None
    if boosters and "dbnchurn" in names:
        gap = round(float((ap.loc[boosters].max() - ap.loc["dbnchurn"]).max()), 4)
    return {
        "mean_rank": {n: round(float(r), 3) for n, r in ranks_of(ap, "AP").items()},
        "worst_gap_to_xgboost": gap,
        "ap_minus_catboost": interval_of(results, names, "catboost", "AP"),
        "mean_ap": {t: ap[t].round(4).to_dict() for t in ap},
    }


def page_of(
    results: dict[str, pd.DataFrame],
    names: list[str],
    summary: dict[str, Any],
    seeds: int,
    folds: int,
) -> Iterator[str]:
    """The lines of the Markdown page."""
    yield "# Accuracy beside other models\n"
    yield (
        "Printed by `scripts/benchmark_accuracy.py`: every model at fixed settings, the same for "
        "all tables; the same folds and the same validation part (15 % of the training rows) for "
        f"all. {seeds} × {folds} of 5 stratified folds, {THREADS} thread a fit; {machine()}, "
        f"{processors()} processors. Wall seconds depend on what else ran; CPU seconds do so "
        "less.\n"
    )
    for metric, title in METRICS.items():
        means = means_of(results, names, metric)
        ranks = ranks_of(means, metric)
        digits = 1 if metric in ("cpu", "wall") else 4
        yield f"| {title} | {' | '.join(results)} | mean | mean rank |"
        yield "|---|" + "---|" * (len(results) + 2)
        for name in names:
            cells = [f"{value:.{digits}f}" for value in [*means.loc[name], means.loc[name].mean()]]
            yield f"| {name} | {' | '.join(cells)} | {ranks[name]:.2f} |"
        yield ""
    if "dbnchurn" in names and len(names) > 1:
        yield "dbnchurn minus the peer, mean over tables and folds [95 % bootstrap over folds]:\n"
        yield f"| peer | {' | '.join(PAIRED)} |\n|---|" + "---|" * len(PAIRED)
        for name in names:
            if name != "dbnchurn":
                cells = [difference(results, name, metric) for metric in PAIRED]
                yield f"| {name} | {' | '.join(cells)} |"
        yield ""
        yield f"Worst gap to the better XGBoost: {summary['worst_gap_to_xgboost']} AP.\n"


def interval_of(
    results: dict[str, pd.DataFrame], names: list[str], peer: str, metric: str
) -> list[float] | None:
    """Mean paired difference and its interval; None without the peer."""
    if not {"dbnchurn", peer} <= set(names):
        return None
    return [round(number, 4) for number in paired(results, peer, metric)]


def paired(results: dict[str, pd.DataFrame], name: str, metric: str) -> tuple[float, float, float]:
    """Mean difference to a peer over tables and folds, and its interval."""
    found = []
    for table in results.values():
        wide = table.pivot(index=["seed", "fold"], columns="model", values=metric)
        found.append((wide["dbnchurn"] - wide[name]).to_numpy())
    return paired_interval(np.concatenate(found))


def difference(results: dict[str, pd.DataFrame], name: str, metric: str) -> str:
    """Mean paired difference with its interval, as text."""
    return "{:+.4f} [{:+.4f}, {:+.4f}]".format(*paired(results, name, metric))


if __name__ == "__main__":
    main()
