"""How one machine is trained: the settings, what is allowed for each, and rates by epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from math import cos, inf, pi
from typing import Any, Literal

import numpy as np

from dbnchurn.dbn.epoch_count import automatic_epochs
from dbnchurn.dbn.rows import RowSource, Stream

Epochs = int | Literal["auto"]
Schedule = Literal["constant", "linear", "cosine"]


def is_count(value: Any) -> bool:
    """Whether a setting is a whole number of at least 1."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= 1)


def _between(low: float, high: float, value: Any) -> bool:
    return isinstance(value, int | float | np.number) and bool(low <= value < high)


_ALLOWED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "epochs": (
        "a whole number of at least 1, or 'auto'",
        lambda value: is_count(value) or (isinstance(value, str) and value == "auto"),
    ),
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
    """How one machine is trained.

    :meth:`dbnchurn.dbn.DBN.training_settings` makes them of the parameters of a DBN, which have
    the defaults and say what each setting means.

    Attributes
    ----------
    epochs, batch_size, learning_rate, schedule, cd_k, persistent, mean_field, momentum, \
weight_decay, centering, sparsity_target, sparsity_cost, gaussian_rate, variance_rate, patience
        See :class:`dbnchurn.dbn.DBN`.
    first_momentum : float, default 0.5
        Momentum of the first epochs.
    momentum_epochs : int, default 5
        Their number.
    centering_rate : float, default 0.01
        Step of the moving average that the hidden offsets are.
    """

    epochs: Epochs
    batch_size: int
    learning_rate: float
    schedule: Schedule
    cd_k: int
    persistent: bool
    mean_field: bool
    momentum: float
    weight_decay: float
    centering: bool
    sparsity_target: float | None
    sparsity_cost: float
    gaussian_rate: float
    variance_rate: float
    patience: int | None
    first_momentum: float = 0.5
    momentum_epochs: int = 5
    centering_rate: float = 0.01

    def __post_init__(self) -> None:
        for name, (allowed, is_allowed) in _ALLOWED.items():
            value = getattr(self, name)
            if not (value is None and name in ("patience", "sparsity_target")) and not is_allowed(
                value
            ):
                raise ValueError(f"{name}={value!r} is not allowed; it must be {allowed}")

    @property
    def is_plain(self) -> bool:
        """Whether a step is the learning rate times the gradient and nothing else."""
        others = (self.momentum, self.first_momentum, self.weight_decay, self.centering)
        return not any(others) and self.sparsity_target is None

    def rate(self, epoch: int) -> float:
        """Learning rate of an epoch, counted from 0; of settings with a number of epochs."""
        progress = epoch / int(self.epochs)
        factor = {"constant": 1.0, "linear": 1 - progress, "cosine": 0.5 * (1 + cos(pi * progress))}
        return self.learning_rate * factor[self.schedule]

    def for_rows(self, rows: RowSource | Stream, n_hidden: int) -> TrainingSettings:
        """The same settings with a number of epochs, where that was left to the sizes.

        Parameters
        ----------
        rows : RowSource or Stream
        n_hidden : int

        Returns
        -------
        TrainingSettings

        Raises
        ------
        ValueError
            If a stream, whose length is not known, has no number of epochs.
        """
        if self.epochs != "auto":
            return self
        if not isinstance(rows, RowSource):
            raise ValueError(
                "epochs='auto' needs rows with a length; give a number of epochs for a stream"
            )
        n_visible = sum(rows.widths[:2]) + len(rows.sizes)
        epochs = automatic_epochs(len(rows), self.batch_size, n_visible, n_hidden)
        return replace(self, epochs=epochs)

    def momentum_of(self, epoch: int) -> float:
        """Momentum of an epoch, counted from 0."""
        return self.first_momentum if epoch < self.momentum_epochs else self.momentum
