"""An experiment, start to end: plan, run what is not finished yet, compare, write.

Its folder keeps every run. A second call trains only what is missing: after a kill, after a
failure, or after variants, seeds or folds were added.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbnchurn.config import dump
from dbnchurn.core.errors import DataError
from dbnchurn.experiments.comparison import compare_runs
from dbnchurn.experiments.comparison_files import write_comparison
from dbnchurn.experiments.fingerprints import Fingerprints, completion_marker, key_of
from dbnchurn.experiments.finished_runs import read_run
from dbnchurn.experiments.grid import PlannedRun, plan, section_of
from dbnchurn.experiments.progress_board import ProgressBoard
from dbnchurn.experiments.worker import run_one
from dbnchurn.experiments.worker_pool import Event, WorkerJob, run_jobs
from dbnchurn.model.compute import resolve_device
from dbnchurn.report.comparison_content import Comparison
from dbnchurn.runs.folder import only_one, open_output
from dbnchurn.runs.tracking import require_mlflow, track

log = logging.getLogger(__name__)
RUNS, LOGS = "runs", "logs"


@dataclass(frozen=True, eq=False)
class _Named:
    """A planned run with its key and the folder that is to hold it."""

    run: PlannedRun
    key: str
    folder: Path

    @property
    def finished(self) -> bool:
        facts = completion_marker(self.folder)
        return facts is not None and facts.get("key") == self.key


def run_experiment(config: Any, name: str = "experiment", *, jobs: int | None = None) -> Path:
    """Run an experiment, or what is left of it, and compare its runs.

    Parameters
    ----------
    config : RunConfig
        ``experiment`` says what is varied; without it the config's folds are run.
    name : str
        The folder is ``NAME-experiment`` in the config's output.
    jobs : int, optional
        Runs at once, in place of ``experiment.jobs``.

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
    """
    open_output(Path(config.output))
    if config.tracking is not None:
        require_mlflow()
    folder = Path(config.output) / f"{name}-experiment"
    planned = plan(config)
    with only_one(folder):
        (folder / "config.yaml").write_text(dump(config), encoding="utf-8")
        data = Fingerprints()
        named = [_name(run, folder, data) for run in planned]
        failures = _run_missing(config, named, folder, jobs, data.largest)
        comparison = _compare(config, name, named, failures)
        write_comparison(folder, comparison)
    return folder


def _name(run: PlannedRun, folder: Path, data: Fingerprints) -> _Named:
    """Runs compute on one thread, unless the config says otherwise, and lie in one folder."""
    config = run.config.model_copy(
        update={"output": folder / RUNS, "n_threads": run.config.n_threads or 1}
    )
    key = key_of(config, data.of(config))
    ready = PlannedRun(run.variant, run.changes, config)
    return _Named(ready, key, folder / RUNS / f"{run.slug}-{key[:12]}")


def _run_missing(
    config: Any, named: Sequence[_Named], folder: Path, jobs: int | None, table: int
) -> list[str]:
    """Train what has no sealed folder; returns a sentence for every failure."""
    section = section_of(config)
    failures: list[str] = []
    missing = {}
    with ProgressBoard([one.run for one in named], section.metric) as board:
        for one in named:
            if one.finished:
                board.reused(one.run, one.folder)
            else:
                shutil.rmtree(one.folder, ignore_errors=True)
                missing[one.folder.name] = one
        _remove_remains(folder / RUNS)

        def tell(event: Event) -> None:
            one = missing[event.job.name]
            if event.kind == "started":
                board.started(one.run)
            elif event.kind == "done":
                board.done(one.run, one.folder, event.seconds)
                _track(config, one)
            else:
                board.gave_up(one.run, event.error)
                failures.append(f"{one.run.label} failed: {event.error}")

        run_jobs(
            [_job(one, folder) for one in missing.values()],
            tell,
            at_once=jobs or section.jobs or _on_cuda(config),
            table=table,
            n_threads=max((one.run.config.n_threads for one in missing.values()), default=1),
        )
    return failures


def _job(one: _Named, folder: Path) -> WorkerJob:
    facts = {
        "key": one.key,
        "variant": one.run.variant,
        "changes": one.run.changes,
        "seed": one.run.config.seed,
        "fold": one.run.config.split.fold,
    }
    name = one.folder.name
    arguments = (one.run.config.model_dump_json(), name, facts)
    return WorkerJob(name, run_one, arguments, folder / LOGS / f"{name}.log")


def _on_cuda(config: Any) -> int | None:
    """Runs on a CUDA device take turns."""
    return 1 if resolve_device(config.device) == "cuda" else None


def _remove_remains(runs: Path) -> None:
    """Half-written folders of processes that were killed."""
    for left in runs.glob(".*") if runs.is_dir() else ():
        shutil.rmtree(left, ignore_errors=True)


def _track(config: Any, one: _Named) -> None:
    if config.tracking is not None:
        track(one.folder, config.tracking, {"variant": one.run.variant, "unit": one.run.unit})


def _compare(
    config: Any, name: str, named: Sequence[_Named], failures: Sequence[str]
) -> Comparison:
    runs = [read_run(one.folder, one.run.variant) for one in named if one.finished]
    if not runs:
        raise DataError("no run could be finished:\n" + "\n".join(failures))
    for failure in failures:
        log.warning("%s", failure)
    return compare_runs(
        runs,
        metric=section_of(config).metric,
        title=name,
        resamples=config.resamples,
        seed=config.seed,
        warnings=failures,
    )
