"""Contributions of leaf values equal literal occlusion: each background value is put in."""

import numpy as np
import pytest

from dbnchurn.features import Leaves
from dbnchurn.features.leaves_record import LeavesRecord, booster_matrix
from dbnchurn.features.packed_trees_record import PackedRows
from dbnchurn.predictor.explain.direct_leaves import DirectLeaves, Substitute
from dbnchurn.predictor.explain.tree_paths import TreePaths
from tests.features.test_leaves import make_table

TABLE, Y = make_table(400, seed=1)
# Five columns of the trees' matrix, of four raw ones: one is the source of two.
MADE_OF = [frozenset({0}), frozenset({1}), frozenset({1}), frozenset({2}), frozenset({3})]


@pytest.fixture(scope="module")
def record() -> LeavesRecord:
    leaves = Leaves(folds=2, n_trees=12, max_depth=5)
    return leaves.fit(TABLE, Y, generator=np.random.default_rng(0)).record_


@pytest.fixture(scope="module")
def matrix() -> np.ndarray:
    rows = booster_matrix(make_table(70, seed=5)[0])
    rows[np.random.default_rng(2).random(rows.shape) < 0.1] = np.nan
    return rows


def test_contributions_equal_occlusion(record, matrix):
    forest, packed = record.forests[0], record.lookup.packed[0]
    values = np.random.default_rng(3).normal(size=len(forest.leaf_values)).astype(np.float32)

    def added(rows: np.ndarray) -> np.ndarray:
        return values[record.lookup.at_once(rows)[:, : forest.trees]].sum(axis=1, dtype=np.float64)

    background, shares = matrix[:9], np.random.default_rng(4).dirichlet(np.ones(9))
    paths = TreePaths.of(forest, TABLE, MADE_OF, raw=4)
    passed, expected = [], np.empty((len(matrix), 4))
    for raw in range(4):
        passed.append((paths.passed(raw, background) @ shares)[:, None])
        columns = [j for j, origin in enumerate(MADE_OF) if raw in origin]
        expected[:, raw] = added(matrix)
        for row, share in zip(background, shares, strict=True):
            others = matrix.copy()
            others[:, columns] = row[columns]
            expected[:, raw] -= share * added(others)
    direct = DirectLeaves(forest, packed, values, MADE_OF, passed)
    found = direct.contributions(PackedRows.of(matrix, record.lookup.levels))
    assert np.abs(expected).max() > 1
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)  # float32 sums of about 10
    # Where the share that passes depends on the row, the rows are given with every value instead.
    mixed = DirectLeaves(forest, packed, values, MADE_OF, [None, *passed[1:]])
    substitutes = []
    for row, share in zip(background, shares, strict=True):
        others = matrix.copy()
        others[:, 0] = row[0]
        substitutes.append(Substitute(share, PackedRows.of(others, record.lookup.levels)))
    rows = PackedRows.of(matrix, record.lookup.levels)
    found = mixed.contributions(rows, {0: substitutes})
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4)
