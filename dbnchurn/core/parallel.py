"""Independent tasks, run in several threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TypeVar

Result = TypeVar("Result")


def run_parallel(tasks: Iterable[Callable[[], Result]], n_jobs: int) -> list[Result]:
    """Results of independent tasks in their order, computed by at most `n_jobs` threads.

    Every task runs in a copy of the caller's context, so that progress bars are shared.

    Parameters
    ----------
    tasks : iterable of functions without arguments
    n_jobs : int

    Returns
    -------
    list
        One result a task.

    Examples
    --------
    >>> run_parallel([lambda: 1, lambda: 2], n_jobs=2)
    [1, 2]
    """
    if n_jobs <= 1:
        return [task() for task in tasks]
    pool = ThreadPoolExecutor(n_jobs)
    try:
        running = [pool.submit(copy_context().run, task) for task in tasks]
        results = [result.result() for result in running]
    except BaseException:
        # After an interruption nothing waits for the tasks that still run.
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    return results


def available_processors() -> int:
    """How many processors the process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def map_row_chunks(
    work: Callable[[slice], Result], n: int, size: int, n_threads: int = 1
) -> list[Result]:
    """Results of `work` on every `size` of `n` rows, in their order.

    Parameters
    ----------
    work : function of a slice of the rows
        Has to be safe to call from several threads at once.
    n, size : int
    n_threads : int, default 1
        No more are started than there are chunks or processors.

    Returns
    -------
    list
        One result a chunk.

    Examples
    --------
    >>> map_row_chunks(lambda rows: (rows.start, rows.stop), n=5, size=2)
    [(0, 2), (2, 4), (4, 5)]
    """
    chunks = [slice(start, min(start + size, n)) for start in range(0, n, size)]
    n_jobs = min(n_threads, len(chunks), available_processors())
    return run_parallel([partial(work, rows) for rows in chunks], n_jobs)
