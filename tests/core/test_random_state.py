"""Sources of randomness: the same source gives the same numbers, and a source is advanced."""

import numpy as np
import pytest

from dbnchurn.core.random_state import as_generator, integer_seed

SOURCES = {
    "int": lambda: 7,
    "generator": lambda: np.random.default_rng(7),
    "random state": lambda: np.random.RandomState(7),
}


@pytest.mark.parametrize("source", SOURCES)
def test_the_same_source_gives_the_same_numbers(source):
    make = SOURCES[source]
    assert integer_seed(make()) == integer_seed(make())
    assert (as_generator(make()).random(5) == as_generator(make()).random(5)).all()


@pytest.mark.parametrize("source", ["generator", "random state"])
def test_a_source_with_a_state_is_advanced(source):
    given = SOURCES[source]()
    assert integer_seed(given) != integer_seed(given)
    first, second = as_generator(given), as_generator(given)
    assert first.random() != second.random()


def test_none_differs_from_call_to_call():
    assert integer_seed(None) != integer_seed(None)
    assert as_generator(None).random() != as_generator(None).random()


def test_a_generator_is_not_copied():
    generator = np.random.default_rng(0)
    assert as_generator(generator) is generator
