"""The search for better settings: trials on the validation rows, a journal on disk, a best config.

Rows of the test part take no part: they are dropped before the first trial, and the best config is
tested when it is trained. The journal makes the search go on where it was stopped.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd

from dbnchurn.classifier import ChurnClassifier
from dbnchurn.data.build import Built
from dbnchurn.errors import ConfigError
from dbnchurn.evaluate import Ranking
from dbnchurn.experiment.baselines import Rows
from dbnchurn.experiment.comparison import numbers_at
from dbnchurn.experiment.folder import only_one, open_output
from dbnchurn.experiment.identity import key_of, of_customers
from dbnchurn.experiment.run import divide, load_customers, without_outcome
from dbnchurn.experiment.search import Search, Tuned, require_optuna
from dbnchurn.experiment.sections import TuningSection
from dbnchurn.experiment.tables import build_tables, check_leakage
from dbnchurn.progress import stage


@dataclass(frozen=True, eq=False)
class Material:
    """What trials learn from and are judged on; there are no test rows in it."""

    train: Rows
    val: Rows
    groups: Any
    unlabelled: pd.DataFrame | None

    def value(self, classifier: ChurnClassifier, metric: str) -> float:
        """Fit and measure on the validation rows."""
        classifier.fit(
            self.train.X,
            self.train.y,
            X_val=self.val.X,
            y_val=self.val.y,
            groups=self.groups,
            X_unlabelled=self.unlabelled,
        )
        scores = classifier.predict_proba(self.val.X)[:, 1]
        return numbers_at(classifier.threshold_)(Ranking.of(self.val.y, scores))[metric]


def tune(config: Any, name: str = "tune") -> Tuned:
    """Search for better settings until the budget is used, or go on with a search.

    Parameters
    ----------
    config : RunConfig
        With ``tuning``.
    name : str
        The folder is ``NAME-tuning`` in the config's output.

    Returns
    -------
    Tuned

    Raises
    ------
    ConfigError
        If Optuna is missing, the config has no ``tuning``, the space names what cannot be tuned,
        or the folder holds a search of another config or other data.
    DataError
        If the table cannot be used.
    """
    section = _section(config)
    require_optuna()
    open_output(Path(config.output))
    folder = Path(config.output) / f"{name}-tuning"
    with only_one(folder):
        material, data = _material(config)
        search = Search(config, folder, lambda made: material.value(made, section.metric))
        search.belongs(_key(config, data))
        started, done = time.monotonic(), 0
        while search.may_go_on(time.monotonic() - started, done):
            search.trial()
            done += 1
        return search.result()


def _section(config: Any) -> TuningSection:
    section: TuningSection | None = config.tuning
    if section is None:
        raise ConfigError("the config has no section 'tuning' that says what to search")
    for key in section.space:
        if not key.startswith("classifier."):
            raise ConfigError(
                f"tuning.space: {key}: only settings of the classifier can be tuned, as data and "
                "parts have to stay the same for all trials"
            )
    return section


def _key(config: Any, data: str) -> str:
    """The same for searches whose trials can be compared; the budget does not matter."""
    space = config.tuning.model_dump(mode="json", include={"space", "metric", "startup"})
    return key_of(config, f"{data} {json.dumps(space)}")


def _material(config: Any) -> tuple[Material, str]:
    """Training and validation rows, and the fingerprint of the table; the test rows are let go."""
    built: Built | None = None
    with TemporaryDirectory(prefix="dbnchurn-") as work, stage("read"):
        if config.data is not None:
            table, built = build_tables(config, Path(work, "tables"))
        else:
            table = load_customers(config)
        parts = divide(table, config)
        table = check_leakage(config, table, parts, built)
    train, val = (Rows(table.X.iloc[r], table.y[r]) for r in (parts.train, parts.validation))
    groups = table.ids[parts.train] if table.id is not None else None
    return Material(train, val, groups, without_outcome(table, parts)), of_customers(table)
