"""Paths through the trees, column by column: which values of a column let a row reach a leaf.

A path to a leaf is a set of tests, and each test is of one column. :func:`path_tests` collects them
by prepared column (:class:`NumberTests`, :class:`CategoryTests`), :class:`RawColumnTests` groups
them by raw column. :class:`TreePaths` holds both for one forest; its :class:`Walk` counts for some
rows how many columns fail on each path, and so finds what the leaves would add to a logit if one
raw column had other values.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Bools, Floats, Floats32, Ints, Ints32
from dbnchurn.features.leaves_record import Forest
from dbnchurn.predictor.explain.lineage import Raw
from dbnchurn.tables.schema import Table

if TYPE_CHECKING:
    from scipy import sparse
else:
    sparse = LazyModule("scipy.sparse")

Counts = npt.NDArray[np.unsignedinteger]
# Values that pass all tests of a column on a path: for a number the first cell, the end of the
# cells and whether a missing value passes; for a category whether each level passes, then missing.
Allowed = tuple[int, int, bool] | Bools


@dataclass(frozen=True, eq=False)
class NumberTests:
    """The tests of one prepared number on the paths of one forest.

    Parameters
    ----------
    leaves : int64 array of shape (s,)
        Leaves whose path tests the number, counted over all trees.
    thresholds : float32 array
        All thresholds of the number, sorted. Cell `i` holds the values that are at least as large
        as `i` of them.
    first, end : int32 arrays of shape (s,)
        Values in the cells from `first` to before `end` pass the tests on the path to the leaf.
    missing : bool array of shape (s,)
        Whether a missing value passes.
    """

    leaves: Ints
    thresholds: Floats32
    first: Ints32
    end: Ints32
    missing: Bools

    def failed(self, values: Floats32) -> Bools:
        """Whether each of n values fails a test on the path to each leaf, shape (s, n)."""
        cells = np.searchsorted(self.thresholds, values, side="right").astype(np.int32)
        absent = np.isnan(values)
        cells[absent] = -1  # before every first cell
        failed = (cells < self.first[:, None]) | (cells >= self.end[:, None])
        if absent.any():
            failed[:, absent] = ~self.missing[:, None]
        return failed


@dataclass(frozen=True, eq=False)
class CategoryTests:
    """The tests of one prepared category on the paths of one forest.

    Parameters
    ----------
    leaves : int64 array of shape (s,)
        Leaves whose path tests the category, counted over all trees.
    allowed : bool array of shape (s, levels + 1)
        Which levels pass the tests on the path to the leaf; the last column is for missing.
    """

    leaves: Ints
    allowed: Bools

    def failed(self, values: Floats32) -> Bools:
        """Whether each of n codes fails a test on the path to each leaf, shape (s, n)."""
        codes = np.where(np.isnan(values), self.allowed.shape[1] - 1, values).astype(np.int64)
        return ~self.allowed[:, codes]


Tests = NumberTests | CategoryTests


def path_tests(forest: Forest, numbers: int, sizes: tuple[int, ...]) -> dict[int, Tests]:
    """Collect the tests of a forest by column.

    Parameters
    ----------
    forest : Forest
    numbers : int
        Number of the first columns of the boosters' matrix that are numbers.
    sizes : tuple of int
        Levels of the categories, which are the other columns.

    Returns
    -------
    dict of column → NumberTests or CategoryTests
        A row falls into the leaf on whose path none of its values fails.

    Raises
    ------
    ArtifactError
        If a number is tested as if it were a category.
    """
    is_number = forest.feature < numbers
    if (np.diff(forest.category_starts) > 0)[is_number].any():
        raise ArtifactError("trees: a number is tested for being in a set of categories")
    thresholds = {
        int(j): np.unique(forest.threshold[forest.feature == j])
        for j in np.unique(forest.feature[is_number & (forest.feature >= 0)])
    }
    by_column: dict[int, list[tuple[int, Allowed]]] = defaultdict(list)
    for leaf, path in enumerate(_paths(forest, numbers, sizes, thresholds)):
        for column, allowed in path.items():
            by_column[column].append((leaf, allowed))
    return {
        column: _number_tests(tested, thresholds[column])
        if column < numbers
        else CategoryTests(_leaves(tested), np.array([allowed for _, allowed in tested]))
        for column, tested in by_column.items()
    }


def _leaves(tested: list[tuple[int, Allowed]]) -> Ints:
    return np.array([leaf for leaf, _ in tested], np.int64)


def _number_tests(tested: list[tuple[int, Allowed]], thresholds: Floats32) -> NumberTests:
    first, end, missing = zip(*(allowed for _, allowed in tested), strict=True)
    return NumberTests(
        _leaves(tested),
        thresholds,
        np.array(first, np.int32),
        np.array(end, np.int32),
        np.array(missing, bool),
    )


def _paths(
    forest: Forest,
    numbers: int,
    sizes: tuple[int, ...],
    thresholds: dict[int, Floats32],
) -> list[dict[int, Allowed]]:
    """For the path to every leaf: the values that pass its tests, by column."""
    feature, left, right = (a.tolist() for a in (forest.feature, forest.left, forest.right))
    paths: list[dict[int, Allowed]] = [{}] * len(feature)
    for start, stop in pairwise(forest.starts.tolist()):
        for node in range(start, stop):  # a parent comes before its children
            column = feature[node]
            if column < 0:
                continue
            path, cut = paths[node], thresholds.get(column)
            before = path.get(column)
            if cut is not None:
                sides: tuple[Allowed, Allowed] = _divide_cells(forest, node, cut, before)
            else:
                sides = _divide_levels(forest, node, sizes[column - numbers], before)
            for child, allowed in zip((left[node], right[node]), sides, strict=True):
                paths[start + child] = {**path, column: allowed}
    return [path for path, column in zip(paths, feature, strict=True) if column < 0]


def _divide_cells(
    forest: Forest, node: int, thresholds: Floats32, before: Allowed | None
) -> tuple[Allowed, Allowed]:
    """The values of a number that pass the tests up to a node and go left, and right."""
    first, end, missing = (0, len(thresholds) + 1, True) if before is None else before
    cut = int(np.searchsorted(thresholds, forest.threshold[node])) + 1
    goes_left = bool(forest.default_left[node])
    return (
        (first, min(end, cut), missing and goes_left),
        (max(first, cut), end, missing and not goes_left),
    )


def _divide_levels(
    forest: Forest, node: int, size: int, before: Allowed | None
) -> tuple[Bools, Bools]:
    """The levels of a category that pass the tests up to a node and go left, and right."""
    sent = forest.categories[forest.category_starts[node] : forest.category_starts[node + 1]]
    goes_right = np.append(np.arange(size) >= forest.threshold[node], not forest.default_left[node])
    if len(sent):
        goes_right[:size] = np.isin(np.arange(size), sent)
    known = np.ones(size + 1, bool) if before is None else np.asarray(before)
    return known & ~goes_right, known & goes_right


@dataclass(frozen=True, eq=False)
class RawColumnTests:
    """The tests of all prepared columns that are made of one raw column.

    Parameters
    ----------
    leaves : int64 array of shape (s,)
        Leaves whose path tests one of them, counted over all trees.
    places : dict of prepared column → int64 array
        Positions in `leaves` of the leaves whose path tests that column.
    """

    leaves: Ints
    places: dict[int, Ints]

    @classmethod
    def of(cls, tests: dict[int, Tests], columns: Iterable[int]) -> RawColumnTests:
        """Group the tests of some prepared columns.

        Parameters
        ----------
        tests : dict of prepared column → NumberTests or CategoryTests
        columns : iterable of int
            The prepared columns that are made of the raw column.

        Returns
        -------
        RawColumnTests
        """
        tested = [column for column in columns if column in tests]
        leaves = [tests[column].leaves for column in tested]
        union = np.unique(np.concatenate([np.empty(0, np.int64), *leaves]))
        return cls(
            union, {c: np.searchsorted(union, at) for c, at in zip(tested, leaves, strict=True)}
        )

    def failures(self, failed: Mapping[int, Bools], n: int) -> Counts:
        """Count the prepared columns that fail on the path to each leaf.

        Parameters
        ----------
        failed : mapping of prepared column → bool array
            As ``failed`` of the column's tests gives it.
        n : int
            Number of rows.

        Returns
        -------
        array of unsigned integers of shape (s, n)
        """
        if len(self.places) == 1:
            return failed[next(iter(self.places))].view(np.uint8)
        count = np.zeros((len(self.leaves), n), np.min_scalar_type(len(self.places)))
        for column, places in self.places.items():
            count[places] += failed[column]
        return count


@dataclass(frozen=True, eq=False)
class TreePaths:
    """The tests on all paths of one forest.

    Parameters
    ----------
    leaves : int
        Number of leaves of all trees together.
    tests : dict of prepared column → NumberTests or CategoryTests
    by_raw_column : list of RawColumnTests, one per raw column
    """

    leaves: int
    tests: dict[int, Tests]
    by_raw_column: list[RawColumnTests]

    @classmethod
    def of(cls, forest: Forest, prepared: Table, made_of: Sequence[Raw], raw: int) -> TreePaths:
        """Read the paths of a forest.

        Parameters
        ----------
        forest : Forest
        prepared : Table
            Any prepared table of the model; its columns are read, not its rows.
        made_of : sequence of frozenset of int
            Raw columns that every prepared column is made of.
        raw : int
            Number of raw columns.

        Returns
        -------
        TreePaths
        """
        tests = path_tests(forest, prepared.numbers.shape[1], prepared.sizes)
        by_raw_column = [
            RawColumnTests.of(tests, [j for j, origin in enumerate(made_of) if column in origin])
            for column in range(raw)
        ]
        return cls(len(forest.leaf_values), tests, by_raw_column)

    def walk(self, matrix: Floats32) -> Walk:
        """Evaluate all tests for the rows of a boosters' matrix, shape (n, columns)."""
        failed = {column: test.failed(matrix[:, column]) for column, test in self.tests.items()}
        count = np.zeros((self.leaves, len(matrix)), np.min_scalar_type(len(self.tests)))
        for column, test in self.tests.items():
            count[test.leaves] += failed[column]
        return Walk(self, failed, count)

    def passed(self, column: int, matrix: Floats32) -> Bools:
        """Whether the values of one raw column pass the tests on the path to each leaf.

        Parameters
        ----------
        column : int
            The raw column.
        matrix : float32 array of shape (n, prepared columns)
            The boosters' matrix.

        Returns
        -------
        bool array of shape (s, n)
            For the leaves whose path tests the column.
        """
        own = self.by_raw_column[column]
        failed = {j: self.tests[j].failed(matrix[:, j]) for j in own.places}
        return np.equal(own.failures(failed, len(matrix)), 0)


