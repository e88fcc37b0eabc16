"""Rows of a visible layer whose leaves come from one booster each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.features.leaves_record import LeavesRecord, booster_matrix
from dbnchurn.features.stretches import Narrow, Room, filled, narrowest
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
    base : Visible or Narrow of n rows
        Encoded columns.
    record : LeavesRecord
    blocks : int64 array of shape (n,)
        Booster of every row; mini-batches are drawn within a block, so a batch needs the leaves
        of one booster only.
    place : int32 array of shape (n,)
        Where a row stands in the codes of its booster.
    codes : tuple of integer arrays of shape (rows of the booster, its trees)
    """

    base: Visible | Narrow
    record: LeavesRecord
    blocks: npt.NDArray[np.int64]
    place: npt.NDArray[np.int32]
    codes: tuple[npt.NDArray[Any], ...]

    @classmethod
    def of(
        cls,
        base: Visible | Narrow,
        record: LeavesRecord,
        table: Table,
        blocks: npt.NDArray[np.int64],
        n_threads: int = 1,
        room: Room | None = None,
    ) -> BoosterViews:
        """Look up the leaves of prepared rows, each with the booster that `blocks` names.

        Parameters
        ----------
        base : Visible or Narrow of n rows
        record : LeavesRecord
        table : Table of n prepared rows
        blocks : int64 array of shape (n,)
        n_threads : int, default 1
        room : Room, optional
            Where the codes are put; in memory if not given.
        """
        room = room or Room(np.inf)
        place = np.empty(len(table), np.int32)
        codes = []
        for booster, forest in enumerate(record.forests):
            rows = np.flatnonzero(blocks == booster)
            place[rows] = np.arange(len(rows))
            look_up = partial(_look_up, record, booster, table, rows, n_threads)
            dtype = narrowest(forest.sizes, missing=False)
            codes.append(filled((len(rows), forest.trees), dtype, look_up, room))
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
        leaves = np.full((len(rows), len(self.record.sizes)), -1, np.int32)
        blocks = self.blocks[rows]
        for booster in np.unique(blocks):
            here = np.flatnonzero(blocks == booster)
            leaves[here, self.record.groups[booster]] = self.codes[booster][self.place[rows[here]]]
        codes = np.hstack([base.codes, leaves])
        return Visible(base.gaussian, base.binary, codes, self.sizes)


def _look_up(
    record: LeavesRecord, booster: int, table: Table, rows: Rows, n_threads: int, here: slice
) -> npt.NDArray[np.int32]:
    matrix = booster_matrix(table.take(rows[here]))
    return record.leaf_codes(booster, matrix, n_threads)
