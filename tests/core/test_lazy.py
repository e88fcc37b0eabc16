"""A lazy module is the module, from its first use on."""

import sys

import pytest

from dbnchurn.core.lazy import LazyModule


def test_nothing_is_imported_before_the_first_use():
    name = "colorsys"
    sys.modules.pop(name, None)
    lazy = LazyModule(name)
    assert name not in sys.modules
    assert lazy.rgb_to_hsv is sys.modules[name].rgb_to_hsv
    assert vars(lazy)["rgb_to_hsv"] is lazy.rgb_to_hsv


def test_what_the_module_lacks_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_function"):
        LazyModule("math").no_such_function  # noqa: B018
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        LazyModule("no_such_module").name  # noqa: B018
