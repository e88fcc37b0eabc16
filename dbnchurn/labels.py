"""Labels and weights that come with the customers: read, checked, and told apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import column_or_1d

from dbnchurn.errors import DataError, listed

Labels = npt.NDArray[np.int64]


def read_labels(y: Any, rows: int) -> npt.NDArray[Any]:
    """Labels as an array with one entry per row.

    Raises
    ------
    DataError
        If there are missing labels, or another number of them than of rows.
    """
    if y is None:
        raise DataError("labels are needed: y is None; requires y to be passed, but the target y is None")
    labels = column_or_1d(y, warn=True)
    if len(labels) != rows:
        raise DataError(f"the table has {rows} rows but there are {len(labels)} labels")
    missing = pd.isna(labels)
    if labels.dtype.kind == "f":
        missing |= np.isinf(labels)
    if missing.any():
        raise DataError(
            f"{int(missing.sum())} labels are missing (NaN) or infinite, the first in row "
            f"{int(np.flatnonzero(missing)[0])}; pass such rows as X_unlabelled or drop them"
        )
    return np.asarray(labels)


def two_classes(labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The two distinct labels in sorted order.

    Raises
    ------
    DataError
        If there are not exactly two.
    """
    kind = type_of_target(labels)
    classes = np.unique(labels)
    if len(classes) == 1:
        raise DataError(
            f"the labels hold one class only ({classes[0]!r}); both those who left and those who "
            "stayed are needed"
        )
    if len(classes) > 2:
        raise DataError(
            f"Only binary classification is supported. The type of the target is {kind}, it holds "
            f"{len(classes)} values: {listed(classes.tolist())}"
        )
    return classes


def encode_labels(labels: npt.NDArray[Any], classes: npt.NDArray[Any], where: str) -> Labels:
    """1 for the second class and 0 for the first.

    Raises
    ------
    DataError
        If a label is neither.
    """
    unknown = ~np.isin(labels, classes)
    if unknown.any():
        raise DataError(
            f"{where} holds labels that training has not: {listed(np.unique(labels[unknown]).tolist())}; "
            f"allowed are {listed(classes.tolist())}"
        )
    return np.asarray(labels == classes[1], dtype=np.int64)


def label_type(classes: npt.NDArray[Any]) -> str:
    """What the labels are, for the artifact: bool, int, float or str."""
    kinds = {"b": "bool", "i": "int", "u": "int", "f": "float"}
    return kinds.get(classes.dtype.kind, "str")


def check_weight(sample_weight: npt.ArrayLike | None, rows: int) -> npt.NDArray[np.float64]:
    """Weights as an array with one entry per row; ones where none are given.

    Raises
    ------
    DataError
        If there is another number of them than of rows, or one is negative, not finite, or all 0.
    """
    if sample_weight is None:
        return np.ones(rows)
    weight = np.asarray(sample_weight, np.float64)
    if weight.shape != (rows,):
        raise DataError(f"sample_weight has shape {weight.shape}, the table has {rows} rows")
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any() or not weight.any():
        raise DataError(
            f"sample_weight has to be finite and not negative, with some above 0; {int(bad.sum())} "
            f"of {rows} are not"
        )
    return weight
