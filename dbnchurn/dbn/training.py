"""Training of one machine: start, loop over epochs, record, stop, resume."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import cos, inf, isfinite, pi
from time import perf_counter
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from dbnchurn.core.typing import Floats32
from dbnchurn.dbn.contrastive_divergence import GradientAscent, Offsets, Phase, contrast, gibbs
from dbnchurn.dbn.diagnostics import free_energy_gap, idle_units, reconstruction_error, update_ratio
from dbnchurn.dbn.initialization import initialize, marginals
from dbnchurn.dbn.minibatches import Batches, MiniBatch
from dbnchurn.dbn.random import Random
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.rows import RowSource, Stream
from dbnchurn.dbn.units import HiddenKind, State

MONITOR_ROWS = 256
"""Training rows that the record of an epoch is measured on."""

GAP_ROWS = 1024
"""Training rows, and as many validation rows, for the free-energy gap."""

Record = dict[str, float]
Schedule = Literal["constant", "linear", "cosine"]


def is_count(value: Any) -> bool:
    """Whether a setting is a whole number of at least 1."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= 1)


def _between(low: float, high: float, value: Any) -> bool:
    return isinstance(value, int | float | np.number) and bool(low <= value < high)


_ALLOWED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "epochs": ("a whole number of at least 1", is_count),
    "batch_size": ("a whole number of at least 1", is_count),
    "cd_k": ("a whole number of at least 1", is_count),
    "patience": ("a whole number of at least 1, or None", is_count),
    "learning_rate": ("a number of at least 0", partial(_between, 0, inf)),
    "weight_decay": ("a number of at least 0", partial(_between, 0, inf)),
    "gaussian_rate": ("a number of at least 0", partial(_between, 0, inf)),
    "variance_rate": ("a number of at least 0", partial(_between, 0, inf)),
    "sparsity_cost": ("a number of at least 0", partial(_between, 0, inf)),
    "sparsity_target": ("a number from 0 to less than 1, or None", partial(_between, 0, 1)),
    "momentum": ("a number from 0 to less than 1", partial(_between, 0, 1)),
    "schedule": (
        "'constant', 'linear' or 'cosine'",
        lambda value: value in ("constant", "linear", "cosine"),
    ),
}


