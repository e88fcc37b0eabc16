"""Provenance of a model: versions of packages and a fingerprint of the data."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from functools import cache
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
    found = {package: _version(package) for package in PACKAGES}
    there = {package: version for package, version in found.items() if version is not None}
    return {"python": platform.python_version(), **there}


@cache
def _version(package: str) -> str | None:
    """Of an installed package, whose metadata are read once in a process."""
    from importlib.metadata import PackageNotFoundError, version  # slow to import

    try:
        return version(package)
    except PackageNotFoundError:
        return None


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
