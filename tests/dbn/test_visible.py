"""The visible layer: parts that fit, rows that are taken as they stand."""

import numpy as np
import pytest

from dbnchurn.dbn.visible import Visible

V = Visible.of(
    gaussian=[[0.5, np.nan], [1.0, 2.0], [0.0, 0.0]],
    binary=[[1], [0], [np.nan]],
    codes=[[2, -1], [0, 1], [1, 0]],
    sizes=(3, 2),
)


def test_parts_have_their_types_and_widths():
    assert (V.gaussian.dtype, V.binary.dtype, V.codes.dtype) == (np.float32, np.float32, np.int32)
    assert V.widths == (2, 1, 5)
    assert len(V) == 3


def test_take_gives_rows_in_order_and_repeated_as_copies():
    taken = V.take(np.array([2, 0, 2]))
    np.testing.assert_array_equal(taken.codes, V.codes[[2, 0, 2]])
    np.testing.assert_array_equal(taken.gaussian, V.gaussian[[2, 0, 2]])
    assert taken.sizes == V.sizes
    assert not np.shares_memory(taken.binary, V.binary)


def test_absent_parts_are_empty():
    only = Visible.of(codes=[[0], [1]], sizes=(2,))
    assert only.gaussian.shape == (2, 0)
    assert only.widths == (0, 0, 2)
    assert len(Visible.of()) == 0


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="differ in rows: \\[1, 2\\]"):
        Visible.of(gaussian=[[1.0]], binary=[[1], [0]])
    with pytest.raises(ValueError, match="2 code columns but 1 group sizes"):
        Visible.of(codes=[[0, 1]], sizes=(3,))
