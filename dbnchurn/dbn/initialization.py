"""How a machine starts: visible units that fit the columns, small weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from dbnchurn.core.typing import Floats, Floats32
from dbnchurn.dbn.contrastive_divergence import Offsets
from dbnchurn.dbn.random import Random
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.rows import RowSource, Stream
from dbnchurn.dbn.units import Gaussian, HiddenKind
from dbnchurn.dbn.visible import Visible

MARGINAL_ROWS = 65_536
"""Rows from which the first biases and variances are estimated."""


def marginals(
    rows: RowSource | Stream, generator: Random, weights: Floats32 | None = None
) -> tuple[Visible, Floats32]:
    """Some rows, with their weights, to estimate first biases and variances from."""
    if not isinstance(rows, RowSource):
        some = next(iter(rows))
        return some, np.ones(len(some), np.float32)
    n = len(rows)
    taken = np.arange(n)
    if n > MARGINAL_ROWS:
        taken = np.sort(generator.numpy.choice(n, MARGINAL_ROWS, replace=False))
    some = rows if n <= MARGINAL_ROWS and isinstance(rows, Visible) else rows.take(taken)
    return some, np.ones(len(some), np.float32) if weights is None else weights[taken]


def initialize(
    rows: Visible,
    weights: Floats32,
    *,
    n_hidden: int,
    hidden: HiddenKind,
    generator: Random,
) -> tuple[RBM, Offsets]:
    """A machine whose visible units alone already fit `rows`, with small random weights.

    Biases are log odds of Bernoulli units, log frequencies of levels (both counted with one
    imaginary row per state, so that none is infinite), means of Gaussian units, whose variances are
    those of the column, or 1 if it is constant. The weights have the standard deviation
    ``0.1 / sqrt(E‖signal‖²)``.

    Returns
    -------
    rbm : RBM
    offsets : Offsets
        Means of the visible units; 0.5 for the hidden ones.
    """
    means, variances = _moments(rows.gaussian, weights)
    ones, known = _sums(rows.binary, weights)
    shares = (ones + 1) / (known + 2)
    levels = _level_shares(rows, weights)
    strength = (
        float((1 + means**2 / variances).sum()) + float(shares.sum()) + float(len(rows.sizes))
    )
    rbm = RBM.create(
        rows.widths,
        sizes=rows.sizes,
        n_hidden=n_hidden,
        hidden=hidden,
        weight_scale=0.1 / np.sqrt(max(strength, 1.0)),
        generator=generator,
    )
    centre: dict[str, Tensor] = {}
    for kind, bias, mean in (
        ("gaussian", means, means),
        ("binary", np.log(shares) - np.log1p(-shares), shares),
        ("codes", _zero_sum_logs(levels, rows.sizes), levels),
    ):
        if kind in rbm.visible:
            rbm.visible[kind].bias.copy_(torch.from_numpy(bias))
            centre[kind] = torch.from_numpy(mean).to(rbm.device, rbm.dtype)
    if "gaussian" in rbm.visible:
        unit = rbm.visible["gaussian"]
        assert isinstance(unit, Gaussian)
        unit.log_variance.copy_(torch.from_numpy(np.log(variances)))
        rbm.weights["gaussian"] *= torch.exp(0.5 * unit.log_variance)[:, None]
    return rbm, Offsets(centre, torch.full_like(rbm.hidden.bias, 0.5))


def _sums(values: Floats32 | Floats, weights: Floats32) -> tuple[Floats, Floats]:
    """Weighted sum and weight of the known entries of every column."""
    total: Floats = (weights @ values).astype(np.float64)
    if not np.isnan(total).any():
        return total, np.full(values.shape[1], weights.sum(dtype=np.float64))
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    return weights.astype(np.float64) @ filled, weights.astype(np.float64) @ known


def _moments(values: Floats32, weights: Floats32) -> tuple[Floats, Floats]:
    """Mean and variance of every column; 0 and 1 where nothing is known, variance 1 if constant."""
    total, known = _sums(values, weights)
    mean = total / np.maximum(known, 1e-12)
    squares, _ = _sums((values - mean) ** 2, weights)
    variance = squares / np.maximum(known, 1e-12)
    return mean, np.where(variance > 1e-8, variance, 1.0)


def _level_shares(rows: Visible, weights: Floats32) -> Floats:
    """Frequencies of all levels, each counted once more than it occurs."""
    parts = [np.empty(0)]
    for column, size in enumerate(rows.sizes):
        codes = rows.codes[:, column]
        known = codes >= 0
        counts = np.bincount(codes[known], weights[known], minlength=size) + 1.0
        parts.append(counts / counts.sum())
    return np.concatenate(parts)


def _zero_sum_logs(shares: Floats, sizes: Sequence[int]) -> Floats:
    logs = np.log(shares)
    starts = np.cumsum([0, *sizes[:-1]]) if len(sizes) else np.empty(0, int)
    if not len(sizes):
        return logs
    means = np.add.reduceat(logs, starts) / np.asarray(sizes)
    centred: Floats = logs - np.repeat(means, sizes)
    return centred