@dataclass(frozen=True)
class TrainingSettings:
    """How one machine is trained; see :class:`dbnchurn.dbn.DBN` for what each setting means."""

    epochs: int = 10
    batch_size: int = 128
    learning_rate: float = 0.05
    schedule: Schedule = "constant"
    cd_k: int = 1
    persistent: bool = False
    mean_field: bool = False
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

    def __post_init__(self) -> None:
        for name, (allowed, test) in _ALLOWED.items():
            value = getattr(self, name)
            if not (value is None and name in ("patience", "sparsity_target")) and not test(value):
                raise ValueError(f"{name}={value!r} is not allowed; it must be {allowed}")

    @property
    def is_plain(self) -> bool:
        """Whether a step is the learning rate times the gradient and nothing else."""
        others = (self.momentum, self.first_momentum, self.weight_decay, self.centering)
        return not any(others) and self.sparsity_target is None

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
    ascent : GradientAscent
        Holds the velocities.
    offsets : Offsets
    chains : Tensor, optional
        Hidden states of the persistent chains.
    generator : Random
    curve : list of dict
        One record per epoch.
    layer : int
        Which machine of a stack this is, from 0.
    stop : bool
        A callback may set it to end the training.
    best : dict, optional
        Parameters of the last epoch whose free-energy gap had not widened.
    widened : int
        Epochs since then.
    """

    rbm: RBM
    ascent: GradientAscent
    offsets: Offsets
    chains: Tensor | None
    generator: Random
    curve: list[Record]
    layer: int = 0
    stop: bool = False
    best: dict[str, Tensor] | None = None
    widened: int = 0


Callback = Callable[[Training], object]


@torch.no_grad()
def train(
    rows: RowSource | Stream,
    recipe: TrainingSettings,
    *,
    n_hidden: int = 128,
    hidden: HiddenKind = "bernoulli",
    generator: Random | None = None,
    sample_weight: Floats32 | None = None,
    rows_val: RowSource | Stream | None = None,
    callbacks: Sequence[Callback] = (),
    layer: int = 0,
    resume: Training | None = None,
) -> Training:
    """Train a machine by contrastive divergence.

    Parameters
    ----------
    rows : RowSource or Stream
    recipe : TrainingSettings
    n_hidden : int, default 128
    hidden : {"bernoulli", "relu"}, default "bernoulli"
    generator : Random, optional
    sample_weight : float32 array of shape (n,), optional
    rows_val : RowSource or Stream, optional
        Held-out rows for the free-energy gap.
    callbacks : sequence of callables
        Each is called with the `Training` after every epoch.
    layer : int, default 0
        Noted in the `Training`, for the callbacks.
    resume : Training, optional
        Continue from here instead of starting.

    Returns
    -------
    Training

    Raises
    ------
    FloatingPointError
        If the weights run off to infinity.
    ValueError
        If `resume` holds a machine for other rows, or with other hidden units.
    """
    generator = generator or Random(0)
    if resume is None:
        some, weights = marginals(rows, generator, sample_weight)
        rbm, offsets = initialize(
            some, weights, n_hidden=n_hidden, hidden=hidden, generator=generator
        )
        ascent = GradientAscent(rbm, recipe.gaussian_rate, recipe.variance_rate)
        training = Training(rbm, ascent, offsets, None, generator, [], layer=layer)
    else:
        _refuse_another_machine(resume, rows.sizes, n_hidden, hidden)
        training = resume
    watched = MonitoredRows.of(rows, rows_val, training.rbm)
    mini_batches = Batches(rows, training.rbm, recipe.batch_size, sample_weight)

    for epoch in range(len(training.curve), recipe.epochs):
        if training.stop:
            break
        started = perf_counter()
        with torch.inference_mode():
            for batch in mini_batches.epoch(training.generator):
                cd_step(training, recipe, epoch, batch)
        training.curve.append(
            {"epoch": float(epoch + 1), "learning_rate": recipe.rate(epoch)}
            | watched.measure(training)
            | {"seconds": perf_counter() - started}
        )
        _refuse_divergence(training.curve[-1], layer)
        _heed_the_gap(training, recipe)
        for callback in callbacks:
            callback(training)
    return training


def _refuse_another_machine(
    resume: Training, sizes: tuple[int, ...], n_hidden: int, hidden: HiddenKind
) -> None:
    """A training is continued with the machine that it was begun with."""
    rbm, kind = resume.rbm, resume.rbm.hidden.kind
    if (rbm.groups.sizes, rbm.n_hidden, kind) != (tuple(sizes), n_hidden, hidden):
        raise ValueError(
            f"the training of layer {resume.layer} was begun with {rbm.n_hidden} {kind} hidden "
            f"units and code groups of sizes {rbm.groups.sizes}; asked for are {n_hidden} {hidden} "
            f"ones and {tuple(sizes)}; give the same settings and rows, or another folder"
        )


def cd_step(training: Training, recipe: TrainingSettings, epoch: int, batch: MiniBatch) -> None:
    """One mini-batch: positive phase, Gibbs sweeps, contrast, step."""
    rbm = training.rbm.on_groups(batch.span)
    offsets = training.offsets.on_groups(training.rbm, batch.span)
    generator = training.generator

    # Positive phase: the hidden layer driven by the data.
    field = rbm.field_h_from_v(batch.v)
    data = Phase(batch.v, rbm.hidden.mean_(field))
    # Negative phase: sweeps from the data, or from where the persistent chains stand.
    chains = _chains(training, recipe, field) if recipe.persistent else None
    start = rbm.hidden.sample(field, generator, mean=data.h) if chains is None else chains
    model = gibbs(rbm, start, batch.v, recipe.cd_k, generator, recipe.mean_field)
    if chains is not None:
        chains.copy_(rbm.sample_h_from_v(model.v, generator))
    # Step along the difference of their statistics.
    if recipe.is_plain and batch.sample_weight is None and _is_binary(batch.v):
        training.ascent.plain_step(data, model, recipe.rate(epoch))
        return
    if recipe.centering:
        offsets.hidden.lerp_(data.h.sum(0).div_(len(data.h)), recipe.centering_rate)
    if recipe.sparsity_target is not None:
        drive = recipe.sparsity_cost * (recipe.sparsity_target - data.h.mean(0))
        data = Phase(batch.v, data.h + drive)
    centres = offsets if recipe.centering else None
    training.ascent.step(
        contrast(rbm, data, model, sample_weight=batch.sample_weight, offsets=centres),
        recipe.rate(epoch),
        momentum=recipe.momentum_of(epoch),
        weight_decay=recipe.weight_decay,
        offsets=training.offsets if recipe.centering else None,
        span=batch.span,
    )


def _is_binary(v: State) -> bool:
    """Whether there are binary units alone, and all are known."""
    return v.keys() == {"binary"} and v["binary"].known is None


def _chains(training: Training, recipe: TrainingSettings, field: Tensor) -> Tensor:
    """Hidden states of as many persistent chains as the batch has rows."""
    if training.chains is None:
        size = (recipe.batch_size, field.shape[1])
        start = training.rbm.hidden.bias.expand(size)
        training.chains = training.rbm.hidden.sample(start.clone(), training.generator)
    return training.chains[: len(field)]


@dataclass
class MonitoredRows:
    """Fixed rows on which every epoch is measured."""

    fit: State
    validation: State | None

    @classmethod
    def of(
        cls, rows: RowSource | Stream, rows_val: RowSource | Stream | None, rbm: RBM
    ) -> MonitoredRows:
        """Rows spread evenly over the training and the validation rows; a stream's first batch."""
        limit = MONITOR_ROWS if rows_val is None else GAP_ROWS

        def some(source: RowSource | Stream) -> State:
            if not isinstance(source, RowSource):
                return rbm.state(next(iter(source)))
            spread = np.linspace(0, len(source) - 1, min(limit, len(source)))
            return rbm.state(source.take(np.unique(spread.astype(np.intp))))

        return cls(some(rows), None if rows_val is None else some(rows_val))

    def measure(self, training: Training) -> Record:
        """The record of one epoch."""
        rbm = training.rbm
        field = rbm.field_h_from_v(self.fit)
        activation = rbm.hidden.activation(field)
        dead, saturated = idle_units(activation, rbm.hidden.kind == "relu")
        record = {
            "reconstruction_error": reconstruction_error(rbm, self.fit, rbm.hidden.mean(field)),
            "update_ratio": update_ratio(training.ascent.updates(), rbm.parameters()),
            "dead": dead,
            "saturated": saturated,
        }
        if self.validation is not None:
            gap, error = free_energy_gap(rbm, self.fit, self.validation)
            record |= {"free_energy_gap": gap, "gap_error": error}
        return record


def _refuse_divergence(record: Record, layer: int) -> None:
    """Say why there would be NaN from here on."""
    if not isfinite(record["update_ratio"] + record["reconstruction_error"]):
        raise FloatingPointError(
            f"training of layer {layer} diverged in epoch {record['epoch']:.0f} at learning rate "
            f"{record['learning_rate']:g}: its weights are no longer finite; use a smaller "
            "learning_rate, or gaussian_rate if the layer has Gaussian units"
        )


def _heed_the_gap(training: Training, recipe: TrainingSettings) -> None:
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
