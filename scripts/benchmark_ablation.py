"""What each part of the model contributes: one thing changed at a time, on the same folds.

Every table: stratified 5-fold, 15 % of the training rows are the validation part of every variant.
Prints a Markdown table with the mean of AP, Brier score and F1 per table, and the paired difference
to the whole model with a 95 % bootstrap interval over folds; the last line is one JSON object.

    python scripts/benchmark_ablation.py --tables DIR --seeds 1 > ablation.md
    python scripts/benchmark_ablation.py --only mlc --folds 2 --variants "without leaves"
"""

from __future__ import annotations

import argparse
import json
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd
from benchmark_tables import (
    Parts,
    folds_of,
    machine,
    measure,
    options_of,
    paired_interval,
    tables,
)
from scipy.special import expit

from dbnchurn import ChurnClassifier
from dbnchurn.decide import choose_threshold
from dbnchurn.decide.decide_record import correct_prior, decide, log_odds
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.predictor.model_record import logits
from dbnchurn.prepare.record import prepare
from dbnchurn.tables.reading import read

FULL = "whole model"
SETTINGS: dict[str, dict[str, Any]] = {
    FULL: {},
    "without leaves": {"use_leaves": False},
    "leaves not cross-fitted": {"leaves__cross_fit": False},
    "without pretraining": {"network__pretrain": False},
    "without companion": {"use_companion": False},
    "without linear model": {"use_linear": False},
    "without extra trees": {"use_extra_trees": False},
    "random oversampling": {"oversample__method": "random"},
    "SMOTE-NC": {"oversample__method": "smotenc"},
    "class weights": {"oversample__method": "class weights"},
}
BOOSTERS = "boosters alone"
UNCORRECTED = "random oversampling, prior not corrected"
VARIANTS = (*SETTINGS, BOOSTERS, UNCORRECTED)
METRICS = ("AP", "Brier", "F1")
Scores = tuple[str, np.ndarray, np.ndarray]


def boosters_alone(model: ChurnClassifier, X: pd.DataFrame) -> np.ndarray:
    """Scores of the cross-fitted boosters without any network: the mean of their logits."""
    record = model.record_
    matrix = booster_matrix(prepare(record.prepare, read(record.schema, X)[0]))
    sums = []
    for booster, forest in enumerate(record.leaves.forests):
        first = np.append(0, np.cumsum(forest.sizes))[:-1]
        codes = record.leaves.leaf_codes(booster, matrix)
        sums.append(forest.leaf_values[codes + first].sum(axis=1))
    decided = record.decide
    start = log_odds(decided.trained_prior)
    return expit(correct_prior(start + np.mean(sums, axis=0), decided.trained_prior, decided.prior))


def uncorrected(model: ChurnClassifier, X: pd.DataFrame) -> np.ndarray:
    """Scores as the blended networks give them after oversampling."""
    raw = replace(model.record_.decide, prior=model.record_.decide.trained_prior)
    return decide(raw, logits(model.record_, read(model.schema_, X)[0]))


DERIVED = {FULL: (BOOSTERS, boosters_alone), "random oversampling": (UNCORRECTED, uncorrected)}


def scored(
    names: list[str], X: pd.DataFrame, y: np.ndarray, parts: tuple[np.ndarray, ...], seed: int
) -> Iterator[Scores]:
    """Name, validation scores and test scores of every variant."""
    train, val, test = parts
    for name, settings in SETTINGS.items():
        also, function = DERIVED.get(name, (None, None))
        if name not in names and also not in names:
            continue
        model = ChurnClassifier(random_state=seed, n_threads=1).set_params(**settings)
        model.fit(X.iloc[train], y[train], X_val=X.iloc[val], y_val=y[val])
        if name in names:
            yield name, *(model.predict_proba(X.iloc[rows])[:, 1] for rows in (val, test))
        if also in names:
            yield also, *(function(model, X.iloc[rows]) for rows in (val, test))


def evaluate_fold(
    X: pd.DataFrame, y: np.ndarray, names: list[str], seed: int, number: int, parts: Parts
) -> list[dict[str, Any]]:
    """One row per variant."""
    warnings.filterwarnings("ignore")
    _, val, test = parts
    rows = []
    for name, scores_val, scores in scored(names, X, y, parts, seed):
        threshold = choose_threshold(y[val], scores_val, "expected f1").threshold
        found = measure(y[test], scores, threshold)
        rows.append({"seed": seed, "fold": number, "variant": name, **found})
    print(f"seed {seed}, fold {number} done", file=sys.stderr, flush=True)
    return rows


def evaluate_table(
    X: pd.DataFrame, y: np.ndarray, names: list[str], seeds: int, folds: int, jobs: int
) -> pd.DataFrame:
    """One row per (seed, fold, variant)."""
    divided = [(X, y, names, *fold) for fold in folds_of(y, seeds, folds)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("forkserver")) as pool:
        rows = [pool.submit(evaluate_fold, *arguments) for arguments in divided]
        return pd.DataFrame([row for found in rows for row in found.result()])


def differences(found: pd.DataFrame, name: str, metric: str) -> np.ndarray:
    """Variant minus whole model, one number per seed and fold."""
    wide = found.pivot(index=["seed", "fold"], columns="variant", values=metric)
    return (wide[name] - wide[FULL]).to_numpy()


def report(results: dict[str, pd.DataFrame], names: list[str]) -> dict[str, Any]:
    """Print one Markdown table per metric; returns the differences."""
    told: dict[str, Any] = {}
    for metric in METRICS:
        print(f"| {metric} | {' | '.join(results)} | all, minus whole [95 %] |")
        print("|---|" + "---|" * (len(results) + 1))
        told[metric] = {}
        for name in names:
            cells = []
            for found in results.values():
                mean = found.loc[found["variant"] == name, metric].mean()
                if name == FULL:
                    cells.append(f"{mean:.4f}")
                else:
                    d = paired_interval(differences(found, name, metric))
                    cells.append("{:.4f} ({:+.4f} [{:+.4f}, {:+.4f}])".format(mean, *d))
            last = "–"
            if name != FULL:
                pooled = np.concatenate([differences(f, name, metric) for f in results.values()])
                told[metric][name] = [round(d, 5) for d in paired_interval(pooled)]
                last = "{:+.4f} [{:+.4f}, {:+.4f}]".format(*told[metric][name])
            print(f"| {name} | {' | '.join(cells)} | {last} |")
        print()
    return told


def main() -> None:
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    options_of(parser)
    parser.add_argument("--variants", default=";".join(VARIANTS), help="separated by ';'")
    parser.add_argument("--jobs", type=int, default=1, help="folds at once")
    options = parser.parse_args()
    results = {}
    asked = options.variants.split(";")
    if unknown := set(asked) - set(VARIANTS):
        parser.error(f"unknown variants {sorted(unknown)}; there are {'; '.join(VARIANTS)}")
    names = list(dict.fromkeys([FULL, *asked]))
    for table, X, y in tables(options.tables, options.only):
        print(table, file=sys.stderr, flush=True)
        results[table] = evaluate_table(X, y, names, options.seeds, options.folds, options.jobs)
    print(f"{machine()}, 1 thread, {options.seeds} seed(s) × {options.folds} folds\n")
    told = report(results, names)
    print(json.dumps({"tables": list(results), "minus_whole": told}))


if __name__ == "__main__":
    main()
