"""The leaf of every tree that many rows fall into, with 64 rows in a machine word.

Every distinct test of a booster is evaluated for all rows with one comparison, and its answers are
packed, a bit for a row. A tree is laid out as a complete binary tree: the answers at the nodes of
a level are reduced, by the answers of the levels above, to the one that counts for each row. That
takes three operations on words for a node and 64 rows, where a walk takes several for each row and
level; and it needs numpy alone. The work doubles with every level, so deep trees are left to
:mod:`dbnchurn.features.leaf_lookup_record`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from dbnchurn.core.typing import Bools, Floats32, Ints, Ints32, Rows
from dbnchurn.features.forest_record import Forest

Words = npt.NDArray[np.uint64]
Value = TypeVar("Value", bound=np.generic)

WORD = 64
DEEPEST = 7  # levels of tests; the work doubles with each, and beyond a walk is faster
MOST_ENDS = 2**18  # of a forest's complete trees: 64 MiB of answers for 4,096 rows
MOST_LEVELS = 2**14  # of all categories together: as much
PIECE = 512  # tests, or members of sets, whose answers are packed at once and fit the cache
ALWAYS_LEFT = 0  # place of a test that no row passes: below a leaf


@dataclass(frozen=True, eq=False)
class PackedRows:
    """Rows as the tests of trees need them, filled up to a multiple of 64.

    Parameters
    ----------
    n : int
        Number of rows.
    columns : float32 array of shape (columns, rows)
    missing : dict of column → uint64 array of shape (words,)
        Which rows lack a value; columns without such rows are left out.
    levels : dict of column → uint64 array of shape (levels, words)
        Which rows have each level of a category.
    """

    n: int
    columns: Floats32
    missing: dict[int, Words]
    levels: dict[int, Words]

    @classmethod
    def of(cls, matrix: Floats32, levels: Mapping[int, int]) -> PackedRows:
        """Pack the rows of a matrix.

        Parameters
        ----------
        matrix : float32 array of shape (n, columns)
            Numbers and category codes, NaN where missing.
        levels : mapping of column → int
            How many levels to tell apart in the columns that are tested for sets of them.

        Returns
        -------
        PackedRows
        """
        n, width = matrix.shape
        columns = np.zeros((width, -(-n // WORD) * WORD), np.float32)
        columns[:, :n] = matrix.T
        gaps = np.isnan(columns)
        with_gaps = np.flatnonzero(gaps.any(axis=1)).tolist()
        packed = _packed(gaps[with_gaps])
        return cls(
            n,
            columns,
            dict(zip(with_gaps, packed, strict=True)),
            {j: _packed(columns[j] == np.arange(k)[:, None]) for j, k in levels.items()},
        )


@dataclass(frozen=True)
class _Tests:
    """Some tests of one column: where their answers are placed.

    Parameters
    ----------
    column : int
    places : slice
    missing_right : slice
        Places of those that send a missing value right.
    """

    column: int
    places: slice
    missing_right: slice


@dataclass(frozen=True)
class _NumberTests(_Tests):
    """Tests of a number, with their thresholds."""

    thresholds: Floats32


@dataclass(frozen=True)
class _SetTests(_Tests):
    """Tests for sets of a category's levels: the members, set after set."""

    members: Ints32
    first: Ints


