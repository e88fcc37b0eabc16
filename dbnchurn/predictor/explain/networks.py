"""What another value in one column would do to the logit of each network.

A network of the columns alone is evaluated again for every column (:class:`ColumnNetwork`), a
network with leaves is linearised at the customer (:class:`LeafNetwork`, :class:`SkipNetwork`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats, Floats32, Ints
from dbnchurn.dbn.network_record import NetworkRecord
from dbnchurn.features.packed_trees_record import PackedRows
from dbnchurn.predictor.explain.direct_leaves import DirectLeaves, Substitute
from dbnchurn.predictor.explain.tree_paths import Walk

if TYPE_CHECKING:
    from scipy import special
else:
    special = LazyModule("scipy.special")


@dataclass(frozen=True, eq=False)
class Average:
    """The input of the first layer from one raw column, averaged over its background values.

    Parameters
    ----------
    place : int64 array
        Positions of the units that are made of the column.
    units : float32 array of shape (1 or n, len(place))
        Mean values of these units.
    passed : list of float32 arrays of shape (s, 1 or n), one per booster
        Share of the values that pass all tests on the path to each leaf; empty where it is not
        asked for.
    others : tuple of Substitute
        The rows with each of the values, where the average depends on the row and the leaves go
        past the hidden layers; empty otherwise.
    """

    place: Ints
    units: Floats32
    passed: list[Floats32]
    others: tuple[Substitute, ...] = ()


class ColumnNetwork:
    """A network of the columns alone, whose upper layers are evaluated once more per column.

    Each time the input of the first layer is its average over the column's background values.

    Parameters
    ----------
    network : NetworkRecord
    """

    def __init__(self, network: NetworkRecord) -> None:
        self._network = network
        self._weights = np.vstack([network.dense_weights, network.code_weights])
        self._skip = _skip_of_columns(network, len(network.code_weights))

    def contributions(
        self, units: Floats32, averages: Sequence[Average], walks: Sequence[Walk]
    ) -> Floats:
        """Contribution of every raw column to the logit.

        Parameters
        ----------
        units : float32 array of shape (n, units)
            Visible units and levels of the columns; 0 where missing.
        averages : sequence of Average
            One per raw column.
        walks : sequence of Walk
            Not used here.

        Returns
        -------
        float64 array of shape (n, raw columns)
        """
        field = units @ self._weights + self._network.biases[0]
        layers = [np.empty((len(units), len(b)), np.float32) for b in self._network.biases]
        np.copyto(layers[0], field)
        logit = _upper(self._network, layers)
        out = np.zeros((len(units), len(averages)))
        for column, average in enumerate(averages):
            if len(average.place):
                away = np.subtract(units[:, average.place], average.units)
                np.matmul(away, self._weights[average.place], out=layers[0])
                np.subtract(field, layers[0], out=layers[0])
                change = away @ self._skip[average.place]
                out[:, column] = logit - _upper(self._network, layers) + change
        return out


class LeafNetwork:
    """A network of columns and leaves, whose upper layers are linearised at the row.

    The input of the first layer is averaged exactly. Evaluating the upper layers for every column
    would cost too much with so many leaves; the skip connection from the leaves to the logit is
    linear anyway.

    Parameters
    ----------
    network : NetworkRecord
    levels : int
        Levels of all categories; the code weights after them belong to the leaves.
    leaves : sequence of int
        Leaves of every booster.
    """

    def __init__(self, network: NetworkRecord, levels: int, leaves: Sequence[int]) -> None:
        self._network = network
        self._weights = np.vstack([network.dense_weights, network.code_weights[:levels]])
        self._skip = _skip_of_columns(network, levels)
        bounds = list(pairwise(levels + np.cumsum([0, *leaves])))
        self._leaves = [network.code_weights[a:b] for a, b in bounds]
        self._leaf_skips = [network.table[a:b, -1:] for a, b in bounds]

    def contributions(
        self, units: Floats32, averages: Sequence[Average], walks: Sequence[Walk]
    ) -> Floats:
        """Contribution of every raw column to the logit.

        Parameters
        ----------
        units : float32 array of shape (n, units)
            Visible units and levels of the columns; 0 where missing.
        averages : sequence of Average
            One per raw column.
        walks : sequence of Walk
            Of the rows through every booster; contributions are the mean over the boosters.

        Returns
        -------
        float64 array of shape (n, raw columns)
        """
        out = np.zeros((len(units), len(averages)))
        base = units @ self._weights + self._network.biases[0]
        slopes = np.zeros_like(base)
        boosters = zip(walks, self._leaves, self._leaf_skips, strict=True)
        for k, (walk, weights, skip) in enumerate(boosters):
            slope = _slope(self._network, base + walk.sums(weights))
            slopes += slope
            effects = weights @ slope.T + skip
            for column, average in enumerate(averages):
                out[:, column] += walk.contribution(column, effects, average.passed[k])
        out += _of_units(units, averages, slopes @ self._weights.T + len(walks) * self._skip)
        return out / len(walks)


class SkipNetwork:
    """A network of columns and leaves whose leaves all go past the hidden layers.

    The upper layers are linearised at the row, as in :class:`LeafNetwork`; what the leaves add is
    linear, and exact.

    Parameters
    ----------
    network : NetworkRecord
    levels : int
        Levels of all categories.
    leaves : sequence of DirectLeaves
        Of every booster.
    """

    def __init__(self, network: NetworkRecord, levels: int, leaves: Sequence[DirectLeaves]) -> None:
        self._network = network
        self._weights = np.vstack([network.dense_weights, network.code_weights[:levels]])
        self._skip = _skip_of_columns(network, levels)
        self._leaves = leaves

    def contributions(
        self, units: Floats32, averages: Sequence[Average], rows: PackedRows
    ) -> Floats:
        """Contribution of every raw column to the logit.

        Parameters
        ----------
        units : float32 array of shape (n, units)
            Visible units and levels of the columns; 0 where missing.
        averages : sequence of Average
            One per raw column.
        rows : PackedRows
            What the trees test; contributions are the mean over the boosters.

        Returns
        -------
        float64 array of shape (n, raw columns)
        """
        slope = _slope(self._network, units @ self._weights + self._network.biases[0])
        out = _of_units(units, averages, slope @ self._weights.T + self._skip)
        others = {column: average.others for column, average in enumerate(averages)}
        for leaves in self._leaves:
            out += leaves.contributions(rows, others) / len(self._leaves)
        return out


def _of_units(units: Floats32, averages: Sequence[Average], effects: Floats32) -> Floats:
    """What the units of each raw column add, less its average; `effects` of shape (n, units)."""
    out = np.zeros((len(units), len(averages)))
    for column, average in enumerate(averages):
        away = units[:, average.place] - average.units
        out[:, column] = np.einsum("nu,nu->n", away, effects[:, average.place])
    return out


def _skip_of_columns(network: NetworkRecord, levels: int) -> Floats32:
    """What every unit and level of the columns adds to the logit through the skip connection."""
    none = np.zeros(len(network.dense_weights), np.float32)
    return np.append(none, network.table[:levels, -1])


def _upper(network: NetworkRecord, layers: Sequence[Floats32]) -> Floats32:
    """The logit from the input of the first hidden layer, without its bias and the skip.

    The layers are overwritten, so that no memory is asked for anew with every column.
    """
    for i, activation in enumerate(network.activations):
        h = layers[i]
        if activation == "relu":
            np.maximum(h, 0, out=h)
        else:
            special.expit(h, out=h)
        if i < len(network.weights):
            np.matmul(h, network.weights[i], out=layers[i + 1])
            layers[i + 1] += network.biases[i + 1]
    return np.asarray(layers[-1] @ network.head)


def _slope(network: NetworkRecord, field: Floats32) -> Floats32:
    """Gradient of the logit by the input of the first hidden layer, shape (n, h)."""
    factors = []
    for i, activation in enumerate(network.activations):
        if activation == "relu":
            h = np.maximum(field, 0)
            factors.append((field > 0).astype(np.float32))
        else:
            h = special.expit(field)
            factors.append(h * (1 - h))
        if i < len(network.weights):
            field = h @ network.weights[i] + network.biases[i + 1]
    slope = factors[-1] * network.head
    for weights, factor in zip(network.weights[::-1], factors[-2::-1], strict=True):
        slope = factor * (slope @ weights.T)
    return np.asarray(slope, np.float32)
