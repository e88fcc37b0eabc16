"""The leaf of every tree that a few rows fall into, found with arrays alone.

All rows go down all trees together, a level at a time. Nothing is built before, so a stored model
is loaded at once; for many rows :mod:`dbnchurn.features.leaf_lookup_record` is faster.
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
        self.feature: Ints32 = np.concatenate([f.feature for f in forests])
        self.threshold: Floats32 = np.concatenate([f.threshold for f in forests])
        self.left: Ints = np.concatenate([s + f.left for f, s in zip(forests, starts, strict=True)])
        self.right: Ints = np.concatenate(
            [s + f.right for f, s in zip(forests, starts, strict=True)]
        )
        self.default_left: Bools = np.concatenate([f.default_left for f in forests])
        self.leaf = (np.cumsum(self.feature < 0) - 1).astype(np.int32)
        sizes = np.concatenate([np.diff(f.category_starts) for f in forests])
        codes = np.concatenate([f.categories for f in forests])
        self.tests_set: Bools = sizes > 0
        self.levels = int(codes.max(initial=-1)) + 1
        node = np.repeat(np.arange(len(sizes)), sizes)
        self.members: Ints = np.sort(node * self.levels + codes)

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
        node = np.tile(self.roots, len(matrix))
        row = np.repeat(np.arange(len(matrix)), len(self.roots))
        going = np.flatnonzero(self.feature[node] >= 0)
        while len(going):
            at = node[going]
            value = matrix[row[going], self.feature[at]]
            right = ~(value < self.threshold[at])
            if self.levels:
                tests = self.tests_set[at]
                right[tests] = self._in_set(at[tests], value[tests])
            right = np.where(np.isnan(value), ~self.default_left[at], right)
            node[going] = np.where(right, self.right[at], self.left[at])
            going = going[self.feature[node[going]] >= 0]
        return self.leaf[node].reshape(len(matrix), len(self.roots))

    def _in_set(self, node: Ints, value: Floats32) -> Bools:
        """Whether each code is in the set of its node."""
        known = (value >= 0) & (value < self.levels)
        member = node * self.levels + np.where(known, value, 0).astype(np.int64)
        place = np.searchsorted(self.members, member).clip(max=len(self.members) - 1)
        return np.asarray(known & (self.members[place] == member))
