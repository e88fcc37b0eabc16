"""Supervised training of a network by backpropagation."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from pydantic import Field
from sklearn.base import BaseEstimator
from torch import Tensor

from dbnchurn.core import checkpoints as stored
from dbnchurn.core.typing import Floats32, Rows
from dbnchurn.dbn.dbn import Device, device_of, torch_threads
from dbnchurn.dbn.groups import Span, level_slices
from dbnchurn.dbn.network import Batch, Network
from dbnchurn.dbn.random import Random, Seed, seed_of
from dbnchurn.dbn.rows import RowSource, as_rows, batches, blocks_of, check_weights, moved
from dbnchurn.dbn.sparse_adamw import AdamW

Record = dict[str, float]
Callback = Callable[[Network, Record], object]


def finetune(
    network: Network,
    rows: RowSource | npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    draw: Rows | None = None,
    rows_val: RowSource | npt.ArrayLike | None = None,
    y_val: npt.ArrayLike | None = None,
    sample_weight_val: npt.ArrayLike | None = None,
    epochs: int = 30,
    batch_size: int = 256,
    learning_rate: float = 1e-3,
    schedule: str = "constant",
    weight_decay: float = 1e-4,
    patience: int = 5,
    until: int | None = None,
    device: Device = "cpu",
    n_threads: int | None = None,
    random_state: Seed = None,
    epoch_rows: int | None = None,
    callbacks: Sequence[Callback] = (),
    checkpoint: str | os.PathLike[str] | None = None,
) -> list[Record]:
    """Train all weights of a network on labels, by backpropagation of the cross-entropy.

    With validation rows the weights of the epoch with the smallest validation log loss are kept,
    and training stops after `patience` epochs without a smaller one; otherwise all epochs run.

    Parameters
    ----------
    network : Network
        Changed in place.
    rows : RowSource or 2-D array
        If it has blocks, a mini-batch holds rows of one block.
    y : array of shape (n,)
        0 or 1.
    sample_weight : array of shape (n,), optional
    draw : intp array, optional
        Row indices, with repeats, that make an epoch (oversampling without copies); all rows once
        if not given.
    rows_val, y_val, sample_weight_val : optional
        Held-out rows, never trained on.
    epochs : int, default 30
    batch_size : int, default 256
    learning_rate : float, default 0.001
    schedule : {"constant", "cosine"}, default "constant"
        How the learning rate falls from epoch to epoch; a cosine reaches 0 after `epochs`.
    weight_decay : float, default 0.0001
    patience : int, default 5
    until : int, optional
        Epoch after which training ends; `epochs` if not given.
    device : {"cpu", "cuda", "auto"}, default "cpu"
    n_threads : int, optional
        CPU threads of torch; unchanged if None.
    random_state : int, Generator, RandomState or None
        For the order of rows and for dropout.
    epoch_rows : int, optional
        Rows of an epoch at most, so many drawn anew for every epoch of a larger table; all rows if
        not given.
    callbacks : sequence of callables
        Each is called with the network and the record after every epoch.
    checkpoint : path, optional
        File that gets the state of training after every epoch. If it is there already, training
        continues from it, bit for bit as if it had not been interrupted.

    Returns
    -------
    list of dict
        Per epoch: epoch, loss, seconds, and validation_loss with validation rows.

    Raises
    ------
    ValueError
        If labels, weights or rows do not fit together, or there is no such schedule.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> X = generator.integers(0, 2, (400, 3))
    >>> net = Network.from_random_weights((0, 3, 0), (), (8,), random_state=0)
    >>> curve = finetune(net, X, X[:, 0], epochs=60, learning_rate=0.01, random_state=0)
    >>> curve[-1]["loss"] < 0.1
    True
    """
    if schedule not in ("constant", "cosine"):
        raise ValueError(f"schedule={schedule!r} is not one of 'constant', 'cosine'")
    lessons = _Lessons.of(rows, y, sample_weight, draw)
    validation = _validation(rows_val, y_val, sample_weight_val)
    network.to(device_of(device))
    generator = Random(seed_of(random_state), network.bias.device)
    tuning = Tuning(network, AdamW(network, weight_decay), generator, [], _Best())
    if checkpoint is not None and Path(checkpoint).exists():
        tuning.restore(*stored.load(Path(checkpoint)))

    with torch_threads(n_threads):
        while len(tuning.curve) < (until or epochs) and tuning.best.since < patience:
            started = perf_counter()
            rate = learning_rate
            if schedule == "cosine":
                rate *= 0.5 * (1 + cos(pi * len(tuning.curve) / epochs))
            loss = _train_epoch(tuning, lessons, rate, batch_size, epoch_rows)
            record = {"epoch": len(tuning.curve) + 1.0, "loss": loss}
            if validation is not None:
                record["validation_loss"] = log_loss(network, *validation)
                tuning.best.note(network, record["validation_loss"])
            tuning.curve.append(record | {"seconds": perf_counter() - started})
            if checkpoint is not None:
                stored.save(Path(checkpoint), *tuning.state())
            for callback in callbacks:
                callback(network, tuning.curve[-1])
    tuning.best.restore(network)
    return tuning.curve


@dataclass(frozen=True, eq=False)
class _Lessons:
    """Rows with their labels: weights have mean one over `draw`, the rows that make an epoch."""

    rows: RowSource
    y: Floats32
    sample_weight: Floats32 | None
    draw: Rows | None

    @classmethod
    def of(
        cls,
        rows: RowSource | npt.ArrayLike,
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None,
        draw: npt.ArrayLike | None,
    ) -> _Lessons:
        """Check rows, labels and weights."""
        source = as_rows(rows)
        labels = _labels(y, len(source), "y")
        sample_weight = check_weights(sample_weight, len(source))
        draw = None if draw is None else np.asarray(draw, dtype=np.intp)
        if sample_weight is not None:
            sample_weight /= float(sample_weight[slice(None) if draw is None else draw].mean())
        return cls(source, labels, sample_weight, draw)


def _train_epoch(
    tuning: Tuning,
    lessons: _Lessons,
    learning_rate: float,
    batch_size: int,
    limit: int | None,
) -> float:
    """Step on every mini-batch of an epoch; the mean loss of its rows."""
    network, generator = tuning.network, tuning.generator
    total, count = torch.zeros((), dtype=torch.float64, device=network.bias.device), 0
    for index in batches(
        len(lessons.rows),
        batch_size,
        generator.numpy,
        blocks=blocks_of(lessons.rows),
        draw=lessons.draw,
        limit=limit,
    ):
        batch = Batch(lessons.rows.take(index), network.groups)
        sample_weight = None if lessons.sample_weight is None else lessons.sample_weight[index]
        loss = _train_step(
            network,
            tuning.optimiser,
            batch,
            lessons.y[index],
            sample_weight,
            learning_rate,
            generator,
        )
        total += loss * len(index)
        count += len(index)
    return float(total) / max(count, 1)


def _train_step(
    network: Network,
    optimiser: AdamW,
    batch: Batch,
    y: Floats32,
    sample_weight: Floats32 | None,
    learning_rate: float,
    generator: Random,
) -> Tensor:
    """Forward, backward and step on one mini-batch; tables only by the groups that are there.

    The loss stays where it is: asking for its value would make the processor wait for a GPU.
    """
    tables = {
        name: table.detach().requires_grad_() for name, table in network.tables(batch.span).items()
    }
    device = network.bias.device
    loss = F.binary_cross_entropy_with_logits(
        network(batch, tables, generator),
        moved(y, device),
        weight=None if sample_weight is None else moved(sample_weight, device),
    )
    dense = {
        name: parameter
        for name, parameter in network.named_parameters()
        if name not in ("code_weights", "skip")
    }
    gradients = torch.autograd.grad(loss, [*dense.values(), *tables.values()])
    for name, gradient in zip(dense, gradients, strict=False):
        optimiser.step(name, gradient, learning_rate)
    for name, gradient in zip(tables, gradients[len(dense) :], strict=True):
        _step_table(optimiser, name, gradient, network, batch.span, learning_rate)
    return loss.detach()


def _step_table(
    optimiser: AdamW, name: str, gradient: Tensor, network: Network, span: Span, rate: float
) -> None:
    places = level_slices(network.groups, span)
    pieces = torch.split(gradient, [rows.stop - rows.start for rows in places])
    for rows, piece in zip(places, pieces, strict=True):
        optimiser.step(name, piece, rate, rows)


class _Best:
    """The weights of the epoch with the smallest validation loss."""

    def __init__(self) -> None:
        self.loss = np.inf
        self.since = 0
        self.weights: dict[str, Tensor] = {}

    def note(self, network: Network, loss: float) -> None:
        """Look at an epoch; count the epochs since the smallest loss."""
        self.since += 1
        if loss < self.loss:
            self.loss, self.since = loss, 0
            self.weights = {name: p.detach().clone() for name, p in network.named_parameters()}

    @torch.no_grad()
    def restore(self, network: Network) -> None:
        for name, parameter in network.named_parameters():
            if name in self.weights:
                parameter.copy_(self.weights[name])


@dataclass
class Tuning:
    """All that changes while a network is fine-tuned."""

    network: Network
    optimiser: AdamW
    generator: Random
    curve: list[Record]
    best: _Best

    def _tensors(self) -> dict[str, dict[str, Tensor]]:
        return {
            "parameters": self.optimiser.parameters,
            "first": self.optimiser.first,
            "second": self.optimiser.second,
            "steps": self.optimiser.steps,
        }

    def state(self) -> tuple[stored.Arrays, dict[str, Any]]:
        """Arrays and facts from which :meth:`restore` continues as if there had been no break."""
        groups = self._tensors() | {"best": self.best.weights}
        arrays = {
            f"{group}/{name}": tensor.detach().cpu().numpy()
            for group, tensors in groups.items()
            for name, tensor in tensors.items()
        }
        generator = self.generator.state()
        facts = {
            "curve": self.curve,
            "random": generator["numpy"],
            "since": self.best.since,
            "loss": self.best.loss,
        }
        return arrays | {"random/torch": generator["torch"]}, facts

    @torch.no_grad()
    def restore(self, arrays: stored.Arrays, facts: Any) -> None:
        """Continue from a :meth:`state`."""
        self.generator.restore({"numpy": facts["random"], "torch": arrays.pop("random/torch")})
        self.curve, self.best.since, self.best.loss = facts["curve"], facts["since"], facts["loss"]
        groups = self._tensors()
        for key, array in arrays.items():
            group, _, name = key.partition("/")
            tensor = torch.from_numpy(array)
            if group == "best":
                self.best.weights[name] = tensor.to(self.network.bias.device)
            else:
                groups[group][name].copy_(tensor)


def log_loss(
    network: Network,
    rows: RowSource,
    y: Floats32,
    sample_weight: Floats32 | None = None,
) -> float:
    """Mean cross-entropy of the rows."""
    logits = network.logits(rows).astype(np.float64)
    losses = np.logaddexp(0, logits) - y * logits
    return float(np.average(losses, weights=sample_weight))


def _labels(y: npt.ArrayLike, n: int, name: str) -> Floats32:
    labels = np.asarray(y, dtype=np.float32)
    if labels.shape != (n,):
        raise ValueError(f"{name} has shape {labels.shape}; one label per row means ({n},)")
    wrong = ~((labels == 0) | (labels == 1))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"{name} holds {labels[row]:g} in row {row}; labels are 0 or 1")
    return labels


def _validation(
    rows: RowSource | npt.ArrayLike | None,
    y: npt.ArrayLike | None,
    sample_weight: npt.ArrayLike | None,
) -> tuple[RowSource, Floats32, Floats32 | None] | None:
    if (rows is None) != (y is None):
        raise ValueError("rows_val and y_val belong together; one of them is missing")
    if rows is None or y is None:
        return None
    source = as_rows(rows)
    return source, _labels(y, len(source), "y_val"), check_weights(sample_weight, len(source))


Validation = tuple[RowSource | npt.ArrayLike, npt.ArrayLike, npt.ArrayLike]
"""Held-out rows, their labels and weights."""
SMALLEST, LARGEST = 64, 1024  # rows of a mini-batch


class FineTune(BaseEstimator):  # type: ignore[misc]
    """Settings of :func:`~dbnchurn.dbn.finetuning.finetune`.

    Parameters
    ----------
    epochs : int, default 30
        Upper bound; fewer where the validation loss stops falling.
    batch_size : int, optional
        Rows of a mini-batch; by default a fiftieth of the rows, between 64 and 1,024, so that
        small tables get enough steps and large ones do not crawl.
    learning_rate : float, default 0.001
        Step of AdamW, in the first epoch.
    schedule : {"constant", "cosine"}, default "constant"
        How it falls from epoch to epoch; a cosine reaches 0 after `epochs`.
    weight_decay : float, default 0.0001
        Pull of the weights to 0, per step and learning rate.
    dropout : float, default 0.2
        Share of hidden activations set to zero in training.
    patience : int, default 3
        Epochs without a smaller validation loss before stopping.
    until : int, optional
        Epoch after which training ends, on a schedule that is made for `epochs`.
    epoch_rows : int, default 100_000
        Rows of an epoch at most, so many drawn anew for every epoch of a larger table: what a
        network learns depends on its steps, and losses on validation rows then come as often as for
        a table of that size.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).integers(0, 2, (400, 3)).astype(np.float32)
    >>> net = Network.from_random_weights((0, 3, 0), (), (8,), random_state=0)
    >>> len(FineTune(epochs=2).fit(net, X, X[:, 0], seed=0))
    2
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
        until: Annotated[int, Field(ge=1)] | None = None,
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
        device: Device = "cpu",
        seed: int | None = None,
        callbacks: Sequence[Callback] = (),
        checkpoint: str | os.PathLike[str] | None = None,
    ) -> list[Record]:
        """Train `network` in place.

        Parameters
        ----------
        network : Network
        rows, y, sample_weight, draw, device, callbacks, checkpoint
            See :func:`~dbnchurn.dbn.finetuning.finetune`.
        validation : (rows, y, weight), optional
            Held-out rows that stop the training.
        seed : int, optional
            For the order of rows and for dropout.

        Returns
        -------
        list of dict
            One record per epoch.
        """
        rows_val, y_val, weight_val = validation or (None, None, None)
        network.dropout = self.dropout
        source = as_rows(rows)
        return finetune(
            network,
            source,
            y,
            sample_weight=sample_weight,
            draw=draw,
            rows_val=rows_val,
            y_val=y_val,
            sample_weight_val=weight_val,
            epochs=self.epochs,
            batch_size=self.batch_size or max(SMALLEST, min(LARGEST, len(source) // 50)),
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            weight_decay=self.weight_decay,
            patience=self.patience,
            until=self.until,
            device=device,
            random_state=seed,
            epoch_rows=self.epoch_rows,
            callbacks=callbacks,
            checkpoint=checkpoint,
        )
