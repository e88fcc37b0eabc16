"""Rows as a higher machine of a stack sees them: passed up through the machines below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.rows import Indices, RowSource, Stream
from dbnchurn.dbn.units import Part, State
from dbnchurn.visible import Visible


class Lifted:
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

    def take(self, rows: Indices) -> Visible:
        return _as_kind(up(self.rbms, self.rows.take(rows)), self.kind)


class LiftedStream:
    """A stream as a higher machine sees it."""

    sizes: tuple[int, ...] = ()

    def __init__(self, stream: Stream, rbms: Sequence[RBM], kind: str) -> None:
        self.stream = stream
        self.rbms = rbms
        self.kind = kind

    def __iter__(self) -> Iterator[Visible]:
        for batch in self.stream:
            yield _as_kind(up(self.rbms, batch), self.kind)


def _as_kind(h: Tensor, kind: str) -> Visible:
    values = h.cpu().numpy()
    return Visible.of(gaussian=values) if kind == "gaussian" else Visible.of(binary=values)


@torch.no_grad()
def up(rbms: Sequence[RBM], v: Visible) -> Tensor:
    """Hidden activations of the last machine, shape (n, n_hidden)."""
    h = rbms[0].hidden.activation(rbms[0].field_h_from_v(v))
    for rbm in rbms[1:]:
        h = rbm.hidden.activation(rbm.field_h_from_v(_state_of(rbm, h)))
    return h


def _state_of(rbm: RBM, h: Tensor) -> State:
    """Hidden activations as the visible state of the next machine."""
    (kind,) = rbm.visible
    return {kind: Part(h)}
