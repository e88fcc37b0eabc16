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
        self.roots: Ints = np.concatenate([f.starts[:-1] + first for f, first in pairs])
        starts = [np.repeat(f.starts[:-1] + first, np.diff(f.starts)) for f, first in pairs]
        feature = np.concatenate([f.feature for f in forests]).astype(np.int64)
        children = [
            np.stack([f.left, f.right], axis=1) + start[:, None]
            for f, start in zip(forests, starts, strict=True)
        ]
        end = feature < 0
        self.leaf = (np.cumsum(end) - 1).astype(np.int32)
        self.children: Ints = np.concatenate(children)
        self.children[end] = np.flatnonzero(end)[:, None]  # so all trees take as many steps
        self.steps = self._depth(feature)
        sizes = np.concatenate([np.diff(f.category_starts) for f in forests])
        tests_set = np.flatnonzero(sizes)
        tests_set = tests_set[np.argsort(feature[tests_set], kind="stable")]
        self._number_sets(feature, tests_set, forests)
        # The answers to tests for sets precede the row's own values; a leaf reads either.
        self.sets = len(tests_set)
        self.feature: Ints = np.where(end, 0, feature + self.sets)
        self.feature[tests_set] = np.arange(self.sets)
        self.threshold: Floats32 = np.concatenate([f.threshold for f in forests])
        self.threshold[tests_set] = 0.5
        self.default_right: Bools = ~np.concatenate([f.default_left for f in forests])

    def _depth(self, feature: Ints) -> int:
        """Steps after which every tree has come to a leaf."""
        depth, level = 0, self.roots
        while (feature[level] >= 0).any():
            level = np.unique(self.children[level])
            depth += 1
        return depth

    def _number_sets(self, feature: Ints, tests_set: Ints, forests: Sequence[Forest]) -> None:
        """Which tests for sets of categories there are, by column, and which each code passes."""
        sizes = np.concatenate([np.diff(f.category_starts) for f in forests])
        number = np.zeros(len(sizes), np.int64)
        number[tests_set] = np.arange(len(tests_set))
        of_member = np.repeat(np.arange(len(sizes)), sizes)
        codes = np.concatenate([f.categories for f in forests]).astype(np.int64)
        order = np.lexsort([codes, feature[of_member]])
        keys = np.stack([feature[of_member], codes], axis=1)[order]
        tests = number[of_member][order]
        first = np.flatnonzero(np.r_[True, (np.diff(keys, axis=0) != 0).any(axis=1)][: len(keys)])
        passed = np.split(tests, first[1:])
        self.passed = dict(zip(map(tuple, keys[first].tolist()), passed, strict=False))
        columns, starts = np.unique(feature[tests_set], return_index=True)
        ends = [*starts[1:].tolist(), len(tests_set)]
        self.tests_of = {
            column: slice(start, end)
            for column, start, end in zip(columns.tolist(), starts.tolist(), ends, strict=False)
        }

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
        first = np.repeat(np.arange(len(matrix)) * values.shape[1], len(self.roots))
        node = np.tile(self.roots, len(matrix))
        flat, children, gaps = values.ravel(), self.children.ravel(), bool(np.isnan(matrix).any())
        for _ in range(self.steps):
            value = flat.take(first + self.feature.take(node))
            right = value >= self.threshold.take(node)
            if gaps:
                right |= np.isnan(value) & self.default_right.take(node)
            node = children.take(2 * node + right)
        return self.leaf[node].reshape(len(matrix), len(self.roots))

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
