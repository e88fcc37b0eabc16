"""The progress of an experiment: a live table in a terminal, one line per run elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from rich.console import Console
from rich.live import Live
from rich.table import Table

from dbnchurn.experiments.grid import PlannedRun
from dbnchurn.runs.folder import read_json


class ProgressBoard(AbstractContextManager["ProgressBoard"]):
    """Counts of runs by variant, shown on standard error.

    Parameters
    ----------
    planned : sequence of PlannedRun
    metric : str
        Metric of finished runs that is shown.
    """

    def __init__(self, planned: Sequence[PlannedRun], metric: str) -> None:
        self.metric = metric
        self.wanted = {run.variant: 0 for run in planned}
        for run in planned:
            self.wanted[run.variant] += 1
        self.total = len(planned)
        self.ended = 0
        self.running: dict[str, int] = dict.fromkeys(self.wanted, 0)
        self.failed: dict[str, int] = dict.fromkeys(self.wanted, 0)
        self.values: dict[str, list[float]] = {name: [] for name in self.wanted}
        self.seconds: dict[str, list[float]] = {name: [] for name in self.wanted}
        self.live: Live | None = None

    def __enter__(self) -> ProgressBoard:
        if sys.stderr.isatty():
            self.live = Live(self.table(), console=Console(stderr=True), refresh_per_second=4)
            self.live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        if self.live is not None:
            self.live.__exit__(kind, error, where)

    def reused(self, run: PlannedRun, folder: Path) -> None:
        """Count a run that was finished before.

        Parameters
        ----------
        run : PlannedRun
        folder : Path
            Of the finished run.
        """
        self._finished(run, folder)
        self._print(f"{run.label}: finished before")

    def started(self, run: PlannedRun) -> None:
        """Count a run whose process has started."""
        self.running[run.variant] += 1
        self._refresh()

    def done(self, run: PlannedRun, folder: Path, seconds: float) -> None:
        """Count a run that has just finished.

        Parameters
        ----------
        run : PlannedRun
        folder : Path
            Of the finished run.
        seconds : float
        """
        self.running[run.variant] -= 1
        self.seconds[run.variant].append(seconds)
        value = self._finished(run, folder)
        self._print(f"{run.label}: {self.metric} {value:.4f} ({seconds:.0f} s)")

    def failed_with(self, run: PlannedRun, error: str) -> None:
        """Count a run that failed.

        Parameters
        ----------
        run : PlannedRun
        error : str
        """
        self.running[run.variant] -= 1
        self.failed[run.variant] += 1
        self.ended += 1
        self._print(f"{run.label}: failed: {error}")

    def table(self) -> Table:
        """The state of every variant."""
        table = Table(title=f"{self.ended} of {self.total} runs")
        for name in ("variant", "done", "running", "failed", self.metric, "seconds"):
            table.add_column(name, justify="left" if name == "variant" else "right")
        for name, wanted in self.wanted.items():
            values, seconds = self.values[name], self.seconds[name]
            table.add_row(
                name,
                f"{len(values)}/{wanted}",
                str(self.running[name] or ""),
                str(self.failed[name] or ""),
                f"{np.mean(values):.4f}" if values else "",
                f"{np.mean(seconds):.0f}" if seconds else "",
            )
        return table

    def _finished(self, run: PlannedRun, folder: Path) -> float:
        metrics: dict[str, Any] = read_json(folder / "metrics.json")
        number = metrics["test"][self.metric]["value"]
        value = float("nan") if number is None else float(number)
        self.values[run.variant].append(value)
        self.ended += 1
        return value

    def _print(self, line: str) -> None:
        if self.live is None:
            print(f"[{self.ended}/{self.total}] {line}", file=sys.stderr, flush=True)
        self._refresh()

    def _refresh(self) -> None:
        if self.live is not None:
            self.live.update(self.table())
