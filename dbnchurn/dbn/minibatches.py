"""Rows as the machine takes them, on its device: from memory, from a source, from a stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dbnchurn.core.typing import Floats32, Rows
from dbnchurn.dbn.groups import Span, pick_columns, present_groups
from dbnchurn.dbn.random import Random
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.rows import RowSource, Stream, batches, blocks_of, check_visible
from dbnchurn.dbn.units import Part, State
from dbnchurn.dbn.visible import Visible


@dataclass
class MiniBatch:
    """Some rows on the device, without the softmax groups that none of them has.

    Attributes
    ----------
    v : dict
        The visible state, for ``rbm.on_groups(span)``.
    span : Span
        Stretches of the groups that are there.
    sample_weight : Tensor of shape (n,), optional
        Weights of the rows, with mean one over all rows.
    """

    v: State
    span: Span
    sample_weight: Tensor | None = None


class Table:
    """Rows without missing entries, moved to the device once."""

    def __init__(self, rows: Visible, rbm: RBM) -> None:
        self.whole = rbm.state(rows, complete=True)
        self.span: Span = ((0, len(rows.sizes)),) if rows.sizes else ()

    def batch(self, rows: Rows) -> tuple[State, Span]:
        """The given rows."""
        index = torch.from_numpy(rows).to(next(iter(self.whole.values())).values.device)
        picked = {
            kind: Part(part.values.index_select(0, index)) for kind, part in self.whole.items()
        }
        return picked, self.span


def is_complete(rows: Visible) -> bool:
    """Whether no entry is missing."""
    return not (
        np.isnan(rows.gaussian.sum())
        or np.isnan(rows.binary.sum())
        or (rows.codes.size and rows.codes.min() < 0)
    )


def focused(rbm: RBM, rows: Visible) -> tuple[State, Span]:
    """Rows as a state of the machine without the groups that none of them has, and that span."""
    span = present_groups(rows.codes)
    return rbm.on_groups(span).state(pick_columns(rows, span)), span


class Batches:
    """The mini-batches of training, epoch after epoch.

    Parameters
    ----------
    rows : RowSource or Stream
    rbm : RBM
    batch_size : int
        Of no effect on a stream, which makes its own batches.
    sample_weight : float32 array of shape (n,), optional
    """

    def __init__(
        self,
        rows: RowSource | Stream,
        rbm: RBM,
        batch_size: int,
        sample_weight: Floats32 | None = None,
    ) -> None:
        self.rows = rows
        self.rbm = rbm
        self.batch_size = batch_size
        self.sample_weight: Tensor | None = None
        if sample_weight is not None:
            mean = sample_weight.mean(dtype=np.float64)
            self.sample_weight = torch.from_numpy(sample_weight / np.float32(mean)).to(rbm.device)
        complete = isinstance(rows, Visible) and is_complete(rows)
        self.table = Table(rows, rbm) if isinstance(rows, Visible) and complete else None

    def epoch(self, generator: Random) -> Iterator[MiniBatch]:
        """All rows once, in random order within blocks; a stream in its own order."""
        if not isinstance(self.rows, RowSource):
            for rows in self.rows:
                check_visible(rows)
                yield MiniBatch(*focused(self.rbm, rows))
            return
        blocks = blocks_of(self.rows)
        for index in batches(len(self.rows), self.batch_size, generator.numpy, blocks=blocks):
            if self.table is not None:
                v, span = self.table.batch(index)
            else:
                v, span = focused(self.rbm, self.rows.take(index))
            sample_weight = (
                None if self.sample_weight is None else self.sample_weight[torch.from_numpy(index)]
            )
            yield MiniBatch(v, span, sample_weight)


class UpwardRows:
    """Rows as a higher machine sees them: passed up through the machines below when asked for."""

    sizes: tuple[int, ...] = ()

    def __init__(self, rows: RowSource, rbms: Sequence[RBM], kind: str) -> None:
        self.rows = rows
        self.rbms = rbms
        self.kind = kind

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def widths(self) -> tuple[int, int, int]:
        n = self.rbms[-1].n_hidden
        return (n, 0, 0) if self.kind == "gaussian" else (0, n, 0)

    def take(self, rows: Rows) -> Visible:
        return _as_kind(upward_pass(self.rbms, self.rows.take(rows)), self.kind)


class UpwardStream:
    """A stream as a higher machine sees it."""

    sizes: tuple[int, ...] = ()

    def __init__(self, stream: Stream, rbms: Sequence[RBM], kind: str) -> None:
        self.stream = stream
        self.rbms = rbms
        self.kind = kind

    def __iter__(self) -> Iterator[Visible]:
        for batch in self.stream:
            yield _as_kind(upward_pass(self.rbms, batch), self.kind)


def _as_kind(h: Tensor, kind: str) -> Visible:
    values = h.cpu().numpy()
    return Visible.of(gaussian=values) if kind == "gaussian" else Visible.of(binary=values)


@torch.no_grad()
def upward_pass(rbms: Sequence[RBM], v: Visible) -> Tensor:
    """Hidden activations of the last machine, shape (n, n_hidden)."""
    h = rbms[0].hidden.activation(rbms[0].field_h_from_v(v))
    for rbm in rbms[1:]:
        h = rbm.hidden.activation(rbm.field_h_from_v(_state_of(rbm, h)))
    return h


def _state_of(rbm: RBM, h: Tensor) -> State:
    """Hidden activations as the visible state of the next machine."""
    (kind,) = rbm.visible
    return {kind: Part(h)}
