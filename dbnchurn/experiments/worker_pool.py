"""Runs in processes of their own, as many at once as processors and memory allow.

Every process computes on as many threads as its config says, so that processors are not shared out
twice. A process ends when the one that started it does, however that ended.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Literal

from dbnchurn.core.errors import DbnchurnError

IMPORTS = 700 * 2**20
"""Bytes of a process that has imported all that training needs and holds a small table."""
COPIES = 30
"""Bytes of a training process per byte of its table: codes, views, folds, boosters' matrices."""
SPARE = 0.8
"""Share of the free memory that may be used."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class WorkerJob:
    """One call of `function` with `arguments`, whose output goes to the file `log`."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    log: Path


@dataclass(frozen=True)
class Event:
    """What became of a job: it started, ended with a `result`, or failed with an `error`."""

    job: WorkerJob
    kind: Literal["started", "done", "failed"]
    result: Any = None
    error: str = ""
    seconds: float = 0.0


def free_memory() -> int | None:
    """Bytes that processes may still take, of the machine or of the container; None if unknown."""
    found = []
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) * 1024)
        group = Path("/sys/fs/cgroup")
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        if limit != "max":
            used = int((group / "memory.current").read_text(encoding="ascii"))
            found.append(int(limit) - used)
    except (OSError, ValueError):
        pass
    return min(found) if found else None


def processors() -> int:
    """How many processors the process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def fitting(free: int | None, one: int, n_threads: int = 1) -> int:
    """How many processes of so many bytes and threads fit; at least one.

    Examples
    --------
    >>> fitting(free=10 * 2**30, one=5 * 2**30)
    1
    """
    by_processors = max(1, processors() // n_threads)
    if free is None:
        return by_processors
    return max(1, min(by_processors, int(SPARE * free / one)))


def run_jobs(
    jobs: Sequence[WorkerJob],
    tell: Callable[[Event], None],
    *,
    at_once: int | None,
    table: int,
    n_threads: int = 1,
) -> None:
    """Run all jobs; what each becomes is told as it happens.

    Parameters
    ----------
    jobs : sequence of Job
        Functions and arguments have to be picklable.
    tell : callable
        Gets every :class:`Event`, in this process.
    at_once : int or None
        How many processes; None is as many as fit by their threads and by the largest peak of
        memory that was measured so far, and before that by an estimate.
    table : int
        Bytes of the table, for the estimate.
    n_threads : int, default 1
        On which each process computes.
    """
    free, peak = free_memory(), IMPORTS + COPIES * table
    measured = 0
    waiting, running = deque(jobs), dict[Connection, _Running]()
    with _threads_of_children():
        context = _context()
        try:
            while waiting or running:
                allowed = at_once or fitting(free, measured or peak, n_threads)
                while waiting and len(running) < allowed:
                    started = _start(context, waiting.popleft())
                    running[started.receiver] = started
                    tell(Event(started.job, "started"))
                ready = wait(list(running), timeout=1.0)
                for receiver in [one for one in running if one in ready]:
                    ended = running.pop(receiver)
                    event, memory = ended.end()
                    measured = max(measured, memory)
                    tell(event)
        finally:
            for left in running.values():
                left.process.terminate()
                left.process.join()


def warm_up() -> None:
    """Begin to import what the processes need, while the caller does the same for itself."""
    with _threads_of_children():
        if _context().get_start_method() == "forkserver":
            from multiprocessing.forkserver import ensure_running

            ensure_running()


@dataclass(frozen=True, eq=False)
class _Running:
    job: WorkerJob
    process: Any
    receiver: Connection
    since: float

    def end(self) -> tuple[Event, int]:
        """What became of it, and its peak of memory in bytes."""
        seconds = time.perf_counter() - self.since
        try:
            error, result, peak = self.receiver.recv()
        except EOFError:
            error, result, peak = "", None, 0
            self.process.join()
            error = (
                f"the process ended with code {self.process.exitcode}; its memory may have run "
                f"out. See {self.job.log}"
            )
        self.process.join()
        self.receiver.close()
        kind: Literal["done", "failed"] = "failed" if error else "done"
        return Event(self.job, kind, result, error, seconds), peak


def _start(context: Any, job: WorkerJob) -> _Running:
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(job, sender), name=job.name, daemon=True)
    process.start()
    sender.close()  # so that the end of the process is seen
    return _Running(job, process, receiver, time.perf_counter())


def _work(job: WorkerJob, sender: Connection) -> None:
    """The life of one process."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _redirect(job.log)
    result, error = None, ""
    try:
        result = job.function(*job.arguments)
    except DbnchurnError as mistake:
        error = str(mistake)
    except Exception as failure:
        traceback.print_exc()
        error = f"{type(failure).__name__}: {failure}. See {job.log}"
    sender.send((error, result, peak_memory()))


def peak_memory() -> int:
    """Most bytes this process has held so far; 0 where the system does not say (Windows)."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _redirect(log: Path) -> None:
    """What the process prints goes to a file, not between the lines of the live table."""
    log.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.close(file)


def _context() -> Any:
    """Processes that fork from one that has the imports behind it, where there is such a thing."""
    methods = multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        context.set_forkserver_preload(["dbnchurn.experiments.worker"])
    return context


@contextmanager
def _threads_of_children() -> Iterator[None]:
    """Libraries that read it when they are loaded take one thread; the configs say the rest."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
