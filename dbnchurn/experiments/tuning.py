"""The search for better settings: trials on the validation rows, a journal on disk, a best config.

Rows of the test part are dropped before the first trial, and the best config is
tested when it is trained. The journal makes the search go on where it was stopped.
"""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.progress import stage
from dbnchurn.evaluate import Ranking
from dbnchurn.evaluate.summary import numbers_at
from dbnchurn.experiments.fingerprints import key_of, of_customers
from dbnchurn.experiments.search import Search, Tuned, require_optuna
from dbnchurn.runs.customers import check_leakage, read_customers
from dbnchurn.runs.dataset import Dataset
from dbnchurn.runs.folder import only_one, open_output
from dbnchurn.runs.protocol import division
from dbnchurn.runs.sections import TuningSection


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
    _check(config.tuning)
    require_optuna()
    open_output(Path(config.output))
    folder = Path(config.output) / f"{name}-tuning"
    with only_one(folder):
        given, data = _given(config)
        search = Search(config, folder, partial(_value, given))
        search.belongs(_key(config, data))
        started, done = time.monotonic(), 0
        while search.may_go_on(time.monotonic() - started, done):
            search.trial()
            done += 1
        return search.result()


def _check(section: TuningSection | None) -> None:
    if section is None:
        raise ConfigError("the config has no section 'tuning' that says what to search")
    for key in section.space:
        if not key.startswith("classifier."):
            raise ConfigError(
                f"tuning.space: {key}: only settings of the classifier can be tuned, as data and "
                "parts have to stay the same for all trials"
            )


def _key(config: Any, data: str) -> str:
    """The same for searches whose trials can be compared; the budget does not matter."""
    space = config.tuning.model_dump(mode="json", include={"space", "metric", "startup"})
    return key_of(config, f"{data} {json.dumps(space)}")


def _given(config: Any) -> tuple[Dataset, str]:
    """Training and validation rows, and the fingerprint of the table; the test rows are let go."""
    with TemporaryDirectory(prefix="dbnchurn-") as work, stage("read"):
        table, built = read_customers(config, Path(work))
        parts = division(table, config.split, config.seed)
        table = check_leakage(config, table, parts, built)
    return Dataset.of(config, table, parts), of_customers(table)


def _value(given: Dataset, config: Any) -> float:
    """How good the fitted classifier of a trial's config is on the validation rows."""
    classifier, rows = given.fit(config), given.validation
    ranking = Ranking.of(rows.y, classifier.predict_proba(rows.X)[:, 1])
    return numbers_at(ranking, classifier.threshold_)[config.tuning.metric]
