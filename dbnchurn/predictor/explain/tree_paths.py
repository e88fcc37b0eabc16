"""Which values of a column let a row reach a leaf, if all its other columns do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.typing import Bools, Floats, Floats32, Ints, Ints32
from dbnchurn.features.leaves_record import Forest
from dbnchurn.predictor.explain.lineage import Raw
from dbnchurn.tables.schema import Table

Counts = npt.NDArray[np.unsignedinteger]
Allowed = tuple[int, int, bool] | Bools  # of cells from … to below …, and of missing; or per level


@dataclass(frozen=True, eq=False)
class NumberTests:
    """What the paths of one forest ask of a number.

    Parameters
    ----------
    leaves : int64 array of shape (s,)
        Leaves whose path tests the number, counted over all trees.
    thresholds : float32 array
        All that it is compared with, sorted. A value lies in the cell after the last threshold
        that it reaches.
    first, end : int32 arrays of shape (s,)
        Cells from `first` to before `end` lead to the leaf.
    missing : bool array of shape (s,)
        Whether a missing value leads there.
    """

    leaves: Ints
    thresholds: Floats32
    first: Ints32
    end: Ints32
    missing: Bools

    def failed(self, values: Floats32) -> Bools:
        """Whether each value keeps its row from each leaf, shape (s, n)."""
        cells = np.searchsorted(self.thresholds, values, side="right").astype(np.int32)
        absent = np.isnan(values)
        cells[absent] = -1  # before every first cell
        failed = (cells < self.first[:, None]) | (cells >= self.end[:, None])
        if absent.any():
            failed[:, absent] = ~self.missing[:, None]
        return failed


@dataclass(frozen=True, eq=False)
class CategoryTests:
    """What the paths of one forest ask of a category.

    Parameters
    ----------
    leaves : int64 array of shape (s,)
    allowed : bool array of shape (s, levels + 1)
        Which levels lead to the leaf; the last column is a missing one.
    """

    leaves: Ints
    allowed: Bools

    def failed(self, values: Floats32) -> Bools:
        """Whether each code keeps its row from each leaf, shape (s, n)."""
        codes = np.where(np.isnan(values), self.allowed.shape[1] - 1, values).astype(np.int64)
        return ~self.allowed[:, codes]


Tests = NumberTests | CategoryTests


def path_tests(forest: Forest, numbers: int, sizes: tuple[int, ...]) -> dict[int, Tests]:
    """What the paths of a forest ask of every column that it tests.

    Parameters
    ----------
    forest : Forest
    numbers : int
        The first so many columns of the boosters' matrix are numbers.
    sizes : tuple of int
        Levels of the categories, which follow.

    Returns
    -------
    dict of column → NumberTests or CategoryTests
        A row falls into the leaf that none of its values fails.

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
    asked: dict[int, list[tuple[int, Allowed]]] = defaultdict(list)
    for leaf, path in enumerate(_paths(forest, numbers, sizes, thresholds)):
        for column, allowed in path.items():
            asked[column].append((leaf, allowed))
    return {
        column: _number_tests(found, thresholds[column])
        if column < numbers
        else CategoryTests(_leaves(found), np.array([allowed for _, allowed in found]))
        for column, found in asked.items()
    }


def _leaves(found: list[tuple[int, Allowed]]) -> Ints:
    return np.array([leaf for leaf, _ in found], np.int64)


