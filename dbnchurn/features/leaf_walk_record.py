"""The leaf of every tree that a few rows fall into, found with arrays alone.

All rows go down all trees together, a level at a time. A test for a set of categories is answered
before, for all trees at once, and is then the test of a 0/1 number. Little is built before, so a
stored model is loaded at once; for many rows :mod:`dbnchurn.features.leaf_lookup_record` is faster.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dbnchurn.core.typing import Bools, Floats32, Ints, Ints32
from dbnchurn.features.forest_record import Forest


class Walk:
    """The nodes of the trees of all boosters, one after another.

    Parameters
    ----------
    forests : sequence of Forest

    Examples
    --------
    >>> stump = Forest(
    ...     starts=np.array([0, 3]),
    ...     feature=np.array([0, -1, -1], np.int32),
    ...     threshold=np.array([0.5, 0, 0], np.float32),
    ...     left=np.array([1, -1, -1], np.int32),
    ...     right=np.array([2, -1, -1], np.int32),
    ...     default_left=np.array([True, False, False]),
    ...     category_starts=np.zeros(4, np.int64),
    ...     categories=np.empty(0, np.int32),
    ...     value=np.zeros(3, np.float32),
    ... )
    >>> Walk([stump]).leaves(np.array([[0.0], [1.0], [np.nan]], np.float32)).ravel()
    array([0, 1, 0], dtype=int32)
    """

    def __init__(self, forests: Sequence[Forest]) -> None:
        firsts = np.cumsum([0, *(len(forest.feature) for forest in forests)])
        pairs = list(zip(forests, firsts.tolist(), strict=False))
        roots = np.concatenate([f.starts[:-1] + first for f, first in pairs])
        starts = [np.repeat(f.starts[:-1] + first, np.diff(f.starts)) for f, first in pairs]
        feature = np.concatenate([f.feature for f in forests])
        left, right = (
            np.concatenate([side + start for side, start in zip(sides, starts, strict=True)])
            for sides in zip(*((f.left, f.right) for f in forests), strict=True)
        )
        end = feature < 0
        left[end] = right[end] = np.flatnonzero(end)  # so that all trees take as many steps
        levels = _levels(roots, left, right, end)
        sizes = np.concatenate([np.diff(f.category_starts) for f in forests])
        tests_set = np.flatnonzero(sizes)
        tests_set = tests_set[np.argsort(feature[tests_set], kind="stable")]
        self.passed, self.tests_of = _set_tests(feature, sizes, tests_set, forests)
        self.sets = len(tests_set)
        # The answers to tests for sets precede the row's own values; a leaf reads either.
        column = np.where(end, 0, feature + self.sets)
        column[tests_set] = np.arange(self.sets)
        threshold = np.concatenate([f.threshold for f in forests])
        threshold[tests_set] = 0.5
        # Level by level, and all of a node together, a step reads the fewest lines of memory.
        order = np.concatenate(levels)
        place = np.empty(len(order), np.int32)
        place[order] = np.arange(len(order))
        self.nodes: Ints32 = np.stack(
            [column, threshold.view(np.int32), place[left], place[right]], axis=1, dtype=np.int32
        )[order]
        self.default_right: Bools = ~np.concatenate([f.default_left for f in forests])[order]
        self.leaf = (np.cumsum(end) - 1).astype(np.int32)[order]
        self.trees, self.steps = len(roots), len(levels) - 1

    def leaves(self, matrix: Floats32) -> Ints32:
        """The leaf of every tree for every row.

        Parameters
        ----------
        matrix : float32 array of shape (n, columns)
            Numbers and category codes, NaN where missing.

        Returns
        -------
        int32 array of shape (n, trees)
            Leaves, counted over the trees of all boosters.
        """
        values = self._answered(matrix)
        first = np.repeat(np.arange(len(matrix)) * values.shape[1], self.trees)
        node = np.tile(np.arange(self.trees), len(matrix))
        flat, gaps = values.ravel(), bool(np.isnan(matrix).any())
        for _ in range(self.steps):
            at = self.nodes.take(node, axis=0)
            value = flat.take(first + at[:, 0])
            right = value >= at.view(np.float32)[:, 1]
            if gaps:
                right |= np.isnan(value) & self.default_right.take(node)
            node = np.where(right, at[:, 3], at[:, 2])
        return self.leaf[node].reshape(len(matrix), self.trees)

    def _answered(self, matrix: Floats32) -> Floats32:
        """The rows with their answers to the tests for sets before their own values."""
        answered = np.zeros((len(matrix), self.sets + matrix.shape[1]), np.float32)
        answered[:, self.sets :] = matrix
        for column, tests in self.tests_of.items():
            for row, code in zip(answered, matrix[:, column].tolist(), strict=True):
                if code != code:
                    row[tests] = np.nan
                elif (passed := self.passed.get((column, code))) is not None:
                    row[passed] = 1
        return answered


def _levels(roots: Ints, left: Ints, right: Ints, end: Bools) -> list[Ints]:
    """The nodes of all trees, level by level from the roots on."""
    levels = [roots]
    while len(inner := levels[-1][~end[levels[-1]]]):
        levels.append(np.stack([left[inner], right[inner]], axis=1).ravel())
    return levels


def _set_tests(
    feature: Ints32, sizes: Ints, tests_set: Ints, forests: Sequence[Forest]
) -> tuple[dict[tuple[int, int], Ints], dict[int, slice]]:
    """The tests that each category of a column passes, and all that there are of the column.

    Tests are counted in the order of `tests_set`, the nodes that test for sets, column by column.
    """
    number = np.zeros(len(sizes), np.int64)
    number[tests_set] = np.arange(len(tests_set))
    node = np.repeat(np.arange(len(sizes)), sizes)
    codes = np.concatenate([f.categories for f in forests]).astype(np.int64)
    order = np.lexsort((codes, feature[node]))
    keys = np.stack([feature[node], codes], axis=1)[order]
    first = np.flatnonzero(np.r_[True, (np.diff(keys, axis=0) != 0).any(axis=1)][: len(keys)])
    passed = np.split(number[node][order], first[1:])
    columns, starts = np.unique(feature[tests_set], return_index=True)
    stops = [*starts[1:].tolist(), len(tests_set)]
    spans = (slice(start, stop) for start, stop in zip(starts.tolist(), stops, strict=False))
    return (
        dict(zip(map(tuple, keys[first].tolist()), passed, strict=False)),
        dict(zip(columns.tolist(), spans, strict=True)),
    )
