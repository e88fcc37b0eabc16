"""Training of one machine: the loop over epochs, what it measures, early stopping."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from time import perf_counter

import numpy as np
import torch
from torch import Tensor

from dbnchurn.core.typing import Floats32
from dbnchurn.dbn.contrastive_divergence import (
    CenteringOffsets,
    GradientAscent,
    Phase,
    cd_gradient,
    gibbs,
)
from dbnchurn.dbn.diagnostics import (
    code_spread,
    dead_and_saturated,
    free_energy_gap,
    mean_pseudo_likelihood,
    reconstruction_error,
    update_ratio,
)
from dbnchurn.dbn.hidden_units import HiddenKind
from dbnchurn.dbn.initialization import initialization_rows, initialize
from dbnchurn.dbn.minibatches import MiniBatch, MiniBatches
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.rows import RowSource, Stream
from dbnchurn.dbn.training_settings import TrainingSettings
from dbnchurn.dbn.visible_units import State

MONITOR_ROWS = 256
"""Training rows on which the record of an epoch is measured."""

GAP_ROWS = 1024
"""Training rows, and as many validation rows, for the free-energy gap."""

GAP_STANDARD_ERRORS = 2.0
"""A free-energy gap has widened if it exceeds the smallest one by so many standard errors."""

Record = dict[str, float]


@dataclass
class Training:
    """State of the training of one machine, passed to callbacks after every epoch.

    Attributes
    ----------
    rbm : RBM
    ascent : GradientAscent
        With the velocities.
    offsets : CenteringOffsets
    chains : Tensor, optional
        Hidden states of the persistent chains.
    generator : DeviceGenerator
    curve : list of dict
        One record per epoch.
    layer : int
        Number of the machine in its stack, from 0.
    stop : bool
        A callback may set it to end the training.
    best : dict, optional
        Parameters of the last epoch whose free-energy gap had not widened.
    epochs_widened : int
        Number of epochs since then.
    """

    rbm: RBM
    ascent: GradientAscent
    offsets: CenteringOffsets
    chains: Tensor | None
    generator: DeviceGenerator
    curve: list[Record]
    layer: int = 0
    stop: bool = False
    best: dict[str, Tensor] | None = None
    epochs_widened: int = 0


Callback = Callable[[Training], object]


@torch.no_grad()
def train(
    rows: RowSource | Stream,
    settings: TrainingSettings,
    *,
    n_hidden: int,
    hidden: HiddenKind,
    generator: DeviceGenerator | None = None,
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
    settings : TrainingSettings
    n_hidden : int
    hidden : {"bernoulli", "relu"}
    generator : DeviceGenerator, optional
        Seed 0 on the CPU if not given.
    sample_weight : float32 array of shape (n,), optional
    rows_val : RowSource or Stream, optional
        Held-out rows for the free-energy gap.
    callbacks : sequence of callables
        Each is called with the `Training` after every epoch.
    layer : int, default 0
        Number of the machine in its stack, for callbacks and messages.
    resume : Training, optional
        State of an interrupted training, which is continued.

    Returns
    -------
    Training

    Raises
    ------
    FloatingPointError
        If the weights are no longer finite.
    ValueError
        If `resume` holds a machine for other rows, or with other hidden units.
    """
    generator = generator or DeviceGenerator(0)
    settings = settings.for_rows(rows, n_hidden)
    if resume is None:
        sample, weight = initialization_rows(rows, generator, sample_weight)
        rbm, offsets = initialize(
            sample, weight, n_hidden=n_hidden, hidden=hidden, generator=generator
        )
        ascent = GradientAscent(rbm, settings.gaussian_rate, settings.variance_rate)
        training = Training(rbm, ascent, offsets, None, generator, [], layer=layer)
    else:
        _check_same_machine(resume, rows.sizes, n_hidden, hidden)
        training = resume
    monitored = MonitoredRows.of(rows, rows_val, training.rbm)
    mini_batches = MiniBatches(rows, training.rbm, settings.batch_size, sample_weight)
    before = monitored.pseudo_likelihood(training) if not training.curve else {}

    for epoch in range(len(training.curve), int(settings.epochs)):
        if training.stop:
            break
        started = perf_counter()
        with torch.inference_mode():
            for batch in mini_batches.epoch(training.generator):
                cd_step(training, settings, epoch, batch)
        training.curve.append(
            {"epoch": float(epoch + 1), "learning_rate": settings.rate(epoch)}
            | monitored.measure(training)
            | {f"{name}_before": value for name, value in before.items()}
            | {"seconds": perf_counter() - started}
        )
        before = {}
        _check_divergence(training.curve[-1], layer)
        if settings.patience is not None:
            stop_on_gap(training, settings.patience)
        for callback in callbacks:
            callback(training)
    training.curve[-1] |= monitored.pseudo_likelihood(training)
    return training


