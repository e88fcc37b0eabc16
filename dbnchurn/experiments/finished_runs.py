"""Finished runs, read from their folders: settings, metrics and scores of the test customers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.config.yaml import parse
from dbnchurn.core.errors import DataError
from dbnchurn.core.flattening import dotted, flatten
from dbnchurn.core.spreadsheet_text import original_frame
from dbnchurn.core.typing import Floats
from dbnchurn.experiments.fingerprints import NO_RESULT, completion_marker
from dbnchurn.runs.folder import read_json
from dbnchurn.runs.result import MODEL

RUNS_TABLE = "runs.csv"
"""Of an experiment's folder: which runs are in its comparison."""

# Keys in which runs of one variant may differ; a fit after the measuring changes no number.
OF_A_UNIT = ("seed", "split.fold", "classifier.refit")
NO_SETTING = NO_RESULT | {"published", "report", "baselines", "resamples", "n_threads"}


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A run folder.

    Parameters
    ----------
    folder : Path
    variant : str
        Runs of one variant differ in seed and fold alone.
    config, metrics : dict
        As in ``config.yaml`` and ``metrics.json``.
    """

    folder: Path
    variant: str
    config: Mapping[str, Any]
    metrics: Mapping[str, Any]

    @property
    def unit(self) -> str:
        """Seed and fold."""
        fold = self.config.get("split", {}).get("fold", 1)
        return f"seed {self.config['seed']}, fold {fold}"

    @cached_property
    def test(self) -> pd.DataFrame:
        """Id, label and scores of the test customers."""
        frame = pd.read_parquet(self.folder / "predictions.parquet")
        return frame[frame["part"] == "test"].reset_index(drop=True)

    @cached_property
    def tested(self) -> str:
        """Hash of ids and labels of the test customers."""
        digest = hashlib.sha256(self.test["label"].to_numpy(np.int64).tobytes())
        digest.update("\n".join(map(str, self.test["id"])).encode())
        return digest.hexdigest()

    @property
    def test_share(self) -> float:
        """Test rows over training and validation rows."""
        rows = {name: part["rows"] for name, part in self.metrics["parts"].items()}
        return float(rows["test"] / (rows["train"] + rows["validation"]))

    @property
    def settings(self) -> dict[str, Any]:
        """Dotted key → value of the settings that make the variant."""
        settings = {dotted(path): value for path, value in flatten(self.config)}
        return {
            key: value
            for key, value in settings.items()
            if key not in OF_A_UNIT and key.split(".")[0] not in NO_SETTING
        }


@dataclass(frozen=True, eq=False)
class ModelScores:
    """One model of one run on its test customers.

    Parameters
    ----------
    model : str
        Name in the comparison.
    run : FinishedRun
    baseline : str, optional
        Which of the run's baselines; by default it is the run's own model.
    """

    model: str
    run: FinishedRun
    baseline: str | None = None

    @property
    def numbers(self) -> Mapping[str, Any]:
        """As in ``metrics.json``."""
        metrics = self.run.metrics
        numbers: Mapping[str, Any] = (
            metrics["test"] if self.baseline is None else metrics["baselines"][self.baseline]
        )
        return numbers

    def value(self, metric: str) -> float:
        """One number; NaN where it is undefined."""
        value = self.numbers[metric]["value"]
        return float("nan") if value is None else float(value)

    @property
    def scores(self) -> Floats:
        """Probabilities of the test customers."""
        name = "score" if self.baseline is None else f"score {self.baseline}"
        return self.run.test[name].to_numpy(np.float64)

    @property
    def seconds(self) -> float:
        """Wall seconds of training."""
        return float(self.run.metrics["seconds"][self.baseline or "train"])


def read_run(folder: Path, variant: str | None = None) -> FinishedRun:
    """Read a run folder.

    Parameters
    ----------
    folder : Path
    variant : str, optional
        Name of its settings; by default that of the folder.

    Returns
    -------
    FinishedRun

    Raises
    ------
    DataError
        If it is no run folder, or lacks a file.
    """
    try:
        config = parse((folder / "config.yaml").read_text(encoding="utf-8")).data
        metrics = read_json(folder / "metrics.json")
        metrics["test"], metrics["parts"], config["seed"]
    except FileNotFoundError as error:
        raise DataError(
            f"{folder} is no finished run: it has no {Path(str(error.filename)).name}"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder}: the run cannot be read: {error}") from error
    return FinishedRun(folder, variant or folder.name, config, metrics)


def find_runs(paths: Sequence[Path]) -> list[FinishedRun]:
    """The runs of run folders and of experiment folders, under the names of their variants.

    A run folder is named by its last part, or by its whole path where another has the same name.

    Raises
    ------
    DataError
        If a folder is neither.
    """
    single, of_experiments = [], []
    names = [path.name for path in dict.fromkeys(paths)]
    for path in paths:
        if not (path / RUNS_TABLE).is_file():
            single.append(read_run(path, str(path) if names.count(path.name) > 1 else None))
            continue
        listed = original_frame(pd.read_csv(path / RUNS_TABLE))["run"].drop_duplicates()
        runs = [path / "runs" / name for name in listed]
        prefix = f"{path.name.removesuffix('-experiment')}: " if len(paths) > 1 else ""
        of_experiments += [
            read_run(run, f"{prefix}{(completion_marker(run) or {}).get('variant')}")
            for run in runs
        ]
    return grouped(single) + of_experiments


def grouped(runs: list[FinishedRun]) -> list[FinishedRun]:
    """Give runs that differ in seed and fold alone one name, that of the first.

    Two runs of one seed and fold stay two variants, whatever their settings.
    """
    names: list[tuple[dict[str, Any], str, set[str]]] = []
    renamed = []
    for run in runs:
        same = [
            (name, units)
            for settings, name, units in names
            if settings == run.settings and run.unit not in units
        ]
        if same:
            name, units = same[0]
            units.add(run.unit)
        else:
            name = run.variant
            names.append((run.settings, name, {run.unit}))
        renamed.append(FinishedRun(run.folder, name, run.config, run.metrics))
    return renamed


def scored(runs: list[FinishedRun]) -> list[ModelScores]:
    """The models to compare: the variants, or of a single variant also its baselines."""
    if len({run.variant for run in runs}) > 1:
        return [ModelScores(run.variant, run) for run in runs]
    models = []
    for run in runs:
        models.append(ModelScores(MODEL, run))
        models += [ModelScores(name, run, name) for name in run.metrics["baselines"]]
    return models
