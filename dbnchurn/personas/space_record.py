"""Customers as points: the mixed space in which personas are found and assigned."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.typing import Bools, Floats, Ints
from dbnchurn.tables.schema import Table

BEND = 3.0  # standard deviations towards which far values are bent


@dataclass(frozen=True, eq=False)
class Points:
    """Rows of a table in the space.

    Parameters
    ----------
    values : float64 array of shape (n, d)
        Coordinates; 0 where the column is missing.
    seen : float64 array of shape (n, c)
        1 where a column is known, else 0.
    column : int64 array of shape (d,)
        The column that each coordinate belongs to.
    """

    values: Floats
    seen: Floats
    column: Ints

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Ints) -> Points:
        """The rows with these numbers."""
        return Points(self.values[rows], self.seen[rows], self.column)


@dataclass(frozen=True, eq=False)
class Space:
    """The mixed space: numbers bent and scaled, categories as scaled indicators.

    Parameters
    ----------
    numbers : int64 array of shape (p,)
        Columns of the table's numbers that are used.
    signed_log : bool array of shape (p,)
        Whether sign·log(1 + size) is taken first.
    center, scale : float64 arrays of shape (p,)
        Median and standard deviation of what that gives.
    categories : int64 array of shape (q,)
        Columns of the table's codes that are used.
    level_category, level_code : int64 arrays of shape (l,)
        Every level that has a coordinate: position in `categories`, and its code.
    level_size : float64 array of shape (l,)
        Coordinate of a row that has the level.
    """

    numbers: Ints
    signed_log: Bools
    center: Floats
    scale: Floats
    categories: Ints
    level_category: Ints
    level_code: Ints
    level_size: Floats

    def audit(self) -> None:
        """Refuse arrays that do not fit one another.

        Raises
        ------
        ArtifactError
            If they do not, or a scale is not above zero.
        """
        p, levels = len(self.numbers), len(self.level_code)
        if not (self.signed_log.shape == self.center.shape == self.scale.shape == (p,)):
            raise ArtifactError("personas: the numbers of the space have arrays of unlike lengths")
        if not (self.level_category.shape == self.level_size.shape == (levels,)):
            raise ArtifactError("personas: the levels of the space have arrays of unlike lengths")
        if p and not (self.scale > 0).all():
            raise ArtifactError("personas: a scale of the space is not above zero")
        inside = (self.level_category >= 0) & (self.level_category < len(self.categories))
        if not inside.all() or (self.level_code < 0).any():
            raise ArtifactError("personas: a level of the space belongs to no category")
        if (self.numbers < 0).any() or (self.categories < 0).any():
            raise ArtifactError("personas: a column of the space has a number below zero")

    @property
    def column(self) -> Ints:
        """The column that each coordinate belongs to: numbers first, then categories."""
        p = len(self.numbers)
        return np.concatenate([np.arange(p, dtype=np.int64), p + self.level_category])

    @property
    def n_columns(self) -> int:
        """Columns that are used."""
        return len(self.numbers) + len(self.categories)

    def points(self, table: Table) -> Points:
        """Rows of a table in this space.

        Parameters
        ----------
        table : Table of n rows

        Returns
        -------
        Points
        """
        raw = table.numbers[:, self.numbers]
        codes = table.codes[:, self.categories]
        p = len(self.numbers)
        values = np.zeros((len(table), p + len(self.level_code)))
        seen = np.empty((len(table), self.n_columns))
        seen[:, :p] = ~np.isnan(raw)
        seen[:, p:] = codes >= 0
        bent = as_logarithms(raw, self.signed_log)
        bent = BEND * np.tanh((bent - self.center) / self.scale / BEND)
        values[:, :p] = np.where(np.isnan(bent), 0.0, bent)
        held = codes[:, self.level_category] == self.level_code
        values[:, p:] = held * self.level_size
        return Points(values, seen, self.column)


def as_logarithms(numbers: Floats, signed_log: Bools) -> Floats:
    """Numbers, those of the marked columns as sign·log(1 + size).

    Parameters
    ----------
    numbers : float array of shape (n, p)
    signed_log : bool array of shape (p,)

    Returns
    -------
    float array of shape (n, p)
    """
    return np.where(signed_log, np.sign(numbers) * np.log1p(np.abs(numbers)), numbers)