def _check_same_machine(
    resume: Training, sizes: tuple[int, ...], n_hidden: int, hidden: HiddenKind
) -> None:
    """Refuse to continue the training of a machine of another shape."""
    rbm, kind = resume.rbm, resume.rbm.hidden.kind
    if (rbm.groups.sizes, rbm.n_hidden, kind) != (tuple(sizes), n_hidden, hidden):
        raise ValueError(
            f"the training of layer {resume.layer} was begun with {rbm.n_hidden} {kind} hidden "
            f"units and code groups of sizes {rbm.groups.sizes}; asked for are {n_hidden} {hidden} "
            f"ones and {tuple(sizes)}; give the same settings and rows, or another folder"
        )


def cd_step(training: Training, settings: TrainingSettings, epoch: int, batch: MiniBatch) -> None:
    """One step of contrastive divergence.

    Parameters
    ----------
    training : Training
        Its machine, velocities, offsets, chains and generator change.
    settings : TrainingSettings
    epoch : int
        Number of the epoch, from 0.
    batch : MiniBatch
    """
    generator = training.generator
    if _is_plain(training, settings, batch):
        training.ascent.plain_step(
            batch.v,
            settings.rate(epoch),
            generator,
            sweeps=settings.cd_k,
            mean_field=settings.mean_field,
        )
        return
    rbm = training.rbm.on_groups(batch.ranges)
    offsets = training.offsets.on_groups(training.rbm, batch.ranges)

    # Positive phase: the hidden layer driven by the data.
    field = rbm.field_h_from_v(batch.v)
    data = Phase(batch.v, rbm.hidden.mean_(field))
    # Negative phase: sweeps from the data, or from the persistent chains.
    chains = _chains(training, settings, field) if settings.persistent else None
    start = rbm.hidden.sample(field, generator, mean=data.h) if chains is None else chains
    model = gibbs(rbm, start, batch.v, settings.cd_k, generator, settings.mean_field)
    if chains is not None:
        chains.copy_(rbm.sample_h_from_v(model.v, generator))
    # Step along the difference of their statistics.
    if settings.centering:
        offsets.hidden.lerp_(data.h.sum(0).div_(len(data.h)), settings.centering_rate)
    if settings.sparsity_target is not None:
        pull = settings.sparsity_cost * (settings.sparsity_target - data.h.mean(0))
        data = Phase(batch.v, data.h + pull)
    training.ascent.step(
        cd_gradient(
            rbm,
            data,
            model,
            sample_weight=batch.sample_weight,
            offsets=offsets if settings.centering else None,
        ),
        settings.rate(epoch),
        momentum=settings.momentum_of(epoch),
        weight_decay=settings.weight_decay,
        offsets=training.offsets if settings.centering else None,
        ranges=batch.ranges,
    )


def _is_plain(training: Training, settings: TrainingSettings, batch: MiniBatch) -> bool:
    """Whether :meth:`GradientAscent.plain_step` is enough for a mini-batch."""
    return (
        settings.is_plain
        and not settings.persistent
        and batch.sample_weight is None
        and training.rbm.hidden.kind == "bernoulli"
        and batch.v.keys() == {"binary"}
        and batch.v["binary"].known is None
    )


