"""A stack of machines unrolled into a feed-forward network with one logit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import sqrt
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from dbnchurn.core.random_state import RandomStateLike, integer_seed
from dbnchurn.core.typing import Floats32
from dbnchurn.dbn.dbn import DBN
from dbnchurn.dbn.groups import GroupRanges, Groups, gather_sum, select_levels
from dbnchurn.dbn.network_batch import NetworkBatch
from dbnchurn.dbn.network_record import ACTIVATIONS, NetworkRecord
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.rows import RowSource, as_rows, chunks
from dbnchurn.dbn.visible_units import Gaussian

HEAD_STD = 0.01
"""Standard deviation of the first weights of the logit on a pretrained stack or beside a skip."""


class Network(nn.Module):
    """The hidden layers of a DBN with one logit on top, to be trained with labels.

    The first layer multiplies gaussian and binary units with a matrix and sums rows of a table for
    codes; a missing entry adds nothing. :meth:`from_dbn` and :meth:`from_random_weights` make one.

    Parameters
    ----------
    sizes : tuple of int
        Levels of every code group.
    dense_weights : Tensor of shape (g + b, h)
    code_weights : Tensor of shape (L, h)
    weights : sequence of Tensors
        From each hidden layer to the next.
    biases : sequence of Tensors
        Of every hidden layer.
    activations : sequence of {"sigmoid", "relu"}
        Of every hidden layer.
    head : Tensor of shape (h_last,)
    bias : float, default 0
        Of the logit.
    dropout : float, default 0
        Share of hidden activations set to zero in training.
    skip : array of shape (L,), optional
        First values of a direct contribution of every level to the logit; none if not given.
    scaled : bool, default False
        Whether every gaussian and binary unit is multiplied by a trained factor, at first 1, so
        that a useless column is one number away from being left out (Holzmüller, Grinsztajn and
        Steinwart, 2024). The record folds it into the weights.

    Notes
    -----
    The hidden layers may be given the first code groups alone: `code_weights` then has rows for
    their levels, and the other groups contribute through the skip only.

    Examples
    --------
    >>> from dbnchurn.dbn import Visible
    >>> net = Network.from_random_weights((2, 0, 3), (3,), (4,), random_state=0)
    >>> net.logits(Visible.of(gaussian=[[0.5, 1]], codes=[[-1]], sizes=(3,))).shape
    (1,)
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        dense_weights: Tensor,
        code_weights: Tensor,
        weights: Sequence[Tensor],
        biases: Sequence[Tensor],
        activations: Sequence[str],
        head: Tensor,
        *,
        bias: float = 0.0,
        dropout: float = 0.0,
        skip: npt.ArrayLike | None = None,
        scaled: bool = False,
    ) -> None:
        super().__init__()
        n_levels = int(sum(sizes))
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout={dropout} is not in [0, 1)")
        self.sizes = tuple(sizes)
        self.hidden_groups = _first_groups(self.sizes, len(code_weights))
        self.activations = tuple(activations)
        self.dropout = dropout
        self.dense_weights = _parameter(dense_weights)
        self.code_weights = _parameter(code_weights)
        self.weights = nn.ParameterList([_parameter(tensor) for tensor in weights])
        self.biases = nn.ParameterList([_parameter(tensor) for tensor in biases])
        self.head = _parameter(head)
        self.bias = _parameter(torch.tensor([bias]))
        first = torch.empty(0) if skip is None else torch.as_tensor(np.asarray(skip, np.float32))
        if skip is not None and first.shape != (n_levels,):
            raise ValueError(
                f"skip has shape {tuple(first.shape)}; one value per level means ({n_levels},)"
            )
        self.skip = _parameter(first[:, None])
        self.scale = _parameter(torch.ones(len(dense_weights))) if scaled else None

    @classmethod
    def from_dbn(
        cls,
        dbn: DBN,
        *,
        dropout: float = 0.0,
        skip: npt.ArrayLike | None = None,
        bias: float = 0.0,
        sizes: tuple[int, ...] | None = None,
        random_state: RandomStateLike = 0,
    ) -> Self:
        """Unroll a fitted DBN: hidden activations are those of ``dbn.transform``.

        Parameters
        ----------
        dbn : DBN
        dropout, skip, bias
            See :class:`Network`.
        sizes : tuple of int, optional
            Levels of every code group, those of the DBN first; its own if not given.
        random_state : int, Generator, RandomState or None, default 0
            For the weights of the logit.

        Returns
        -------
        Network
        """
        first = dbn.rbms_[0]
        n_hidden = first.n_hidden
        empty = torch.empty(0, n_hidden)
        dense = [_signal_weights(first, kind) for kind in ("gaussian", "binary")]
        codes = first.weights.get("codes", empty)
        upper = [_signal_weights(rbm, next(iter(rbm.visible))) for rbm in dbn.rbms_[1:]]
        generator = DeviceGenerator(integer_seed(random_state))
        return cls(
            first.groups.sizes if sizes is None else sizes,
            torch.cat([part.cpu() for part in dense if part is not None] or [empty]),
            codes,
            [weights for weights in upper if weights is not None],
            [rbm.hidden.bias for rbm in dbn.rbms_],
            [rbm.hidden.function for rbm in dbn.rbms_],
            generator.normal(dbn.rbms_[-1].n_hidden) * HEAD_STD,
            bias=bias,
            dropout=dropout,
            skip=skip,
        )

    @classmethod
    def from_random_weights(
        cls,
        widths: tuple[int, int, int],
        sizes: tuple[int, ...],
        layers: Sequence[int],
        *,
        activation: str | Sequence[str] = "relu",
        dropout: float = 0.0,
        skip: npt.ArrayLike | None = None,
        scaled: bool = False,
        bias: float = 0.0,
        hidden_groups: int | None = None,
        random_state: RandomStateLike = 0,
    ) -> Self:
        """A network of the same shape without pretraining.

        Weights are normal with variance 2/n for relu (He et al., 2015) and 1/n for sigmoid, where n
        counts the inputs that are active in a row: each unit, and one level of each group.

        Parameters
        ----------
        widths : tuple
            Gaussian units, binary units, levels of all groups; as ``rows.widths``.
        sizes : tuple of int
            Levels of every group; as ``rows.sizes``.
        layers : sequence of int
            Hidden units of every layer.
        activation : {"relu", "sigmoid"} or one for every layer, default "relu"
        dropout, skip, scaled, bias
            See :class:`Network`.
        hidden_groups : int, optional
            Number of the first code groups that lead to the hidden layers; all if not given.
        random_state : int, Generator, RandomState or None, default 0
            For the weights.

        Returns
        -------
        Network

        Raises
        ------
        ValueError
            If there is no such activation.
        """
        activations = (
            [activation] * len(layers) if isinstance(activation, str) else list(activation)
        )
        if unknown := set(activations) - set(ACTIVATIONS):
            known = ", ".join(map(repr, ACTIVATIONS))
            raise ValueError(f"activation={min(unknown)!r} is not one of {known}")
        generator = DeviceGenerator(integer_seed(random_state))
        gains = [2.0 if name == "relu" else 1.0 for name in activations]
        seen = sizes[:hidden_groups]
        n_dense, active = widths[0] + widths[1], widths[0] + widths[1] + len(seen)
        std = sqrt(gains[0] / max(active, 1))
        return cls(
            sizes,
            generator.normal(n_dense, layers[0]) * std,
            generator.normal(sum(seen), layers[0]) * std,
            [
                generator.normal(n, m) * sqrt(gain / n)
                for (n, m), gain in zip(pairwise(layers), gains[1:], strict=True)
            ],
            [torch.zeros(n) for n in layers],
            activations,
            # With a skip the first logits are almost those of the skip alone.
            generator.normal(layers[-1]) * (sqrt(1 / layers[-1]) if skip is None else HEAD_STD),
            bias=bias,
            dropout=dropout,
            skip=skip,
            scaled=scaled,
        )

    @property
    def groups(self) -> Groups:
        """The code groups on the network's device."""
        return _groups(self.sizes, self.bias.device)

    def tables(self, ranges: GroupRanges) -> dict[str, Tensor]:
        """Rows of `code_weights`, and of a `skip`, that belong to the groups of `ranges`."""
        if not ranges or not self.sizes:
            return {}
        named = {"code_weights": self.code_weights}
        if self.skip.numel():
            named["skip"] = self.skip
        return {
            name: select_levels(table, self.groups, among)
            for name, table in named.items()
            if (among := self.ranges_of(name, ranges))
        }

    def ranges_of(self, table: str, ranges: GroupRanges) -> GroupRanges:
        """Those of `ranges` that a table of weights by level has rows for.

        Parameters
        ----------
        table : {"code_weights", "skip"}
        ranges : GroupRanges

        Returns
        -------
        GroupRanges
        """
        if table == "skip" or self.hidden_groups == len(self.sizes):
            return ranges
        last = self.hidden_groups
        return tuple((first, min(end, last)) for first, end in ranges if first < last)

    def forward(
        self,
        batch: NetworkBatch,
        tables: dict[str, Tensor] | None = None,
        generator: DeviceGenerator | None = None,
    ) -> Tensor:
        """The logit of every row.

        Parameters
        ----------
        batch : NetworkBatch
        tables : dict, optional
            Used in place of ``self.tables(batch.ranges)``, where they are at hand.
        generator : DeviceGenerator, optional
            For dropout; without it nothing is dropped.

        Returns
        -------
        Tensor of shape (n,)
        """
        tables = self.tables(batch.ranges) if tables is None else tables
        return self.direct(batch, tables) + self.codes(batch, tables, generator) @ self.head

    def direct(self, batch: NetworkBatch, tables: dict[str, Tensor] | None = None) -> Tensor:
        """What goes to the logit past the hidden layers: its bias, and the skip.

        Parameters
        ----------
        batch : NetworkBatch
        tables : dict, optional
            As for :meth:`forward`.

        Returns
        -------
        Tensor of shape (n,) or (1,)
        """
        tables = self.tables(batch.ranges) if tables is None else tables
        if "skip" not in tables:
            return self.bias
        return self.bias + gather_sum(tables["skip"], batch.levels, batch.known)[:, 0]

    def codes(
        self,
        batch: NetworkBatch,
        tables: dict[str, Tensor] | None = None,
        generator: DeviceGenerator | None = None,
    ) -> Tensor:
        """The activations of the last hidden layer.

        Parameters
        ----------
        batch : NetworkBatch
        tables, generator
            As for :meth:`forward`.

        Returns
        -------
        Tensor of shape (n, h_last)
        """
        return self.hidden(batch, tables, generator)[-1]

    def hidden(
        self,
        batch: NetworkBatch,
        tables: dict[str, Tensor] | None = None,
        generator: DeviceGenerator | None = None,
    ) -> list[Tensor]:
        """The activations of every hidden layer.

        Parameters
        ----------
        batch : NetworkBatch
        tables, generator
            As for :meth:`forward`.

        Returns
        -------
        list of Tensor
            Of shape (n, h) of each layer.
        """
        tables = self.tables(batch.ranges) if tables is None else tables
        dense = batch.dense if self.scale is None else batch.dense * self.scale
        field = torch.addmm(self.biases[0], dense, self.dense_weights)
        if "code_weights" in tables:
            field += gather_sum(tables["code_weights"], *self.hidden_levels(batch))
        layers = [self._activated(field, 0, generator)]
        for layer, weights in enumerate(self.weights, start=1):
            field = torch.addmm(self.biases[layer], layers[-1], weights)
            layers.append(self._activated(field, layer, generator))
        return layers

    def hidden_levels(self, batch: NetworkBatch) -> tuple[Tensor, Tensor | None]:
        """Levels of a batch that lead to the hidden layers, and which are known; None if all are.

        Parameters
        ----------
        batch : NetworkBatch

        Returns
        -------
        levels : int32 Tensor of shape (n, c)
        known : bool Tensor of shape (n, c), or None
        """
        among = sum(end - first for first, end in self.ranges_of("code_weights", batch.ranges))
        known = None if batch.known is None else batch.known[:, :among].contiguous()
        return batch.levels[:, :among].contiguous(), known

    def _activated(self, field: Tensor, layer: int, generator: DeviceGenerator | None) -> Tensor:
        """The function of a layer on its field, which is overwritten; with dropout."""
        h = field.relu_() if self.activations[layer] == "relu" else field.sigmoid_()
        if generator is None or not self.dropout:
            return h
        return h * generator.dropout(self.dropout, *h.shape)

    def logits(self, rows: RowSource | npt.ArrayLike) -> Floats32:
        """The logit of every row, in chunks; float32 of shape (n,)."""
        logits = [
            self(NetworkBatch(chunk, self.groups)).cpu().numpy() for chunk in chunks(as_rows(rows))
        ]
        return np.concatenate(logits) if logits else np.empty(0, np.float32)

    def parts(self, rows: RowSource | npt.ArrayLike) -> tuple[Floats32, Floats32]:
        """What goes to the logit directly, and the activations of the last hidden layer.

        Returns
        -------
        direct : float32 array of shape (n,)
        codes : float32 array of shape (n, h_last)
        """
        direct, codes = [np.empty(0, np.float32)], [np.empty((0, len(self.head)), np.float32)]
        for chunk in chunks(as_rows(rows)):
            batch = NetworkBatch(chunk, self.groups)
            codes.append(self.codes(batch).cpu().numpy())
            direct.append(self.direct(batch).expand(len(chunk)).cpu().numpy())
        return np.concatenate(direct), np.concatenate(codes)

    def record(self) -> NetworkRecord:
        """The network as plain arrays."""

        def as_array(tensor: Tensor) -> Floats32:
            return tensor.cpu().numpy().astype(np.float32, copy=True)

        dense = self.dense_weights
        codes = np.zeros((sum(self.sizes), dense.shape[1]), np.float32)
        codes[: len(self.code_weights)] = as_array(self.code_weights)
        return NetworkRecord(
            sizes=self.sizes,
            dense_weights=as_array(dense if self.scale is None else self.scale[:, None] * dense),
            code_weights=codes,
            weights=tuple(as_array(tensor) for tensor in self.weights),
            biases=tuple(as_array(tensor) for tensor in self.biases),
            head=as_array(self.head),
            bias=float(self.bias),
            skip=as_array(self.skip)[:, 0] if self.skip.numel() else np.empty(0, np.float32),
            activations=self.activations,
        )


@lru_cache(maxsize=64)
def _groups(sizes: tuple[int, ...], device: torch.device) -> Groups:
    """Groups, cached so that their index tensors are not made for every mini-batch."""
    return Groups(sizes, device)


def _first_groups(sizes: tuple[int, ...], n_levels: int) -> int:
    """How many of the first groups have so many levels together."""
    bounds: list[int] = np.cumsum([0, *sizes]).tolist()
    if n_levels == bounds[-1]:
        return len(sizes)
    if n_levels not in bounds:
        raise ValueError(f"code_weights has {n_levels} rows; the groups end at levels {bounds}")
    return bounds.index(n_levels)


def _parameter(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor.detach().to("cpu", torch.float32, copy=True).contiguous(), False)


def _signal_weights(rbm: RBM, kind: str) -> Tensor | None:
    """Weights on the values of the units, with the 1/σ² of Gaussian units folded in."""
    if kind not in rbm.visible:
        return None
    unit, weights = rbm.visible[kind], rbm.weights[kind]
    return weights * unit.precision[:, None] if isinstance(unit, Gaussian) else weights
