"""Background distributions of the raw columns, for marginal attribution.

A contribution compares a customer's value in one column with the values of the training rows in it.
The reference of a model holds bins and shares of them; here each bin becomes one value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.typing import Floats
from dbnchurn.predictor.reference import BINS, Distribution, Reference
from dbnchurn.tables.schema import Table

REPEATED = 1.5 / BINS  # a larger share in one bin means that its lower edge repeats


@dataclass(frozen=True, eq=False)
class Background:
    """Values of one raw column, and the share of training rows that each stands for.

    Parameters
    ----------
    values : float64 array of shape (b,)
        Numbers, or codes of a category; NaN and -1 stand for a missing value.
    shares : float64 array of shape (b,)
        Positive; they sum to 1.
    """

    values: Floats
    shares: Floats


def require_reference(reference: Reference | None) -> Reference:
    """The reference of a model, refused where it has none.

    Parameters
    ----------
    reference : Reference or None
        Of the model.

    Returns
    -------
    Reference

    Raises
    ------
    ArtifactError
        If the model has no reference, as models of format 1.
    """
    if reference is None:
        raise ArtifactError(
            "the model does not hold how its columns were spread in training, which reasons are "
            "compared with; train it anew with this version"
        )
    return reference


def background_values(reference: Reference | None) -> list[Background]:
    """Background of every raw column, numbers before categories.

    Parameters
    ----------
    reference : Reference or None
        Of the model.

    Returns
    -------
    list of Background

    Raises
    ------
    ArtifactError
        As :func:`require_reference`.
    """
    found = require_reference(reference)
    return [_of_number(d) for d in found.numbers] + [_of_code(d) for d in found.categories]


def with_values(table: Table, column: int, values: Floats) -> Table:
    """The table with other values in one raw column.

    Parameters
    ----------
    table : Table of n rows
        As read; it is not changed.
    column : int
        Position of the raw column, numbers before categories.
    values : float64 array of shape (n,)
        Numbers or codes.

    Returns
    -------
    Table of n rows
    """
    p = table.numbers.shape[1]
    if column < p:
        numbers = table.numbers.copy()
        numbers[:, column] = values
        return replace(table, numbers=numbers)
    codes = table.codes.copy()
    codes[:, column - p] = values
    return replace(table, codes=codes)


def occluded_columns(
    log_odds: Callable[[Table], Floats],
    table: Table,
    backgrounds: Sequence[Background],
    columns: Iterable[int],
    *,
    at_once: int | None = None,
) -> Floats:
    """What raw columns add to log-odds: with the rows' values, less the mean with the background's.

    Parameters
    ----------
    log_odds : callable
        Of a table as read: a float64 array with one number a row.
    table : Table of n rows
        As read.
    backgrounds : sequence of Background
        One per raw column.
    columns : iterable of int
        Positions of the columns that are looked at; the others add 0.
    at_once : int, optional
        Rows that are evaluated together, values counted; by default all.

    Returns
    -------
    float64 array of shape (n, raw columns)

    Examples
    --------
    >>> none = np.empty((2, 0), np.int32)
    >>> rows = Table(np.array([[1.0, 5.0], [4.0, 5.0]]), none, ("debt", "calls"), (), ())
    >>> typical = Background(np.array([1.0, 3.0]), np.array([0.5, 0.5]))
    >>> risk = lambda table: 2 * table.numbers[:, 0]
    >>> occluded_columns(risk, rows, [typical, typical], [0, 1]).tolist()
    [[-2.0, 0.0], [4.0, 0.0]]
    """
    n, out = len(table), np.zeros((len(table), len(backgrounds)))
    own = log_odds(table)
    for column in columns:
        values, shares = backgrounds[column].values, backgrounds[column].shares
        step = n if at_once is None else max(1, at_once // len(values))
        for start in range(0, n, step):
            rows = np.arange(start, min(start + step, n))
            repeated = table.take(np.repeat(rows, len(values)))
            others = with_values(repeated, column, np.tile(values, len(rows)))
            without = log_odds(others).reshape(len(rows), len(values))
            out[rows, column] = own[rows] - without @ shares
    return out


def _of_number(column: Distribution) -> Background:
    """The middle of every bin, or its lower edge where that is a repeated value."""
    edges, shares = column.edges, column.shares[: len(column.edges) + 1]
    low, high = np.append(column.low, edges), np.append(edges, column.high)
    if len(edges) > 1:  # outliers make the outer bins wide: at most as wide as the next ones
        with np.errstate(over="ignore"):  # infinitely far: then the column's own range counts
            low[0] = max(low[0], 2 * edges[0] - edges[1])
            high[-1] = min(high[-1], 2 * edges[-1] - edges[-2])
    middles = np.where(shares > REPEATED, low, low / 2 + high / 2)
    absent = column.shares[len(edges) + 1 :].sum()  # never seen and missing, which act alike
    return _normalised(np.append(middles, np.nan), np.append(shares, absent))


def _of_code(column: Distribution) -> Background:
    levels = len(column.shares) - 2  # followed by unseen levels and missing, which act alike
    values = np.append(np.arange(levels, dtype=np.float64), -1.0)
    return _normalised(values, np.append(column.shares[:levels], column.shares[levels:].sum()))


def _normalised(values: Floats, shares: Floats) -> Background:
    """The values with a positive share, and their shares so that they sum to 1."""
    positive = shares > 0
    return Background(values[positive], shares[positive] / shares[positive].sum())
