"""A mini-batch on a device, and the sum of its levels' rows in a table of weights."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from dbnchurn.dbn.groups import (
    Groups,
    gather_sum,
    group_subset,
    present_groups,
    scatter_sum,
    select_groups,
)
from dbnchurn.dbn.rows import to_device
from dbnchurn.dbn.visible import Visible


class _GatherSum(torch.autograd.Function):
    """`gather_sum` with `scatter_sum` as its gradient: no one-hot matrix in either direction."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, levels: Tensor, known: Tensor | None) -> Tensor:
        ctx.save_for_backward(levels, known)
        ctx.n_levels = len(table)
        return gather_sum(table, levels, known)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        levels, known = ctx.saved_tensors
        return scatter_sum(levels, gradients[0].contiguous(), ctx.n_levels, known), None, None


def differentiable_gather_sum(table: Tensor, levels: Tensor, known: Tensor | None) -> Tensor:
    """:func:`~dbnchurn.dbn.groups.gather_sum`, by whose table can be differentiated.

    Parameters
    ----------
    table : Tensor of shape (L, h)
    levels : int32 Tensor of shape (n, c)
    known : bool Tensor of shape (n, c), optional
        None if no level is missing.

    Returns
    -------
    Tensor of shape (n, h)
    """
    return cast(Tensor, _GatherSum.apply(table, levels, known))  # type: ignore[no-untyped-call]


class NetworkBatch:
    """A mini-batch on a device, without the groups that are missing in all of its rows.

    Parameters
    ----------
    rows : Visible
    groups : Groups
        All groups of the network, on its device.

    Attributes
    ----------
    dense : Tensor of shape (n, g + b)
        Gaussian and binary units, 0 where missing.
    levels : int32 Tensor of shape (n, c)
        Levels of the groups in `ranges`, numbered among these; -1 where missing.
    known : bool Tensor of shape (n, c), optional
        None if no code is missing.
    ranges : GroupRanges
        The groups that are not missing in all rows.
    """

    def __init__(self, rows: Visible, groups: Groups) -> None:
        self.ranges = present_groups(rows.codes)
        rows = select_groups(rows, self.ranges)
        dense = np.concatenate([rows.gaussian, rows.binary], axis=1)
        self.dense = to_device(np.nan_to_num(dense, copy=False, nan=0.0), groups.device)
        # Tested on the CPU: the result of a test on a GPU would have to be waited for.
        known = rows.codes >= 0
        self.known = None if known.all() else to_device(known, groups.device)
        codes = to_device(rows.codes, groups.device)
        self.levels = group_subset(groups, self.ranges).levels(codes, self.known)
