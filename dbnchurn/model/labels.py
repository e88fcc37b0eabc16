"""Labels, weights and groups that come with the customers: read and checked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Floats, Labels
from dbnchurn.core.weights import relative_weight, weight_problem
from dbnchurn.tables.label import LabelMeaning, apply_meaning, read_label
from dbnchurn.tables.label_classes import LabelValues
from dbnchurn.tables.label_question import Question

PYTHON = Question("ChurnClassifier(positive={})", "ChurnClassifier(negative={})", subject="y")


def read_labels(y: Any, rows: int, name: str = "y") -> npt.NDArray[Any]:
    """Labels as an array with one entry per row.

    Whole columns of booleans, integers or floats that come as objects or as pandas' nullable types
    become plain ones, and other objects text, so that a stored model gives the same labels.

    Parameters
    ----------
    y : array of shape (n,)
    rows : int
    name : str, default "y"
        Name of the labels in messages.

    Returns
    -------
    array of shape (rows,)

    Raises
    ------
    DataError
        If there are missing labels, or another number of them than of rows.
    """
    if y is None:
        raise DataError(
            f"labels are needed: {name} is None; requires y to be passed, but the target y is None"
        )
    if isinstance(y, pd.Series):
        y = y.to_numpy(object) if y.isna().any() else _plain(y.to_numpy(object))
    from sklearn.utils.validation import column_or_1d

    labels = column_or_1d(y, warn=True)
    if len(labels) != rows:
        raise DataError(f"the table has {rows} rows but {name} holds {len(labels)} labels")
    missing = pd.isna(labels)
    if labels.dtype.kind == "f":
        missing |= np.isinf(labels)
    elif labels.dtype.kind in "OU":
        codes, spellings = pd.factorize(labels)
        blank = [isinstance(spelling, str) and not spelling.strip() for spelling in spellings]
        missing |= np.array([*blank, False])[codes]
    if missing.any():
        raise DataError(
            f"{int(missing.sum())} labels of {name} are missing (NaN or blank) or infinite, the "
            f"first in row {int(np.flatnonzero(missing)[0])}; pass such rows as X_unlabelled or "
            "drop them"
        )
    return _plain(labels)


def _plain(labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if labels.dtype.kind != "O":
        return np.asarray(labels)
    kinds = {"boolean": np.bool_, "integer": np.int64, "floating": np.float64}
    kind = kinds.get(pd.api.types.infer_dtype(labels, skipna=False))
    return np.array([str(x) for x in labels], object) if kind is None else labels.astype(kind)


def unsorted_warning(classes: npt.NDArray[Any]) -> str:
    """A sentence about scorers of scikit-learn, which take the last label in sorted order.

    Parameters
    ----------
    classes : array of two labels
        Of those who stayed and of those who left.

    Returns
    -------
    str
        Empty where the last label in sorted order is that of those who left.

    Examples
    --------
    >>> unsorted_warning(np.array(["no", "yes"], object))
    ''
    >>> unsorted_warning(np.array(["stayed", "left"], object))[:66]
    "'left' sorts before 'stayed', so scikit-learn's scorers by name, s"
    """
    stayed, left = classes
    if np.unique(classes)[1] == left:
        return ""
    return (
        f"{left!r} sorts before {stayed!r}, so scikit-learn's scorers by name, such as "
        "scoring='roc_auc', take the probability of leaving for that of staying: fit with labels "
        f"0 and 1 (y == {left!r}) where you use them"
    )


def read_classes(
    labels: npt.NDArray[Any],
    *,
    positive: LabelValues | None = None,
    negative: LabelValues | None = None,
    column: str | None = None,
) -> tuple[npt.NDArray[Any], LabelMeaning, Labels]:
    """Decide which of the labels mean that a customer left.

    Where nothing says it, the second in sorted order does, with a warning.

    Parameters
    ----------
    labels : array of shape (n,)
        As :func:`read_labels` gives them.
    positive, negative : one value or several, optional
        Labels of those who left, and of those who stayed.
    column : str, optional
        Name of the labels.

    Returns
    -------
    classes : array of two labels
        Of those who stayed and of those who left, in the type of the labels.
    meaning : LabelMeaning
    y : int64 array of shape (n,)
        1 for those who left.

    Raises
    ------
    DataError
        If there is one class only, or several of which the lists do not decide all.

    Examples
    --------
    >>> classes, meaning, y = read_classes(np.array(["stay", "leave", "stay"]))
    >>> classes.tolist(), y
    (['stay', 'leave'], array([0, 1, 0]))
    """
    from sklearn.utils.multiclass import type_of_target

    kind = type_of_target(labels)
    question = PYTHON
    if kind != "binary":
        many = f"Only binary classification is supported. The type of the target is {kind}: "
        question = replace(PYTHON, many=many)
    meaning, y = read_label(
        labels, positive=positive, negative=negative, column=column, question=question, assume=True
    )
    classes = np.array([meaning.negative[0], meaning.positive[0]], labels.dtype)
    return classes, meaning, y


def encode_labels(labels: npt.NDArray[Any], meaning: LabelMeaning, name: str) -> Labels:
    """1 for those who left and 0 for the others, by what was decided for the training labels.

    Parameters
    ----------
    labels : array of shape (n,)
    meaning : LabelMeaning
    name : str
        Name of the labels in messages.

    Returns
    -------
    int64 array of shape (n,)

    Raises
    ------
    DataError
        If a label is neither.
    """
    unnamed = replace(meaning, column=None)
    return apply_meaning(unnamed, labels, question=replace(PYTHON, subject=name))


def label_name(y: Any) -> str | None:
    """The name of labels that come as a column with a name."""
    if isinstance(y, pd.DataFrame) and y.shape[1] == 1:
        y = y.iloc[:, 0]
    return y.name if isinstance(y, pd.Series) and isinstance(y.name, str) else None


def label_type(classes: npt.NDArray[Any]) -> str:
    """What the labels are, for the artifact: bool, int, float or str."""
    kinds = {"b": "bool", "i": "int", "u": "int", "f": "float"}
    return kinds.get(classes.dtype.kind, "str")


def check_weight(sample_weight: npt.ArrayLike | None, rows: int) -> Floats:
    """Weights as an array with one entry per row; ones where none are given.

    Parameters
    ----------
    sample_weight : array of shape (rows,), or None
    rows : int

    Returns
    -------
    float64 array of shape (rows,)
        With a mean of one over the rows that count: only ratios matter, see
        :func:`~dbnchurn.core.weights.relative_weight`.

    Raises
    ------
    DataError
        If there is another number of them than of rows, one is negative or not finite, all are 0,
        or the largest is more than a million times the smallest above 0.
    """
    if sample_weight is None:
        return np.ones(rows)
    if problem := weight_problem(sample_weight, rows):
        raise DataError(problem)
    return relative_weight(np.asarray(sample_weight, np.float64))


def check_groups(groups: npt.ArrayLike | None, rows: int) -> npt.NDArray[Any] | None:
    """Groups as an array with one entry per row, or None where none are given.

    Parameters
    ----------
    groups : array of shape (rows,), or None
    rows : int

    Returns
    -------
    array of shape (rows,), or None

    Raises
    ------
    DataError
        If there is another number of them than of rows, or one is missing.
    """
    if groups is None:
        return None
    found = np.asarray(groups)
    if found.shape != (rows,):
        raise DataError(f"groups has shape {found.shape}, the table has {rows} rows")
    if missing := int(pd.isna(found).sum()):
        raise DataError(f"groups lacks a value in {missing} rows; give every row its group")
    return found


def check_both_classes(y: Labels, sample_weight: Floats, part: str, advice: str) -> None:
    """Refuse rows of which one class is absent or counts for nothing.

    Parameters
    ----------
    y : int array of shape (n,)
        0 or 1.
    sample_weight : float array of shape (n,)
    part : str
        What the rows are there for.
    advice : str
        What to do about it.

    Raises
    ------
    DataError
        If a class has no row with a weight above 0.
    """
    stayers, churners = np.bincount(y[sample_weight > 0], minlength=2)
    if not (stayers and churners):
        raise DataError(
            f"the rows to {part} hold {churners} churners and {stayers} stayers with a weight "
            f"above 0, and both classes are needed; {advice}"
        )
