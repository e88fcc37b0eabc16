"""A lazy module is the module, from its first use on."""

import sys

import pytest

from dbnchurn.core.lazy import LazyModule


def test_nothing_is_imported_before_the_first_use():
    name = "this"  # the module of the standard library that nothing imports
    sys.modules.pop(name, None)
    lazy = LazyModule(name)
    assert name not in sys.modules
    assert lazy.s is sys.modules[name].s
    assert vars(lazy)["s"] is lazy.s


def test_what_the_module_lacks_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_function"):
        LazyModule("math").no_such_function  # noqa: B018
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        LazyModule("no_such_module").name  # noqa: B018