def _number_tests(found: list[tuple[int, Allowed]], thresholds: Floats32) -> NumberTests:
    first, end, missing = zip(*(allowed for _, allowed in found), strict=True)
    return NumberTests(
        _leaves(found),
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
    """What the path to every leaf asks of the columns that it tests."""
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
    sent = forest.categories[forest.category_starts[node] : forest.category_starts[node + 1]]
    goes_right = np.append(np.arange(size) >= forest.threshold[node], not forest.default_left[node])
    if len(sent):
        goes_right[:size] = np.isin(np.arange(size), sent)
    known = np.ones(size + 1, bool) if before is None else np.asarray(before)
    return known & ~goes_right, known & goes_right


@dataclass(frozen=True, eq=False)
class Regions:
    """What the paths of one forest ask of everything that comes of one raw column.

    Parameters
    ----------
    leaves : int64 array of shape (s,)
        Leaves whose path tests it.
    places : dict of prepared column → int64 array
        Which of `leaves` the tests of that column belong to.
    """

    leaves: Ints
    places: dict[int, Ints]

    @classmethod
    def of(cls, tests: dict[int, Tests], columns: Iterable[int]) -> Regions:
        """Put the tests of the prepared columns that a raw column has become side by side."""
        tested = [column for column in columns if column in tests]
        leaves = [tests[column].leaves for column in tested]
        union = np.unique(np.concatenate([np.empty(0, np.int64), *leaves]))
        return cls(
            union, {c: np.searchsorted(union, at) for c, at in zip(tested, leaves, strict=True)}
        )

    def failures(self, failed: Mapping[int, Bools], n: int) -> Counts:
        """How many of its prepared columns keep each of n rows from each leaf, shape (s, n)."""
        if len(self.places) == 1:
            return failed[next(iter(self.places))].view(np.uint8)
        count = np.zeros((len(self.leaves), n), np.min_scalar_type(len(self.places)))
        for column, places in self.places.items():
            count[places] += failed[column]
        return count


@dataclass(frozen=True, eq=False)
class TreePaths:
    """The paths of one forest, column by column.

    Parameters
    ----------
    leaves : int
        Leaves of all trees together.
    tests : dict of prepared column → Tests
    regions : list of Regions, one per raw column
    """

    leaves: int
    tests: dict[int, Tests]
    regions: list[Regions]

    @classmethod
    def of(cls, forest: Forest, prepared: Table, made_of: Sequence[Raw], raw: int) -> TreePaths:
        """Read the paths of a forest.

        Parameters
        ----------
        forest : Forest
        prepared : Table
            For its columns.
        made_of : sequence of frozenset
            Raw columns behind every prepared one.
        raw : int
            How many raw columns there are.
        """
        tests = path_tests(forest, prepared.numbers.shape[1], prepared.sizes)
        regions = [
            Regions.of(tests, [j for j, found in enumerate(made_of) if column in found])
            for column in range(raw)
        ]
        return cls(len(forest.leaf_values), tests, regions)

    def walk(self, matrix: Floats32) -> Walk:
        """Where the rows of a boosters' matrix of shape (n, columns) fail on their way."""
        failed = {column: test.failed(matrix[:, column]) for column, test in self.tests.items()}
        count = np.zeros((self.leaves, len(matrix)), np.min_scalar_type(len(self.tests)))
        for column, test in self.tests.items():
            count[test.leaves] += failed[column]
        return Walk(self, failed, count)

    def passed(self, column: int, matrix: Floats32) -> Bools:
        """Whether the values of a raw column let each row into each leaf that asks for it."""
        region = self.regions[column]
        failed = {j: self.tests[j].failed(matrix[:, j]) for j in region.places}
        return np.equal(region.failures(failed, len(matrix)), 0)


@dataclass(frozen=True, eq=False)
class Walk:
    """The way of n rows through the trees.

    Parameters
    ----------
    paths : TreePaths
    failed : dict of prepared column → bool array of shape (s, n)
    count : array of small integers of shape (leaves, n)
        How many columns keep each row from each leaf.
    """

    paths: TreePaths
    failed: dict[int, Bools]
    count: Counts

    def sums(self, weights: Floats32) -> Floats32:
        """Sum of the weights of the leaves that each row falls into.

        Parameters
        ----------
        weights : float32 array of shape (leaves, h)

        Returns
        -------
        float32 array of shape (n, h)
        """
        return np.asarray(csr_matrix(self.count.T == 0, dtype=np.float32) @ weights)

    def away(self, column: int, effects: Floats32, share: Floats32) -> Floats:
        """What the leaves add, less their average over the typical values of one raw column.

        Parameters
        ----------
        column : int
        effects : float32 array of shape (leaves, n)
            What each leaf adds for each row.
        share : float32 array of shape (s, 1) or (s, n)
            Share of the column's typical values that pass the tests of each leaf.

        Returns
        -------
        float array of shape (n,)
        """
        region = self.paths.regions[column]
        mine = region.failures(self.failed, self.count.shape[1])
        alone = self.count[region.leaves] == mine  # no other column stands in the way
        change = alone * ((mine == 0) - share)
        return np.asarray(np.einsum("sn,sn->n", effects[region.leaves], change))
