"""Background values of the raw columns: what a customer's own value is held against."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.typing import Floats
from dbnchurn.predictor.reference import BINS, Distribution, Reference
from dbnchurn.tables.schema import Schema, Table

REPEATED = 1.5 / BINS  # a larger share in one bin: its lower edge is met again and again


@dataclass(frozen=True, eq=False)
class Background:
    """Values of one raw column and how often each is met; the shares sum to 1.

    Parameters
    ----------
    values : float64 array of shape (b,)
        Numbers, or codes of a category; NaN and -1 stand for a missing value.
    shares : float64 array of shape (b,)
    """

    values: Floats
    shares: Floats


def background_values(reference: Reference | None) -> list[Background]:
    """Typical values of every column, as the training rows had them.

    Raises
    ------
    ArtifactError
        If the model is of before the reference was kept.
    """
    if reference is None:
        raise ArtifactError(
            "the model does not hold how its columns were spread in training, which reasons are "
            "held against; train it anew with this version"
        )
    return [_of_number(d) for d in reference.numbers] + [_of_code(d) for d in reference.categories]


def with_values(table: Table, column: int, values: Floats) -> Table:
    """The table with other values in one raw column, shape (n,)."""
    p = table.numbers.shape[1]
    if column < p:
        numbers = table.numbers.copy()
        numbers[:, column] = values
        return replace(table, numbers=numbers)
    codes = table.codes.copy()
    codes[:, column - p] = values
    return replace(table, codes=codes)


def _of_number(column: Distribution) -> Background:
    """The middle of every bin, or its lower edge where that is a value that repeats."""
    edges, shares = column.edges, column.shares[: len(column.edges) + 1]
    low, high = np.append(column.low, edges), np.append(edges, column.high)
    if len(edges) > 1:  # the outer bins may reach far out: as wide as their neighbours at most
        low[0] = max(low[0], 2 * edges[0] - edges[1])
        high[-1] = min(high[-1], 2 * edges[-1] - edges[-2])
    middles = np.where(shares > REPEATED, low, low / 2 + high / 2)
    return _met(np.append(middles, np.nan), np.append(shares, column.missing))


def _of_code(column: Distribution) -> Background:
    levels = len(column.shares) - 2  # then come levels never seen and missing: both no evidence
    values = np.append(np.arange(levels, dtype=np.float64), -1.0)
    return _met(values, np.append(column.shares[:levels], column.shares[levels:].sum()))


def _met(values: Floats, shares: Floats) -> Background:
    met = shares > 0
    return Background(values[met], shares[met] / shares[met].sum())


def no_evidence(schema: Schema, rows: int) -> Table:
    """A table as read, of so many rows without any value.

    Parameters
    ----------
    schema : Schema
    rows : int

    Examples
    --------
    >>> from dbnchurn.tables.schema import Column
    >>> schema = Schema((Column("plan", "category", ("A", "B")), Column("debt", "number")))
    >>> table = no_evidence(schema, 1)
    >>> table.number_names, table.code_names, table.sizes, table.numbers, table.codes
    (('debt',), ('plan',), (2,), array([[nan]]), array([[-1]], dtype=int32))
    """
    numbers = [column for column in schema.used if column.kind != "category"]
    categories = [column for column in schema.used if column.kind == "category"]
    return Table(
        np.full((rows, len(numbers)), np.nan),
        np.full((rows, len(categories)), -1, np.int32),
        tuple(column.name for column in numbers),
        tuple(column.name for column in categories),
        tuple(len(column.levels) for column in categories),
    )
