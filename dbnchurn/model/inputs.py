"""What ``fit`` is given: labelled customers, checked and divided into training and validation."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
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
    label_name,
    read_classes,
    read_labels,
)
from dbnchurn.tables.label import LabelMeaning
from dbnchurn.tables.label_classes import LabelValues
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Schema, Table
from dbnchurn.tables.splitting import hold_out


@dataclass(frozen=True, eq=False)
class LabelledTable:
    """Labelled customers as read by a schema.

    Parameters
    ----------
    table : Table of n rows
    y : int64 array of shape (n,)
        1 for churners, else 0.
    sample_weight : float64 array of shape (n,)
    groups : array of shape (n,), optional
    """

    table: Table
    y: Labels
    sample_weight: Floats
    groups: npt.NDArray[Any] | None = None

    def take(self, rows: Rows) -> LabelledTable:
        """The given rows, in the given order."""
        groups = None if self.groups is None else self.groups[rows]
        return LabelledTable(self.table.take(rows), self.y[rows], self.sample_weight[rows], groups)

    @property
    def prior(self) -> float:
        """Weighted share of churners."""
        return float(np.average(self.y, weights=self.sample_weight))


@dataclass(frozen=True)
class ClassPriors:
    """Shares of churners before and after oversampling.

    Parameters
    ----------
    prior : float
        Among the customers as they are.
    trained_prior : float
        In the training set of boosters and networks.
    """

    prior: float
    trained_prior: float

    def weigh(self, rows: LabelledTable) -> Floats:
        """Weights that give rows the share of churners of the training set, shape (n,)."""
        churner = self.trained_prior / self.prior
        stayer = (1 - self.trained_prior) / (1 - self.prior)
        return rows.sample_weight * np.where(rows.y == 1, churner, stayer)


@dataclass(frozen=True, eq=False)
class LabelledFrame:
    """Labelled customers before a schema is inferred.

    Parameters
    ----------
    frame : DataFrame of n rows
    y : int64 array of shape (n,)
        1 for churners, else 0.
    sample_weight : float64 array of shape (n,)
    groups : array of shape (n,), optional
    """

    frame: pd.DataFrame
    y: Labels
    sample_weight: Floats
    groups: npt.NDArray[Any] | None = None

    def take(self, rows: Rows) -> LabelledFrame:
        """The given rows, in the given order."""
        groups = None if self.groups is None else self.groups[rows]
        return LabelledFrame(self.frame.iloc[rows], self.y[rows], self.sample_weight[rows], groups)

    def read(self, schema: Schema) -> LabelledTable:
        """The same customers, read by a schema."""
        return LabelledTable(read(schema, self.frame)[0], self.y, self.sample_weight, self.groups)


@dataclass(frozen=True, eq=False)
class FitInputs:
    """The arguments of ``fit``, checked.

    Parameters
    ----------
    train, validation : LabelledFrame
    all_rows : LabelledFrame or None
        Both together, where the validation rows were set aside from the training rows.
    classes : array of two labels
        Of those who stayed and of those who left.
    meaning : LabelMeaning
        All labels of both.
    """

    train: LabelledFrame
    validation: LabelledFrame
    all_rows: LabelledFrame | None
    classes: npt.NDArray[Any]
    meaning: LabelMeaning

    def fingerprint(self, unlabelled: pd.DataFrame | None = None) -> str:
        """SHA-256 over values, labels, weights and groups of all customers, in hexadecimal.

        Parameters
        ----------
        unlabelled : DataFrame, optional
            Customers without a known outcome, who count as well.
        """
        return fingerprint_of([self.train, self.validation], unlabelled)


def fingerprint_of(parts: Sequence[LabelledFrame], unlabelled: pd.DataFrame | None = None) -> str:
    """SHA-256 over values, labels, weights and groups of some customers, in hexadecimal.

    Parameters
    ----------
    parts : sequence of LabelledFrame
    unlabelled : DataFrame, optional
        Customers without a known outcome, who count as well.

    Returns
    -------
    str
    """
    digest = hashlib.sha256()

    def add(frame: pd.DataFrame, *arrays: npt.NDArray[Any]) -> None:
        digest.update(repr(list(frame.columns)).encode())
        hashed = pd.util.hash_pandas_object(frame, index=False).to_numpy()
        digest.update(fingerprint([hashed, *arrays]).encode())

    for rows in parts:
        groups = () if rows.groups is None else (pd.factorize(rows.groups)[0],)
        add(rows.frame, rows.y, rows.sample_weight, *groups)
    if unlabelled is not None:
        add(unlabelled)
    return digest.hexdigest()


def labelled_rows(
    frame: pd.DataFrame,
    y: Any,
    meaning: LabelMeaning,
    sample_weight: npt.ArrayLike | None,
    groups: npt.ArrayLike | None,
) -> LabelledFrame:
    """Checked rows whose labels mean what they meant before.

    Parameters
    ----------
    frame : DataFrame of n rows
    y : array of shape (n,)
    meaning : LabelMeaning
    sample_weight : array of shape (n,), or None
    groups : array of shape (n,), or None

    Returns
    -------
    LabelledFrame

    Raises
    ------
    DataError
        If labels, weights or groups cannot be used; the message says what to do.
    """
    rows = LabelledFrame(
        frame,
        encode_labels(read_labels(y, len(frame)), meaning, "y"),
        check_weight(sample_weight, len(frame)),
        check_groups(groups, len(frame)),
    )
    check_both_classes(rows.y, rows.sample_weight, "train on", "give more rows")
    return rows


def fit_inputs(
    frame: pd.DataFrame,
    y: Any,
    validation_frame: pd.DataFrame | None,
    y_val: Any,
    *,
    sample_weight: npt.ArrayLike | None,
    groups: npt.ArrayLike | None,
    validation_share: float,
    generator: np.random.Generator,
    positive: LabelValues | None = None,
    negative: LabelValues | None = None,
    sample_weight_val: npt.ArrayLike | None = None,
) -> FitInputs:
    """Check labels, weights and groups; without validation rows, set a share of the rows aside.

    Parameters
    ----------
    frame : DataFrame of n rows
    y : array of shape (n,)
        Labels of two classes, or of several that `positive` and `negative` decide.
    validation_frame : DataFrame of m rows, or None
    y_val : array of shape (m,), or None
    sample_weight : array of shape (n,), or None
    groups : array of shape (n,), or None
        Rows of one group stay together.
    validation_share : float
        Share of the n rows that is set aside where `validation_frame` is None.
    generator : numpy Generator
        Draws the rows that are set aside.
    positive, negative : one label or several, optional
        Of those who left, and of those who stayed.
    sample_weight_val : array of shape (m,), optional

    Returns
    -------
    FitInputs

    Raises
    ------
    DataError
        If labels, weights or groups cannot be used; the message says what to do.
    """
    labels = read_labels(y, len(frame))
    classes, meaning, coded = read_classes(
        labels, positive=positive, negative=negative, column=label_name(y)
    )
    given = LabelledFrame(
        frame,
        coded,
        check_weight(sample_weight, len(frame)),
        check_groups(groups, len(frame)),
    )
    if validation_frame is None:
        if y_val is not None:
            raise DataError("y_val comes without its rows; pass X_val as well, or neither")
        if sample_weight_val is not None:
            raise DataError(
                "sample_weight_val comes without its rows; pass X_val and y_val as well, or none"
            )
        kept, aside = hold_out(given.y, given.groups, validation_share, generator)
        inputs = FitInputs(given.take(kept), given.take(aside), given, classes, meaning)
    else:
        n = len(validation_frame)
        validation = LabelledFrame(
            validation_frame,
            encode_labels(read_labels(y_val, n, "y_val"), meaning, "y_val"),
            check_weight(sample_weight_val, n),
        )
        inputs = FitInputs(given, validation, None, classes, meaning)
    train, validation = inputs.train, inputs.validation
    check_both_classes(train.y, train.sample_weight, "train on", "give more rows")
    advice = "give more rows or choose X_val and y_val yourself"
    check_both_classes(validation.y, validation.sample_weight, "validate on", advice)
    return inputs
