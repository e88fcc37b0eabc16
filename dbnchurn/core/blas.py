"""Buffers of the BLAS libraries, set aside while there is memory for them.

OpenBLAS takes a buffer at the first call that needs one and keeps it. Where there is no memory, it
ends the process or, in the copy that comes with SciPy, tries again without end. So the memory is
tried first, and the buffers are taken then.
"""

from __future__ import annotations

import mmap
import sys
from collections.abc import Callable

import numpy as np

from dbnchurn.core.errors import ResourceError

BUFFER = 48 * 2**20  # bytes; a buffer has 32 MiB, and some memory is needed beside it

_reserved: set[str] = set()


def reserve_blas_memory() -> None:
    """Have NumPy, and SciPy where it is imported, take the buffers of their linear algebra.

    Later calls do nothing.

    Raises
    ------
    ResourceError
        If there is no memory for them.

    Examples
    --------
    >>> reserve_blas_memory()
    """
    _reserve("numpy", _use_numpy)
    if "scipy.linalg" in sys.modules:
        _reserve("scipy", _use_scipy)


def _reserve(library: str, use: Callable[[], None]) -> None:
    if library in _reserved:
        return
    try:
        mmap.mmap(-1, BUFFER).close()
    except (OSError, MemoryError):
        raise ResourceError(
            f"there are not {BUFFER // 2**20} MiB of memory left for linear algebra ({library}); "
            "give the process more memory, or fewer rows"
        ) from None
    use()
    _reserved.add(library)


def _use_numpy() -> None:
    square = np.ones((64, 64))
    square @ square  # only its buffer matters


def _use_scipy() -> None:
    from scipy.linalg import cholesky

    cholesky(np.eye(3))
