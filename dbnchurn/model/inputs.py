"""Customers and outcomes as they reach the classifier: read, checked, and parted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.core.errors import DataError
from dbnchurn.core.provenance import fingerprint
from dbnchurn.core.typing import Floats, Labels, Rows
from dbnchurn.model.labels import (
    check_both_classes,
    check_groups,
    check_weight,
    encode_labels,
    read_labels,
    two_classes,
)
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Schema, Table
from dbnchurn.tables.splitting import set_aside


@dataclass(frozen=True, eq=False)
class LabelledTable:
    """Labelled customers: table as read, labels 0 and 1, weights, and groups if there are any."""

    table: Table
    y: Labels
    sample_weight: Floats
    groups: npt.NDArray[Any] | None = None

    def take(self, rows: Rows) -> LabelledTable:
        """The given rows."""
        groups = None if self.groups is None else self.groups[rows]
        return LabelledTable(self.table.take(rows), self.y[rows], self.sample_weight[rows], groups)

    @property
    def prior(self) -> float:
        """Weighted share of churners."""
        return float(np.average(self.y, weights=self.sample_weight))


@dataclass(frozen=True)
class ClassPriors:
    """Shares of churners among the customers as they are, and as boosters and network see them."""

    prior: float
    trained_prior: float

    def weigh(self, part: LabelledTable) -> Floats:
        """Weights that give a part the share of churners that training has, shape (n,)."""
        churner, stayer = (
            self.trained_prior / self.prior,
            (1 - self.trained_prior) / (1 - self.prior),
        )
        return part.sample_weight * np.where(part.y == 1, churner, stayer)


@dataclass(frozen=True, eq=False)
class LabelledFrame:
    """Customers and outcomes before anything is learned.

    Parameters
    ----------
    frame : DataFrame of n rows
    y : int64 array of shape (n,)
    sample_weight : float64 array of shape (n,)
    groups : array of shape (n,), optional
    """

    frame: pd.DataFrame
    y: Labels
    sample_weight: Floats
    groups: npt.NDArray[Any] | None = None

    def take(self, rows: Rows) -> LabelledFrame:
        """The given rows."""
        groups = None if self.groups is None else self.groups[rows]
        return LabelledFrame(self.frame.iloc[rows], self.y[rows], self.sample_weight[rows], groups)

    def read(self, schema: Schema) -> LabelledTable:
        """The same customers, read by a schema."""
        return LabelledTable(read(schema, self.frame)[0], self.y, self.sample_weight, self.groups)


@dataclass(frozen=True, eq=False)
class FitInputs:
    """What `fit` was given, in parts.

    Parameters
    ----------
    train, val : LabelledFrame
    whole : LabelledFrame or None
        Both together, where the validation rows were set aside from the training rows.
    classes : array of two labels
    """

    train: LabelledFrame
    val: LabelledFrame
    whole: LabelledFrame | None
    classes: npt.NDArray[Any]


def fit_inputs(
    frame: pd.DataFrame,
    y: Any,
    frame_val: pd.DataFrame | None,
    y_val: Any,
    *,
    sample_weight: npt.ArrayLike | None,
    groups: npt.ArrayLike | None,
    share: float,
    generator: np.random.Generator,
) -> FitInputs:
    """Check outcomes, weights and groups; without validation rows, set a share of the rows aside.

    Raises
    ------
    DataError
        If labels, weights or groups cannot be used; the message says what to do.
    """
    labels = read_labels(y, len(frame))
    classes = two_classes(labels)
    whole = LabelledFrame(
        frame,
        encode_labels(labels, classes, "y"),
        check_weight(sample_weight, len(frame)),
        check_groups(groups, len(frame)),
    )
    if frame_val is None:
        if y_val is not None:
            raise DataError("y_val comes without its rows; pass X_val as well, or neither")
        rows, aside = set_aside(whole.y, whole.groups, share, generator)
        frames = FitInputs(whole.take(rows), whole.take(aside), whole, classes)
    else:
        labels_val = encode_labels(read_labels(y_val, len(frame_val), "y_val"), classes, "y_val")
        val = LabelledFrame(frame_val, labels_val, np.ones(len(frame_val)))
        frames = FitInputs(whole, val, None, classes)
    check_both_classes(frames.train.y, frames.train.sample_weight, "train on", "give more rows")
    advice = "give more rows or choose X_val and y_val yourself"
    check_both_classes(frames.val.y, frames.val.sample_weight, "validate on", advice)
    return frames


def rows_fingerprint(frames: FitInputs, unlabelled: pd.DataFrame | None = None) -> str:
    """SHA-256 over the values, outcomes, weights and groups of all customers, in hexadecimal."""
    digest = hashlib.sha256()

    def add(frame: pd.DataFrame, *arrays: npt.NDArray[Any]) -> None:
        digest.update(repr(list(frame.columns)).encode())
        hashed = pd.util.hash_pandas_object(frame, index=False).to_numpy()
        digest.update(fingerprint([hashed, *arrays]).encode())

    for part in (frames.train, frames.val):
        groups = () if part.groups is None else (pd.factorize(part.groups)[0],)
        add(part.frame, part.y, part.sample_weight, *groups)
    if unlabelled is not None:
        add(unlabelled)
    return digest.hexdigest()
