"""How an experiment goes: a live table in a terminal, one line per run elsewhere."""

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
    """Counts runs by variant, and shows them on standard error.

    Parameters
    ----------
    planned : sequence of PlannedRun
    metric : str
        Number of a finished run that is shown.
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
        """A run that was finished before."""
        self._finished(run, folder)
        self._say(f"{run.label}: finished before")

    def started(self, run: PlannedRun) -> None:
        """A run whose process has started."""
        self.running[run.variant] += 1
        self._show()

    def done(self, run: PlannedRun, folder: Path, seconds: float) -> None:
        """A run that has ended well."""
        self.running[run.variant] -= 1
        self.seconds[run.variant].append(seconds)
        value = self._finished(run, folder)
        self._say(f"{run.label}: {self.metric} {value:.4f} ({seconds:.0f} s)")

    def gave_up(self, run: PlannedRun, error: str) -> None:
        """A run that failed."""
        self.running[run.variant] -= 1
        self.failed[run.variant] += 1
        self.ended += 1
        self._say(f"{run.label}: failed: {error}")

    def table(self) -> Table:
        """The state of every variant."""
        table = Table(title=f"{self.ended} of {self.total} runs")
        for name in ("variant", "done", "running", "failed", self.metric, "seconds"):
            table.add_column(name, justify="left" if name == "variant" else "right")
        for name, wanted in self.wanted.items():
            found, spent = self.values[name], self.seconds[name]
            table.add_row(
                name,
                f"{len(found)}/{wanted}",
                str(self.running[name] or ""),
                str(self.failed[name] or ""),
                f"{np.mean(found):.4f}" if found else "",
                f"{np.mean(spent):.0f}" if spent else "",
            )
        return table

    def _finished(self, run: PlannedRun, folder: Path) -> float:
        metrics: dict[str, Any] = read_json(folder / "metrics.json")
        found = metrics["test"][self.metric]["value"]
        value = float("nan") if found is None else float(found)
        self.values[run.variant].append(value)
        self.ended += 1
        return value

    def _say(self, line: str) -> None:
        if self.live is None:
            print(f"[{self.ended}/{self.total}] {line}", file=sys.stderr, flush=True)
        self._show()

    def _show(self) -> None:
        if self.live is not None:
            self.live.update(self.table())
