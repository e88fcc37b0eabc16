"""An experiment from start to end: plan, train the runs that are missing, compare, write.

Its folder keeps every run. A second call trains only missing runs: after a kill, after a failure,
or after variants, seeds or folds were added.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dbnchurn.config import dump
from dbnchurn.core.errors import DataError
from dbnchurn.core.files import write_whole
from dbnchurn.experiments.comparison import compare_runs
from dbnchurn.experiments.fingerprints import Fingerprints, completion_marker, key_of
from dbnchurn.experiments.finished_runs import read_run
from dbnchurn.experiments.grid import PlannedRun, experiment_section, plan
from dbnchurn.experiments.progress_board import ProgressBoard
from dbnchurn.experiments.worker_pool import Event, WorkerJob, run_jobs
from dbnchurn.report.comparison_content import Comparison
from dbnchurn.runs.config import RunConfig, without_refit
from dbnchurn.runs.facts import FACTS
from dbnchurn.runs.folder import only_one, open_output, read_json
from dbnchurn.runs.tracking import require_mlflow, track
from dbnchurn.tables.unused_columns import say

log = logging.getLogger(__name__)
RUNS, LOGS = "runs", "logs"


@dataclass(frozen=True, eq=False)
class _KeyedRun:
    """A planned run with its key and its folder."""

    run: PlannedRun
    key: str
    folder: Path

    @property
    def finished(self) -> bool:
        facts = completion_marker(self.folder)
        return facts is not None and facts.get("key") == self.key


def run_experiment(
    config: RunConfig, name: str = "experiment", *, jobs: int | None = None, mkdir: bool = False
) -> Path:
    """Run an experiment, or the runs that it lacks, and compare its runs.

    Parameters
    ----------
    config : RunConfig
        ``experiment`` names variants, grid and seeds; without it the config's folds are run.
    name : str
        The folder is ``NAME-experiment`` in the config's output.
    jobs : int, optional
        Runs at once, in place of ``experiment.jobs``.
    mkdir : bool, default False
        Whether the folders above the output are made if they do not exist.

    Returns
    -------
    folder : Path
        With ``compare.html``, ``comparison.csv`` (without times: the same for the same runs),
        ``comparison.md``, ``runs.csv``, ``config.yaml`` and a folder of all runs.

    Raises
    ------
    ConfigError
        If a variant is no valid config, or another process works on the experiment.
    DataError
        If the table cannot be used, or no run could be finished.

    Examples
    --------
    >>> from dbnchurn.runs import read_config
    >>> run_experiment(read_config("configs/ablation.yaml"), jobs=4)  # doctest: +SKIP
    PosixPath('runs/experiment-experiment')
    """
    open_output(Path(config.output), config.sources, mkdir=mkdir)
    if config.tracking is not None:
        require_mlflow()
    folder = Path(config.output) / f"{name}-experiment"
    planned = plan(config)
    with only_one(folder):
        write_whole(folder / "config.yaml", dump(config))
        fingerprints = Fingerprints()
        runs = [_keyed(run, folder, fingerprints) for run in planned]
        failures = _run_missing(config, runs, folder, jobs, fingerprints.largest)
        from dbnchurn.experiments.comparison_files import write_comparison  # draws

        comparison = _compare(config, name, runs, failures)
        write_comparison(folder, comparison)
    return folder


def _keyed(run: PlannedRun, folder: Path, fingerprints: Fingerprints) -> _KeyedRun:
    """The run with its folder, on one thread unless the config says more, and fitted once."""
    config = without_refit(run.config).model_copy(
        update={"output": folder / RUNS, "n_threads": run.config.n_threads or 1}
    )
    key = key_of(config, fingerprints.of(config))
    ready = PlannedRun(run.variant, run.changes, config)
    return _KeyedRun(ready, key, folder / RUNS / f"{run.slug}-{key[:12]}")


def _run_missing(
    config: RunConfig, runs: Sequence[_KeyedRun], folder: Path, jobs: int | None, table_bytes: int
) -> list[str]:
    """Train the runs whose folder has no valid completion marker; a sentence for every failure."""
    section = experiment_section(config)
    failures: list[str] = []
    missing = {}
    with ProgressBoard([keyed.run for keyed in runs], section.metric) as board:
        for keyed in runs:
            if keyed.finished:
                board.reused(keyed.run, keyed.folder)
            else:
                shutil.rmtree(keyed.folder, ignore_errors=True)
                missing[keyed.folder.name] = keyed
        _remove_remains(folder / RUNS)

        def on_event(event: Event) -> None:
            keyed = missing[event.job.name]
            if event.kind == "started":
                board.started(keyed.run)
            elif event.kind == "done":
                board.done(keyed.run, keyed.folder, event.seconds)
                _track(config, keyed)
            else:
                board.failed_with(keyed.run, event.error)
                failures.append(f"{keyed.run.label} failed: {event.error}")

        run_jobs(
            [_job(keyed, folder) for keyed in missing.values()],
            on_event,
            at_once=jobs or section.jobs or _on_cuda(config),
            table_bytes=table_bytes,
            n_threads=max(
                (keyed.run.config.n_threads or 1 for keyed in missing.values()), default=1
            ),
        )
    return failures


def _job(keyed: _KeyedRun, folder: Path) -> WorkerJob:
    from dbnchurn.experiments.worker import run_one

    facts = {
        "key": keyed.key,
        "variant": keyed.run.variant,
        "changes": keyed.run.changes,
        "seed": keyed.run.config.seed,
        "fold": keyed.run.config.split.fold,
    }
    name = keyed.folder.name
    arguments = (keyed.run.config.model_dump_json(), name, facts)
    return WorkerJob(name, run_one, arguments, folder / LOGS / f"{name}.log")


def _on_cuda(config: RunConfig) -> int | None:
    """One run at a time on a CUDA device; elsewhere no limit."""
    from dbnchurn.model.compute import resolve_device

    return 1 if resolve_device(config.device) == "cuda" else None


def _remove_remains(runs: Path) -> None:
    """Remove partly written folders of processes that were killed."""
    for partial in runs.glob(".*") if runs.is_dir() else ():
        shutil.rmtree(partial, ignore_errors=True)


def _track(config: RunConfig, keyed: _KeyedRun) -> None:
    if config.tracking is not None:
        tags = {"variant": keyed.run.variant, "unit": keyed.run.unit}
        track(keyed.folder, config.tracking, tags)


def _unused(folder: Path) -> list[str]:
    """What a run did not use of its table; runs of older versions do not say."""
    sentences: list[str] = read_json(folder / FACTS).get("unused_columns", [])
    return sentences


def _compare(
    config: RunConfig, name: str, runs: Sequence[_KeyedRun], failures: Sequence[str]
) -> Comparison:
    finished = [read_run(keyed.folder, keyed.run.variant) for keyed in runs if keyed.finished]
    if not finished:
        raise DataError("no run could be finished:\n" + "\n".join(failures))
    for failure in failures:
        log.warning("%s", failure)
    say(sentence for keyed in runs if keyed.finished for sentence in _unused(keyed.folder))
    return compare_runs(
        finished,
        metric=experiment_section(config).metric,
        title=name,
        resamples=config.resamples,
        random_state=config.seed,
        warnings=failures,
    )
