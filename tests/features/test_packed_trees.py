"""Packed tests find the leaves of a walk; deep trees and many levels are left to treelite."""

import numpy as np
import pytest

from dbnchurn.features.forest_record import Forest
from dbnchurn.features.leaf_lookup_record import Lookup
from dbnchurn.features.leaves import forest_of
from dbnchurn.features.packed_trees_record import (
    DEEPEST,
    MOST_LEVELS,
    PIECE,
    PackedForest,
    PackedRows,
    depth,
    packable,
)
from tests.features.test_leaves import booster  # noqa: F401


def chain(levels: int, trees: int = 1, sets: bool = False) -> Forest:
    """Trees whose test k sends rows at or above k, or level k, on to the next test."""
    nodes = 2 * levels + 1
    inner = np.arange(nodes) % 2 == 0
    inner[-1] = False
    place = np.arange(nodes, dtype=np.int32)
    members = np.arange(levels, dtype=np.int32)
    one = {
        "feature": np.where(inner, 0, -1).astype(np.int32),
        "threshold": (place // 2).astype(np.float32),
        "left": np.where(inner, place + 1, -1).astype(np.int32),
        "right": np.where(inner, place + 2, -1).astype(np.int32),
        "default_left": place % 4 == 0,
        "value": place.astype(np.float32),
    }
    sizes = np.tile(inner & sets, trees)
    return Forest(
        starts=np.arange(trees + 1) * nodes,
        category_starts=np.append(0, np.cumsum(sizes)),
        categories=np.tile(members, trees) if sets else np.empty(0, np.int32),
        **{name: np.tile(array, trees) for name, array in one.items()},
    )


@pytest.fixture
def matrix() -> np.ndarray:
    generator = np.random.default_rng(0)
    rows = generator.integers(-2, 14, (150, 5)).astype(np.float32)
    rows[generator.random(rows.shape) < 0.2] = np.nan
    rows[:3] = np.array([np.inf, -np.inf, 1e9])[:, None]
    return rows


@pytest.mark.parametrize("levels", [0, 1, 3, DEEPEST, DEEPEST + 1, 12])
@pytest.mark.parametrize("sets", [False, True])
def test_every_depth_and_kind_of_test_finds_the_leaves_of_a_walk(matrix, levels, sets):
    lookup = Lookup([chain(levels, trees=3, sets=sets), chain(2)], n_features=5, block_trees=2)
    assert depth(lookup.forests[0]) == levels
    assert [packed is None for packed in lookup.packed] == [levels > DEEPEST, False]
    assert [block is None for block in lookup.blocks] == [levels <= DEEPEST] * 2 + [True]
    found = [places + span.leaves.start for span, places in lookup.by_span(matrix)]
    np.testing.assert_array_equal(np.hstack(found), lookup.at_once(matrix))


@pytest.mark.parametrize("n", [1, 63, 64, 65, 150])
def test_sums_are_those_of_the_leaves_whatever_the_number_of_rows(booster, matrix, n):  # noqa: F811
    forest = forest_of(booster)
    lookup = Lookup([forest, chain(9, trees=5)], n_features=5, block_trees=7)
    values = np.random.default_rng(1).normal(size=sum(map(sum, (f.sizes for f in lookup.forests))))
    values = values.astype(np.float32)
    of_row = values[lookup.at_once(matrix[:n])]
    spans = list(lookup.sums(values, matrix[:n]))
    assert [span for span, _ in spans] == list(lookup.spans)
    for span, sums in spans:
        np.testing.assert_allclose(sums, of_row[:, span.trees].sum(axis=1), rtol=0, atol=1e-5)


def test_more_tests_than_are_packed_at_once_keep_their_places():
    stumps = [chain(1) for _ in range(2)]
    many = np.arange(3 * PIECE)
    forest = Forest(
        starts=np.arange(len(many) + 1) * 3,
        feature=np.tile(stumps[0].feature, len(many)),
        threshold=np.repeat(many, 3).astype(np.float32),
        left=np.tile(stumps[0].left, len(many)),
        right=np.tile(stumps[0].right, len(many)),
        default_left=np.repeat(many % 3 > 0, 3),
        category_starts=np.zeros(3 * len(many) + 1, np.int64),
        categories=np.empty(0, np.int32),
        value=np.zeros(3 * len(many), np.float32),
    )
    packed = PackedForest(forest)
    assert len(packed.numbers) == 3
    rows = PackedRows.of(np.array([[700.5], [np.nan], [-1], [1e9]], np.float32), {})
    found = packed.at_ends(packed.leaves, packed.answers(rows), range(len(many)))[:, :4]
    expected = [many <= 700, many % 3 == 0, many < 0, many < 1e9]
    np.testing.assert_array_equal(found, np.transpose(expected))


def test_what_would_take_much_memory_is_not_packed():
    assert packable(chain(3), {0: MOST_LEVELS})
    assert not packable(chain(3), {0: MOST_LEVELS, 1: 1})
    assert not packable(chain(DEEPEST, trees=2**12), {})
    assert packable(chain(DEEPEST, trees=2**11), {})
