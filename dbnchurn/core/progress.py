"""Progress of long stages: bars where a terminal is attached, one log line otherwise.

A stage reports through :func:`stage`; :func:`displayed`, around a whole run, decides whether bars
are drawn, so that no function in between needs a parameter for it.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

log = logging.getLogger(__name__)
Watcher = Callable[[str, Mapping[str, float]], object]
_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)
_bars: ContextVar[Progress | None] = ContextVar("bars", default=None)


@contextmanager
def displayed() -> Iterator[None]:
    """Draw bars on standard error while inside, if it is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        token = _bars.set(bars)
        try:
            yield
        finally:
            _bars.reset(token)


@contextmanager
def stage(
    name: str, seconds: dict[str, float] | None = None, steps: int = 1
) -> Iterator[Callable[[], None]]:
    """Time a stage, and show it while it runs.

    Parameters
    ----------
    name : str
    seconds : dict, optional
        Gets the wall seconds under `name`, added to what is there.
    steps : int, default 1
        How often the yielded function will be called.

    Yields
    ------
    function without arguments
        To be called after every step.

    Examples
    --------
    >>> seconds = {}
    >>> with stage("count", seconds, steps=2) as step:
    ...     step(), step()
    (None, None)
    >>> list(seconds)
    ['count']
    """
    bars = _bars.get()
    task = bars.add_task(name, total=steps) if bars else None
    start = time.perf_counter()

    def step() -> None:
        if bars and task is not None:
            bars.advance(task)

    try:
        yield step
    finally:
        passed = time.perf_counter() - start
        if seconds is not None:
            seconds[name] = seconds.get(name, 0.0) + passed
        if bars and task is not None:
            bars.update(task, completed=steps)
        log.info("%s: %.1f s", name, passed)


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Call `watcher` with the record of every epoch inside; what it raises ends the training.

    Examples
    --------
    >>> seen = []
    >>> with watched(lambda curve, record: seen.append((curve, record["loss"]))):
    ...     report_epoch("network finetune", {"epoch": 1.0, "loss": 0.5})
    >>> seen
    [('network finetune', 0.5)]
    """
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def report_epoch(curve: str, record: Mapping[str, float]) -> None:
    """Pass the record of an epoch to the function that :func:`watched` has set, if there is one.

    Parameters
    ----------
    curve : str
        Name of the training curve, such as ``network finetune``.
    record : mapping of name → number
    """
    watcher = _watcher.get()
    if watcher is not None:
        watcher(curve, record)
