"""Digests of the rows that a stored model learned from: no such row is a new customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.core.errors import ArtifactError
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Schema, Table

LEARNED = "learned_rows.parquet"
"""In a run folder; without ids or values."""
NAMED, UNNAMED = "customer and values", "values"  # what digests are of, as the file's column says
BY_CHANCE = 0.05  # share of new customers without ids that may have the values of a learned row

Digests = npt.NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class RowDigests:
    """Digests of the rows of a frame, with their customers or without; each made once.

    Parameters
    ----------
    schema : Schema
        Of the model.
    frame : DataFrame of n rows
    ids : sequence of length n, or None
        Names of the customers; None where the table has none.
    """

    schema: Schema
    frame: pd.DataFrame
    ids: Sequence[Any] | None

    @property
    def kind(self) -> str:
        """What :attr:`fullest` is of."""
        return UNNAMED if self.ids is None else NAMED

    @cached_property
    def fullest(self) -> Digests:
        """Of customers and values, or of values alone where customers have no ids."""
        return digests_of(self._table, self.ids)

    @cached_property
    def of_values(self) -> Digests:
        """Of values alone."""
        return self.fullest if self.ids is None else digests_of(self._table)

    @cached_property
    def _table(self) -> Table:
        return read(self.schema, self.frame)[0]


def write_learned_rows(path: Path, rows: RowDigests) -> None:
    """Write one digest for every row that a model learned from.

    Parameters
    ----------
    path : Path
    rows : RowDigests
    """
    pd.DataFrame({rows.kind: np.sort(rows.fullest)}).to_parquet(path, index=False)


def add_learned_rows(path: Path, before: Path, digests: Digests | None) -> None:
    """Write the digests of another file, and further ones.

    Parameters
    ----------
    path : Path
    before : Path
        As :func:`write_learned_rows` wrote it; a file that is not there has no rows.
    digests : uint64 array, optional
        Of customers and values.

    Raises
    ------
    ArtifactError
        If the other file cannot be read, or has no customers.
    """
    kind, added = NAMED, np.zeros(0, np.uint64) if digests is None else digests
    if before.is_file():
        found, stored = _stored(before)
        if digests is not None and found != NAMED:
            raise ArtifactError(
                f"{before} has no customers, so rows that are learned from later cannot be added"
            )
        kind, added = found, np.concatenate([stored, added])
    pd.DataFrame({kind: np.unique(added)}).to_parquet(path, index=False)


def _stored(path: Path) -> tuple[str, Digests]:
    """What the digests are of, and the digests."""
    try:
        stored = pd.read_parquet(path)
        (kind,) = stored.columns
        return kind, stored[kind].to_numpy(np.uint64)
    except (OSError, ValueError, TypeError) as error:
        raise ArtifactError(f"{path} cannot be read: {error}") from error


def learned_among(path: Path, rows: RowDigests) -> int:
    """How many rows a model has learned from.

    Parameters
    ----------
    path : Path
        As :func:`write_learned_rows` wrote it; a file that is not there has no rows.
    rows : RowDigests

    Returns
    -------
    int
        0 where nothing tells customers from one another, because rows have no ids and no more of
        them repeat the values of a learned row than learned rows repeat one another.

    Raises
    ------
    ArtifactError
        If the file cannot be read.
    """
    if not path.is_file():
        return 0
    kind, learned = _stored(path)
    named = kind != UNNAMED
    if named and rows.ids is None:
        return 0
    found = np.isin(rows.fullest if named else rows.of_values, learned)
    repeated = 0.0 if named else 1 - len(np.unique(learned)) / max(len(learned), 1) + BY_CHANCE
    return int(found.sum()) if found.mean() > repeated else 0


def unlisted_sentence(about: Mapping[str, Any]) -> str | None:
    """What is said of a model that learned from rows of which no digest is kept; else None.

    Parameters
    ----------
    about : mapping
        Of a stored model.

    Returns
    -------
    str or None

    Examples
    --------
    >>> unlisted_sentence({"draw": {"boosted": False}}) is None
    True
    """
    draw = about.get("draw") or {}
    if not draw.get("boosted"):
        return None
    return (
        "Boosters of this model learned from customers who were not drawn, too, and these are not "
        "listed: of a cutoff of the training, the numbers say nothing of new customers."
    )


def digests_of(table: Table, ids: Sequence[Any] | None = None) -> Digests:
    """A number for every row, the same for the same values (and the same customer).

    Parameters
    ----------
    table : Table of n rows, as read
    ids : sequence of length n, optional

    Returns
    -------
    uint64 array of shape (n,)

    Examples
    --------
    >>> debt, none = np.array([[1.0], [1.0], [2.0]]), np.zeros((3, 0), np.int32)
    >>> table = Table(debt, none, ("debt",), (), ())
    >>> first, second, third = digests_of(table)
    >>> bool(first == second), bool(first == third)
    (True, False)
    """
    columns: dict[str, Any] = {
        f"{kind} {j}": column
        for kind, matrix in (("number", table.numbers), ("code", table.codes))
        for j, column in enumerate(matrix.T)
    }
    if ids is not None:
        columns["customer"] = np.array([str(id) for id in ids], object)
    digests = pd.util.hash_pandas_object(pd.DataFrame(columns), index=False)
    return np.asarray(digests).astype(np.uint64)
