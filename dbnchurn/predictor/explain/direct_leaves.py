"""What another value in one column would do to the leaf values that go past the hidden layers.

Such a value counts in full wherever a row falls into its leaf, so the average over the background
values of a column is exact: the leaves that a row would fall into, if only that column were
different, times the share of the values that lead there. Which leaves these are is found for 64
rows at a time, with the packed tests that scoring uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from dbnchurn.core.typing import Bools, Floats, Floats32, Ints, Rows
from dbnchurn.features.forest_record import Forest
from dbnchurn.features.packed_trees_record import ALWAYS_LEFT, WORD, PackedForest, PackedRows, Words
from dbnchurn.predictor.explain.lineage import Raw

AT_ONCE = 128  # paths whose tests are brought together at once, so that they fit the cache
TREES = 32  # whose ends are found at once
BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).astype(np.float32)
"""The bits of every byte as numbers: one look-up instead of unpacking and a conversion."""
NONE: Mapping[int, Sequence[Substitute]] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Substitute:
    """Rows in which a raw column has one background value, for the tests of trees.

    Parameters
    ----------
    share : float
        Of the background that has this value.
    rows : PackedRows of n rows
    """

    share: float
    rows: PackedRows


@dataclass(frozen=True, eq=False)
class _Paths:
    """Some paths, and what each adds to some consecutive raw columns.

    Parameters
    ----------
    tests : intp array of shape (levels, paths)
        Places among the answers and then their opposites; rows take a path if all are true.
    columns : slice
        The raw columns.
    weights : float32 array of shape (raw columns of the slice, paths)
    """

    tests: Rows
    columns: slice
    weights: Floats32

    def sums(self, either: Words) -> Floats32:
        """The weights of the paths that each row takes, added up: (raw columns, rows).

        Parameters
        ----------
        either : uint64 array
            Answers and then their opposites.
        """
        taken = _all_of(either, self.tests).view(np.uint8)
        flags = BITS.take(taken.astype(np.intp), axis=0, mode="clip")
        return np.asarray(self.weights @ flags.reshape(len(taken), -1))


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
        background values that pass these tests. None for columns of which that depends on the row,
        since a column of the trees' matrix is made of them and of others.
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
        nodes, tests, tested = _paths(forest, packed)
        leaves_below = np.bincount(nodes[nodes >= 0], minlength=int(nodes.max()) + 2)
        tree = np.repeat(np.arange(forest.trees), forest.sizes)  # of every leaf
        of_leaf = np.zeros((len(values), len(passed)), np.float32)
        found: list[tuple[int, Rows, Floats | Floats32]] = []
        self._mixed: dict[int, list[_Paths]] = {}
        self._columns: dict[int, frozenset[int]] = {}
        for column, share in enumerate(passed):
            made = frozenset(j for j, raw in enumerate(made_of) if column in raw)
            own = np.isin(tested, list(made))
            leaves = np.flatnonzero(own.any(axis=1))
            if not len(leaves):
                continue
            of_leaf[leaves, column] = values[leaves]
            if share is None:
                self._columns[column] = made
                self._mixed[column] = list(_divided([(column, tests[leaves].T, values[leaves])]))
                continue
            weights = values[leaves].astype(np.float64) * share[:, 0]
            paths = own[leaves], nodes[leaves], tests[leaves]
            known, beside, asked, left = _asked(*paths, weights, packed.distinct, leaves_below)
            near = np.flatnonzero(np.isin(tree, tree[leaves]))
            of_leaf[near, column] -= known[nodes[near]].sum(axis=1)
            of_leaf[leaves[beside], column] -= weights[beside]
            found.append((column, asked.T, left))
        self._paths = list(_divided(found))
        numbers = packed.leaves + np.cumsum((0, *forest.sizes))[:-1, None]
        self._of_end: Floats32 = of_leaf[numbers]

    def contributions(
        self, rows: PackedRows, others: Mapping[int, Sequence[Substitute]] = NONE
    ) -> Floats:
        """What the leaves of the rows add, less its average over the background of each column.

        Parameters
        ----------
        rows : PackedRows of n rows
        others : mapping of raw column → sequence of Substitute, optional
            The rows with every background value of the columns without `passed`.

        Returns
        -------
        float64 array of shape (n, raw columns)
        """
        answers = self._packed.answers(rows)
        out = np.zeros((self._of_end.shape[2], answers.shape[1] * WORD))
        either: Words = np.concatenate([answers, ~answers])
        for paths in self._paths:
            out[paths.columns] -= paths.sums(either)
        for column, parts in self._mixed.items():
            out[column] -= self._average(column, parts, answers, others[column])
        return np.asarray(out.T + self._of_own_leaves(answers), np.float64)[: rows.n]

    def _average(
        self, column: int, parts: Sequence[_Paths], answers: Words, others: Sequence[Substitute]
    ) -> Floats:
        """What the leaves that a raw column has a part in add on average over its background."""
        out = np.zeros(answers.shape[1] * WORD)
        either: Words = np.concatenate([answers, answers])
        distinct = len(answers)
        for other in others:
            either[:distinct] = answers
            self._packed.answer(other.rows, self._columns[column], either[:distinct])
            np.invert(either[:distinct], out=either[distinct:])
            for paths in parts:
                out += other.share * paths.sums(either)[0]
        return out

    def _of_own_leaves(self, answers: Words) -> Floats32:
        """For every raw column: the sum of the values of the row's leaves whose path tests it."""
        trees, _, columns = self._of_end.shape
        out = np.zeros((answers.shape[1] * WORD, columns), np.float32)
        for start in range(0, trees, TREES):
            some = range(start, min(start + TREES, trees))
            for tree, ends in zip(some, self._packed.ends(answers, some), strict=True):
                out += self._of_end[tree].take(ends, axis=0)
        return out


