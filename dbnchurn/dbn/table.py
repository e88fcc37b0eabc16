"""Rows as the machine takes them, on its device: from memory, from a source, from a stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dbnchurn.dbn.random import Random
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.rows import Indices, RowSource, Stream, Weights, batches, blocks_of, check_visible
from dbnchurn.dbn.spans import Span, pick_columns, present_groups
from dbnchurn.dbn.units import Part, State
from dbnchurn.visible import Visible


@dataclass
class MiniBatch:
    """Some rows on the device, without the softmax groups that none of them has.

    Attributes
    ----------
    v : dict
        The visible state, for ``rbm.on_groups(span)``.
    span : Span
        Stretches of the groups that are there.
    weight : Tensor of shape (n,), optional
        Weights of the rows, with mean one over all rows.
    """

    v: State
    span: Span
    weight: Tensor | None = None


class Table:
    """Rows without missing entries, moved to the device once."""

    def __init__(self, rows: Visible, rbm: RBM) -> None:
        self.whole = rbm.state(rows, complete=True)
        self.span: Span = ((0, len(rows.sizes)),) if rows.sizes else ()

    def batch(self, rows: Indices) -> tuple[State, Span]:
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
        sample_weight: Weights | None = None,
    ) -> None:
        self.rows = rows
        self.rbm = rbm
        self.batch_size = batch_size
        self.weight: Tensor | None = None
        if sample_weight is not None:
            mean = sample_weight.mean(dtype=np.float64)
            self.weight = torch.from_numpy(sample_weight / np.float32(mean)).to(rbm.device)
        complete = isinstance(rows, Visible) and is_complete(rows)
        self.table = Table(rows, rbm) if isinstance(rows, Visible) and complete else None

    def epoch(self, random: Random) -> Iterator[MiniBatch]:
        """All rows once, in random order within blocks; a stream in its own order."""
        if not isinstance(self.rows, RowSource):
            for rows in self.rows:
                check_visible(rows)
                yield MiniBatch(*focused(self.rbm, rows))
            return
        blocks = blocks_of(self.rows)
        for index in batches(len(self.rows), self.batch_size, random.numpy, blocks=blocks):
            if self.table is not None:
                v, span = self.table.batch(index)
            else:
                v, span = focused(self.rbm, self.rows.take(index))
            weight = None if self.weight is None else self.weight[torch.from_numpy(index)]
            yield MiniBatch(v, span, weight)
