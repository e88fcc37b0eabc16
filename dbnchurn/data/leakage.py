"""Checks for leakage: features that reveal the outcome stop a run.

Each check can be switched off by name, for one column or for all, but only with a reason.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.core.errors import ConfigError, DataError, did_you_mean
from dbnchurn.core.typing import Bools, Dates, Floats, Ints, Rows
from dbnchurn.tables.model_columns import ModelColumn, ModelColumns
from dbnchurn.tables.serial_format import serial_note

log = logging.getLogger(__name__)

CHECKS = {
    "single_column": "one column alone nearly decides the label",
    "missingness": "a value is missing exactly where the label says so",
    "date_after_cutoff": "a date lies after the cutoff",
    "outcome_window": "an aggregate covers rows from the cutoff on",
    "identifier": "a column names its row",
    "shared_customers": "customers are both trained on and tested on",
}
LOOKED_AT = 200_000  # rows of a sample, from which an AUC is known to about a thousandth
BINS = 64
AGREEMENT = 0.999  # share of rows where missing and label agree
DISTINCT_SHARE = 0.99  # share of distinct values from which a column is an identifier
MIN_ROWS = 100  # fewer rows are not enough to recognise an identifier


@dataclass(frozen=True)
class Leak:
    """A column that a check found to reveal the outcome.

    Parameters
    ----------
    check : str
        One of ``CHECKS``.
    column : str
        Column, or ``parts`` for customers in two parts.
    evidence : str
        What was found, for messages.
    """

    check: str
    column: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.check}: {self.column}: {self.evidence}"


def find_leaks(
    columns: ModelColumns,
    y: Ints,
    *,
    ids: npt.NDArray[Any] | None = None,
    cutoffs: Dates | None = None,
    auc: float = 0.90,
) -> list[Leak]:
    """Find columns that nearly decide the label, dates after the cutoff, and identifiers.

    Every column is judged by the kind as which the model reads it.

    Parameters
    ----------
    columns : ModelColumns of n rows
        Training rows.
    y : int array of shape (n,)
        0 or 1.
    ids : array of shape (n,), optional
        Customer of each row.
    cutoffs : datetime64 array of shape (n,), optional
    auc : float, default 0.90
        Area under the ROC curve from which a column alone is a leak.

    Returns
    -------
    list of Leak
        In the order of the columns; identifiers that are ignored as such at the end.

    Examples
    --------
    >>> y = np.tile([0, 0, 0, 1], 50)
    >>> X = pd.DataFrame({"debt": np.arange(200) % 7, "reason": np.where(y, "price", None)})
    >>> for leak in find_leaks(ModelColumns.of(X), y):
    ...     print(leak)
    missingness: reason: missing in 100.0 % of those who stayed and 0.0 % of those who left
    """
    step = max(1, len(columns) // LOOKED_AT)
    first = None if ids is None else ~pd.Series(ids).duplicated().to_numpy()
    leaks: list[Leak] = []
    for column in columns:
        sample, labels = column.take(slice(None, None, step)), y[::step]
        finding = _missingness(sample, labels) or _single_column(sample, labels, auc)
        finding = finding or _identifier(column, first)
        if finding:
            leaks.append(Leak(finding[0], column.name, finding[1]))
        if cutoffs is not None and (late := _late(column, cutoffs)):
            leaks.append(Leak("date_after_cutoff", column.name, late))
    for column in columns.identifiers:
        if finding := _identifier(column, first):
            leaks.append(Leak(finding[0], column.name, finding[1]))
    return leaks


def shared_customers(
    ids: npt.NDArray[Any],
    dates: Dates | None,
    train: Rows,
    test: Rows,
) -> list[Leak]:
    """Customers that are in both the train and the test part at the same date.

    A customer may be in the test part at a later cutoff than in the train part, as in use.

    Parameters
    ----------
    ids : array of shape (n,)
        Customer of each row.
    dates : datetime64 array of shape (n,), or None
        Snapshot of each row.
    train, test : intp arrays
        Row numbers.

    Returns
    -------
    list of Leak
        At most one.
    """
    frame = pd.DataFrame({"id": ids})
    if dates is not None:
        frame["date"] = dates
    both = frame.iloc[train].merge(frame.iloc[test].drop_duplicates(), how="inner")
    if both.empty:
        return []
    count, first = both["id"].nunique(), both["id"].astype(object).iloc[0]
    return [
        Leak("shared_customers", "parts", f"{count} customers are in both, the first is {first!r}")
    ]


def refuse_leaks(leaks: list[Leak], allow: Mapping[str, str]) -> list[str]:
    """Refuse leaks that are not allowed.

    Parameters
    ----------
    leaks : list of Leak
    allow : mapping of check, or ``check: column``, → reason

    Returns
    -------
    allowed : list of str
        A sentence for each leak that is allowed, with the reason.

    Raises
    ------
    DataError
        If a leak is not allowed.
    ConfigError
        If `allow` names an unknown check.
    """
    for name in allow:
        check = name.partition(":")[0]
        if check not in CHECKS:
            raise ConfigError(
                f"leakage.allow: {check!r} is no check: {did_you_mean(check, CHECKS)}"
            )
    reasons = {
        leak: allow.get(f"{leak.check}: {leak.column}", allow.get(leak.check)) for leak in leaks
    }
    open_leaks = [leak for leak, reason in reasons.items() if reason is None]
    if open_leaks:
        lines = "\n".join(f"  {leak} ({CHECKS[leak.check]})" for leak in open_leaks)
        first = f"{open_leaks[0].check}: {open_leaks[0].column}"
        signs = "1 sign" if len(open_leaks) == 1 else f"{len(open_leaks)} signs"
        raise DataError(
            f"leakage: {signs} that the features know the outcome\n{lines}\n"
            "drop these columns, or name them with a reason under leakage.allow, for example "
            f"{{{first!r}: known before the cutoff}}"
        )
    allowed = [f"{leak}; allowed: {reason}" for leak, reason in reasons.items()]
    for sentence in allowed:
        log.warning("leakage check passed over: %s", sentence)
    return allowed


def _missingness(column: ModelColumn, y: Ints) -> tuple[str, str] | None:
    missing = column.missing
    agree = float((missing == (y == 1)).mean())
    if max(agree, 1 - agree) < AGREEMENT or not missing.any():
        return None
    stayed, left = 100 * missing[y == 0].mean(), 100 * missing[y == 1].mean()
    evidence = f"missing in {stayed:.1f} % of those who stayed and {left:.1f} % of those who left"
    return "missingness", evidence


def _single_column(column: ModelColumn, y: Ints, limit: float) -> tuple[str, str] | None:
    auc = column_auc(column, y)
    return ("single_column", f"AUC {auc:.3f} alone") if auc >= limit else None


def column_auc(column: ModelColumn, y: Ints) -> float:
    """Area under the ROC curve of one column, with its values in the best order.

    Values (numbers and dates in up to 64 bins, missing as one of them) are ordered by the share of
    churners in the other half of the rows, so that a column with a different value in every row has
    0.5.

    Parameters
    ----------
    column : ModelColumn of n rows
    y : int array of shape (n,)
        0 or 1.

    Returns
    -------
    float
        From 0 to 1.

    Examples
    --------
    >>> y = np.tile([0, 1], 500)
    >>> columns = ModelColumns.of(pd.DataFrame({"told": np.where(y, 3, 9), "row": np.arange(1000)}))
    >>> column_auc(columns["told"], y), column_auc(columns["row"], y) < 0.6
    (1.0, True)
    """
    if y.min() == y.max():
        return 0.5
    codes = _codes(column)
    # Pseudo-random halves, since neighbouring rows of a sorted table are similar.
    half = (np.arange(len(y)) * 2654435761 % 2**32) >> 31
    score = np.empty(len(y))
    for side in (0, 1):
        own, other = half == side, half != side
        size = codes.max() + 1
        rows = np.bincount(codes[other], minlength=size)
        churners = np.bincount(codes[other], y[other], minlength=size)
        score[own] = ((churners + y.mean()) / (rows + 1.0))[codes[own]]
    return float(np.mean([_auc(score[half == side], y[half == side]) for side in (0, 1)]))


def _codes(column: ModelColumn) -> Ints:
    """Values as codes from 0; missing is one of them."""
    if column.has_levels:
        return column.codes.astype(np.int64) + 1
    numbers = column.numbers
    places, values = pd.factorize(numbers, use_na_sentinel=False)
    if len(values) <= BINS:
        return np.asarray(places, np.int64)
    present = numbers[~np.isnan(numbers)]
    edges = np.unique(np.quantile(present, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.where(np.isnan(numbers), len(edges) + 1, np.searchsorted(edges, numbers, "right"))


def _auc(score: Floats, y: Ints) -> float:
    """Area under the ROC curve, ties counted half."""
    positives = int(y.sum())
    if positives in (0, len(y)):
        return 0.5
    ranks = pd.Series(score).rank().to_numpy()
    above = ranks[y == 1].sum() - positives * (positives + 1) / 2
    return float(above / (positives * (len(y) - positives)))


def _identifier(column: ModelColumn, first: Bools | None) -> tuple[str, str] | None:
    """Whether levels or whole numbers hardly ever repeat, among the first rows of the customers."""
    if column.kind in ("date", "flag") or column.is_span:
        return None
    if first is not None:
        column = column.take(np.flatnonzero(first))
    values = column.codes if column.has_levels else column.numbers
    present = values[~column.missing]
    if len(present) < MIN_ROWS or _has_decimals(column):
        return None
    distinct = len(np.unique(present)) / len(present)
    if distinct < DISTINCT_SHARE:
        return None
    evidence = f"{distinct:.1%} of its values occur once"
    note = "" if column.has_levels else serial_note(column.name, column.numbers)
    return "identifier", f"{evidence}; {note}" if note else evidence


def _has_decimals(column: ModelColumn) -> bool:
    """Whether it holds amounts with decimals, which hardly ever repeat either."""
    numbers = column.numbers
    if column.has_levels:
        numbers = pd.to_numeric(pd.Series(column.levels, dtype=object), errors="coerce").to_numpy()
    known = np.isfinite(numbers)
    return bool(known.mean() > 0.9 and (numbers[known] % 1 > 0).any()) if len(known) else False


def _late(column: ModelColumn, cutoffs: Dates) -> str:
    if column.kind != "date":
        return ""
    days = (cutoffs - np.datetime64(0, "s")) / np.timedelta64(1, "D")
    rows = np.flatnonzero(column.numbers >= days)
    if not len(rows):
        return ""
    day = column.take(rows[:1]).words().iloc[0]
    return f"{len(rows)} rows, such as {day} at the cutoff {str(cutoffs[rows[0]])[:10]}"
