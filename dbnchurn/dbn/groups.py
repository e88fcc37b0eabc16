"""Softmax groups by index, without one-hot matrices.

A group of K levels is one column of *codes*, 0 … K - 1. All groups together have L levels with
consecutive numbers: a *level* is a row number of a table of shape (L, h). Missing is -1 in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise, starmap

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dbnchurn.core.typing import Bools, Ints32
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rows import true_ranges
from dbnchurn.dbn.visible import Visible

CPU = torch.device("cpu")

SAFE_EXPONENT = 60.0
"""Logits within ±60 keep their exponential, and sums of many of them, inside float32."""

SAFE_SPREAD = 18.0
"""Groups whose logits lie within ±18 lose no more than 1e-7 in one float64 running sum."""


@dataclass(frozen=True)
class Groups:
    """Division of the levels into groups.

    Parameters
    ----------
    sizes : tuple of int
        Levels of every group.
    device : torch.device, default CPU
        Device of the index tensors.
    """

    sizes: tuple[int, ...]
    device: torch.device = CPU

    def __len__(self) -> int:
        return len(self.sizes)

    @cached_property
    def bounds(self) -> list[int]:
        """First level of every group, and the number of levels at the end."""
        return [0, *np.cumsum(self.sizes, dtype=np.int64).tolist()]

    @property
    def n_levels(self) -> int:
        """Levels of all groups together, L."""
        return int(self.bounds[-1])

    @cached_property
    def first(self) -> Tensor:
        """First level of every group, int32 of shape (c,)."""
        return torch.tensor(self.bounds[:-1], dtype=torch.int32, device=self.device)

    @cached_property
    def end(self) -> Tensor:
        """One past the last level of every group, int64 of shape (c,)."""
        return torch.tensor(self.bounds[1:], dtype=torch.int64, device=self.device)

    @cached_property
    def of_level(self) -> Tensor:
        """The group of every level, int64 of shape (L,)."""
        sizes = torch.tensor(self.sizes, dtype=torch.int64, device=self.device)
        return torch.repeat_interleave(torch.arange(len(self), device=self.device), sizes)

    @cached_property
    def common_size(self) -> int | None:
        """The size of every group, if they are all of one size."""
        return self.sizes[0] if len(set(self.sizes)) == 1 else None

    def levels(self, codes: Tensor, known: Tensor | None = None) -> Tensor:
        """Numbers of the levels that have the given codes.

        Parameters
        ----------
        codes : int Tensor of shape (n, c)
        known : bool Tensor of shape (n, c), optional
            Entries that are not missing; None if all are known.

        Returns
        -------
        int Tensor of shape (n, c)
            -1 where missing.
        """
        levels = codes + self.first
        return levels if known is None else torch.where(known, levels, -1)

    def codes(self, levels: Tensor) -> Tensor:
        """Codes of int levels of shape (n, c); -1 stays -1."""
        return torch.where(levels >= 0, levels - self.first, -1)


def gather_sum(table: Tensor, levels: Tensor, known: Tensor | None = None) -> Tensor:
    """For every row, the sum of the table rows of its levels: ``onehot(levels) @ table``.

    Parameters
    ----------
    table : Tensor of shape (L, h)
    levels : int Tensor of shape (n, c)
    known : bool Tensor of shape (n, c), optional
        Entries that count; None if all do.

    Returns
    -------
    Tensor of shape (n, h)
    """
    n, c = levels.shape
    if known is None:
        flat = levels.reshape(-1)
        starts = torch.arange(0, n * c, c, dtype=levels.dtype, device=levels.device)
    else:
        flat = levels[known]
        counts = known.sum(dim=1)
        starts = (counts.cumsum(0) - counts).to(levels.dtype)
    return F.embedding_bag(flat, table, starts, mode="sum")


def scatter_sum(
    levels: Tensor, values: Tensor, n_levels: int, known: Tensor | None = None
) -> Tensor:
    """For every level, the sum of `values` over the rows that have it.

    ``onehot(levels).T @ values`` without the one-hot matrix: sorting the pairs (level, row) turns
    the scatter into another sum of rows. A single column is counted, which a GPU would do in no
    fixed order.

    Parameters
    ----------
    levels : int Tensor of shape (n, c)
    values : Tensor of shape (n, h)
    n_levels : int
        `L`.
    known : bool Tensor of shape (n, c), optional
        Entries that count; None if all do.

    Returns
    -------
    Tensor of shape (L, h)
    """
    n = len(levels)
    if values.shape[1] == 1 and values.device.type == "cpu":
        spread = values.expand(levels.shape)
        if known is not None:
            levels, spread = levels[known], spread[known]
        sums = torch.bincount(levels.reshape(-1), spread.reshape(-1), minlength=n_levels)
        return sums[:, None].to(values.dtype)
    shift = max(n - 1, 1).bit_length()
    wide = torch.int32 if n_levels << shift < 2**31 else torch.int64
    rows = torch.arange(n, dtype=wide, device=levels.device)[:, None]
    keys = (levels.to(wide) << shift) | rows
    keys = _sorted(keys.reshape(-1) if known is None else keys[known])
    edges = torch.arange(n_levels, dtype=wide, device=levels.device) << shift
    starts = _positions(keys, edges)
    return F.embedding_bag(keys & ((1 << shift) - 1), values, starts.to(wide), mode="sum")


def _sorted(keys: Tensor) -> Tensor:
    """`keys` in ascending order; on the CPU in place, by numpy, which is faster than torch."""
    if keys.device.type != "cpu":
        return keys.sort().values
    keys.numpy().sort()
    return keys


def _positions(keys: Tensor, edges: Tensor) -> Tensor:
    """Insertion points of the ascending `edges` in the sorted `keys`."""
    if keys.device.type != "cpu":
        return torch.searchsorted(keys, edges)
    return torch.from_numpy(np.searchsorted(keys.numpy(), edges.numpy()))


def zero_sum(weights: Tensor, groups: Groups) -> None:
    """Subtract from every level the mean over the levels of its group, in place.

    Parameters
    ----------
    weights : Tensor of shape (L, h)
        A row for every level of every group; changed.
    groups : Groups

    Examples
    --------
    >>> weights = torch.tensor([[1.0], [3.0], [5.0]])
    >>> zero_sum(weights, Groups((2, 1)))
    >>> weights[:, 0].tolist()
    [-1.0, 1.0, 0.0]
    """
    sums = weights.new_zeros(len(groups), weights.shape[1]).index_add_(0, groups.of_level, weights)
    sizes = groups.end - groups.first
    weights -= (sums / sizes[:, None])[groups.of_level]


def group_max(logits: Tensor, groups: Groups) -> Tensor:
    """Largest logit of every group.

    Parameters
    ----------
    logits : Tensor of shape (n, L)
    groups : Groups

    Returns
    -------
    Tensor of shape (n, c)
    """
    n = len(logits)
    if groups.common_size:
        return logits.view(n, len(groups), groups.common_size).amax(-1)
    lowest = logits.new_full((n, len(groups)), -torch.inf)
    return lowest.scatter_reduce(1, groups.of_level.expand(n, -1), logits, "amax")


def group_logsumexp(logits: Tensor, groups: Groups) -> Tensor:
    """Logarithm of the sum of exponentials of every group.

    Parameters
    ----------
    logits : Tensor of shape (n, L)
    groups : Groups

    Returns
    -------
    Tensor of shape (n, c)
    """
    if groups.common_size:
        return logits.view(len(logits), len(groups), groups.common_size).logsumexp(-1)
    zeros = logits.new_zeros(len(logits), len(groups))
    if _within(logits, SAFE_EXPONENT):
        return zeros.index_add(1, groups.of_level, logits.exp()).log()
    top = group_max(logits, groups).detach()
    exponentials = torch.exp(logits - top[:, groups.of_level])
    return zeros.index_add(1, groups.of_level, exponentials).log() + top


def _within(logits: Tensor, limit: float) -> bool:
    """Whether all logits lie in ±`limit`; False if any is NaN."""
    if not logits.numel():
        return True
    low, high = (float(bound) for bound in torch.aminmax(logits.detach()))
    return low > -limit and high < limit


def group_softmax(logits: Tensor, groups: Groups) -> Tensor:
    """Probabilities of the levels, which sum to one in every group.

    Parameters
    ----------
    logits : Tensor of shape (n, L)
    groups : Groups

    Returns
    -------
    Tensor of shape (n, L)
    """
    return torch.exp(logits - group_logsumexp(logits, groups)[:, groups.of_level])


def draw_levels(logits: Tensor, groups: Groups, generator: DeviceGenerator) -> Tensor:
    """One level of every group, drawn from the softmax of its logits.

    The cumulative distribution is inverted: exponential, running sum, and a search for one uniform
    number per group.

    Parameters
    ----------
    logits : Tensor of shape (n, L)
        Overwritten.
    groups : Groups
    generator : DeviceGenerator

    Returns
    -------
    int32 Tensor of shape (n, c)
    """
    n, c = len(logits), len(groups)
    if not _within(logits, SAFE_EXPONENT if groups.common_size else SAFE_SPREAD):
        logits = logits - group_max(logits, groups)[:, groups.of_level]
        if not groups.common_size:
            return _draw_by_group(logits, groups, generator)
    exponentials = logits.exp_()
    if groups.common_size:
        running = exponentials.view(n * c, groups.common_size).cumsum_(-1)
        target = generator.uniform(n * c, 1, dtype=logits.dtype).mul_(running[:, -1:])
        drawn = torch.searchsorted(running, target, right=True, out_int32=True)
        return drawn.view(n, c).add_(groups.first)
    return _draw_along_row(exponentials, groups, generator)


def _draw_along_row(exponentials: Tensor, groups: Groups, generator: DeviceGenerator) -> Tensor:
    """Draw for groups of different sizes from one running sum along the whole row."""
    n, c = len(exponentials), len(groups)
    running = torch.cumsum(exponentials, -1, dtype=torch.float64)
    end = running[:, groups.end - 1]
    start = F.pad(end[:, :-1], (1, 0))
    target = generator.uniform(n, c, dtype=torch.float64).mul_(end - start).add_(start)
    drawn = torch.searchsorted(running, target, right=True, out_int32=True)
    return torch.clamp(drawn, groups.first, (groups.end - 1).to(torch.int32))


def _draw_by_group(logits: Tensor, groups: Groups, generator: DeviceGenerator) -> Tensor:
    """Draw group by group: slower, but exact for logits of any size."""
    uniform = generator.uniform(len(logits), len(groups), dtype=torch.float64)
    drawn = []
    for group, (low, high) in enumerate(pairwise(groups.bounds)):
        running = torch.cumsum(logits[:, low:high].exp(), -1, dtype=torch.float64)
        target = uniform[:, group : group + 1] * running[:, -1:]
        drawn.append(torch.searchsorted(running, target, right=True, out_int32=True) + low)
    return torch.cat(drawn, dim=1)


GroupRanges = tuple[tuple[int, int], ...]
"""Groups as ascending half-open ranges (first, end) of group numbers."""


def present_groups(codes: Ints32) -> GroupRanges:
    """Ranges of the groups that are known in at least one row of `codes`, int of shape (n, c)."""
    if not codes.size:
        return ((0, codes.shape[1]),) if codes.shape[1] else ()
    present: Bools = np.asarray(codes[0] >= 0)  # mostly all of them, and a glance at one row
    if not present.all():
        present = np.asarray((codes >= 0).any(axis=0))
    return true_ranges(present)


def select_groups(v: Visible, ranges: GroupRanges) -> Visible:
    """The rows without the groups outside `ranges`.

    Parameters
    ----------
    v : Visible
    ranges : GroupRanges

    Returns
    -------
    Visible
    """
    if not v.sizes or ranges == ((0, len(v.sizes)),):
        return v
    sizes = tuple(size for first, end in ranges for size in v.sizes[first:end])
    empty = v.codes[:, :0]
    codes = [v.codes[:, first:end] for first, end in ranges] or [empty]
    return Visible(v.gaussian, v.binary, np.concatenate(codes, axis=1), sizes)


def level_slices(groups: Groups, ranges: GroupRanges) -> list[slice]:
    """Level numbers of the groups of `ranges`.

    Parameters
    ----------
    groups : Groups
    ranges : GroupRanges

    Returns
    -------
    list of slice
        One per range.
    """
    return list(
        starmap(slice, ((groups.bounds[first], groups.bounds[end]) for first, end in ranges))
    )


def select_levels(table: Tensor, groups: Groups, ranges: GroupRanges) -> Tensor:
    """The rows of a table that belong to the levels of `ranges`.

    Parameters
    ----------
    table : Tensor of shape (L,) or (L, h)
    groups : Groups
    ranges : GroupRanges

    Returns
    -------
    Tensor
        A view if there is one range, else a copy.
    """
    parts = [table[rows] for rows in level_slices(groups, ranges)]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


@lru_cache(maxsize=256)
def group_subset(groups: Groups, ranges: GroupRanges) -> Groups:
    """The groups of `ranges`, renumbered from 0.

    Parameters
    ----------
    groups : Groups
    ranges : GroupRanges

    Returns
    -------
    Groups
    """
    sizes = tuple(size for first, end in ranges for size in groups.sizes[first:end])
    return Groups(sizes, groups.device)
