"""What boosters and networks are fitted on: customers prepared once, and how each is looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.typing import Floats, Ints, Labels
from dbnchurn.dbn.visible import Visible
from dbnchurn.features import Encode, Leaves
from dbnchurn.features.compact_rows import CHUNK, CompactRows, LeafRows, MemoryBudget
from dbnchurn.features.resampling import TrainingSet
from dbnchurn.model.compute import Compute
from dbnchurn.model.inputs import ClassPriors, LabelledTable
from dbnchurn.model.large_tables import LargeTableRules, stratified_subsample
from dbnchurn.tables.schema import Table, stacked

EncodedRows = Visible | CompactRows
VisibleRows = EncodedRows | LeafRows


@dataclass(frozen=True, eq=False)
class PreparedRows:
    """Customers as preparation leaves them.

    Parameters
    ----------
    table : Table of n rows
        The training customers.
    sample_weight : float64 array of shape (n,)
    sample : TrainingSet
        What is trained on: these customers, then synthetic ones.
    balance : ClassPriors
    encode : Encode
    held_out : LabelledTable or None
        Rows that stop boosters and networks, with the share of churners that training has.
    unlabelled : Table or None
        Customers who join the pretraining.
    """

    table: Table
    sample_weight: Floats
    sample: TrainingSet
    balance: ClassPriors
    encode: Encode
    held_out: LabelledTable | None
    unlabelled: Table | None


@dataclass(frozen=True, eq=False)
class PretrainingSet:
    """The customers of the pretraining: real ones alone, with or without an outcome.

    Parameters
    ----------
    table : Table of m rows
    fold : int64 array of shape (m,)
        Whose booster shows the row.
    sample_weight : float64 array of shape (m,)
    """

    table: Table
    fold: Ints
    sample_weight: Floats

    @classmethod
    def of(
        cls, prepared: PreparedRows, limit: int, generator: np.random.Generator
    ) -> PretrainingSet:
        """All of them, and of more than `limit` so many."""
        table, sample_weight = prepared.table, prepared.sample_weight
        fold = prepared.sample.fold[: len(table)]
        if prepared.unlabelled is not None:
            more = len(prepared.unlabelled)
            table = stacked(table, prepared.unlabelled)
            fold = np.concatenate([fold, np.arange(more) % (fold.max() + 1)])
            sample_weight = np.concatenate([sample_weight, np.ones(more)])
        kept = stratified_subsample(fold, limit, generator)
        if len(kept) == len(table):
            return cls(table, fold, sample_weight)
        return cls(table.take(kept), fold[kept], sample_weight[kept])


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """What the networks are fitted on: rows encoded once for all of them, and through which leaves.

    Without `leaves` a network sees the columns alone.
    """

    prepared: PreparedRows
    crowd: PretrainingSet
    rows: EncodedRows
    rows_val: EncodedRows | None
    leaves: Leaves | None
    room: MemoryBudget
    n_threads: int

    @classmethod
    def of(
        cls, prepared: PreparedRows, leaves: Leaves | None, scale: LargeTableRules, compute: Compute
    ) -> TrainingRows:
        """Encode the rows; the random numbers are those that choose the crowd."""
        room, held_out = MemoryBudget(scale.memory), prepared.held_out
        return cls(
            prepared,
            PretrainingSet.of(prepared, scale.pretrain_rows, compute.generator),
            encode_rows(prepared.encode, prepared.sample.table, room),
            None if held_out is None else encode_rows(prepared.encode, held_out.table, room),
            leaves,
            room,
            compute.n_threads,
        )

    def see(self, base: EncodedRows, table: Table, fold: Ints | None = None) -> VisibleRows:
        """Each row through one booster: that of its fold or, without folds, each in turn."""
        if self.leaves is None:
            return base
        record = self.leaves.record_
        if fold is None:
            fold = np.arange(len(table)) % len(record.forests)
        return LeafRows.of(base, record, table, fold, self.n_threads, self.room)

    def training(self) -> VisibleRows:
        """Rows of fine-tuning."""
        return self.see(self.rows, self.prepared.sample.table, self.prepared.sample.fold)

    def pretraining(self, training: VisibleRows) -> tuple[VisibleRows, Floats]:
        """Rows of pretraining, with their weights; those of `training` where they are the same."""
        crowd, prepared = self.crowd, self.prepared
        if crowd.table is prepared.sample.table:
            return training, crowd.sample_weight
        base = encode_rows(prepared.encode, crowd.table, self.room)
        return self.see(base, crowd.table, crowd.fold), crowd.sample_weight

    def validation(self) -> tuple[VisibleRows, Labels, Floats] | None:
        """Rows that stop the training, with labels and weights."""
        held_out = self.prepared.held_out
        if held_out is None or self.rows_val is None:
            return None
        return self.see(self.rows_val, held_out.table), held_out.y, held_out.sample_weight


def encode_rows(encode: Encode, table: Table, room: MemoryBudget) -> EncodedRows:
    """Encode prepared rows; of a large table in few bytes.

    Parameters
    ----------
    encode : Encode
        Fitted.
    table : Table of n prepared rows
    room : MemoryBudget
        Where arrays of a large table lie.
    """
    return CompactRows.of(encode, table, room) if len(table) > CHUNK else encode.transform(table)
