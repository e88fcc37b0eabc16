"""Groups that are present: a mini-batch without the groups that none of its rows has costs less."""

from __future__ import annotations

from functools import lru_cache
from itertools import starmap

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dbnchurn.dbn.codes import Groups
from dbnchurn.dbn.rows import runs
from dbnchurn.visible import Visible

Span = tuple[tuple[int, int], ...]
"""Stretches of groups as (first, end)."""


def present_groups(codes: npt.NDArray[np.int32]) -> Span:
    """Stretches of the groups that at least one row of `codes` has."""
    if not codes.size:
        return ((0, codes.shape[1]),) if codes.shape[1] else ()
    some: npt.NDArray[np.bool_] = np.asarray(codes[0] >= 0)
    return runs(some if some.all() else np.asarray((codes >= 0).any(axis=0)))


def pick_columns(v: Visible, span: Span) -> Visible:
    """The rows without the groups outside `span`."""
    if not v.sizes or span == ((0, len(v.sizes)),):
        return v
    sizes = tuple(size for first, end in span for size in v.sizes[first:end])
    empty = v.codes[:, :0]
    codes = [v.codes[:, first:end] for first, end in span] or [empty]
    return Visible(v.gaussian, v.binary, np.concatenate(codes, axis=1), sizes)


def level_slices(groups: Groups, span: Span) -> list[slice]:
    """Rows of a table of levels that belong to the groups of `span`."""
    return list(starmap(slice, ((groups.bounds[first], groups.bounds[end]) for first, end in span)))


def pick(table: Tensor, groups: Groups, span: Span) -> Tensor:
    """The rows of `table` that belong to the groups of `span`; a view if they are one stretch."""
    parts = [table[rows] for rows in level_slices(groups, span)]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


@lru_cache(maxsize=256)
def subset(groups: Groups, span: Span) -> Groups:
    """The groups of `span`, renumbered."""
    sizes = tuple(size for first, end in span for size in groups.sizes[first:end])
    return Groups(sizes, groups.device)
