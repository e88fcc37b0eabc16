"""The search for better settings: trials on the validation rows, a journal on disk, a best config.

Test rows are dropped before the first trial; the best config is tested when it is trained. With the
journal a search continues where it was stopped.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.progress import stage
from dbnchurn.core.scratch import ScratchFolder
from dbnchurn.evaluate import Ranking
from dbnchurn.evaluate.summary import numbers_at
from dbnchurn.experiments.fingerprints import key_of, of_customers
from dbnchurn.experiments.search import WORST, Search, Tuned, require_optuna
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.customers import check_leakage, read_customers
from dbnchurn.runs.feedback import with_feedback
from dbnchurn.runs.folder import only_one, open_output
from dbnchurn.runs.protocol import division
from dbnchurn.runs.sections import TuningSection

if TYPE_CHECKING:
    from dbnchurn.runs.dataset import Dataset


def tune(
    config: RunConfig,
    name: str = "tune",
    *,
    worst: Mapping[str, float] = WORST,
    mkdir: bool = False,
) -> Tuned:
    """Search for better settings until the budget is used, or continue a search.

    Parameters
    ----------
    config : RunConfig
        With ``tuning``.
    name : str
        The folder is ``NAME-tuning`` in the config's output.
    worst : mapping of "rbm" and "finetune" → float, default 0.9 and 0.5
        A trial is cut short if its reconstruction error, or its validation loss, is above this
        quantile of the others at the same epoch.
    mkdir : bool, default False
        Whether the folders above the output are made if they do not exist.

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

    Examples
    --------
    >>> from dbnchurn.runs import read_config
    >>> tune(read_config("configs/tune.yaml", ["tuning.trials=5"]))  # doctest: +SKIP
    Tuned(folder=PosixPath('runs/tune-tuning'), metric='average_precision', ...)
    """
    section = _checked(config.tuning)
    require_optuna()
    open_output(Path(config.output), config.sources, mkdir=mkdir)
    folder = Path(config.output) / f"{name}-tuning"
    with only_one(folder):
        dataset, fingerprint = _dataset(config)
        objective = partial(_validation_metric, dataset, section)
        search = Search(config, section, folder, objective, worst=worst)
        search.check_key(_key(config, section, fingerprint))
        started, done = time.monotonic(), 0
        while search.has_budget(time.monotonic() - started, done):
            search.run_trial()
            done += 1
        return search.result()


def _checked(section: TuningSection | None) -> TuningSection:
    if section is None:
        raise ConfigError("the config has no section 'tuning' that says what to search")
    for key in section.space:
        if not key.startswith("classifier."):
            raise ConfigError(
                f"tuning.space: {key}: only settings of the classifier can be tuned, as data and "
                "parts have to stay the same for all trials"
            )
    return section


def _key(config: RunConfig, section: TuningSection, fingerprint: str) -> str:
    """The same for searches whose trials can be compared; the budget does not matter."""
    space = section.model_dump(mode="json", include={"space", "metric", "startup"})
    return key_of(config, f"{fingerprint} {json.dumps(space)}")


def _dataset(config: RunConfig) -> tuple[Dataset, str]:
    """Training and validation rows, without the test rows, and the fingerprint of the table."""
    with ScratchFolder() as work, stage("read"):
        table, built = read_customers(config, work)
        parts = division(table, config.split, config.seed)
        table = check_leakage(config, table, parts, built)
        table, _ = with_feedback(config, table, parts)
    from dbnchurn.runs.dataset import Dataset  # now that the table is found to be good

    return Dataset.of(table, parts, config.campaign), of_customers(table)


def _validation_metric(dataset: Dataset, section: TuningSection, config: RunConfig) -> float:
    """The metric of the fitted classifier of a trial's config on the validation rows."""
    classifier, rows = dataset.fit(config), dataset.validation
    scores = classifier.predict_proba(rows.frame)[:, 1]
    ranking = Ranking.of(rows.y, scores, rows.sample_weight)
    return numbers_at(ranking, classifier.threshold_)[section.metric]
