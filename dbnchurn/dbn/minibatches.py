"""Mini-batches of a machine on its device, and rows passed up through a stack of machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dbnchurn.core.typing import Floats32, Rows
from dbnchurn.dbn.groups import GroupRanges, present_groups, select_groups
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.rows import RowSource, Stream, blocks_of, check_visible, minibatch_rows
from dbnchurn.dbn.visible import Visible
from dbnchurn.dbn.visible_units import State, UnitState


@dataclass
class MiniBatch:
    """Rows on the device, without the softmax groups that are missing in all of them.

    Attributes
    ----------
    v : dict
        Visible state of ``rbm.on_groups(ranges)``.
    ranges : GroupRanges
        The groups that are not missing in all rows.
    sample_weight : Tensor of shape (n,), optional
        With mean one over all rows of the source.
    """

    v: State
    ranges: GroupRanges
    sample_weight: Tensor | None = None


class DeviceRows:
    """Rows without missing entries, moved to the device once.

    Parameters
    ----------
    rows : Visible
    rbm : RBM
    """

    def __init__(self, rows: Visible, rbm: RBM) -> None:
        self.state = rbm.state(rows, complete=True)
        self.ranges: GroupRanges = ((0, len(rows.sizes)),) if rows.sizes else ()

    def batch(self, rows: Rows) -> tuple[State, GroupRanges]:
        """The rows of these numbers as a visible state, and the ranges of all groups."""
        index = torch.from_numpy(rows).to(next(iter(self.state.values())).values.device)
        state = {
            kind: UnitState(units.values.index_select(0, index))
            for kind, units in self.state.items()
        }
        return state, self.ranges


def is_complete(rows: Visible) -> bool:
    """Whether no entry is missing."""
    return not (
        np.isnan(rows.gaussian.sum())
        or np.isnan(rows.binary.sum())
        or (rows.codes.size and rows.codes.min() < 0)
    )


def present_state(rbm: RBM, rows: Visible) -> tuple[State, GroupRanges]:
    """Rows as a visible state without the groups that are missing in all of them.

    Parameters
    ----------
    rbm : RBM
        The machine with all groups.
    rows : Visible

    Returns
    -------
    state : dict
        Visible state of ``rbm.on_groups(ranges)``.
    ranges : GroupRanges
    """
    ranges = present_groups(rows.codes)
    return rbm.on_groups(ranges).state(select_groups(rows, ranges)), ranges


class MiniBatches:
    """The mini-batches of training, epoch after epoch.

    Parameters
    ----------
    rows : RowSource or Stream
    rbm : RBM
    batch_size : int
        Rows of a mini-batch; without effect on a stream, which yields its own mini-batches.
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
        self.device_rows = DeviceRows(rows, rbm) if isinstance(rows, Visible) and complete else None

    def epoch(self, generator: DeviceGenerator) -> Iterator[MiniBatch]:
        """Mini-batches of all rows once, in random order; those of a stream in its own order."""
        if not isinstance(self.rows, RowSource):
            for rows in self.rows:
                check_visible(rows)
                yield MiniBatch(*present_state(self.rbm, rows))
            return
        blocks = blocks_of(self.rows)
        for index in minibatch_rows(
            len(self.rows), self.batch_size, generator.numpy, blocks=blocks
        ):
            if self.device_rows is not None:
                v, ranges = self.device_rows.batch(index)
            else:
                v, ranges = present_state(self.rbm, self.rows.take(index))
            sample_weight = (
                None if self.sample_weight is None else self.sample_weight[torch.from_numpy(index)]
            )
            yield MiniBatch(v, ranges, sample_weight)


class UpwardRows:
    """Rows of the visible layer of a higher machine: computed on demand by the machines below.

    Parameters
    ----------
    rows : RowSource
        Rows of the first machine.
    rbms : sequence of RBM
        The machines below.
    kind : {"binary", "gaussian"}
        Kind of the higher machine's visible units.
    """

    sizes: tuple[int, ...] = ()

    def __init__(self, rows: RowSource, rbms: Sequence[RBM], kind: str) -> None:
        self.rows = rows
        self.rbms = rbms
        self.kind = kind

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def widths(self) -> tuple[int, int, int]:
        """Number of gaussian units, binary units and levels, of which there are none."""
        n = self.rbms[-1].n_hidden
        return (n, 0, 0) if self.kind == "gaussian" else (0, n, 0)

    def take(self, rows: Rows) -> Visible:
        """Activations of the given rows, in the given order."""
        return _as_kind(upward_pass(self.rbms, self.rows.take(rows)), self.kind)


class UpwardStream:
    """The same for a stream of rows of the first machine."""

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
    """Hidden activations of the last machine.

    Parameters
    ----------
    rbms : sequence of RBM
        From the first to the last.
    v : Visible
        Rows of the first machine.

    Returns
    -------
    Tensor of shape (n, n_hidden)
    """
    h = rbms[0].hidden.activation(rbms[0].field_h_from_v(v))
    for rbm in rbms[1:]:
        h = rbm.hidden.activation(rbm.field_h_from_v(_state_of(rbm, h)))
    return h


def _state_of(rbm: RBM, h: Tensor) -> State:
    """Hidden activations as the visible state of the next machine."""
    (kind,) = rbm.visible
    return {kind: UnitState(h)}
