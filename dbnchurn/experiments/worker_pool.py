"""Jobs in processes of their own, as many at once as processors and memory allow.

Every process computes on as many threads as its config has, and that number divides the processors.
A process ends with the one that started it, even if that was killed.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
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

from threadpoolctl import threadpool_limits

from dbnchurn.core.errors import DbnchurnError
from dbnchurn.core.parallel import available_processors
from dbnchurn.core.scratch import remove_remains

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
    """A job started, ended with a `result`, or failed with an `error`."""

    job: WorkerJob
    kind: Literal["started", "done", "failed"]
    result: Any = None
    error: str = ""
    seconds: float = 0.0


def free_memory() -> int | None:
    """Free memory in bytes, of the machine or the container, the smaller; None if unknown."""
    limits = []
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                limits.append(int(line.split()[1]) * 1024)
        group = Path("/sys/fs/cgroup")
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        if limit != "max":
            used = int((group / "memory.current").read_text(encoding="ascii"))
            limits.append(int(limit) - used)
    except (OSError, ValueError):
        pass
    return min(limits) if limits else None


def fitting(
    free: int | None, process_bytes: int, n_threads: int = 1, n_processors: int | None = None
) -> int:
    """How many processes fit at once; at least one.

    Parameters
    ----------
    free : int or None
        Free memory in bytes; None where it is unknown, and then only processors count.
    process_bytes : int
        Peak memory of one process.
    n_threads : int, default 1
        Of one process.
    n_processors : int, optional
        By default those that this process may use.

    Returns
    -------
    int

    Examples
    --------
    >>> fitting(free=10 * 2**30, process_bytes=5 * 2**30)
    1
    """
    by_processors = max(1, (n_processors or available_processors()) // n_threads)
    if free is None:
        return by_processors
    return max(1, min(by_processors, int(SPARE * free / process_bytes)))


def run_jobs(
    jobs: Sequence[WorkerJob],
    on_event: Callable[[Event], None],
    *,
    at_once: int | None,
    table_bytes: int,
    n_threads: int = 1,
    free: int | None = None,
    n_processors: int | None = None,
) -> None:
    """Run all jobs and report their events as they happen.

    Parameters
    ----------
    jobs : sequence of WorkerJob
        Functions and arguments have to be picklable.
    on_event : callable
        Called with every :class:`Event`, in this process.
    at_once : int or None
        How many processes; None is as many as fit by their threads and by the largest peak of
        memory that was measured so far, and before that by an estimate.
    table_bytes : int
        Size of the table, for the estimate.
    n_threads : int, default 1
        Of each process.
    free : int, optional
        Free memory in bytes; by default as measured.
    n_processors : int, optional
        By default those that this process may use.
    """
    free = free_memory() if free is None else free
    peak = IMPORTS + COPIES * table_bytes
    measured = 0
    waiting, running = deque(jobs), dict[Connection, _Running]()
    with _threads_of_children():
        context = worker_context()
        try:
            while waiting or running:
                allowed = at_once or fitting(free, measured or peak, n_threads, n_processors)
                while waiting and len(running) < allowed:
                    started = _start(context, waiting.popleft())
                    running[started.receiver] = started
                    on_event(Event(started.job, "started"))
                ready = wait(list(running), timeout=1.0)
                for receiver in [receiver for receiver in running if receiver in ready]:
                    ended = running.pop(receiver)
                    event, memory = ended.end()
                    measured = max(measured, memory)
                    on_event(event)
        finally:
            for started in running.values():
                started.process.terminate()
                started.process.join()
            if running:
                remove_remains(Path(tempfile.gettempdir()))


def warm_up() -> None:
    """Start the server that workers fork from, which imports while the caller imports too."""
    with _threads_of_children():
        if worker_context().get_start_method() == "forkserver":
            from multiprocessing.forkserver import ensure_running

            ensure_running()


@dataclass(frozen=True, eq=False)
class _Running:
    job: WorkerJob
    process: Any
    receiver: Connection
    since: float

    def end(self) -> tuple[Event, int]:
        """The last event of the job, and its peak of memory in bytes."""
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
    """The main function of a worker process."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _take_one_thread()
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


def _take_one_thread() -> None:
    """Compute on one thread, also where the fork server is older than this pool.

    Whoever used the fork server first in this process gave it an environment, which all its
    children inherit, and libraries that it loaded have read theirs.
    """
    os.environ.update(dict.fromkeys(THREADS, "1"))
    threadpool_limits(1)


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
    """Send what the process prints to a file, away from the lines of the live table."""
    log.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream in (1, 2):
        os.dup2(file, stream)
    os.close(file)


def worker_context() -> Any:
    """A forkserver that has imported the worker, where there is such a thing; else spawn."""
    methods = multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        context.set_forkserver_preload(["dbnchurn.experiments.worker"])
    return context


@contextmanager
def _threads_of_children() -> Iterator[None]:
    """Libraries take one thread by default in worker processes; configs set their own numbers."""
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
