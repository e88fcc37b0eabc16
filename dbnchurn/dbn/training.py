"""Training of one machine: start, loop over epochs, record, stop, resume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, pi
from time import perf_counter
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dbnchurn.dbn.contrastive import Ascent, Offsets, Phase, contrast, gibbs
from dbnchurn.dbn.monitor import free_energy_gap, idle_units, reconstruction_error, update_ratio
from dbnchurn.dbn.random import Random
from dbnchurn.dbn.rbm import RBM, HiddenKind, State
from dbnchurn.dbn.rows import RowSource, Stream, Weights
from dbnchurn.dbn.table import Batches, MiniBatch
from dbnchurn.dbn.units import Gaussian, RectifiedHidden
from dbnchurn.visible import Visible

MARGINAL_ROWS = 65_536
"""Rows from which the first biases and variances are estimated."""

MONITOR_ROWS = 512
"""Rows of each fixed set that the record of an epoch is measured on."""

Record = dict[str, float]
Moments = npt.NDArray[np.float64]
Schedule = Literal["constant", "linear", "cosine"]


@dataclass(frozen=True)
class Recipe:
    """How one machine is trained; see :class:`dbnchurn.dbn.DBN` for what each setting means."""

    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 0.05
    schedule: Schedule = "constant"
    cd_k: int = 1
    persistent: bool = False
    momentum: float = 0.9
    first_momentum: float = 0.5
    momentum_epochs: int = 5
    weight_decay: float = 1e-4
    centering: bool = True
    centering_rate: float = 0.01
    sparsity_target: float | None = None
    sparsity_cost: float = 0.1
    gaussian_rate: float = 0.1
    variance_rate: float = 0.01
    patience: int | None = None

    def rate(self, epoch: int) -> float:
        """Learning rate of an epoch, counted from 0."""
        done = epoch / self.epochs
        factor = {"constant": 1.0, "linear": 1 - done, "cosine": 0.5 * (1 + cos(pi * done))}
        return self.learning_rate * factor[self.schedule]

    def momentum_of(self, epoch: int) -> float:
        """Momentum of an epoch, counted from 0."""
        return self.first_momentum if epoch < self.momentum_epochs else self.momentum


@dataclass
class Training:
    """All that changes while a machine is trained; callbacks see it after every epoch.

    Attributes
    ----------
    rbm : RBM
    ascent : Ascent
        Holds the velocities.
    offsets : Offsets
    chains : Tensor, optional
        Hidden states of the persistent chains.
    random : Random
    curve : list of dict
        One record per epoch.
    stop : bool
        A callback may set it to end the training.
    """

    rbm: RBM
    ascent: Ascent
    offsets: Offsets
    chains: Tensor | None
    random: Random
    curve: list[Record]
    stop: bool = False
    best: dict[str, Tensor] | None = None
    widened: int = 0


Callback = Callable[[Training], object]


def marginals(
    rows: RowSource | Stream, random: Random, weights: Weights | None = None
) -> tuple[Visible, Weights]:
    """Some rows, with their weights, to estimate first biases and variances from."""
    if not isinstance(rows, RowSource):
        some = next(iter(rows))
        return some, np.ones(len(some), np.float32)
    n = len(rows)
    taken = np.arange(n)
    if n > MARGINAL_ROWS:
        taken = np.sort(random.numpy.choice(n, MARGINAL_ROWS, replace=False))
    some = rows.take(taken)
    return some, np.ones(len(some), np.float32) if weights is None else weights[taken]


def initialise(
    rows: Visible,
    weights: Weights,
    *,
    n_hidden: int,
    hidden: HiddenKind,
    random: Random,
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
        random=random,
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


def _sums(values: np.ndarray, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sum and weight of the known entries of every column."""
    total: Moments = (weights @ values).astype(np.float64)
    if not np.isnan(total).any():
        return total, np.full(values.shape[1], weights.sum(dtype=np.float64))
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    return weights.astype(np.float64) @ filled, weights.astype(np.float64) @ known


