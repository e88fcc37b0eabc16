"""Rows for the networks: encoded once, and given to each network with or without leaf codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.random_state import stratified_subsample
from dbnchurn.core.typing import Floats, Ints, Labels
from dbnchurn.dbn.network_record import NetworkRecord
from dbnchurn.dbn.visible import Visible
from dbnchurn.features import Encode, Leaves
from dbnchurn.features.compact_rows import CHUNK, CompactRows, LeafRows, MemoryBudget
from dbnchurn.features.resampling import TrainingSet
from dbnchurn.model.compute import Compute
from dbnchurn.model.inputs import ClassPriors, LabelledTable
from dbnchurn.model.large_tables import LargeTableRules
from dbnchurn.tables.schema import Table, stacked

EncodedRows = Visible | CompactRows
VisibleRows = EncodedRows | LeafRows


@dataclass(frozen=True, eq=False)
class PreparedRows:
    """Rows after preparation and oversampling, before encoding.

    Parameters
    ----------
    table : Table of n rows
        The training customers.
    sample_weight : float64 array of shape (n,)
    training : TrainingSet
        These customers, then synthetic ones.
    priors : ClassPriors
    encode : Encode
        Fitted on `table`.
    stopping : LabelledTable or None
        Prepared validation rows that stop boosters and networks, weighted to the share of churners
        of the training set.
    unlabelled : Table or None
        Prepared customers without a known outcome, who join the pretraining.
    """

    table: Table
    sample_weight: Floats
    training: TrainingSet
    priors: ClassPriors
    encode: Encode
    stopping: LabelledTable | None
    unlabelled: Table | None


@dataclass(frozen=True, eq=False)
class PretrainingSet:
    """Rows of the pretraining: real customers, with or without a known outcome, none synthetic.

    Parameters
    ----------
    table : Table of m rows
    fold : int64 array of shape (m,)
        Fold index: the row's leaf codes come from the booster fitted without that fold.
    sample_weight : float64 array of shape (m,)
    """

    table: Table
    fold: Ints
    sample_weight: Floats

    @classmethod
    def of(
        cls, prepared: PreparedRows, limit: int, generator: np.random.Generator
    ) -> PretrainingSet:
        """Training customers and unlabelled ones, or a subsample of them.

        Parameters
        ----------
        prepared : PreparedRows
        limit : int
            Largest number of rows; of more, that many are drawn, the same share of every fold.
        generator : numpy Generator
            Draws the subsample.

        Returns
        -------
        PretrainingSet
        """
        table, sample_weight = prepared.table, prepared.sample_weight
        fold = prepared.training.fold[: len(table)]
        if prepared.unlabelled is not None:
            added = len(prepared.unlabelled)
            table = stacked(table, prepared.unlabelled)
            fold = np.concatenate([fold, np.arange(added) % (fold.max() + 1)])
            sample_weight = np.concatenate([sample_weight, np.ones(added)])
        rows = stratified_subsample(fold, limit, generator)
        if len(rows) == len(table):
            return cls(table, fold, sample_weight)
        return cls(table.take(rows), fold[rows], sample_weight[rows])


@dataclass(frozen=True, eq=False)
class TrainingRows:
    """Encoded rows that the networks are fitted on.

    Parameters
    ----------
    prepared : PreparedRows
    pretraining : PretrainingSet
    encoded : Visible or CompactRows
        Rows of ``prepared.training``, encoded.
    encoded_stopping : Visible or CompactRows or None
        Rows of ``prepared.stopping``, encoded.
    leaves : Leaves or None
        Fitted boosters; without them the networks are given the columns alone.
    machines : NetworkRecord or None
        Whose hidden codes the boosters test beside the columns.
    budget : MemoryBudget
    n_threads : int
        Threads of the leaf look-up.
    """

    prepared: PreparedRows
    pretraining: PretrainingSet
    encoded: EncodedRows
    encoded_stopping: EncodedRows | None
    leaves: Leaves | None
    machines: NetworkRecord | None
    budget: MemoryBudget
    n_threads: int

    @classmethod
    def of(
        cls,
        prepared: PreparedRows,
        leaves: Leaves | None,
        rules: LargeTableRules,
        compute: Compute,
        machines: NetworkRecord | None = None,
    ) -> TrainingRows:
        """Encode the rows and draw the pretraining set.

        Parameters
        ----------
        prepared : PreparedRows
        leaves : Leaves or None
            Fitted.
        rules : LargeTableRules
            Bound the pretraining set and the memory of encoded rows.
        compute : Compute
            Its generator draws the pretraining set.
        machines : NetworkRecord, optional
            Whose hidden codes the boosters test beside the columns.

        Returns
        -------
        TrainingRows
        """
        budget, stopping = MemoryBudget(rules.memory), prepared.stopping
        return cls(
            prepared,
            PretrainingSet.of(prepared, rules.pretrain_rows, compute.generator),
            encode_rows(prepared.encode, prepared.training.table, budget),
            None if stopping is None else encode_rows(prepared.encode, stopping.table, budget),
            leaves,
            machines,
            budget,
            compute.n_threads,
        )

    def fine_tuning_rows(self) -> VisibleRows:
        """Visible rows of ``prepared.training``."""
        training = self.prepared.training
        return self._with_leaves(self.encoded, training.table, training.fold)

    def pretraining_rows(self, fine_tuning: VisibleRows) -> tuple[VisibleRows, Floats]:
        """Visible rows of the pretraining and their weights.

        `fine_tuning` itself where the rows are the same.
        """
        pretraining, prepared = self.pretraining, self.prepared
        if pretraining.table is prepared.training.table:
            return fine_tuning, pretraining.sample_weight
        encoded = encode_rows(prepared.encode, pretraining.table, self.budget)
        rows = self._with_leaves(encoded, pretraining.table, pretraining.fold)
        return rows, pretraining.sample_weight

    def stopping_rows(self) -> tuple[VisibleRows, Labels, Floats] | None:
        """Visible rows that stop the training, their labels and weights; None if there are none."""
        stopping = self.prepared.stopping
        if stopping is None or self.encoded_stopping is None:
            return None
        rows = self._with_leaves(self.encoded_stopping, stopping.table)
        return rows, stopping.y, stopping.sample_weight

    def _with_leaves(
        self, encoded: EncodedRows, table: Table, fold: Ints | None = None
    ) -> VisibleRows:
        """Add each row's leaf codes: of its fold's booster, or without folds of each in turn."""
        if self.leaves is None:
            return encoded
        record = self.leaves.record_
        if fold is None:
            fold = np.arange(len(table)) % len(record.forests)
        return LeafRows.of(encoded, record, table, fold, self.n_threads, self.budget, self.machines)


def encode_rows(encode: Encode, table: Table, budget: MemoryBudget) -> EncodedRows:
    """Encode prepared rows; a table of more than one chunk is stored in compact integer types.

    Parameters
    ----------
    encode : Encode
        Fitted.
    table : Table of n prepared rows
    budget : MemoryBudget
        Decides whether compact rows lie in memory or in files.

    Returns
    -------
    Visible or CompactRows of n rows
    """
    return CompactRows.of(encode, table, budget) if len(table) > CHUNK else encode.transform(table)
