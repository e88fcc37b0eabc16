"""Compact rows equal the encoded rows, in memory or in files."""

import tracemalloc

import numpy as np
import pytest

from dbnchurn.features import Encode, Leaves, Oversample
from dbnchurn.features.compact_rows import (
    CompactRows,
    LeafRows,
    MemoryBudget,
    smallest_integer_type,
)
from dbnchurn.tables.schema import Table


def make_table(n: int, levels: int = 4) -> Table:
    generator = np.random.default_rng(0)
    numbers = generator.normal(size=(n, 20))
    numbers[generator.random(numbers.shape) < 0.05] = np.nan
    numbers[:, 0] = generator.random(n) < 0.3
    codes = generator.integers(-1, levels, (n, 3)).astype(np.int32)
    names = tuple(f"n{j}" for j in range(20))
    return Table(numbers, codes, names, ("a", "b", "c"), (levels,) * 3)


@pytest.mark.parametrize("gigabytes", [0.0, 1.0])
@pytest.mark.parametrize("levels", [4, 127, 300])
def test_compact_rows_are_the_encoded_rows(gigabytes, levels):
    table = make_table(500, levels)
    encode = Encode().fit(table)
    # Several chunks, the last one short.
    rows = CompactRows.of(encode, table, MemoryBudget(gigabytes), chunk=64)
    expected = encode.transform(table)
    assert (len(rows), rows.widths, rows.sizes) == (500, expected.widths, expected.sizes)
    assert isinstance(rows.gaussian, np.memmap) == (gigabytes == 0)
    picked = np.array([499, 0, 7, 7])
    for part in ("gaussian", "binary", "codes"):
        ours, theirs = (getattr(r.take(picked), part) for r in (rows, expected))
        assert ours.dtype == theirs.dtype
        assert type(ours) is np.ndarray
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("largest", "missing", "expected"),
    [(256, False, "uint8"), (257, False, "uint16"), (128, True, "int8"), (129, True, "int16")],
)
def test_codes_take_the_bytes_they_need(largest, missing, expected):
    assert smallest_integer_type([2, largest], missing) == expected
    assert smallest_integer_type([], missing).itemsize == 1


def test_a_budget_takes_memory_first_and_cleans_up_its_files():
    budget = MemoryBudget(1e-6)
    arrays = [budget.empty((500,), np.uint8) for _ in range(3)]
    assert [isinstance(array, np.memmap) for array in arrays] == [False, False, True]
    folder = budget._folder.path
    arrays[2][:] = 7
    assert (arrays[2] == 7).all()
    del arrays, budget
    assert not folder.exists()


@pytest.fixture(scope="module")
def forests():
    table = make_table(6_000)
    y = (table.numbers[:, 1] > 1).astype(np.int64)
    leaves = Leaves(folds=2, n_trees=60).fit(table, y, generator=np.random.default_rng(0))
    return table, y, leaves


def test_training_data_takes_little_more_than_its_own_arrays(forests):
    table, _, leaves = forests
    encode = Encode().fit(table)
    n = len(table)
    budget = MemoryBudget(1.0)
    leaves.record_.leaf_codes(0, np.zeros((1, 23), np.float32))  # what is made once is made
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    rows = LeafRows.of(
        CompactRows.of(encode, table, budget), leaves.record_, table, leaves.fold_, 1, budget
    )
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    gaussian, binary, _ = rows.base.widths
    arrays = (rows.base.gaussian, rows.base.binary, rows.base.codes, *rows.codes)
    stored = sum(array.nbytes for array in arrays)
    assert stored == n * (4 * gaussian + 4 * binary + 3) + n * 60  # one byte for a leaf
    assert taken <= 1.3 * stored


def test_oversampling_adds_no_rows(forests):
    table, y, _ = forests
    sample = Oversample(method="random").sample(table, y, generator=np.random.default_rng(0))
    assert len(sample.draw) > 1.5 * len(y)
    assert sample.table is table
