"""Independent pieces of work, several at once where that is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TypeVar

Result = TypeVar("Result")


def at_once(tasks: Iterable[Callable[[], Result]], lanes: int) -> list[Result]:
    """Results of independent tasks in their order, so many computed at once as there are lanes.

    The tasks share what the caller's context holds, such as progress bars.

    Examples
    --------
    >>> at_once([lambda: 1, lambda: 2], lanes=2)
    [1, 2]
    """
    if lanes <= 1:
        return [task() for task in tasks]
    pool = ThreadPoolExecutor(lanes)
    try:
        running = [pool.submit(copy_context().run, task) for task in tasks]
        results = [result.result() for result in running]
    except BaseException:
        # An interruption is not to wait until everything is fitted.
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    return results


def over_rows(
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

    Examples
    --------
    >>> over_rows(lambda rows: (rows.start, rows.stop), n=5, size=2)
    [(0, 2), (2, 4), (4, 5)]
    """
    chunks = [slice(start, min(start + size, n)) for start in range(0, n, size)]
    lanes = min(n_threads, len(chunks), os.cpu_count() or 1)
    return at_once([partial(work, rows) for rows in chunks], lanes)