def _chains(training: Training, settings: TrainingSettings, field: Tensor) -> Tensor:
    """Hidden states of as many persistent chains as the batch has rows."""
    if training.chains is None:
        size = (settings.batch_size, field.shape[1])
        start = training.rbm.hidden.bias.expand(size)
        training.chains = training.rbm.hidden.sample(start.clone(), training.generator)
    return training.chains[: len(field)]


@dataclass
class MonitoredRows:
    """Fixed rows on which every epoch is measured.

    Attributes
    ----------
    train : dict
        Visible state of training rows.
    validation : dict, optional
        Visible state of validation rows.
    """

    train: State
    validation: State | None

    @classmethod
    def of(
        cls, rows: RowSource | Stream, rows_val: RowSource | Stream | None, rbm: RBM
    ) -> MonitoredRows:
        """Rows at even distances of training and validation rows.

        Parameters
        ----------
        rows, rows_val : RowSource or Stream
            Of a stream the first mini-batch is taken. `rows_val` may be None.
        rbm : RBM

        Returns
        -------
        MonitoredRows
        """
        limit = MONITOR_ROWS if rows_val is None else GAP_ROWS

        def spread(source: RowSource | Stream) -> State:
            if not isinstance(source, RowSource):
                return rbm.state(next(iter(source)))
            numbers = np.linspace(0, len(source) - 1, min(limit, len(source)))
            return rbm.state(source.take(np.unique(numbers.astype(np.intp))))

        return cls(spread(rows), None if rows_val is None else spread(rows_val))

    def measure(self, training: Training) -> Record:
        """The record of one epoch."""
        rbm = training.rbm
        field = rbm.field_h_from_v(self.train)
        activation = rbm.hidden.activation(field)
        dead, saturated = dead_and_saturated(activation, rbm.hidden.kind == "relu")
        record = {
            "reconstruction_error": reconstruction_error(rbm, self.train, rbm.hidden.mean(field)),
            "update_ratio": update_ratio(training.ascent.updates(), rbm.parameters()),
            "dead": dead,
            "saturated": saturated,
            "code_spread": code_spread(activation),
        }
        if self.validation is not None:
            gap, error = free_energy_gap(rbm, self.train, self.validation)
            record |= {"free_energy_gap": gap, "gap_error": error}
        return record

    def pseudo_likelihood(self, training: Training) -> Record:
        """Mean pseudo-likelihood of held-out rows, where the machine has one; else nothing."""
        if training.layer:  # visible units that are means, not values
            return {}
        held_out = self.train if self.validation is None else self.validation
        value = mean_pseudo_likelihood(training.rbm, held_out)
        return {} if value is None else {"pseudo_likelihood": value}


def _check_divergence(record: Record, layer: int) -> None:
    """Refuse parameters that are no longer finite."""
    if not isfinite(record["update_ratio"] + record["reconstruction_error"]):
        raise FloatingPointError(
            f"training of layer {layer} diverged in epoch {record['epoch']:.0f} at learning rate "
            f"{record['learning_rate']:g}: its weights are no longer finite; use a smaller "
            "learning_rate, or gaussian_rate if the layer has Gaussian units"
        )


def stop_on_gap(training: Training, patience: int) -> None:
    """Early stopping on the free-energy gap, with the best weights restored.

    The gap of an epoch has widened if it exceeds the smallest gap so far by more than two standard
    errors. After `patience` such epochs in a row training stops, and the parameters of the last
    epoch before them are restored. Without validation rows there is no gap, and nothing happens.

    Parameters
    ----------
    training : Training
        After an epoch; ``best``, ``epochs_widened``, ``stop`` and the machine may change.
    patience : int
    """
    last = training.curve[-1]
    if "free_energy_gap" not in last:
        return
    smallest = min(record["free_energy_gap"] for record in training.curve)
    if last["free_energy_gap"] <= smallest + GAP_STANDARD_ERRORS * last["gap_error"]:
        training.epochs_widened = 0
        training.best = {name: p.clone() for name, p in training.rbm.parameters().items()}
        return
    training.epochs_widened += 1
    if training.epochs_widened >= patience:
        training.stop = True
        if training.best is not None:
            training.rbm.load(training.best)
