"""Provenance of a model: versions of packages and a fingerprint of the data."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dbnchurn.core.lazy import LazyModule

if TYPE_CHECKING:  # the command line imports this module before any table is read
    import numpy as np
    import numpy.typing as npt
else:
    np = LazyModule("numpy")

PACKAGES = ("dbnchurn", "numpy", "pandas", "scikit-learn", "torch", "treelite", "xgboost")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a model depends on."""
    from importlib.metadata import PackageNotFoundError, version  # slow, and asked for once

    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def fingerprint(arrays: Iterable[npt.NDArray[Any]]) -> str:
    """SHA-256 over shapes, types and bytes of arrays, in hexadecimal.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.arange(3)
    >>> fingerprint([a]) == fingerprint([a.copy()]) != fingerprint([a + 1])
    True
    """
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