def _divided(found: Sequence[tuple[int, Rows, Floats | Floats32]]) -> Iterator[_Paths]:
    """Paths of rising raw columns, so many at a time that they fit the cache.

    Each entry is a raw column, its paths' tests of shape (levels, paths), and their weights.
    """
    if not found:
        return
    tests = np.concatenate([paths for _, paths, _ in found], axis=1)
    column = np.repeat([c for c, _, _ in found], [len(w) for _, _, w in found])
    weights = np.concatenate([w for _, _, w in found])
    for start in range(0, len(column), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        first, last = int(column[part][0]), int(column[part][-1])
        spread = np.zeros((last + 1 - first, len(column[part])), np.float32)
        spread[column[part] - first, np.arange(spread.shape[1])] = weights[part]
        yield _Paths(np.ascontiguousarray(tests[:, part]), slice(first, last + 1), spread)


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


def _above(own: Bools, nodes: Ints) -> Ints:
    """The node of each path that follows its last tests, if these are `own`."""
    last = np.cumprod(own, axis=1).sum(axis=1)
    return np.asarray(nodes[np.arange(len(nodes)), last])


def _asked(
    own: Bools, nodes: Ints, tests: Rows, weights: Floats, distinct: int, leaves_below: Ints
) -> tuple[Floats, Rows, Rows, Floats]:
    """The weights of the paths that rows take but for `own` tests: by own leaf, and by what else.

    Where a row's own leaf says whether it takes a path, its tests need not be asked. The own leaf
    says so of paths whose lowest tests are `own`, for all rows that come to the node above these.

    Parameters
    ----------
    own : bool array of shape (leaves, levels)
        Tests of one raw column, at least one of every leaf.
    nodes, tests : arrays of shape (leaves, levels + 1) and (leaves, levels)
        As :func:`_paths` gives them.
    weights : float64 array of shape (leaves,)
    distinct : int
        Number of answers.
    leaves_below : int array of shape (nodes + 1,)
        Number of leaves under every node of the forest.

    Returns
    -------
    known : float64 array of shape (nodes + 1,)
        Weights for all rows that come to each node; they add up along the way to a row's own leaf.
    beside : intp array
        Leaves whose weights are known for the rows of these leaves alone.
    asked : intp array of shape (paths, levels)
        Tests of the paths that are left.
    left : float64 array of shape (paths,)
        Their weights.
    """
    count = own.sum(axis=1)
    lowest = np.cumprod(own, axis=1).sum(axis=1) == count
    known = np.zeros(len(leaves_below))  # the last one is that of the -1 above a root
    np.add.at(known, _above(own[lowest], nodes[lowest]), weights[lowest])
    one = np.flatnonzero((count == 1) & ~lowest)
    beside, against, left = _across(one, own, nodes, weights, known, leaves_below)
    opposite = np.where(own[against], (tests[against] + distinct) % (2 * distinct), tests[against])

    rest = np.setdiff1d(np.flatnonzero(~lowest), beside)
    # Leaves that only own tests tell apart share the rest of their paths.
    above = _above(own[rest], nodes[rest])
    _, first, path = np.unique(above, return_index=True, return_inverse=True)
    others = np.where(own[rest], distinct + ALWAYS_LEFT, tests[rest])[first]
    shared = np.bincount(path, weights[rest], minlength=len(first)).astype(np.float64, copy=False)
    return known, beside, np.concatenate([opposite, others]), np.concatenate([left, shared])


def _across(
    one: Rows, own: Bools, nodes: Ints, weights: Floats, known: Floats, leaves_below: Ints
) -> tuple[Rows, Rows, Floats]:
    """Paths with one `own` test, seen by the rows on the other side of that test.

    Such a row takes one of the paths of the side. The weight of one of them is counted for every
    row, the difference to it for rows that take another one.

    Parameters
    ----------
    one : intp array
        Leaves with one `own` test, which is not the lowest.
    own, nodes, weights, leaves_below : arrays
        As :func:`_asked` takes them.
    known : float64 array of shape (nodes + 1,)
        Weights for all rows that come to each node; added to.

    Returns
    -------
    beside : intp array
        The leaves of sides in which all leaves have this one test: the others are left alone.
    against : intp array
        Of these, the leaves that have to be asked for, with the opposite of the `own` test.
    left : float64 array
        Their weights.
    """
    place = own[one].argmax(axis=1)
    sides, first, side, found = np.unique(
        nodes[one, place], return_index=True, return_inverse=True, return_counts=True
    )
    whole = found == leaves_below[sides]
    base = np.where(whole, weights[one[first]], 0.0)
    np.add.at(known, nodes[one, place + 1][first], base)
    known[sides] -= base
    asked = whole[side] & (np.arange(len(one)) != first[side])
    return one[whole[side]], one[asked], weights[one[asked]] - base[side[asked]]


def _all_of(answers: Words, tests: Rows) -> Words:
    """Which rows pass all tests of each path, shape (paths, words)."""
    # The places are in range: clipping saves the search for those that are not.
    passing: Words = answers.take(tests[0], axis=0, mode="clip")
    also = np.empty_like(passing)
    for level in tests[1:]:
        answers.take(level, axis=0, mode="clip", out=also)
        passing &= also
    return passing
