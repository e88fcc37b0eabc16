"""Contributions of raw columns to a customer's log-odds.

The contribution of a column is how much the log-odds are above what they would be on average if
the column had, instead of its value, the values that it takes in training (Robnik-Šikonja and
Kononenko, 2008: occlusion by the marginal). Taken literally, that costs an evaluation of the model
for every column and value. Here the input of the first layer, which is a sum over units and leaves,
is averaged exactly over the values. The layers above are evaluated once more per column in the
networks of the columns alone, and linearised at the customer in the networks with leaves. Of the
extra trees, a sample is evaluated once more per column and value. Where boosters test hidden codes,
the networks with leaves are evaluated once more per column and value, too, which is exact and slow.

Robnik-Šikonja and Kononenko average probabilities and then take their log-odds. Here log-odds are
averaged, since they add up over networks, boosters and leaves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dbnchurn.core.typing import Floats, Floats32, Ints
from dbnchurn.dbn.network_record import NetworkRecord
from dbnchurn.features.encode_record import encode
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.features.packed_trees_record import PackedRows
from dbnchurn.predictor.explain.background import background_values, with_values
from dbnchurn.predictor.explain.direct_leaves import DirectLeaves, Substitute
from dbnchurn.predictor.explain.extra_trees import SampledTrees
from dbnchurn.predictor.explain.lineage import Raw, lineage
from dbnchurn.predictor.explain.networks import (
    Average,
    ColumnNetwork,
    LeafNetwork,
    SkipNetwork,
)
from dbnchurn.predictor.explain.occluded_members import OccludedMembers
from dbnchurn.predictor.explain.tree_paths import TreePaths
from dbnchurn.predictor.model_record import ModelRecord
from dbnchurn.prepare.record import prepare
from dbnchurn.tables.schema import Table, stacked

BLOCK = 1024  # rows, always as many, so that rounding is the same for a row alone as in a batch


class Explainer:
    """Computes contributions with a model; the construction is worth it for many rows.

    Parameters
    ----------
    model : ModelRecord

    Raises
    ------
    ArtifactError
        If the model has no reference, as models of format 1.
    """

    def __init__(self, model: ModelRecord) -> None:
        self._model = model
        self._backgrounds = background_values(model.reference)
        self._empty = Table.empty(model.schema, 1)
        prepared = prepare(model.prepare, self._empty)
        made_of = lineage(model.prepare, self._empty.numbers.shape[1], self._empty.codes.shape[1])
        columns = range(len(self._backgrounds))
        units = made_of.units(model.encode, prepared.sizes)
        self._units = [_units_of(column, units) for column in columns]
        # A member without weight takes no part in the log-odds, and trees that none sees neither.
        members = zip(model.decide.weights, model.networks, strict=False)
        weighty = [(weight, network) for weight, network in members if weight > 0]
        self._occluded = None
        if model.codes is not None:
            with_leaves = [
                place
                for place, network in enumerate(model.networks)
                if network.sizes != prepared.sizes
            ]
            self._occluded = OccludedMembers(model, with_leaves)
            weighty = [(w, network) for w, network in weighty if network.sizes == prepared.sizes]
        seen = any(network.sizes != prepared.sizes for _, network in weighty)
        forests = model.leaves.forests if model.leaves is not None and seen else ()
        self._paths = [TreePaths.of(f, prepared, made_of.columns, len(columns)) for f in forests]
        self._trees = None
        if model.extra_trees is not None and model.decide.weights[-1] > 0:
            self._trees = SampledTrees(model.extra_trees, made_of.columns, self._matrix)
        # Averages of columns that are combined with others depend on the customer's values there.
        mixed = set[int]().union(*(raw for raw in made_of.columns if len(raw) > 1))
        self._averages = [
            None if column in mixed else self._average(column, self._empty) for column in columns
        ]
        self._networks = [
            (weight, self._explained(network, prepared, made_of.columns))
            for weight, network in weighty
        ]
        self._walked = any(isinstance(network, LeafNetwork) for _, network in self._networks)
        self._packed = any(isinstance(network, SkipNetwork) for _, network in self._networks)
        self._levels = model.leaves.lookup.levels if model.leaves and self._packed else {}

    def _explained(
        self, network: NetworkRecord, prepared: Table, made_of: Sequence[Raw]
    ) -> ColumnNetwork | LeafNetwork | SkipNetwork:
        """A network with what its kind needs for contributions."""
        levels, leaves = sum(prepared.sizes), self._model.leaves
        if leaves is None or network.sizes == prepared.sizes:
            return ColumnNetwork(network)
        sizes = [paths.leaves for paths in self._paths]
        packed = [forest for forest in leaves.lookup.packed if forest is not None]
        if network.hidden_levels > levels or len(packed) < len(sizes):
            return LeafNetwork(network, levels, sizes)
        values = np.split(network.direct[levels:], np.cumsum(sizes)[:-1])
        direct = []
        for k, forest in enumerate(leaves.forests):
            passed = [None if average is None else average.passed[k] for average in self._averages]
            direct.append(DirectLeaves(forest, packed[k], values[k], made_of, passed))
        return SkipNetwork(network, levels, direct)

    def contributions(self, table: Table) -> Floats:
        """Contribution of every raw column to the log-odds of every customer.

        Parameters
        ----------
        table : Table of n rows
            As :func:`dbnchurn.tables.reading.read` gives it.

        Returns
        -------
        float64 array of shape (n, numbers + categories)
            Positive where the value raises the risk.
        """
        n = len(table)
        out = np.empty((n, len(self._backgrounds)))
        for start in range(0, n, BLOCK):
            rows = table.take(np.arange(start, min(start + BLOCK, n)))
            padding = self._empty.take(np.zeros(BLOCK - len(rows), np.intp))
            out[start : start + BLOCK] = self._block(stacked(rows, padding))[: len(rows)]
        if self._occluded is not None:
            out += self._occluded.contributions(table, self._backgrounds)
        return out

    def _block(self, table: Table) -> Floats:
        units, matrix = self._first_layer(table)
        averages = [
            self._average(column, table) if average is None else average
            for column, average in enumerate(self._averages)
        ]
        walks = [paths.walk(matrix) for paths in self._paths] if self._walked else []
        rows = PackedRows.of(matrix, self._levels)
        out = np.zeros((len(table), len(averages)))
        for weight, network in self._networks:
            if isinstance(network, SkipNetwork):
                out += weight * network.contributions(units, averages, rows)
            else:
                out += weight * network.contributions(units, averages, walks)
        if self._trees is not None:
            weight = self._model.decide.weights[-1]
            out += weight * self._trees.contributions(table, self._backgrounds)
        return out

    def _matrix(self, table: Table) -> Floats32:
        """What the trees test."""
        return booster_matrix(prepare(self._model.prepare, table))

    def _first_layer(self, table: Table) -> tuple[Floats32, Floats32]:
        """Visible units and levels, 0 where missing, and the boosters' matrix."""
        prepared = prepare(self._model.prepare, table)
        visible = encode(self._model.encode, prepared)
        dense = np.hstack([visible.gaussian, visible.binary])
        levels = [
            codes[:, None] == np.arange(size)
            for codes, size in zip(visible.codes.T, visible.sizes, strict=True)
        ]
        units = np.hstack([np.nan_to_num(dense, nan=0.0), *levels]).astype(np.float32)
        return units, booster_matrix(prepared)

    def _average(self, column: int, rows: Table) -> Average:
        """Mean input of the first layer with every background value of a column in every row."""
        background, place, n = self._backgrounds[column], self._units[column], len(rows)
        shares = background.shares.astype(np.float32)
        repeated = rows.take(np.repeat(np.arange(n), len(shares)))
        units, matrix = self._first_layer(
            with_values(repeated, column, np.tile(background.values, n))
        )
        by_row = units[:, place].reshape(n, len(shares), len(place))
        mean = np.einsum("nbu,b->nu", by_row, shares)
        passed: list[Floats32] = []
        others: tuple[Substitute, ...] = ()
        if n == 1 or self._walked:
            by_path = (paths.passed(column, matrix) for paths in self._paths)
            passed = [each.reshape(-1, n, len(shares)) @ shares for each in by_path]
        if n > 1 and self._packed:
            others = tuple(
                Substitute(share, PackedRows.of(matrix[place :: len(shares)], self._levels))
                for place, share in enumerate(background.shares.tolist())
            )
        return Average(place, mean, passed, others)


def _units_of(column: int, units: Sequence[Raw]) -> Ints:
    """Positions of the units that are made of a raw column."""
    return np.array([place for place, raw in enumerate(units) if column in raw], np.int64)
