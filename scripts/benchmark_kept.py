"""Finished fits of the accuracy benchmark in a file, so that none is measured twice."""

from __future__ import annotations

import hashlib
import inspect
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from benchmark_models import MODELS
from benchmark_tables import folds_of


@dataclass(frozen=True)
class Fit:
    """One model on one fold: its scores and what it cost.

    `key` holds table, seed, fold, model and a digest of data, folds and model; `threshold` is the
    model's own, None if it has none; `wall` and `cpu` are seconds of the fit alone.
    """

    key: tuple[str, int, int, str, str]
    scores_val: list[float]
    scores_test: list[float]
    threshold: float | None
    wall: float
    cpu: float


def key_of(
    table: str, X: pd.DataFrame, y: np.ndarray, seed: int, fold: int, name: str
) -> tuple[str, int, int, str, str]:
    """What a fit is found by."""
    rows = pd.util.hash_pandas_object(X.assign(__y=y), index=False).to_numpy()
    parts = [rows.tobytes(), inspect.getsource(folds_of), MODELS[name].fingerprint()]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else part.encode())
    return table, seed, fold, name, digest.hexdigest()[:16]


class Kept:
    """Fits by key; new ones are appended to the file, if there is one, as they finish."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.fits: dict[tuple[str, int, int, str, str], Fit] = {}
        if file is not None and file.exists():
            for line in file.read_text().splitlines():
                found = json.loads(line)
                fit = Fit(**{**found, "key": tuple(found["key"])})
                self.fits[fit.key] = fit

    def add(self, fit: Fit) -> None:
        self.fits[fit.key] = fit
        if self.file is not None:
            with self.file.open("a") as lines:
                lines.write(json.dumps(asdict(fit)) + "\n")


def measured(
    key: tuple[str, int, int, str, str],
    X: pd.DataFrame,
    y: np.ndarray,
    parts: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> Fit:
    """Fit the model of the key and score validation and test rows."""
    train, val, test = parts
    wall, cpu = time.perf_counter(), time.process_time()
    model = MODELS[key[3]].fit(
        (X.iloc[train], y[train], X.iloc[val], y[val]), key[1], **MODELS[key[3]].settings
    )
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    scores_val, scores_test = (
        [float(f"{score:.7g}") for score in model.score(X.iloc[rows])] for rows in (val, test)
    )
    return Fit(key, scores_val, scores_test, model.threshold, wall, cpu)
