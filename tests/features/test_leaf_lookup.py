"""Leaves are found block by block and all at once, and both ways agree with a walk by hand."""

from itertools import pairwise

import numpy as np
import pytest

from dbnchurn.features.forest_record import Forest
from dbnchurn.features.leaf_lookup_record import Lookup
from dbnchurn.features.leaves import forest_of
from dbnchurn.features.leaves_record import LeavesRecord, booster_matrix
from tests.features.test_leaves import booster, dmatrix, make_table  # noqa: F401


@pytest.fixture(scope="module")
def forest(booster) -> Forest:  # noqa: F811
    return forest_of(booster)


@pytest.fixture
def strange() -> np.ndarray:
    """Rows with gaps, and with categories that no training row had."""
    matrix = booster_matrix(make_table(400, seed=3)[0])
    matrix[:40, 3:] = np.arange(40)[:, None]
    matrix[40:60] = np.nan
    matrix[60:70, :3] = np.inf
    return matrix


def walked(forest: Forest, tree: int, row: np.ndarray) -> int:
    """The leaf of a row, node by node as the fields of a forest are described."""
    start = node = int(forest.starts[tree])
    while forest.feature[node] >= 0:
        value = row[forest.feature[node]]
        members = forest.categories[forest.category_starts[node] : forest.category_starts[node + 1]]
        if np.isnan(value):
            left = forest.default_left[node]
        elif len(members):
            left = value not in members
        else:
            left = value < forest.threshold[node]
        node = start + int(forest.left[node] if left else forest.right[node])
    return int(forest.code_of_node[node])


@pytest.mark.parametrize("trees", [1, 3, 32])
def test_both_ways_find_the_leaves_of_a_walk(forest, strange, trees):
    lookup = Lookup([forest, forest], n_features=5, block_trees=trees)
    expected = np.array([[walked(forest, t, row) for t in range(forest.trees)] for row in strange])
    first = np.append(0, np.cumsum(forest.sizes))
    expected = np.hstack([expected + first[:-1], expected + first[:-1] + first[-1]])
    np.testing.assert_array_equal(lookup.at_once(strange), expected)
    spans = [(span, places + span.leaves.start) for span, places in lookup.by_span(strange)]
    np.testing.assert_array_equal(np.hstack([leaves for _, leaves in spans]), expected)
    assert all(lookup.spans[i] is span for i, (span, _) in enumerate(spans))


def test_spans_divide_trees_and_leaves(forest):
    record = LeavesRecord((forest, forest), n_features=5)
    spans = record.lookup.spans
    assert [span.booster for span in spans] == [0, 1]
    assert (spans[0].trees.start, spans[-1].trees.stop) == (0, 40)
    assert (spans[0].leaves.start, spans[-1].leaves.stop) == (0, sum(record.sizes))
    for span, following in pairwise(spans):
        assert (span.trees.stop, span.leaves.stop) == (
            following.trees.start,
            following.leaves.start,
        )
