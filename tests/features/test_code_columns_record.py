"""Hidden codes as columns that boosters test: those of the machines, a row alone as in a batch."""

import numpy as np
import pytest

from dbnchurn.dbn import DBN, Network
from dbnchurn.dbn.network_record import hidden_codes
from dbnchurn.features import Encode, Leaves
from dbnchurn.features.code_columns_record import booster_table, with_codes
from dbnchurn.features.compact_rows import CompactRows, LeafRows, MemoryBudget
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.tables.schema import Table

N, CODES = 240, 5


@pytest.fixture(scope="module")
def table():
    generator = np.random.default_rng(0)
    numbers = np.column_stack([generator.normal(size=N), generator.random(N) < 0.4]).astype(float)
    numbers[::7, 0] = np.nan
    codes = generator.integers(-1, 3, (N, 1)).astype(np.int32)
    return Table(numbers, codes, ("debt", "tv"), ("plan",), (3,))


@pytest.fixture(scope="module")
def encode(table):
    return Encode().fit(table)


@pytest.fixture(scope="module")
def machines(table, encode):
    stack = DBN((8, CODES), epochs=2, random_state=0).fit(encode.transform(table))
    return Network.from_dbn(stack).record()


def test_codes_are_further_numbers_and_nothing_else_changes(table, encode, machines):
    rows = encode.transform(table)
    found = with_codes(table, machines, rows)
    np.testing.assert_array_equal(found.numbers[:, :2], table.numbers)
    np.testing.assert_array_equal(found.numbers[:, 2:], hidden_codes(machines, rows))
    np.testing.assert_array_equal(found.codes, table.codes)
    assert found.number_names[2:] == tuple(f"hidden code {k}" for k in range(1, CODES + 1))
    assert (found.code_names, found.sizes) == (table.code_names, table.sizes)


def test_a_row_alone_has_the_codes_that_it_has_in_a_batch(table, encode, machines):
    whole = booster_table(table, encode.record_, machines)
    for row in (0, 7, N - 1):
        alone = booster_table(table.take(np.array([row])), encode.record_, machines)
        np.testing.assert_array_equal(alone.numbers[0], whole.numbers[row])


def test_without_machines_the_table_is_the_same_object(table, encode):
    assert booster_table(table, encode.record_, None) is table
    assert with_codes(table, None, encode.transform(table)) is table


@pytest.mark.parametrize("compact", [False, True])
def test_leaf_rows_are_looked_up_with_the_codes(table, encode, machines, compact):
    tested = booster_table(table, encode.record_, machines)
    y = (tested.numbers[:, 2] > np.median(tested.numbers[:, 2])).astype(np.int64)
    record = Leaves(folds=2, n_trees=3).fit(tested, y, generator=np.random.default_rng(0)).record_
    base = encode.transform(table)
    if compact:
        base = CompactRows.of(encode, table, MemoryBudget(1))
    fold = np.arange(N) % 2
    rows = LeafRows.of(base, record, table, fold, machines=machines)
    for booster in (0, 1):
        inside = np.flatnonzero(fold == booster)
        expected = record.leaf_codes(booster, booster_matrix(tested))[inside]
        found = rows.take(inside).codes[:, 1:][:, record.groups[booster]]
        np.testing.assert_array_equal(found, expected)
