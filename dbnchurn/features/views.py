"""Rows of a visible layer whose leaves come from one booster each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.features.leaves_record import LeavesRecord, booster_matrix, leaf_groups
from dbnchurn.schema import Table
from dbnchurn.visible import Visible

Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class BoosterViews:
    """A table that shows every row through one booster; codes of the other boosters are missing.

    Stored compactly, one narrow array of codes per booster; the wide layer of
    :func:`~dbnchurn.features.leaves_record.with_leaves` is built for the rows that are taken.

    Parameters
    ----------
    base : Visible of n rows
        Encoded columns.
    record : LeavesRecord
    blocks : int64 array of shape (n,)
        Booster of every row; mini-batches are drawn within a block, so a batch needs the leaves
        of one booster only.
    place : intp array of shape (n,)
        Where a row stands in the codes of its booster.
    codes : tuple of integer arrays of shape (rows of the booster, its trees)
    """

    base: Visible
    record: LeavesRecord
    blocks: npt.NDArray[np.int64]
    place: Rows
    codes: tuple[npt.NDArray[Any], ...]

    @classmethod
    def of(
        cls,
        base: Visible,
        record: LeavesRecord,
        table: Table,
        blocks: npt.NDArray[np.int64],
        n_threads: int = 1,
    ) -> BoosterViews:
        """Look up the leaves of prepared rows, each with the booster that `blocks` names."""
        matrix = booster_matrix(table)
        place = np.empty(len(table), np.intp)
        codes = []
        for booster in range(len(record.forests)):
            rows = np.flatnonzero(blocks == booster)
            place[rows] = np.arange(len(rows))
            found = record.leaf_codes(booster, matrix[rows], n_threads)
            codes.append(found.astype(np.min_scalar_type(found.max(initial=0))))
        return cls(base, record, blocks, place, tuple(codes))

    def __len__(self) -> int:
        return len(self.base)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Levels of every code group: those of the columns, then the leaves of all boosters."""
        return self.base.sizes + self.record.sizes

    @property
    def widths(self) -> tuple[int, int, int]:
        """Gaussian units, binary units and levels of all groups together."""
        gaussian, binary, _ = self.base.widths
        return gaussian, binary, sum(self.sizes)

    def take(self, rows: Rows) -> Visible:
        """The visible layer of the given rows."""
        base = self.base.take(rows)
        groups = leaf_groups([forest.trees for forest in self.record.forests])
        leaves = np.full((len(rows), groups[-1].stop), -1, np.int32)
        blocks = self.blocks[rows]
        for booster in np.unique(blocks):
            here = np.flatnonzero(blocks == booster)
            leaves[here, groups[booster]] = self.codes[booster][self.place[rows[here]]]
        codes = np.hstack([base.codes, leaves])
        return Visible(base.gaussian, base.binary, codes, self.sizes)
