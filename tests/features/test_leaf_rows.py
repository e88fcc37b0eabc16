"""Leaf rows give, for any rows, the wide layer of each row's booster."""

import numpy as np
import pandas as pd
import pytest

from dbnchurn.features import Encode, Leaves
from dbnchurn.features.compact_rows import LeafRows
from dbnchurn.features.leaves_record import booster_matrix, with_leaves
from dbnchurn.tables.kinds import infer
from dbnchurn.tables.reading import read


@pytest.fixture(scope="module")
def parts(draw_customers):
    X, y = draw_customers(400)
    table = read(infer(X), X)[0]
    base = Encode().fit(table).transform(table)
    generator = np.random.default_rng(0)
    record = Leaves(folds=3, n_trees=4).fit(table, y, generator=generator).record_
    blocks = generator.integers(0, 3, 400)
    return table, base, record, blocks, LeafRows.of(base, record, table, blocks)


def test_rows_have_the_leaves_of_the_booster_of_their_block(parts):
    table, base, record, blocks, leaf_rows = parts
    rows = np.array([5, 399, 5, 0, 17, 200])
    taken = leaf_rows.take(rows)
    matrix = booster_matrix(table)
    for place, row in enumerate(rows):
        booster = int(blocks[row])
        codes = record.leaf_codes(booster, matrix[[row]])
        wide = with_leaves(base.take(rows[[place]]), record, booster, codes)
        np.testing.assert_array_equal(taken.codes[place], wide.codes[0])
        np.testing.assert_array_equal(taken.gaussian[place], wide.gaussian[0])
    assert taken.sizes == leaf_rows.sizes == wide.sizes
    assert taken.widths == leaf_rows.widths
    assert len(leaf_rows) == 400


def test_codes_are_stored_in_as_few_bytes_as_they_need(parts):
    *_, leaf_rows = parts
    assert {codes.dtype for codes in leaf_rows.codes} == {np.dtype(np.uint8)}
    assert sum(map(len, leaf_rows.codes)) == 400


def test_a_block_without_rows_is_no_trouble(parts):
    table, base, record, _, _ = parts
    leaf_rows = LeafRows.of(base, record, table, np.zeros(400, np.int64))
    assert pd.isna(np.where(leaf_rows.take(np.arange(400)).codes[:, -4:] < 0, np.nan, 0)).all()
