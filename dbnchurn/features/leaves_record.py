"""Leaves of cross-fitted boosters as code groups of the visible layer."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.parallel import map_row_chunks
from dbnchurn.core.typing import Floats32, Ints32
from dbnchurn.dbn.visible import Visible
from dbnchurn.features.forest_record import Forest as Forest
from dbnchurn.features.leaf_lookup_record import Lookup
from dbnchurn.tables.schema import Table

CHUNK = 1_024  # rows that are looked up in all blocks of trees before the next rows are


@dataclass(frozen=True, eq=False)
class LeavesRecord:
    """The cross-fitted boosters.

    Parameters
    ----------
    forests : tuple of Forest
        One per fold; booster `k` was fitted without the rows of fold `k`.
    n_features : int
        Columns of the matrix that the trees test.

    Examples
    --------
    >>> from dbnchurn.features import Leaves
    >>> x = np.random.default_rng(0).normal(size=(200, 2))
    >>> table = Table(x, np.empty((200, 0), np.int32), ("a", "b"), (), ())
    >>> y = (x[:, 0] > 0).astype(np.int64)
    >>> leaves = Leaves(folds=2, n_trees=3, max_depth=1)
    >>> record = leaves.fit(table, y, generator=np.random.default_rng(0)).record_
    >>> record.sizes, record.groups
    ((2, 2, 2, 2, 2, 2), (slice(0, 3, None), slice(3, 6, None)))
    """

    forests: tuple[Forest, ...]
    n_features: int

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Number of leaves of every tree, booster after booster: the code groups of the leaves."""
        return tuple(size for forest in self.forests for size in forest.sizes)

    @cached_property
    def groups(self) -> tuple[slice, ...]:
        """Code groups of every booster."""
        ends = np.cumsum([0, *(forest.trees for forest in self.forests)]).tolist()
        return tuple(slice(first, end) for first, end in pairwise(ends))

    @cached_property
    def lookup(self) -> Lookup:
        """The trees as treelite models."""
        return Lookup(self.forests, self.n_features)

    @property
    def leaf_values(self) -> Floats32:
        """Values of all leaves in the order of the code groups."""
        return np.concatenate([forest.leaf_values for forest in self.forests])

    def audit(self) -> None:
        """Check that every booster has trees, and that they test existing columns.

        Raises
        ------
        ArtifactError
            If one of them does not.
        """
        if not self.forests or not all(forest.trees for forest in self.forests):
            raise ArtifactError("trees: a booster has none")
        for forest in self.forests:
            if forest.feature.max(initial=-1) >= self.n_features:
                raise ArtifactError("trees: a node tests a column that does not exist")

    def leaf_codes(self, booster: int, matrix: Floats32, n_threads: int = 1) -> Ints32:
        """The leaf of every tree of one booster that each row falls into.

        Parameters
        ----------
        booster : int
        matrix : float32 array of shape (n, n_features)
            As :func:`booster_matrix` makes it.
        n_threads : int, default 1

        Returns
        -------
        codes : int32 array of shape (n, trees of the booster)
        """
        codes = np.empty((len(matrix), self.forests[booster].trees), np.int32)

        def look_up(rows: slice) -> None:
            for span, places in self.lookup.by_span(matrix[rows], booster):
                sizes = span.forest.sizes[span.inside.start : span.inside.stop]
                first = np.cumsum((0, *sizes), dtype=np.int32)[:-1]
                codes[rows, span.inside.start : span.inside.stop] = places - first

        map_row_chunks(look_up, len(matrix), CHUNK, n_threads)
        return codes

    def __getstate__(self) -> dict[str, object]:
        """The fields alone, since treelite models cannot be pickled; they are built again."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


def booster_matrix(table: Table) -> Floats32:
    """Numbers and then category codes of a prepared table, NaN where missing.

    Returns
    -------
    matrix : float32 array of shape (n, numbers + categories)
    """
    codes = np.where(table.codes < 0, np.float32(np.nan), table.codes.astype(np.float32))
    with np.errstate(over="ignore"):  # what lies beyond float32 is as good as infinite to a test
        return np.hstack([table.numbers.astype(np.float32), codes])


def with_leaves(base: Visible, record: LeavesRecord, booster: int, codes: Ints32) -> Visible:
    """Add the leaf codes of one booster to a visible layer; those of the others are missing.

    Parameters
    ----------
    base : Visible of n rows
        Encoded columns.
    record : LeavesRecord
    booster : int
    codes : int32 array of shape (n, trees of the booster)

    Returns
    -------
    visible : Visible
        The code groups of `base` and then those of all boosters.
    """
    leaves = np.full((len(base), len(record.sizes)), -1, np.int32)
    leaves[:, record.groups[booster]] = codes
    return replace(base, codes=np.hstack([base.codes, leaves]), sizes=base.sizes + record.sizes)
