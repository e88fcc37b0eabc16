"""Supervised training of a network by backpropagation, and its settings as a stage."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import cos, pi
from pathlib import Path
from time import perf_counter
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field
from sklearn.base import BaseEstimator
from torch import Tensor

from dbnchurn.core.random_state import RandomStateLike, integer_seed
from dbnchurn.core.typing import Floats32, Rows
from dbnchurn.dbn.backpropagation import backpropagate
from dbnchurn.dbn.dbn import Device, device_of
from dbnchurn.dbn.finetuning_state import BestWeights, FineTuningState
from dbnchurn.dbn.groups import level_slices
from dbnchurn.dbn.network import Network
from dbnchurn.dbn.network_batch import NetworkBatch
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rows import (
    RowSource,
    as_rows,
    blocks_of,
    check_sample_weight,
    minibatch_rows,
    to_device,
)
from dbnchurn.dbn.sparse_adamw import BY_ROWS, RowGradient, SparseAdamW
from dbnchurn.dbn.training import Record

FineTuneCallback = Callable[[Network, Record], object]

Validation = tuple[RowSource | npt.ArrayLike, npt.ArrayLike, npt.ArrayLike | None]
"""Held-out rows, their labels and sample weights."""

TOP = ("head", "bias", "skip")
"""Parameters that add to the logit without a layer in between."""

SMALLEST_BATCH, LARGEST_BATCH = 64, 1024
"""Bounds of the default number of rows of a mini-batch."""


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Checked rows with labels and weights.

    Attributes
    ----------
    rows : RowSource
    y : float32 array of shape (n,)
        0 or 1.
    sample_weight : float32 array of shape (n,), optional
    """

    rows: RowSource
    y: Floats32
    sample_weight: Floats32 | None

    @classmethod
    def of(
        cls,
        rows: RowSource | npt.ArrayLike,
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None,
        y_name: str = "y",
    ) -> LabelledRows:
        """Check rows, labels and weights.

        Parameters
        ----------
        rows : RowSource or 2-D array
        y : array of shape (n,)
        sample_weight : array of shape (n,), optional
        y_name : str, default "y"
            Name of the labels in messages.

        Returns
        -------
        LabelledRows

        Raises
        ------
        ValueError
            If lengths differ, or a label is not 0 or 1.
        """
        source = as_rows(rows)
        labels = np.asarray(y, dtype=np.float32)
        if labels.shape != (len(source),):
            raise ValueError(
                f"{y_name} has shape {labels.shape}; one label per row means ({len(source)},)"
            )
        wrong = ~((labels == 0) | (labels == 1))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise ValueError(f"{y_name} holds {labels[row]:g} in row {row}; labels are 0 or 1")
        return cls(source, labels, check_sample_weight(sample_weight, len(source)))

    def with_mean_weight_one(self, draw: Rows | None) -> LabelledRows:
        """With weights of mean one over the row numbers `draw`, or over all rows if it is None."""
        if self.sample_weight is None:
            return self
        of_epoch = self.sample_weight if draw is None else self.sample_weight[draw]
        return replace(self, sample_weight=self.sample_weight / float(of_epoch.mean()))


def log_loss(network: Network, labelled: LabelledRows) -> float:
    """Mean cross-entropy of the rows, weighted.

    Parameters
    ----------
    network : Network
    labelled : LabelledRows

    Returns
    -------
    float
    """
    logits = network.logits(labelled.rows).astype(np.float64)
    losses = np.logaddexp(0, logits) - labelled.y * logits
    return float(np.average(losses, weights=labelled.sample_weight))


def _train_epoch(
    state: FineTuningState,
    training: LabelledRows,
    draw: Rows | None,
    *,
    learning_rate: float,
    batch_size: int,
    limit: int,
    factor: float,
) -> float:
    """Step on every mini-batch of an epoch; returns the mean loss of its rows."""
    network = state.network
    total, count = torch.zeros((), dtype=torch.float64, device=network.bias.device), 0
    for index in minibatch_rows(
        len(training.rows),
        batch_size,
        state.generator.numpy,
        blocks=blocks_of(training.rows),
        draw=draw,
        limit=limit,
    ):
        batch = NetworkBatch(training.rows.take(index), network.groups)
        weight = None if training.sample_weight is None else training.sample_weight[index]
        labels = training.y[index]
        loss = _train_step(state, batch, labels, weight, learning_rate, factor)
        total += loss * len(index)
        count += len(index)
    return float(total) / max(count, 1)


