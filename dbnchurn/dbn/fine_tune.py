"""Fine-tuning as a stage: its settings, to be kept with those of the other stages."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy.typing as npt
from pydantic import Field
from sklearn.base import BaseEstimator

from dbnchurn.dbn.finetuning import Callback, Record, finetune
from dbnchurn.dbn.network import Network
from dbnchurn.dbn.rows import Indices, RowSource, as_rows
from dbnchurn.dbn.stack import Device

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
    >>> net = Network.random((0, 3, 0), (), (8,), random_state=0)
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
        draw: Indices | None = None,
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
