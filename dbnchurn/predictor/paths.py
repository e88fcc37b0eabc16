"""What the leaves of one forest add, and what they would add with another value in one column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from dbnchurn.features.leaves_record import Forest
from dbnchurn.predictor.origins import Raw
from dbnchurn.predictor.regions import Bools, Counts, Regions, Tests, path_tests
from dbnchurn.schema import Table

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Paths:
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
    def of(cls, forest: Forest, prepared: Table, made_of: Sequence[Raw], raw: int) -> Paths:
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
    paths : Paths
    failed : dict of prepared column → bool array of shape (s, n)
    count : array of small integers of shape (leaves, n)
        How many columns keep each row from each leaf.
    """

    paths: Paths
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
