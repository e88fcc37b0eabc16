"""Libraries that are imported when they are first used, so that a process starts at once."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


class LazyModule(ModuleType):
    """A stand-in for a module, which is imported when an attribute is first asked for.

    ``lazy_loader.load`` would put the module into ``sys.modules`` before it is loaded, where other
    packages that look for it there take it for loaded.

    Type checkers are given the module itself::

        if TYPE_CHECKING:
            import pandas as pd
        else:
            pd = LazyModule("pandas")

    Parameters
    ----------
    name : str
        Full name of the module.

    Examples
    --------
    >>> LazyModule("math").sqrt(9.0)
    3.0
    """

    def __getattr__(self, name: str) -> Any:
        value = getattr(import_module(self.__name__), name)
        setattr(self, name, value)  # asked for again, it is found without this method
        return value
