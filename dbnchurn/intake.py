"""Customers and outcomes as they reach the classifier: read, checked, and parted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.data.samples import set_aside
from dbnchurn.errors import DataError
from dbnchurn.labels import (
    check_both_classes,
    check_groups,
    check_weight,
    encode_labels,
    read_labels,
    two_classes,
)
from dbnchurn.schema import Schema, Table, infer, read

Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Part:
    """Labelled customers: table as read, labels 0 and 1, weights, and groups if there are any."""

    table: Table
    y: Labels
    weight: Floats
    groups: npt.NDArray[Any] | None = None

    def take(self, rows: npt.NDArray[np.intp]) -> Part:
        """The given rows."""
        groups = None if self.groups is None else self.groups[rows]
        return Part(self.table.take(rows), self.y[rows], self.weight[rows], groups)

    @property
    def prior(self) -> float:
        """Weighted share of churners."""
        return float(np.average(self.y, weights=self.weight))


@dataclass(frozen=True)
class Balance:
    """Shares of churners among the customers as they are, and as boosters and network see them."""

    prior: float
    trained: float

    def weigh(self, part: Part) -> Floats:
        """Weights that give a part the share of churners that training has, shape (n,)."""
        churner, stayer = self.trained / self.prior, (1 - self.trained) / (1 - self.prior)
        return part.weight * np.where(part.y == 1, churner, stayer)


@dataclass(frozen=True, eq=False)
class Frames:
    """Frames and outcomes of training and validation before anything is learned.

    Parameters
    ----------
    train, val : DataFrame
    y, y_val : int64 arrays
    weight, weight_val : float64 arrays
    groups : array of shape (n,), optional
    classes : array of two labels
    """

    train: pd.DataFrame
    y: Labels
    weight: Floats
    groups: npt.NDArray[Any] | None
    val: pd.DataFrame
    y_val: Labels
    weight_val: Floats
    classes: npt.NDArray[Any]

    def read(self, kinds: Mapping[str, str] | None) -> tuple[Schema, Part, Part]:
        """Learn the schema from the training frame alone, and read both frames by it."""
        schema = infer(self.train, kinds)
        train = Part(read(schema, self.train)[0], self.y, self.weight, self.groups)
        return schema, train, Part(read(schema, self.val)[0], self.y_val, self.weight_val)


def labelled_frames(
    frame: pd.DataFrame,
    y: Any,
    frame_val: pd.DataFrame | None,
    y_val: Any,
    *,
    sample_weight: npt.ArrayLike | None,
    groups: npt.ArrayLike | None,
    share: float,
    generator: np.random.Generator,
) -> Frames:
    """Check outcomes, weights and groups; without validation rows, set a share of the rows aside.

    Raises
    ------
    DataError
        If labels, weights or groups cannot be used; the message says what to do.
    """
    labels = read_labels(y, len(frame))
    classes = two_classes(labels)
    whole = encode_labels(labels, classes, "y")
    weight = check_weight(sample_weight, len(frame))
    group = check_groups(groups, len(frame))
    if frame_val is None:
        if y_val is not None:
            raise DataError("y_val comes without its rows; pass X_val as well, or neither")
        rows, aside = set_aside(whole, group, share, generator)
        frame_val, whole_val, weight_val = frame.iloc[aside], whole[aside], weight[aside]
    else:
        rows = np.arange(len(frame))
        whole_val = encode_labels(read_labels(y_val, len(frame_val), "y_val"), classes, "y_val")
        weight_val = np.ones(len(frame_val))
    check_both_classes(whole[rows], weight[rows], "train on", "give more rows")
    advice = "give more rows or choose X_val and y_val yourself"
    check_both_classes(whole_val, weight_val, "validate on", advice)
    return Frames(
        frame.iloc[rows],
        whole[rows],
        weight[rows],
        None if group is None else group[rows],
        frame_val,
        whole_val,
        weight_val,
        classes,
    )
