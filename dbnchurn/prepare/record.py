"""What preparation learned, and its arithmetic: pure functions of (record, table)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dbnchurn.errors import ArtifactError
from dbnchurn.schema import Table

Index = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Keep:
    """Keep the columns that tell something: neither empty, constant, nor a copy of another.

    Parameters
    ----------
    numbers, codes : int64 arrays
        Positions of the kept columns in the table that the step receives.
    """

    numbers: Index
    codes: Index

    def apply(self, table: Table) -> Table:
        """Return the table with the kept columns alone."""
        return Table(
            table.numbers[:, self.numbers],
            table.codes[:, self.codes],
            tuple(table.number_names[j] for j in self.numbers),
            tuple(table.code_names[j] for j in self.codes),
            tuple(table.sizes[j] for j in self.codes),
        )


@dataclass(frozen=True, eq=False)
class FlagMissing:
    """Say in a 0/1 column that a value is missing, for then its absence may itself tell.

    Parameters
    ----------
    numbers, codes : int64 arrays
        Positions of the columns that get a flag.
    """

    numbers: Index
    codes: Index

    def apply(self, table: Table) -> Table:
        """Return the table with the flags appended to its numbers."""
        flags = [np.isnan(table.numbers[:, self.numbers]), table.codes[:, self.codes] < 0]
        names = [table.number_names[j] for j in self.numbers]
        names += [table.code_names[j] for j in self.codes]
        return replace(
            table,
            numbers=np.hstack([table.numbers, *flags]),
            number_names=(*table.number_names, *(f"{name} is missing" for name in names)),
        )


@dataclass(frozen=True, eq=False)
class Clip:
    """Move outliers to the fences.

    Parameters
    ----------
    low, high : float64 arrays of shape (numbers,)
    """

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]

    def apply(self, table: Table) -> Table:
        """Return the table with its numbers between the fences; missing stays missing."""
        return replace(table, numbers=np.clip(table.numbers, self.low, self.high))


@dataclass(frozen=True, eq=False)
class Pool:
    """Give rare levels of a category one common code.

    Parameters
    ----------
    codes : tuple of int32 arrays, one per category
        New code of every old level.
    """

    codes: tuple[npt.NDArray[np.int32], ...]

    def apply(self, table: Table) -> Table:
        """Return the table with pooled codes."""
        columns = [
            np.append(new, np.int32(-1))[table.codes[:, j]] for j, new in enumerate(self.codes)
        ]
        return replace(
            table,
            codes=np.stack(columns, axis=1) if columns else table.codes,
            sizes=tuple(int(new.max()) + 1 if len(new) else 0 for new in self.codes),
        )


@dataclass(frozen=True, eq=False)
class Fill:
    """Put a typical value where one is missing.

    Parameters
    ----------
    numbers : float64 array
        Median of every number.
    codes : int32 array
        Most frequent code of every category.
    """

    numbers: npt.NDArray[np.float64]
    codes: npt.NDArray[np.int32]

    def apply(self, table: Table) -> Table:
        """Return the table without missing values."""
        return replace(
            table,
            numbers=np.where(np.isnan(table.numbers), self.numbers, table.numbers),
            codes=np.where(table.codes < 0, self.codes, table.codes),
        )


Step = Keep | FlagMissing | Clip | Pool | Fill


@dataclass(frozen=True)
class PrepareRecord:
    """The fitted steps in the order in which they apply.

    Parameters
    ----------
    steps : tuple of steps
    """

    steps: tuple[Keep | FlagMissing | Clip | Pool | Fill, ...]


def prepare(record: PrepareRecord, table: Table) -> Table:
    """Replay the fitted steps on any table with the training table's columns.

    Raises
    ------
    ArtifactError
        If the steps do not fit the table's columns.
    """
    try:
        for step in record.steps:
            table = step.apply(table)
    except (IndexError, ValueError) as error:
        raise ArtifactError(f"the prepare record does not fit the schema: {error}") from error
    return table
