"""Public names of a package, imported when first asked for (PEP 562).

The predictor must not pull in torch because a neighbouring module needs it, and
``import dbnchurn`` must stay fast.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module


def attach(package: str, names: dict[str, str]) -> Callable[[str], object]:
    """A module-level ``__getattr__`` that finds `names` in the submodules of `package`.

    Parameters
    ----------
    package : str
        The ``__name__`` of the package.
    names : dict
        Public name → submodule that defines it.

    Examples
    --------
    >>> get = attach("dbnchurn", {"Visible": "visible"})
    >>> get("Visible").__name__
    'Visible'
    """

    def find(name: str) -> object:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{names[name]}"), name)

    return find
