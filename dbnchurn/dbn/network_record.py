"""A network as frozen arrays, and its logits with numpy and scipy alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from dbnchurn.core.typing import Floats, Floats32
from dbnchurn.dbn.visible import Visible

ACTIVATIONS = ("sigmoid", "relu")

CHUNK = 1_024
"""Rows scored at a time: their hidden values then stay in the cache of the CPU."""

ROWS_PER_PRODUCT = 4
SINGLE_THREADED = 2**18
"""Multiplications of a matrix product up to which OpenBLAS starts no threads."""


@dataclass(frozen=True, eq=False)
class NetworkRecord:
    """Frozen arrays of a :class:`~dbnchurn.dbn.network.Network`, all that scoring needs of it.

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

    Examples
    --------
    >>> record = NetworkRecord(
    ...     sizes=(2,),
    ...     dense_weights=np.ones((1, 1), np.float32),
    ...     code_weights=np.array([[0], [4]], np.float32),
    ...     weights=(),
    ...     biases=(np.zeros(1, np.float32),),
    ...     head=np.ones(1, np.float32),
    ...     bias=0.5,
    ...     skip=np.empty(0, np.float32),
    ...     activations=("relu",),
    ... )
    >>> record.audit()
    >>> logits(record, Visible.of(binary=[[1], [1], [np.nan]], codes=[[0], [1], [-1]], sizes=(2,)))
    array([1.5, 5.5, 0.5])
    """

    sizes: tuple[int, ...]
    dense_weights: Floats32
    code_weights: Floats32
    weights: tuple[Floats32, ...]
    biases: tuple[Floats32, ...]
    head: Floats32
    bias: float
    skip: Floats32
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
            or not all(widths)
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

    @cached_property
    def direct(self) -> Floats32:
        """What every level adds to the logit directly, shape (L,): `skip`, or zeros without one."""
        return self.skip if self.skip.size else np.zeros(len(self.code_weights), np.float32)

    @cached_property
    def table(self) -> Floats32:
        """First-layer input of every level: ``[code_weights | skip]``, shape (L, h + 1)."""
        return np.column_stack([self.code_weights, self.direct])

    @cached_property
    def hidden_levels(self) -> int:
        """Number of the first levels that lead to the hidden layers: the others have weights 0."""
        leading = np.flatnonzero(self.code_weights.any(axis=1))
        return int(leading[-1]) + 1 if len(leading) else 0

    @cached_property
    def dense(self) -> Floats:
        """`dense_weights` in double precision."""
        return self.dense_weights.astype(np.float64)

    @cached_property
    def start(self) -> Floats:
        """First-layer input of a row without evidence: ``[biases[0] | bias]``, shape (h + 1,)."""
        return np.append(self.biases[0].astype(np.float64), self.bias)

    @cached_property
    def upper(self) -> list[tuple[Floats, Floats]]:
        """Weights and biases of the layers above the first."""
        layers = zip(self.weights, self.biases[1:], strict=True)
        return [(w.astype(np.float64), b.astype(np.float64)) for w, b in layers]


def logits(record: NetworkRecord, rows: Visible) -> Floats:
    """The logit of every row, independent of the other rows of the call.

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

    Examples
    --------
    >>> from dbnchurn.dbn import Network
    >>> network = Network.from_random_weights((1, 0, 3), (3,), (4,), random_state=0)
    >>> rows = Visible.of(gaussian=[[0.5], [1.0]], codes=[[2], [-1]], sizes=(3,))
    >>> both, second = logits(network.record(), rows), rows.take(np.array([1]))
    >>> bool(both[1] == logits(network.record(), second)[0])
    True
    """
    _check(record, rows, record.sizes)
    logits = [logits_from_first_layer(record, layer) for layer in _first_layers(record, rows)]
    return np.concatenate(logits) if logits else np.empty(0)


def first_layer_input(record: NetworkRecord, rows: Visible) -> Floats:
    """Input to the first hidden layer, biases included, and the direct input to the logit.

    Parameters
    ----------
    record : NetworkRecord
    rows : Visible
        With the record's gaussian and binary units, and with all of its code groups or the first of
        them: the rows of ``record.table`` for further groups may be added to the result.

    Returns
    -------
    float64 array of shape (n, h + 1)
        The last column is the input to the logit.

    Raises
    ------
    ValueError
        If the rows do not have the record's units.
    """
    _check(record, rows, record.sizes[: len(rows.sizes)])
    layer_input = np.tile(record.start, (len(rows), 1))
    layer_input[:, :-1] += product(rows.units, record.dense)
    if rows.sizes:
        layer_input += rows.level_sums(record.table[: sum(rows.sizes)])
    return layer_input


def logits_from_first_layer(record: NetworkRecord, layer_input: Floats) -> Floats:
    """The logits of rows from their first-layer input.

    Parameters
    ----------
    record : NetworkRecord
    layer_input : float64 array of shape (n, h + 1)
        Result of :func:`first_layer_input`.

    Returns
    -------
    float64 array of shape (n,)
    """
    h = _top(record, layer_input)
    # Summed row by row: the rounding of a matrix-vector product may depend on the number of rows.
    return np.asarray(layer_input[:, -1] + (h * record.head).sum(axis=1))


def hidden_codes(record: NetworkRecord, rows: Visible) -> Floats:
    """Activations of the last hidden layer, each row independent of the others of the call.

    Parameters
    ----------
    record : NetworkRecord
    rows : Visible of n rows
        NaN and code -1 add nothing.

    Returns
    -------
    float64 array of shape (n, h_last)

    Raises
    ------
    ValueError
        If the rows do not have the record's units.

    Examples
    --------
    >>> from dbnchurn.dbn import DBN, Network
    >>> X = np.random.default_rng(0).integers(0, 2, (50, 6))
    >>> dbn = DBN((4, 2), epochs=1, random_state=0).fit(X)
    >>> codes = hidden_codes(Network.from_dbn(dbn).record(), Visible.of(binary=X))
    >>> np.allclose(codes, dbn.transform(X), atol=1e-6)
    True
    """
    _check(record, rows, record.sizes)
    codes = [_top(record, layer_input) for layer_input in _first_layers(record, rows)]
    return np.concatenate([np.empty((0, len(record.head))), *codes])


def _first_layers(record: NetworkRecord, rows: Visible) -> Iterator[Floats]:
    """Input to the first hidden layer, chunk by chunk; few rows are one chunk as they are."""
    if 0 < len(rows) <= CHUNK:
        yield first_layer_input(record, rows)
        return
    for start in range(0, len(rows), CHUNK):
        chunk = rows.take(np.arange(start, min(start + CHUNK, len(rows))))
        yield first_layer_input(record, chunk)


def _top(record: NetworkRecord, layer_input: Floats) -> Floats:
    """Activations of the last hidden layer from the input to the first."""
    h = _activate(layer_input[:, :-1], record.activations[0])
    for (weights, bias), activation in zip(record.upper, record.activations[1:], strict=True):
        h = _activate(product(h, weights) + bias, activation)
    return h


def product(rows: Floats, weights: Floats) -> Floats:
    """``rows @ weights``, four rows at a time and in the thread of the caller.

    The rounding of a row then does not depend on the other rows, as it may in one large product;
    and BLAS starts no threads, which would compete with those of the caller.

    Parameters
    ----------
    rows : float64 array of shape (n, k)
    weights : float64 array of shape (k, m)

    Returns
    -------
    float64 array of shape (n, m)

    Examples
    --------
    >>> product(np.eye(3), np.arange(6.0).reshape(3, 2))
    array([[0., 1.],
           [2., 3.],
           [4., 5.]])
    """
    n, k = rows.shape
    if n % ROWS_PER_PRODUCT:
        rows = np.concatenate([rows, np.zeros((-n % ROWS_PER_PRODUCT, k))])
    stacked = rows.reshape(len(rows) // ROWS_PER_PRODUCT, ROWS_PER_PRODUCT, k)
    pieces = -(-weights.size * ROWS_PER_PRODUCT // SINGLE_THREADED) or 1
    split = [weights] if pieces == 1 else np.array_split(weights, pieces, axis=1)
    parts = [stacked @ piece for piece in split]
    out = parts[0] if pieces == 1 else np.concatenate(parts, axis=2)
    return out.reshape(len(rows), weights.shape[1])[:n]


def _check(record: NetworkRecord, rows: Visible, sizes: tuple[int, ...]) -> None:
    units = rows.gaussian.shape[1] + rows.binary.shape[1]
    if units != len(record.dense_weights) or rows.sizes != sizes:
        raise ValueError(
            f"the network takes {len(record.dense_weights)} gaussian and binary units and code "
            f"groups of sizes {record.sizes}; the rows have {units} units and groups of sizes "
            f"{rows.sizes}"
        )


def _activate(field: Floats, activation: str) -> Floats:
    if activation == "relu":
        return np.maximum(field, 0.0)
    h = np.tanh(0.5 * field)  # the logistic function, without overflow and faster
    h *= 0.5
    h += 0.5
    return h
