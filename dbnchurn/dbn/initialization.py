"""First parameters of a machine: visible units fitted to the columns, small random weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from dbnchurn.core.typing import Floats, Floats32
from dbnchurn.dbn.contrastive_divergence import CenteringOffsets
from dbnchurn.dbn.hidden_units import HiddenKind
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.rows import RowSource, Stream
from dbnchurn.dbn.visible import Visible
from dbnchurn.dbn.visible_units import Gaussian

INITIALIZATION_ROWS = 65_536
"""Largest number of rows from which the first biases and variances are estimated."""


def initialization_rows(
    rows: RowSource | Stream, generator: DeviceGenerator, sample_weight: Floats32 | None
) -> tuple[Visible, Floats32]:
    """Rows to estimate the first biases and variances from.

    Parameters
    ----------
    rows : RowSource or Stream
    generator : DeviceGenerator
        Draws the rows where there are more than 65,536.
    sample_weight : float32 array of shape (n,), optional

    Returns
    -------
    sample : Visible
        All rows, a random sample of them, or the first mini-batch of a stream.
    sample_weight : float32 array of shape (len(sample),)
        Ones if not given, or for a stream.
    """
    if not isinstance(rows, RowSource):
        sample = next(iter(rows))
        return sample, np.ones(len(sample), np.float32)
    n = len(rows)
    drawn = np.arange(n)
    if n > INITIALIZATION_ROWS:
        drawn = np.sort(generator.numpy.choice(n, INITIALIZATION_ROWS, replace=False))
    sample = rows if n <= INITIALIZATION_ROWS and isinstance(rows, Visible) else rows.take(drawn)
    if sample_weight is None:
        return sample, np.ones(len(sample), np.float32)
    return sample, sample_weight[drawn]


def initialize(
    rows: Visible,
    sample_weight: Floats32,
    *,
    n_hidden: int,
    hidden: HiddenKind,
    generator: DeviceGenerator,
) -> tuple[RBM, CenteringOffsets]:
    """A machine with visible units fitted to the columns of `rows` and small random weights.

    Biases are log odds of Bernoulli units and log frequencies of levels, both with one pseudo-count
    per state, and means of Gaussian units, whose variances are those of the column, or 1 if it is
    constant. The weights have the standard deviation ``0.1 / sqrt(E‖signal‖²)``.

    Parameters
    ----------
    rows : Visible
    sample_weight : float32 array of shape (n,)
    n_hidden : int
    hidden : {"bernoulli", "relu"}
    generator : DeviceGenerator
        Draws the weights.

    Returns
    -------
    rbm : RBM
    offsets : CenteringOffsets
        Means of the visible units, 0.5 for the hidden units.
    """
    means, variances = _moments(rows.gaussian, sample_weight)
    ones, known = _sums(rows.binary, sample_weight)
    shares = (ones + 1) / (known + 2)
    levels = _level_shares(rows, sample_weight)
    squared_signal = (  # its expected sum over all units
        float((1 + means**2 / variances).sum()) + float(shares.sum()) + float(len(rows.sizes))
    )
    rbm = RBM.create(
        rows.widths,
        sizes=rows.sizes,
        n_hidden=n_hidden,
        hidden=hidden,
        weight_scale=0.1 / np.sqrt(max(squared_signal, 1.0)),
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
    return rbm, CenteringOffsets(centre, torch.full_like(rbm.hidden.bias, 0.5))


def _sums(values: Floats32 | Floats, sample_weight: Floats32) -> tuple[Floats, Floats]:
    """Weighted sum, and sum of weights, of the known entries of every column."""
    total: Floats = (sample_weight @ values).astype(np.float64)
    if not np.isnan(total).any():
        return total, np.full(values.shape[1], sample_weight.sum(dtype=np.float64))
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    return sample_weight.astype(np.float64) @ filled, sample_weight.astype(np.float64) @ known


def _moments(values: Floats32, sample_weight: Floats32) -> tuple[Floats, Floats]:
    """Mean and variance of every column: 0 and 1 without known entries, variance 1 if constant."""
    total, known = _sums(values, sample_weight)
    mean = total / np.maximum(known, 1e-12)
    squares, _ = _sums((values - mean) ** 2, sample_weight)
    variance = squares / np.maximum(known, 1e-12)
    return mean, np.where(variance > 1e-8, variance, 1.0)


def _level_shares(rows: Visible, sample_weight: Floats32) -> Floats:
    """Frequencies of all levels within their groups, with one pseudo-count per level."""
    shares = [np.empty(0)]
    for column, size in enumerate(rows.sizes):
        codes = rows.codes[:, column]
        known = codes >= 0
        counts = np.bincount(codes[known], sample_weight[known], minlength=size) + 1.0
        shares.append(counts / counts.sum())
    return np.concatenate(shares)


def _zero_sum_logs(shares: Floats, sizes: Sequence[int]) -> Floats:
    """Logarithms of the frequencies, shifted to sum to zero over the levels of every group."""
    logs = np.log(shares)
    if not len(sizes):
        return logs
    starts = np.cumsum([0, *sizes[:-1]])
    means = np.add.reduceat(logs, starts) / np.asarray(sizes)
    centred: Floats = logs - np.repeat(means, sizes)
    return centred
