"""Trials of a search: settings drawn by Optuna, early stopping by their curves, a journal on disk.

The sampler of a trial is seeded by the number of finished trials, so that a search that was killed
tries the same settings as one that was not.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.config import changed, dump
from dbnchurn.core.errors import ConfigError, DbnchurnError
from dbnchurn.core.files import write_whole
from dbnchurn.core.progress import stage, watched
from dbnchurn.core.spreadsheet_text import csv_text
from dbnchurn.evaluate.registry import METRICS
from dbnchurn.experiments.grid import NOT_OF_A_RUN
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.sections import Searched, TuningSection

Objective = Callable[[RunConfig], float]
"""Fits the classifier of a config and returns its metric on the validation rows."""
JOURNAL, BEST, TRIALS = "journal.log", "best.yaml", "trials.csv"
FINETUNING = 1_000_000
"""First step of fine-tuning in Optuna's numbering; machine k begins at step 1,000 k."""
WORST = {"rbm": 0.9, "finetune": 0.5}
"""A trial is cut short if its error is above this quantile of the others at the same step.
Reconstruction error predicts the quality of a model poorly, so that only the worst tenth is cut
short by it; validation loss predicts it better."""


@dataclass(frozen=True)
class Tuned:
    """The result of a search so far.

    Parameters
    ----------
    folder : Path
        With ``best.yaml``, ``trials.csv`` and the journal.
    metric : str
    value : float
        Of the best trial, on the validation rows.
    settings : dict of dotted key → value
    finished, cut_short, failed : int
        Trials.
    """

    folder: Path
    metric: str
    value: float
    settings: dict[str, Any]
    finished: int
    cut_short: int
    failed: int

    def to_text(self) -> str:
        """The result in a few lines."""
        settings = "\n".join(f"  {key}: {json.dumps(v)}" for key, v in self.settings.items())
        return (
            f"{self.finished} trials, of which {self.cut_short} were cut short and {self.failed} "
            f"failed\nbest {METRICS[self.metric].label} on the validation rows: {self.value:.4f}\n"
            f"{settings}\nnext: dbnchurn train {self.folder / BEST}"
        )


def require_optuna() -> None:
    """Refuse to begin without Optuna.

    Raises
    ------
    ConfigError
        If Optuna is not installed.
    """
    if importlib.util.find_spec("optuna") is None:
        raise ConfigError("tuning needs the extra 'tune': pip install 'dbnchurn[tune]'")


