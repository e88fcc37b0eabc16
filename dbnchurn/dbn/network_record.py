"""The network as plain arrays, and its arithmetic in numpy and scipy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.special import expit

from dbnchurn.visible import Codes, Floats, Visible

ACTIVATIONS = ("sigmoid", "relu")

CHUNK = 16_384
"""Rows scored at a time: their hidden values then stay in the processor's cache."""


@dataclass(frozen=True, eq=False)
class NetworkRecord:
    """All that scoring needs of a :class:`~dbnchurn.dbn.network.Network`.

    Attributes
    ----------
    sizes : tuple of int
        Levels of every code group.
    dense_weights : float32 array of shape (g + b, h)
        First layer, rows of gaussian and then of binary units.
    code_weights : float32 array of shape (L, h)
        First layer, one row for every level of every group.
    weights, biases : tuples of float32 arrays
        Hidden layers: ``biases[0]`` is the first layer's; ``weights[i]`` of shape (h_i, h_i+1)
        leads to ``biases[i + 1]``.
    head : float32 array of shape (h_last,)
    bias : float
        Of the logit.
    skip : float32 array of shape (L,), or (0,) without a skip
        What every level adds to the logit directly.
    activations : tuple of str
        "sigmoid" or "relu" for every hidden layer.
    """

    sizes: tuple[int, ...]
    dense_weights: Floats
    code_weights: Floats
    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    head: Floats
    bias: float
    skip: Floats
    activations: tuple[str, ...]

    def audit(self) -> None:
        """Refuse layers that do not follow one another.

        Raises
        ------
        ValueError
            If a shape or an activation is not what the class says.
        """
        widths = [len(bias) for bias in self.biases]
        levels = sum(self.sizes)
        chained = [w.shape for w in self.weights] == list(pairwise(widths))
        if (
            not widths
            or any(bias.ndim != 1 for bias in self.biases)
            or any(size < 0 for size in self.sizes)
            or self.dense_weights.shape[1:] != (widths[0],)
            or self.code_weights.shape != (levels, widths[0])
            or not chained
            or self.head.shape != (widths[-1],)
            or self.skip.shape not in ((levels,), (0,))
        ):
            raise ValueError("the shapes of a network's layers do not follow one another")
        if len(self.activations) != len(widths) or set(self.activations) - set(ACTIVATIONS):
            raise ValueError(
                f"a network needs one of {ACTIVATIONS} for each of {len(widths)} layers, found "
                f"{self.activations!r:.80}"
            )


def logits(record: NetworkRecord, rows: Visible) -> npt.NDArray[np.float64]:
    """The logit of every row; a row alone gets what it gets among others.

    Parameters
    ----------
    record : NetworkRecord
    rows : Visible
        NaN and code -1 add nothing.

    Returns
    -------
    float64 array of shape (n,)

    Raises
    ------
    ValueError
        If the rows do not have the record's units.
    """
    if rows.sizes != record.sizes or sum(rows.widths[:2]) != len(record.dense_weights):
        raise ValueError(
            f"the network takes {len(record.dense_weights)} gaussian and binary units and code "
            f"groups of sizes {record.sizes}; the rows have {sum(rows.widths[:2])} units and "
            f"groups of sizes {rows.sizes}"
        )
    starts = range(0, len(rows), CHUNK)
    parts = [_chunk_logits(record, rows, slice(start, start + CHUNK)) for start in starts]
    return np.concatenate(parts) if parts else np.empty(0)


def _chunk_logits(record: NetworkRecord, rows: Visible, which: slice) -> npt.NDArray[np.float64]:
    dense = np.concatenate([rows.gaussian[which], rows.binary[which]], axis=1, dtype=np.float64)
    field = np.nan_to_num(dense, nan=0.0) @ record.dense_weights.astype(np.float64)
    logit = np.full(len(dense), record.bias)
    if record.sizes:
        picked = one_hot(rows.codes[which], record.sizes)
        field += picked @ record.code_weights
        if record.skip.size:
            logit += picked @ record.skip.astype(np.float64)
    field += record.biases[0]
    h = _activate(field, record.activations[0])
    upper = zip(record.weights, record.biases[1:], record.activations[1:], strict=True)
    for weights, bias, activation in upper:
        h = _activate(h @ weights.astype(np.float64) + bias, activation)
    return logit + h @ record.head.astype(np.float64)


def _activate(field: npt.NDArray[np.float64], activation: str) -> npt.NDArray[np.float64]:
    if activation == "relu":
        return np.maximum(field, 0.0, out=field)
    return np.asarray(expit(field, out=field))


def one_hot(codes: Codes, sizes: Sequence[int]) -> csr_matrix:
    """The levels of every row as a sparse matrix of shape (n, L); -1 is left out."""
    known = codes >= 0
    present = known.any(axis=0)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
    if not present.all():
        codes, known, first = codes[:, present], known[:, present], first[present]
    levels = codes + first
    if known.all():
        flat = levels.ravel()
        starts = np.arange(0, flat.size + 1, max(codes.shape[1], 1), dtype=np.int32)
        starts = starts if codes.shape[1] else np.zeros(len(codes) + 1, np.int32)
    else:
        flat = levels[known]
        starts = np.concatenate([[0], np.cumsum(known.sum(axis=1))]).astype(np.int32)
    ones = np.ones(flat.size, np.float32)
    return csr_matrix((ones, flat, starts), shape=(len(codes), int(sum(sizes))), copy=False)