def _moments(values: np.ndarray, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of every column; 0 and 1 where nothing is known, variance 1 if constant."""
    total, known = _sums(values, weights)
    mean = total / np.maximum(known, 1e-12)
    squares, _ = _sums((values - mean) ** 2, weights)
    variance = squares / np.maximum(known, 1e-12)
    return mean, np.where(variance > 1e-8, variance, 1.0)


def _level_shares(rows: Visible, weights: Weights) -> np.ndarray:
    """Frequencies of all levels, each counted once more than it occurs."""
    parts = [np.empty(0)]
    for column, size in enumerate(rows.sizes):
        codes = rows.codes[:, column]
        known = codes >= 0
        counts = np.bincount(codes[known], weights[known], minlength=size) + 1.0
        parts.append(counts / counts.sum())
    return np.concatenate(parts)


def _zero_sum_logs(shares: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    logs = np.log(shares)
    starts = np.cumsum([0, *sizes[:-1]]) if len(sizes) else np.empty(0, int)
    if not len(sizes):
        return logs
    means = np.add.reduceat(logs, starts) / np.asarray(sizes)
    return logs - np.repeat(means, sizes)


@torch.no_grad()
def train(
    rows: RowSource | Stream,
    recipe: Recipe,
    *,
    n_hidden: int = 128,
    hidden: HiddenKind = "bernoulli",
    random: Random | None = None,
    sample_weight: Weights | None = None,
    rows_val: RowSource | None = None,
    callbacks: Sequence[Callback] = (),
    resume: Training | None = None,
) -> Training:
    """Train a machine by contrastive divergence.

    Parameters
    ----------
    rows : RowSource or Stream
    recipe : Recipe
    n_hidden : int, default 128
    hidden : {"bernoulli", "relu"}, default "bernoulli"
    random : Random, optional
    sample_weight : float32 array of shape (n,), optional
    rows_val : RowSource, optional
        Held-out rows for the free-energy gap.
    callbacks : sequence of callables
        Each is called with the `Training` after every epoch.
    resume : Training, optional
        Continue from here instead of starting.

    Returns
    -------
    Training
    """
    random = random or Random(0)
    if resume is None:
        some, weights = marginals(rows, random, sample_weight)
        rbm, offsets = initialise(some, weights, n_hidden=n_hidden, hidden=hidden, random=random)
        ascent = Ascent(rbm, recipe.gaussian_rate, recipe.variance_rate)
        training = Training(rbm, ascent, offsets, None, random, [])
    else:
        training = resume
    watched = Watched.of(rows, rows_val, training.rbm)
    mini_batches = Batches(rows, training.rbm, recipe.batch_size, sample_weight)

    for epoch in range(len(training.curve), recipe.epochs):
        started = perf_counter()
        with torch.inference_mode():
            for batch in mini_batches.epoch(training.random):
                cd_step(training, recipe, epoch, batch)
        training.curve.append(
            {"epoch": float(epoch + 1), "learning_rate": recipe.rate(epoch)}
            | watched.measure(training)
            | {"seconds": perf_counter() - started}
        )
        _heed_the_gap(training, recipe)
        for callback in callbacks:
            callback(training)
        if training.stop:
            break
    return training


def cd_step(training: Training, recipe: Recipe, epoch: int, batch: MiniBatch) -> None:
    """One mini-batch: positive phase, Gibbs sweeps, contrast, step."""
    rbm = training.rbm.on_groups(batch.span)
    offsets = training.offsets.on_groups(training.rbm, batch.span)
    random = training.random

    # Positive phase: the hidden layer driven by the data.
    field = rbm.field_h_from_v(batch.v)
    data = Phase(batch.v, rbm.hidden.mean(field))
    # Negative phase: sweeps from the data, or from where the persistent chains stand.
    chains = _chains(training, recipe, field) if recipe.persistent else None
    start = rbm.hidden.sample(field, random, mean=data.h) if chains is None else chains
    model = gibbs(rbm, start, batch.v, recipe.cd_k, random)
    if chains is not None:
        chains.copy_(rbm.sample_h_from_v(model.v, random))
    # Step along the difference of their statistics.
    if recipe.centering:
        offsets.hidden.lerp_(data.h.sum(0).div_(len(data.h)), recipe.centering_rate)
    if recipe.sparsity_target is not None:
        drive = recipe.sparsity_cost * (recipe.sparsity_target - data.h.mean(0))
        data = Phase(batch.v, data.h + drive)
    centres = offsets if recipe.centering else None
    training.ascent.step(
        contrast(rbm, data, model, weight=batch.weight, offsets=centres),
        recipe.rate(epoch),
        momentum=recipe.momentum_of(epoch),
        weight_decay=recipe.weight_decay,
        offsets=training.offsets if recipe.centering else None,
        span=batch.span,
    )


def _chains(training: Training, recipe: Recipe, field: Tensor) -> Tensor:
    """Hidden states of as many persistent chains as the batch has rows."""
    if training.chains is None:
        size = (recipe.batch_size, field.shape[1])
        start = training.rbm.hidden.bias.expand(size)
        training.chains = training.rbm.hidden.sample(start.clone(), training.random)
    return training.chains[: len(field)]


@dataclass
class Watched:
    """Fixed rows on which every epoch is measured."""

    fit: State
    validation: State | None

    @classmethod
    def of(cls, rows: RowSource | Stream, rows_val: RowSource | None, rbm: RBM) -> Watched:
        """Rows spread evenly over the training and the validation rows."""

        def some(source: RowSource) -> State:
            spread = np.linspace(0, len(source) - 1, min(MONITOR_ROWS, len(source)))
            return rbm.state(source.take(np.unique(spread.astype(np.intp))))

        fit = some(rows) if isinstance(rows, RowSource) else rbm.state(next(iter(rows)))
        return cls(fit, None if rows_val is None else some(rows_val))

    def measure(self, training: Training) -> Record:
        """The record of one epoch."""
        rbm = training.rbm
        activation = rbm.hidden.activation(rbm.field_h_from_v(self.fit))
        dead, saturated = idle_units(activation, isinstance(rbm.hidden, RectifiedHidden))
        record = {
            "reconstruction_error": reconstruction_error(rbm, self.fit),
            "update_ratio": update_ratio(training.ascent.velocity, rbm.parameters()),
            "dead": dead,
            "saturated": saturated,
        }
        if self.validation is not None:
            gap, error = free_energy_gap(rbm, self.fit, self.validation)
            record |= {"free_energy_gap": gap, "gap_error": error}
        return record


def _heed_the_gap(training: Training, recipe: Recipe) -> None:
    """Stop when the free-energy gap stays wider than it was; go back to before it widened.

    Wider means more than two standard errors above the smallest gap so far.
    """
    last: dict[str, Any] = training.curve[-1]
    if recipe.patience is None or "free_energy_gap" not in last:
        return
    smallest = min(record["free_energy_gap"] for record in training.curve)
    if last["free_energy_gap"] <= smallest + 2 * last["gap_error"]:
        training.widened = 0
        training.best = {name: p.clone() for name, p in training.rbm.parameters().items()}
        return
    training.widened += 1
    if training.widened >= recipe.patience:
        training.stop = True
        if training.best is not None:
            training.rbm.load(training.best)