class Search:
    """An Optuna study whose trials change a config.

    Parameters
    ----------
    config : RunConfig
        What a trial changes.
    section : TuningSection
        The space and the budget.
    folder : Path
        With the journal; has to be locked, so that no other process writes.
    objective : callable
        RunConfig → metric on the validation rows.
    worst : mapping of "rbm" and "finetune" → float
        A trial is cut short if its error is above this quantile of the others at the same step.
    """

    def __init__(
        self,
        config: RunConfig,
        section: TuningSection,
        folder: Path,
        objective: Objective,
        *,
        worst: Mapping[str, float] = WORST,
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.optuna = optuna
        self.config, self.section, self.folder = config, section, folder
        self.objective, self.worst = objective, worst
        higher = METRICS[self.section.metric].higher_is_better
        self.study = optuna.create_study(
            storage=_journal(folder / JOURNAL),
            study_name="tuning",
            direction="maximize" if higher else "minimize",
            load_if_exists=True,
        )
        for trial in self.study.get_trials(deepcopy=False):
            if not trial.state.is_finished():  # its process was killed
                self.study.tell(trial.number, state=optuna.trial.TrialState.FAIL)

    def check_key(self, key: str) -> None:
        """Refuse a journal of other data or settings.

        Raises
        ------
        ConfigError
            If the journal was begun with another key.
        """
        known = self.study.user_attrs.get("key")
        if known is None:
            self.study.set_user_attr("key", key)
        elif known != key:
            raise ConfigError(
                f"{self.folder} holds a search of another config or other data; its trials cannot "
                "be compared: name another output, or remove the folder"
            )

    @property
    def finished(self) -> list[Any]:
        """Trials that ended, cut short or failed among them; not those that were killed.

        One that was killed while its end was written says how it ended, and has no value: it is
        marked as failed by the next call, which tries its settings again.
        """
        failed = self.optuna.trial.TrialState.FAIL
        return [
            trial
            for trial in self.study.get_trials(deepcopy=False)
            if (how := trial.user_attrs.get("ended"))
            and (trial.state != failed or how.startswith("failed"))
        ]

    @property
    def complete(self) -> list[Any]:
        """Trials that ended with a model."""
        return self.study.get_trials(deepcopy=False, states=[self.optuna.trial.TrialState.COMPLETE])

    def has_budget(self, seconds: float, done: int) -> bool:
        """Whether the budget allows one more trial.

        Parameters
        ----------
        seconds : float
            Since the call began.
        done : int
            Trials of this call; the first is allowed whatever the clock says.

        Returns
        -------
        bool
        """
        trials, minutes = self.section.trials, self.section.minutes
        if trials is not None and len(self.finished) >= trials:
            return False
        return minutes is None or done == 0 or seconds < 60 * minutes

    def run_trial(self) -> None:
        """One trial: draw settings, fit, measure, and record how it ended."""
        number = len(self.finished)
        self.study.sampler = self.optuna.samplers.TPESampler(
            n_startup_trials=self.section.startup,
            seed=self.config.seed * 100_003 + number,
        )
        trial = self.study.ask()
        space = self.section.space
        settings = {key: _draw(trial, key, values) for key, values in space.items()}
        trial.set_user_attr("settings", json.dumps(settings))
        watcher = _Pruner(
            trial, self.study, self.section.startup, self.worst, self.optuna.TrialPruned
        )
        state = self.optuna.trial.TrialState
        started = time.perf_counter()
        try:
            config = changed(self.config, settings, f"trial {number + 1}")
            with stage(f"trial {number + 1}"), watched(watcher):
                value = self.objective(config)
        except self.optuna.TrialPruned as why:
            self._end(trial, started, f"cut short: {why}", state.PRUNED)
        except (DbnchurnError, FloatingPointError) as error:
            self._end(trial, started, f"failed: {error}", state.FAIL)
        else:
            self._end(trial, started, "finished", None, value)
        self._write()

    def _end(
        self, trial: Any, started: float, how: str, state: Any, value: float | None = None
    ) -> None:
        trial.set_user_attr("seconds", time.perf_counter() - started)
        trial.set_user_attr("ended", how)
        self.study.tell(trial, value, state=state)
        outcome = how if value is None else f"{self.section.metric} {value:.4f}"
        print(f"[trial {len(self.finished)}] {outcome}", file=sys.stderr, flush=True)

    def _write(self) -> None:
        """``trials.csv`` and, once there is a finished trial, ``best.yaml``."""
        complete = {trial.number for trial in self.complete}
        rows = [
            {
                "trial": number,
                "ended": trial.user_attrs["ended"],
                "value": trial.value if trial.number in complete else None,
                **{k: json.dumps(v) for k, v in _settings(trial).items()},
                "seconds": trial.user_attrs["seconds"],
            }
            for number, trial in enumerate(self.finished, start=1)
        ]
        files = {TRIALS: csv_text(pd.DataFrame(rows))}
        if self.complete:
            files[BEST] = self._best_config()
        for name, text in files.items():
            write_whole(self.folder / name, text)

    def _best_config(self) -> str:
        best = self.study.best_trial
        config = changed(self.config, _settings(best), "the best trial")
        ready = config.model_copy(update=NOT_OF_A_RUN)
        head = (
            f"# Best of {len(self.finished)} trials: {self.section.metric} {best.value:.6f} on the "
            "validation rows, which chose it,\n# so expect less on others; the test rows were not "
            "looked at.\n"
        )
        return head + dump(ready)

    def result(self) -> Tuned:
        """The best trial, and how many of the others ended how; its files are written again.

        A process that ended between a trial and its files has left those of the trial before.

        Raises
        ------
        ConfigError
            If no trial ended with a model.
        """
        ended = [trial.user_attrs["ended"] for trial in self.finished]
        failed = sum(how.startswith("failed") for how in ended)
        if not self.complete:
            last = next((how for how in reversed(ended) if how.startswith("failed")), "none ended")
            raise ConfigError(f"no trial of {len(ended)} gave a model; the last {last}")
        self._write()
        best = self.study.best_trial
        return Tuned(
            folder=self.folder,
            metric=self.section.metric,
            value=float(best.values[0]),
            settings=_settings(best),
            finished=len(ended),
            cut_short=sum(how.startswith("cut short") for how in ended),
            failed=failed,
        )


class _Pruner:
    """Ends a trial whose curve is worse than those of the trials before it."""

    def __init__(
        self,
        trial: Any,
        study: Any,
        startup: int,
        worst: Mapping[str, float],
        ending: type[Exception],
    ) -> None:
        self.trial, self.ending, self.startup, self.worst = trial, ending, startup, worst
        # The sampler takes reported values for the objective, of which more may be better.
        self.sign = 1.0 if study.direction.name == "MINIMIZE" else -1.0
        self.others = [
            other.intermediate_values
            for other in study.get_trials(deepcopy=False)
            if other.number != trial.number and "ended" in other.user_attrs
        ]
        self.best_loss = np.inf

    def __call__(self, curve: str, record: Mapping[str, float]) -> None:
        network, _, kind = curve.partition(" ")
        if network != "network":
            return
        epoch = int(record["epoch"])
        if kind == "finetune":
            if "validation_loss" not in record:
                return
            self.best_loss = min(self.best_loss, record["validation_loss"])
            step, value = FINETUNING + epoch, self.best_loss
        else:
            step = 1000 * int(kind.removeprefix("rbm ")) + epoch
            value = record["reconstruction_error"]
        self.trial.report(self.sign * value, step)
        others = [self.sign * values[step] for values in self.others if step in values]
        if falls_behind(value, others, self.worst[kind.split()[0]], self.startup):
            raise self.ending(f"{kind}, epoch {epoch}")


def falls_behind(value: float, others: list[float], share: float, startup: int) -> bool:
    """Whether an error is larger than that of a share of the others.

    Parameters
    ----------
    value : float
        NaN counts as larger.
    others : list of float
        Errors of other trials at the same step.
    share : float
        Between 0 and 1.
    startup : int
        With fewer others no error is too large.

    Returns
    -------
    bool

    Examples
    --------
    >>> falls_behind(0.6, [0.1, 0.5, 0.9], share=0.5, startup=3)
    True
    >>> falls_behind(0.6, [0.1, 0.5], share=0.5, startup=3)
    False
    """
    return len(others) >= startup and not value <= np.quantile(others, share)


def _draw(trial: Any, key: str, values: Searched) -> Any:
    """One value of the space; choices are drawn as JSON, as a journal cannot hold lists."""
    if values.choices is not None:
        return json.loads(trial.suggest_categorical(key, [json.dumps(c) for c in values.choices]))
    low, high, step = values.low, values.high, values.step
    if all(isinstance(value, int) for value in (low, high, step or 1)):
        return trial.suggest_int(key, low, high, log=values.log, step=step or 1)
    return trial.suggest_float(key, low, high, log=values.log, step=step)


def _settings(trial: Any) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(trial.user_attrs["settings"])
    return settings


def _journal(path: Path) -> Any:
    """The journal as Optuna's storage, without locks and partial line of a killed process."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    for stale in path.parent.glob(f"{path.name}.lock*"):
        stale.unlink()
    if path.exists():
        content = path.read_bytes()
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)
    lock: Any = _HeldFolder()
    return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))


class _HeldFolder:
    """In place of Optuna's lock on a journal, as the folder around it is locked already.

    Optuna's own is renamed and removed for every line, and a full disk makes a fault of that.
    """

    def acquire(self) -> bool:
        """Nothing to be done."""
        return True

    def release(self) -> None:
        """Nothing to be done."""
