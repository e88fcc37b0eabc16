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


@pytest.mark.parametrize("missing", [False, True])
def test_sums_over_levels_are_the_same_to_the_bit_for_few_rows_and_for_many(missing):
    generator = np.random.default_rng(0)
    sizes = tuple(generator.integers(1, 9, 40).tolist())
    codes = np.stack([generator.integers(-missing, size, 300) for size in sizes], axis=1)
    rows = Visible.of(codes=codes, sizes=sizes)
    table = generator.normal(size=(sum(sizes), 30)).astype(np.float32)
    whole = rows.level_sums(table)
    first = np.cumsum((0, *sizes))[:-1]
    exact = (table[codes + first] * (codes >= 0)[:, :, None]).astype(np.float64).sum(axis=1)
    # Forty roundings of sums that are at most 40 * 4 in size.
    np.testing.assert_allclose(whole, exact, atol=40 * 160 * 2**-24)
    for start in (0, 7, 299):
        alone = rows.take(np.array([start])).level_sums(table)
        np.testing.assert_array_equal(alone[0], whole[start])


def test_units_are_in_double_precision_and_zero_where_missing():
    rows = Visible.of(gaussian=[[0.1], [np.nan]], binary=[[1], [np.nan]])
    assert rows.units.dtype == np.float64
    assert rows.units.tolist() == [[np.float32(0.1), 1.0], [0.0, 0.0]]