def _train_step(
    state: FineTuningState,
    batch: NetworkBatch,
    y: Floats32,
    sample_weight: Floats32 | None,
    learning_rate: float,
    factor: float,
) -> Tensor:
    """Forward, backward and step on one mini-batch; returns its mean loss.

    Weights by level are differentiated and moved only for the groups of the mini-batch. The loss
    stays on the device: reading its value would make the CPU wait for a GPU.
    """
    network = state.network
    device = network.bias.device
    loss, slopes = backpropagate(
        network,
        batch,
        to_device(y, device),
        None if sample_weight is None else to_device(sample_weight, device),
        state.generator,
    )
    steps = []
    for name, slope in slopes.items():
        rate = learning_rate * (1.0 if name in TOP else factor)
        if name not in BY_ROWS:
            steps.append(RowGradient(name, slope, rate))
            continue
        slices = level_slices(network.groups, network.ranges_of(name, batch.ranges))
        pieces = torch.split(slope, [rows.stop - rows.start for rows in slices])
        steps += [
            RowGradient(name, piece, rate, rows) for rows, piece in zip(slices, pieces, strict=True)
        ]
    state.optimiser.step(steps)
    return loss


class FineTune(BaseEstimator):  # type: ignore[misc]
    """Training of all weights of a network on labels, by backpropagation of the cross-entropy.

    With validation rows training stops after `patience` epochs without a smaller validation loss,
    and the weights of the epoch with the smallest one are restored; otherwise all epochs run.

    Parameters
    ----------
    epochs : int, default 30
        Upper bound; fewer where the validation loss stops falling.
    batch_size : int, optional
        Rows of a mini-batch; by default a fiftieth of the rows, between 64 and 1,024, so that
        small tables get enough steps and large ones do not take too many.
    learning_rate : float, default 0.001
        Of AdamW, in the first epoch.
    schedule : {"constant", "cosine"}, default "constant"
        How the learning rate falls from epoch to epoch; a cosine reaches 0 after `epochs`.
    weight_decay : float, default 0.0001
        Per step and learning rate.
    dropout : float, default 0.2
        Share of hidden activations set to zero in training.
    patience : int, default 3
        Epochs without a smaller validation loss before stopping.
    until : int, optional
        Epoch after which training ends, on a schedule that is made for `epochs`; `epochs` if not
        given. 0 leaves the network as it is.
    epoch_rows : int, default 100_000
        Largest number of rows of an epoch. A larger table has a random sample of so many rows in
        every epoch: what a network learns depends on the number of its steps, and validation losses
        are then measured as often as for a table of that size.

    Examples
    --------
    >>> X = np.random.default_rng(0).integers(0, 2, (400, 3)).astype(np.float32)
    >>> net = Network.from_random_weights((0, 3, 0), (), (8,), random_state=0)
    >>> curve = FineTune(epochs=60, learning_rate=0.01).fit(net, X, X[:, 0], random_state=0)
    >>> curve[-1]["loss"] < 0.1
    True
    """

    def __init__(
        self,
        *,
        epochs: Annotated[int, Field(ge=1)] = 30,
        batch_size: Annotated[int, Field(ge=1)] | None = None,
        learning_rate: Annotated[float, Field(gt=0)] = 1e-3,
        schedule: Literal["constant", "cosine"] = "constant",
        weight_decay: Annotated[float, Field(ge=0)] = 1e-4,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2,
        patience: Annotated[int, Field(ge=1)] = 3,
        until: Annotated[int, Field(ge=0)] | None = None,
        epoch_rows: Annotated[int, Field(ge=1)] = 100_000,
    ) -> None:
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.patience = patience
        self.until = until
        self.epoch_rows = epoch_rows

    def fit(
        self,
        network: Network,
        rows: RowSource | npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        sample_weight: npt.ArrayLike | None = None,
        draw: Rows | None = None,
        validation: Validation | None = None,
        lower_rate: float = 1.0,
        start_competes: bool = False,
        device: Device = "cpu",
        random_state: RandomStateLike = None,
        callbacks: Sequence[FineTuneCallback] = (),
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> list[Record]:
        """Train a network in place.

        Parameters
        ----------
        network : Network
            Its weights and its dropout change.
        rows : RowSource or 2-D array of n rows
            If it has blocks, a mini-batch holds rows of one block.
        y : array of shape (n,)
            0 or 1.
        sample_weight : array of shape (n,), optional
        draw : intp array, optional
            Row numbers of an epoch, with repeats (oversampling without copies); all rows once if
            not given.
        validation : (rows, y, sample_weight), optional
            Held-out rows that stop the training, never trained on; the weights may be None.
        lower_rate : float, default 1
            Factor on the learning rate for all weights but those of the logit on the last layer.
        start_competes : bool, default False
            Whether the weights before the first epoch are kept if no epoch has a smaller
            validation loss.
        device : {"cpu", "cuda", "auto"}, default "cpu"
        random_state : int, Generator, RandomState or None, default None
            For the order of rows and for dropout.
        callbacks : sequence of callables
            Each is called with the network and the record after every epoch.
        checkpoint : path, optional
            File that gets the state of training after every epoch. A training whose file is there
            is continued, bit for bit as if it had not been interrupted.

        Returns
        -------
        list of dict
            Per epoch: epoch, loss, seconds, and validation_loss with validation rows. Where the
            start competes, the first record also has validation_loss_before.

        Raises
        ------
        ValueError
            If labels, weights or rows do not fit together, or there is no such schedule.
        """
        if self.schedule not in ("constant", "cosine"):
            raise ValueError(f"schedule={self.schedule!r} is not one of 'constant', 'cosine'")
        draw = None if draw is None else np.asarray(draw, dtype=np.intp)
        training = LabelledRows.of(rows, y, sample_weight).with_mean_weight_one(draw)
        held_out = None if validation is None else LabelledRows.of(*validation, y_name="y_val")
        network.dropout = self.dropout
        network.to(device_of(device))
        generator = DeviceGenerator(integer_seed(random_state), network.bias.device)
        optimiser = SparseAdamW(network, self.weight_decay)
        state = FineTuningState(network, optimiser, generator, [], BestWeights())
        path = None if checkpoint is None else Path(checkpoint)
        if path is not None and path.exists():
            state.restore(path)

        n_rows = len(training.rows)
        before: Record = {}
        if start_competes and held_out is not None and not state.curve:
            before = {"validation_loss_before": log_loss(network, held_out)}
            state.best.keep(network, before["validation_loss_before"])
        last = self.epochs if self.until is None else self.until
        while len(state.curve) < last and state.best.epochs_since < self.patience:
            started = perf_counter()
            loss = _train_epoch(
                state,
                training,
                draw,
                learning_rate=self._rate(len(state.curve)),
                batch_size=self.batch_size or max(SMALLEST_BATCH, min(LARGEST_BATCH, n_rows // 50)),
                limit=self.epoch_rows,
                factor=lower_rate,
            )
            record = {"epoch": len(state.curve) + 1.0, "loss": loss, **before}
            before = {}
            if held_out is not None:
                record["validation_loss"] = log_loss(network, held_out)
                state.best.update(network, record["validation_loss"])
            state.curve.append(record | {"seconds": perf_counter() - started})
            if path is not None:
                state.save(path)
            for callback in callbacks:
                callback(network, state.curve[-1])
        state.best.restore(network)
        return state.curve

    def _rate(self, epoch: int) -> float:
        """Learning rate of an epoch, counted from 0."""
        if self.schedule == "cosine":
            return self.learning_rate * (0.5 * (1 + cos(pi * epoch / self.epochs)))
        return self.learning_rate
