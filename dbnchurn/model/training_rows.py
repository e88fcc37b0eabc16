"""What boosters and networks are fitted on: customers prepared once, and how each is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.typing import Floats, Ints, Labels
from dbnchurn.dbn.visible import Visible
from dbnchurn.features import Encode, Leaves
from dbnchurn.features.compact_rows import CHUNK, BoosterViews, Narrow, Room
from dbnchurn.features.resampling import Sample
from dbnchurn.model.compute import Compute
from dbnchurn.model.inputs import Balance, Part
from dbnchurn.model.large_tables import Scale, some
from dbnchurn.tables.schema import Table, stacked

Encoded = Visible | Narrow
Seen = Encoded | BoosterViews


@dataclass(frozen=True, eq=False)
class Prepared:
    """Customers as preparation leaves them.

    Parameters
    ----------
    table : Table of n rows
        The training customers.
    weight : float64 array of shape (n,)
    sample : Sample
        What is trained on: these customers, then synthetic ones.
    balance : Balance
    encode : Encode
    held_out : Part or None
        Rows that stop boosters and networks, with the share of churners that training has.
    unlabelled : Table or None
        Customers who join the pretraining.
    """

    table: Table
    weight: Floats
    sample: Sample
    balance: Balance
    encode: Encode
    held_out: Part | None
    unlabelled: Table | None


@dataclass(frozen=True, eq=False)
class Crowd:
    """The customers of the pretraining: real ones alone, with or without an outcome.

    Parameters
    ----------
    table : Table of m rows
    fold : int64 array of shape (m,)
        Whose booster shows the row.
    weight : float64 array of shape (m,)
    """

    table: Table
    fold: Ints
    weight: Floats

    @classmethod
    def of(cls, prepared: Prepared, limit: int, generator: np.random.Generator) -> Crowd:
        """All of them, and of more than `limit` so many."""
        table, weight = prepared.table, prepared.weight
        fold = prepared.sample.fold[: len(table)]
        if prepared.unlabelled is not None:
            more = len(prepared.unlabelled)
            table = stacked(table, prepared.unlabelled)
            fold = np.concatenate([fold, np.arange(more) % (fold.max() + 1)])
            weight = np.concatenate([weight, np.ones(more)])
        kept = some(fold, limit, generator)
        if len(kept) == len(table):
            return cls(table, fold, weight)
        return cls(table.take(kept), fold[kept], weight[kept])


@dataclass(frozen=True, eq=False)
class Material:
    """What the networks are fitted on: rows encoded once for all of them, and through which leaves.

    Without `leaves` a network sees the columns alone.
    """

    prepared: Prepared
    crowd: Crowd
    rows: Encoded
    rows_val: Encoded | None
    leaves: Leaves | None
    room: Room
    threads: int

    @classmethod
    def of(
        cls, prepared: Prepared, leaves: Leaves | None, scale: Scale, compute: Compute
    ) -> Material:
        """Encode the rows; the random numbers are those that choose the crowd."""
        room, held_out = Room(scale.memory), prepared.held_out
        return cls(
            prepared,
            Crowd.of(prepared, scale.pretrain_rows, compute.generator),
            encoded(prepared.encode, prepared.sample.table, room),
            None if held_out is None else encoded(prepared.encode, held_out.table, room),
            leaves,
            room,
            compute.threads,
        )

    def see(self, base: Encoded, table: Table, fold: Ints | None = None) -> Seen:
        """Each row through one booster: that of its fold or, without folds, each in turn."""
        if self.leaves is None:
            return base
        record = self.leaves.record_
        if fold is None:
            fold = np.arange(len(table)) % len(record.forests)
        return BoosterViews.of(base, record, table, fold, self.threads, self.room)

    def training(self) -> Seen:
        """Rows of fine-tuning."""
        return self.see(self.rows, self.prepared.sample.table, self.prepared.sample.fold)

    def pretraining(self, training: Seen) -> tuple[Seen, Floats]:
        """Rows of pretraining, with their weights; those of `training` where they are the same."""
        crowd, prepared = self.crowd, self.prepared
        if crowd.table is prepared.sample.table:
            return training, crowd.weight
        base = encoded(prepared.encode, crowd.table, self.room)
        return self.see(base, crowd.table, crowd.fold), crowd.weight

    def validation(self) -> tuple[Seen, Labels, Floats] | None:
        """Rows that stop the training, with labels and weights."""
        held_out = self.prepared.held_out
        if held_out is None or self.rows_val is None:
            return None
        return self.see(self.rows_val, held_out.table), held_out.y, held_out.weight


def encoded(encode: Encode, table: Table, room: Room) -> Encoded:
    """Encoded rows; of a large table in few bytes.

    Parameters
    ----------
    encode : Encode
        Fitted.
    table : Table of n prepared rows
    room : Room
        Where arrays of a large table lie.
    """
    return Narrow.of(encode, table, room) if len(table) > CHUNK else encode.transform(table)