@dataclass(frozen=True, eq=False)
class Walk:
    """All tests of a forest, evaluated for n rows.

    Parameters
    ----------
    paths : TreePaths
    failed : dict of prepared column → bool array of shape (s, n)
        As ``failed`` of the column's tests gives it.
    count : array of unsigned integers of shape (leaves, n)
        How many columns fail on the path to each leaf; 0 for the leaf that the row falls into.
    """

    paths: TreePaths
    failed: dict[int, Bools]
    count: Counts

    def sums(self, weights: Floats32) -> Floats32:
        """Sum the weights of the leaves that each row falls into.

        Parameters
        ----------
        weights : float32 array of shape (leaves, h)

        Returns
        -------
        float32 array of shape (n, h)
        """
        return np.asarray(sparse.csr_matrix(self.count.T == 0, dtype=np.float32) @ weights)

    def contribution(self, column: int, effects: Floats32, share: Floats32) -> Floats:
        """What the leaves add, less its average over the background values of one raw column.

        Parameters
        ----------
        column : int
            The raw column.
        effects : float32 array of shape (leaves, n)
            What each leaf adds to the logit of each row that falls into it.
        share : float32 array of shape (s, 1) or (s, n)
            Share of the column's background values that pass the tests on the path to each leaf.

        Returns
        -------
        float array of shape (n,)
        """
        own = self.paths.by_raw_column[column]
        failures = own.failures(self.failed, self.count.shape[1])
        others_pass = self.count[own.leaves] == failures
        change = others_pass * ((failures == 0) - share)
        return np.asarray(np.einsum("sn,sn->n", effects[own.leaves], change))
