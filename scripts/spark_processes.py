"""What a benchmark of Spark measures of its processes, and how it kills one of them."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EXECUTOR = "CoarseGrainedExecutorBackend"
TICKS = os.sysconf("SC_CLK_TCK")
EVERY = 0.05  # seconds
HALF_A_SECOND = 0.5


def descendants() -> list[int]:
    """Numbers of this process and of all that it has started, directly or not."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
            except OSError:
                continue
    found, added = {os.getpid()}, True
    while added:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        found, added = found | more, bool(more)
    return sorted(found)


def _stat(pid: int) -> list[str]:
    """Fields of /proc/PID/stat behind the name, which may have spaces."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def processor_seconds() -> Counter[str]:
    """Of every kind of process: this one and all that it has started, also what has ended."""
    ticks = Counter[str]()
    for pid in descendants():
        try:
            ticks[_kind(pid)] += sum(map(int, _stat(pid)[11:15]))
        except OSError:
            continue
    return Counter({kind: n / TICKS for kind, n in ticks.items()})


def _kind(pid: int) -> str:
    command = _command(pid)
    if pid == os.getpid():
        return "driver"
    if "java" in command.partition("\0")[0]:
        return "JVM of executors" if EXECUTOR in command else "JVM of the driver"
    return "Python workers" if "pyspark" in command else "others"


@dataclass
class Watch:
    """What was seen of the processes of Spark while a block ran."""

    killed: list[int] = field(default_factory=list)
    worker_mb: float = 0.0
    """Largest resident memory of a Python worker."""


@contextmanager
def repeated(step: Callable[[], bool]) -> Iterator[None]:
    """Call a step again and again in a thread, until it gives True or the block ends."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(EVERY) and not step():
            pass

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def executor_killed(spark: Any, tasks: int) -> Iterator[Watch]:
    """Kill one executor when a stage of so many tasks has run for half a second.

    Parameters
    ----------
    spark : SparkSession
        Of a local cluster.
    tasks : int

    Yields
    ------
    Watch
        Its `killed` is empty if no such stage ran.
    """
    watch, tracker = Watch(), spark.sparkContext.statusTracker()
    seen = 0

    def step() -> bool:
        nonlocal seen
        stages = (tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds())
        seen += any(s and s.numTasks == tasks and s.numActiveTasks for s in stages)
        if seen * EVERY < HALF_A_SECOND:
            return False
        for pid in executors():
            os.kill(pid, signal.SIGKILL)
            watch.killed.append(pid)
            return True
        return False

    with repeated(step):
        yield watch


def executors() -> Iterator[int]:
    """Processes of the executors of a local cluster."""
    for pid in descendants():
        command = _command(pid)
        if EXECUTOR in command and "java" in command.partition("\0")[0]:
            yield pid


@contextmanager
def workers_weighed() -> Iterator[Watch]:
    """Measure the memory of Python workers while a block runs."""
    watch = Watch()

    def step() -> bool:
        for pid in descendants():
            if "pyspark" in _command(pid) and pid != os.getpid():
                watch.worker_mb = max(watch.worker_mb, _peak_mb(pid))
        return False

    with repeated(step):
        yield watch


def _peak_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
