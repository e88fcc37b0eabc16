"""What another value in one column would do to the leaf values that go past the hidden layers.

Such a value counts in full wherever a row falls into its leaf, so the average over the background
values of a column is exact: the leaves that a row would fall into, if only that column were
different, times the share of the values that lead there. Which leaves these are is found for 64
rows at a time, with the packed tests that scoring uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats, Floats32, Ints, Ints32, Rows
from dbnchurn.features.forest_record import Forest
from dbnchurn.features.packed_trees_record import ALWAYS_LEFT, WORD, PackedForest, PackedRows, Words
from dbnchurn.predictor.explain.lineage import Raw

if TYPE_CHECKING:
    from scipy import sparse
else:
    sparse = LazyModule("scipy.sparse")

AT_ONCE = 256  # paths whose tests are brought together at once, so that they fit the cache


@dataclass(frozen=True, eq=False)
class _OtherPaths:
    """The paths to the leaves below tests of one raw column, without these tests.

    Parameters
    ----------
    column : int
        The raw column.
    tests : intp array of shape (levels, paths)
        Places among the answers and then their opposites; rows take a path if all are true.
    """

    column: int
    tests: Rows
    weights: Floats32


class DirectLeaves:
    """Contributions of raw columns through the values of the leaves of one forest.

    Parameters
    ----------
    forest : Forest
    packed : PackedForest
        Its packed tests.
    values : float32 array of shape (leaves,)
        What every leaf adds to the logit.
    made_of : sequence of frozenset of int
        Raw columns that every column of the trees' matrix is made of.
    passed : sequence of float32 arrays of shape (s, 1), or None
        For every raw column: of the leaves whose path tests it, in their order, the share of its
        background values that pass these tests. None for columns that are left out.
    """

    def __init__(
        self,
        forest: Forest,
        packed: PackedForest,
        values: Floats32,
        made_of: Sequence[Raw],
        passed: Sequence[Floats32 | None],
    ) -> None:
        self._packed = packed
        nodes, tests, columns = _paths(forest, packed)
        table = np.zeros((len(values), len(passed)), np.float32)
        self._paths: list[_OtherPaths] = []
        for column, share in enumerate(passed):
            own = np.array([column in raw for raw in made_of] + [False])[columns]
            leaves = np.flatnonzero(own.any(axis=1))
            if share is None or not len(leaves):
                continue
            table[leaves, column] = values[leaves]
            own = own[leaves]
            # Leaves that only tests of the column tell apart share the rest of their paths.
            _, first, path = np.unique(
                _above(own, nodes[leaves]), return_index=True, return_inverse=True
            )
            weights = np.bincount(path, values[leaves].astype(np.float64) * share[:, 0])
            others = np.where(own, packed.distinct + ALWAYS_LEFT, tests[leaves])[first]
            self._paths.append(_OtherPaths(column, others.T.copy(), weights.astype(np.float32)))
        self._table = table
        self._first = np.cumsum((0, *forest.sizes))[:-1].astype(np.int32)

    def contributions(self, rows: PackedRows) -> Floats:
        """What the leaves of the rows add, less its average over the background of each column.

        Parameters
        ----------
        rows : PackedRows of n rows

        Returns
        -------
        float64 array of shape (n, raw columns)
        """
        answers = self._packed.answers(rows)
        out = self._of_own_leaves(answers, rows.n).astype(np.float64)
        either: Words = np.concatenate([answers, ~answers])
        flags = np.empty((AT_ONCE, answers.shape[1] * WORD), np.float32)
        for paths in self._paths:
            for start in range(0, len(paths.weights), AT_ONCE):
                taken = _all_of(either, paths.tests[:, start : start + AT_ONCE])
                weights, some = paths.weights[start : start + AT_ONCE], flags[: len(taken)]
                some[:] = np.unpackbits(taken.view(np.uint8), axis=1)
                out[:, paths.column] -= (weights @ some)[: rows.n]
        return out

    def _of_own_leaves(self, answers: Words, n: int) -> Floats32:
        """For every raw column: the sum of the values of the row's leaves whose path tests it."""
        trees = range(len(self._first))
        numbers = self._packed.leaves + self._first[:, None]
        leaves: Ints32 = self._packed.at_ends(numbers, answers, trees)[:, :n].T
        starts = np.arange(0, leaves.size + 1, len(trees), dtype=np.int32)
        ones = np.ones(leaves.size, np.float32)
        shape = (n, len(self._table))
        return np.asarray(sparse.csr_matrix((ones, leaves.ravel(), starts), shape) @ self._table)


def _paths(forest: Forest, packed: PackedForest) -> tuple[Ints, Rows, Ints]:
    """For every leaf, from the leaf to the root: its nodes, the tests and the columns they test.

    Tests are places among the answers and then their opposites. Paths that are shorter than the
    longest end with a test that all rows pass, of the column -1.
    """
    inner = np.flatnonzero(forest.feature >= 0)
    first = np.repeat(forest.starts[:-1], np.diff(forest.starts))
    parent = np.full(len(forest.feature), -1, np.int64)
    goes_right = np.zeros(len(forest.feature), bool)
    parent[first[inner] + forest.left[inner]] = inner
    parent[first[inner] + forest.right[inner]] = inner
    goes_right[first[inner] + forest.right[inner]] = True
    node = np.flatnonzero(forest.feature < 0)
    nodes, tests, columns = [node], [], []
    for _ in range(packed.depth):
        above = np.where(node >= 0, parent[node], -1)
        test = packed.places[above] + np.where(goes_right[node], 0, packed.distinct)
        tests.append(np.where(above < 0, packed.distinct + ALWAYS_LEFT, test))
        columns.append(np.where(above < 0, -1, forest.feature[above]))
        nodes.append(above)
        node = above
    none = np.empty((len(nodes[0]), 0), np.int64)
    return (
        np.stack(nodes, axis=1),
        np.stack(tests, axis=1) if tests else none,
        np.stack(columns, axis=1).astype(np.int64) if columns else none,
    )


def _above(own: Floats, nodes: Ints) -> Ints:
    """The node of each path that follows its last tests, if these are `own`."""
    last = np.cumprod(own, axis=1).sum(axis=1)
    return np.asarray(nodes[np.arange(len(nodes)), last])


def _all_of(answers: Words, tests: Rows) -> Words:
    """Which rows pass all tests of each path, shape (paths, words)."""
    passing: Words = answers[tests[0]]
    for level in tests[1:]:
        passing &= answers[level]
    return passing
