"""What several formats make of the same texts."""

import numpy as np
import pytest

from dbnchurn.tables.readings import agreed, reading_most, telling_example

GAP = np.nan
FEW = np.array([1.0, GAP, GAP])
MOST = np.array([1.0, 1000.0, GAP])
OTHER = np.array([1.0, 1.0, GAP])


def test_the_first_of_the_formats_that_read_the_most_alike_is_kept():
    formats, numbers = reading_most("abcd", [FEW, MOST, OTHER, MOST.copy()])
    assert formats == ("b", "c")
    np.testing.assert_array_equal(numbers, [MOST, OTHER])


@pytest.mark.parametrize("formats", ["", "a"])
def test_what_reads_nothing_is_no_format(formats):
    assert reading_most(formats, [np.full(3, GAP)] * len(formats)) == ((), ())


def test_the_example_is_the_first_text_that_is_read_in_two_ways():
    assert telling_example([MOST, OTHER]) == 1
    assert telling_example([np.array([GAP, 2.0])]) == 1


def test_a_text_is_certain_if_all_that_read_it_agree():
    numbers, doubtful = agreed([FEW, MOST, OTHER])
    np.testing.assert_array_equal(numbers, [1.0, GAP, GAP])
    assert doubtful.tolist() == [False, True, False]
