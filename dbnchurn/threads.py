"""Rows worked through in chunks, by several threads where that is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


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
    if lanes <= 1:
        return [work(rows) for rows in chunks]
    with ThreadPoolExecutor(lanes) as pool:
        return list(pool.map(work, chunks))