class PackedForest:
    """The distinct tests of a forest, and its trees as complete binary trees of them.

    Parameters
    ----------
    forest : Forest
        That is :func:`packable`.

    Attributes
    ----------
    depth : int
        Levels of tests.
    distinct : int
        Number of distinct tests; the first one, which no row passes, among them.
    places : intp array of shape (nodes,)
        The test of each node, counted among the distinct ones; 0 for a leaf.
    tests : intp array of shape (trees, 2 ** depth - 1)
        Tests of the complete trees, level by level.
    leaves : int32 array of shape (trees, 2 ** depth)
        Leaf at each end of the complete trees, counted within the tree.

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
    >>> rows = PackedRows.of(np.array([[0.0], [1.0], [np.nan]], np.float32), {})
    >>> packed = PackedForest(stump)
    >>> packed.at_ends(packed.leaves[:1], packed.answers(rows), range(1))[:, :3]
    array([[0, 1, 0]], dtype=int32)
    """

    def __init__(self, forest: Forest) -> None:
        self.depth = depth(forest)
        self.places = self._arrange(forest)
        trees, ends = forest.trees, 2**self.depth
        self.tests: Rows = np.full((trees, ends - 1), ALWAYS_LEFT, np.intp)
        self.leaves: Ints32 = np.zeros((trees, ends), np.int32)
        # All trees go down together, a level at a time.
        tree = np.arange(trees)
        position, node = np.zeros(trees, np.intp), forest.starts[:-1]
        for level in range(self.depth + 1):
            leaf = forest.feature[node] < 0
            width = 2 ** (self.depth - level)  # ends below a node of this level
            first = (position[leaf] - (2**level - 1)) * width
            below = first[:, None] + np.arange(width)
            self.leaves[tree[leaf][:, None], below] = forest.code_of_node[node[leaf], None]
            tree, position, node = tree[~leaf], position[~leaf], node[~leaf]
            self.tests[tree, position] = self.places[node]
            children = [forest.starts[tree] + side[node] for side in (forest.left, forest.right)]
            tree, node = np.tile(tree, 2), np.concatenate(children)
            position = np.concatenate([2 * position + 1, 2 * position + 2])

    def _arrange(self, forest: Forest) -> Rows:
        """Find the distinct tests and give every node the place of its test."""
        sizes = np.diff(forest.category_starts)
        place = np.full(len(forest.feature), ALWAYS_LEFT, np.intp)
        self.numbers: list[_NumberTests] = []
        self.sets: list[_SetTests] = []
        self.distinct = ALWAYS_LEFT + 1
        for column in np.unique(forest.feature[forest.feature >= 0]).tolist():
            tested = forest.feature == column
            self._add_numbers(column, forest, np.flatnonzero(tested & (sizes == 0)), place)
            self._add_sets(column, forest, np.flatnonzero(tested & (sizes > 0)), place)
        return place

    def _add_numbers(self, column: int, forest: Forest, nodes: Ints, place: Rows) -> None:
        """Place the tests of a number: those that send a missing value left come first."""
        keys = np.empty(len(nodes), [("right", bool), ("cut", np.float32)])
        keys["right"], keys["cut"] = ~forest.default_left[nodes], forest.threshold[nodes]
        distinct, found = np.unique(keys, return_inverse=True)
        place[nodes] = self.distinct + found
        for tests in _pieces(np.ones(len(distinct), np.int64)):
            places, right = self._placed(distinct["right"][tests])
            self.numbers.append(_NumberTests(column, places, right, distinct["cut"][tests].copy()))

    def _add_sets(self, column: int, forest: Forest, nodes: Ints, place: Rows) -> None:
        """Place the tests for sets of a category, in the same order."""
        sets = [_set_at(forest, node) for node in nodes]
        distinct = sorted(set(sets))
        number = {key: self.distinct + i for i, key in enumerate(distinct)}
        place[nodes] = [number[key] for key in sets]
        members = [np.frombuffer(levels, np.int32) for _, levels in distinct]
        right = np.array([goes_right for goes_right, _ in distinct], bool)
        for tests in _pieces(np.array([len(levels) for levels in members], np.int64)):
            first = np.cumsum([0, *map(len, members[tests])])[:-1]
            together = np.concatenate(members[tests])
            self.sets.append(_SetTests(column, *self._placed(right[tests]), together, first))

    def _placed(self, right: Bools) -> tuple[slice, slice]:
        """Give some tests the next places; of those, the ones that send a missing value right."""
        start, self.distinct = self.distinct, self.distinct + len(right)
        return slice(start, self.distinct), slice(self.distinct - int(right.sum()), self.distinct)

    def answers(self, rows: PackedRows) -> Words:
        """Whether the rows go right at each distinct test.

        Parameters
        ----------
        rows : PackedRows

        Returns
        -------
        uint64 array of shape (distinct tests, words)
        """
        out = np.zeros((self.distinct, rows.columns.shape[1] // WORD), np.uint64)
        self.answer(rows, range(len(rows.columns)), out)
        return out

    def answer(self, rows: PackedRows, columns: Collection[int], out: Words) -> None:
        """Write whether the rows go right at each distinct test of some columns.

        Parameters
        ----------
        rows : PackedRows
        columns : collection of int
            The other columns' tests keep their answers.
        out : uint64 array of shape (distinct tests, words)
            As :meth:`answers` gives it; changed in place.
        """
        numbers = [tests for tests in self.numbers if tests.column in columns]
        sets = [tests for tests in self.sets if tests.column in columns]
        for tests in numbers:
            out[tests.places] = _packed(rows.columns[tests.column] >= tests.thresholds[:, None])
        for some in sets:
            having = rows.levels[some.column][some.members]
            out[some.places] = np.bitwise_or.reduceat(having, some.first, axis=0)
        both: list[_Tests] = [*numbers, *sets]
        for one in both:
            if one.column in rows.missing:
                out[one.missing_right] |= rows.missing[one.column]

    def at_ends(
        self, of_end: npt.NDArray[Value], answers: Words, trees: range
    ) -> npt.NDArray[Value]:
        """What stands at the end of each tree that each row comes to.

        Parameters
        ----------
        of_end : array of shape (trees, 2 ** depth)
            Such as the rows of ``leaves``.
        answers : uint64 array
            As :meth:`answers` gives them.
        trees : range
            Consecutive trees.

        Returns
        -------
        array of the type of `of_end`, of shape (trees, 64 * words)
        """
        places = self.ends(answers, trees)
        places += (np.arange(len(trees)) * of_end.shape[1])[:, None]
        return of_end.ravel().take(places)

    def ends(self, answers: Words, trees: range) -> Rows:
        """The end of each tree that each row comes to.

        Parameters
        ----------
        answers : uint64 array
            As :meth:`answers` gives them.
        trees : range
            Consecutive trees.

        Returns
        -------
        intp array of shape (trees, 64 * words)
            From 0 to ``2 ** depth - 1``.
        """
        at_nodes = answers[self.tests[trees.start : trees.stop]]
        taken: list[Words] = []  # turns at the levels above: which rows go right
        for level in range(self.depth):
            turns = at_nodes[:, 2**level - 1 : 2 ** (level + 1) - 1]
            for above in reversed(taken):
                left = turns[:, 0::2]
                turns = left ^ turns[:, 1::2]
                turns &= above[:, None]
                turns ^= left
            taken.append(np.ascontiguousarray(turns[:, 0]))
        end = np.zeros((len(trees), answers.shape[1] * WORD), np.uint8)
        for turns in taken:
            end <<= 1
            end |= np.unpackbits(turns.view(np.uint8), axis=1)
        return end.astype(np.intp)


def packable(forest: Forest, levels: Mapping[int, int]) -> bool:
    """Whether packing the tests of a forest is faster than a walk, in little memory.

    Parameters
    ----------
    forest : Forest
    levels : mapping of column → int
        As :meth:`PackedRows.of` takes them.

    Returns
    -------
    bool
    """
    if forest.trees > MOST_ENDS or sum(levels.values()) > MOST_LEVELS:
        return False
    deepest = depth(forest)
    return deepest <= DEEPEST and forest.trees * 2**deepest <= MOST_ENDS


def depth(forest: Forest) -> int:
    """Levels of tests of the deepest tree.

    Parameters
    ----------
    forest : Forest

    Returns
    -------
    int
    """
    levels, nodes = -1, forest.starts[:-1]
    while len(nodes):
        levels += 1
        first = np.repeat(forest.starts[:-1], np.diff(forest.starts))[nodes]
        inner = forest.feature[nodes] >= 0
        nodes, first = nodes[inner], first[inner]
        nodes = np.concatenate([first + forest.left[nodes], first + forest.right[nodes]])
    return levels


def _packed(flags: npt.NDArray[np.bool_]) -> Words:
    """Flags of shape (k, rows), 64 rows in a word."""
    return np.packbits(flags, axis=1).view(np.uint64)


def _pieces(sizes: Ints) -> Iterator[slice]:
    """Consecutive tests, of up to 512 thresholds or members together where that can be."""
    start, total = 0, 0
    for i, size in enumerate(sizes.tolist()):
        if i > start and total + size > PIECE:
            yield slice(start, i)
            start, total = i, 0
        total += size
    if len(sizes):
        yield slice(start, len(sizes))


def _set_at(forest: Forest, node: int) -> tuple[bool, bytes]:
    """Whether a missing level goes right at a node, and the levels that do."""
    bounds = forest.category_starts[node : node + 2]
    return not forest.default_left[node], forest.categories[bounds[0] : bounds[1]].tobytes()
