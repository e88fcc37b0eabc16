"""Distributions of the training rows, with which later rows are compared.

Counts of later rows add up, so that a table may be counted in parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.statistics import population_stability_index
from dbnchurn.core.typing import Floats, Ints, Ints32
from dbnchurn.tables.schema import Table

BINS = 10
GROWTH = 0.05  # of the largest number, by which a column may grow
MOSTLY_ZERO = 0.5  # share of the values of training above which zeros are usual
YEARS = 3653.0  # days, by which dates may be outside the range of training
ABSENT = 2  # slots after the bins or levels: not seen in training, missing


@dataclass(frozen=True, eq=False)
class Distribution:
    """The distribution of one column in training.

    Parameters
    ----------
    name : str
    edges : float64 array of shape (bins - 1,)
        A number `x` lies in bin ``(edges <= x).sum()``; empty for a category, whose levels are its
        bins.
    shares : float64 array of shape (bins + 2,)
        Shares of the rows: bin after bin, then those with an unseen level, then missing.
    low, high : float
        Smallest and largest number; 0 for categories and columns without a number.
    """

    name: str
    edges: Floats
    shares: Floats
    low: float
    high: float

    def audit(self) -> None:
        """Check edges, shares and range.

        Raises
        ------
        ArtifactError
            If edges do not rise, shares are negative or do not sum to 1, or lengths disagree.
        """
        if (
            self.edges.ndim != 1
            or self.shares.ndim != 1
            or len(self.shares) < len(self.edges) + ABSENT
            or (np.diff(self.edges) <= 0).any()
            or (self.shares < 0).any()
            or abs(self.shares.sum() - 1) > 1e-6
            or not self.low <= self.high
        ):
            raise ArtifactError(f"reference: column {self.name!r} is no distribution")

    @property
    def missing(self) -> float:
        """Share of rows without a value."""
        return float(self.shares[-1])

    def far_outside(self, values: Floats, *, is_date: bool = False) -> int:
        """Rows with a number that no passing of time explains, so far is it from those of training.

        Dates, counters and the months of customers of one year grow from month to month: a number
        may exceed the largest one by the width of the range of training, or by 5 %, but not be
        below the smallest; a date may lie ten years outside. A column of one value says nothing.

        Parameters
        ----------
        values : float64 array of shape (n,)
            NaN is missing.
        is_date : bool, default False
            Whether they are days since 1970.

        Returns
        -------
        int

        Examples
        --------
        >>> months = Distribution("months", np.array([6.0]), np.array([0.5, 0.5, 0, 0]), 1, 12)
        >>> months.far_outside(np.array([0.0, 1.0, 12.0, 20.0, 23.0, 24.0, np.nan]))
        2
        """
        if self.low == self.high:
            return 0
        width = self.high - self.low
        if is_date:
            below = above = max(width, YEARS)
        else:
            below, above = 0.0, max(width, GROWTH * abs(self.high))
        return int(((values < self.low - below) | (values > self.high + above)).sum())

    def zeros(self, values: Floats) -> int:
        """Rows with a zero; 0 where zeros may have been most values in training, or were none.

        Parameters
        ----------
        values : float64 array of shape (n,)
            NaN is missing.

        Returns
        -------
        int

        Examples
        --------
        >>> usage = Distribution("usage", np.array([5.0]), np.array([0.4, 0.6, 0, 0]), 0, 12)
        >>> usage.zeros(np.array([0.0, 0.0, 3.0, np.nan]))
        2
        """
        if not self.low <= 0 <= self.high or self.low == self.high:
            return 0
        at_most = self.shares[np.searchsorted(self.edges, 0.0, side="right")]
        if at_most > MOSTLY_ZERO * (1 - self.missing):
            return 0
        return int((values == 0).sum())

    def count_numbers(self, values: Floats) -> Ints:
        """Count rows in every slot of `shares`; NaN is missing."""
        bins = np.searchsorted(self.edges, values, side="right")
        slots = np.where(np.isnan(values), len(self.shares) - 1, bins)
        return np.bincount(slots, minlength=len(self.shares)).astype(np.int64)

    def count_codes(self, codes: Ints32, unknown: int = 0) -> Ints:
        """Count rows in every slot of `shares`.

        Parameters
        ----------
        codes : int32 array of shape (n,)
            Codes of a category; -1 for a missing value and for an unseen level.
        unknown : int, default 0
            Number of the rows with code -1 that had an unseen level.

        Returns
        -------
        int64 array of the shape of `shares`
        """
        counts = np.bincount(codes[codes >= 0], minlength=len(self.shares)).astype(np.int64)
        counts[-2:] = unknown, (codes < 0).sum() - unknown
        return counts

    def mapped(self, edges: Floats, low: float, high: float) -> Distribution:
        """The distribution of other numbers in the same order; bins whose edges meet become one.

        Parameters
        ----------
        edges : float64 array of the shape of the own
            What the own edges become; not falling.
        low, high : float
            What the smallest and the largest number become.

        Returns
        -------
        Distribution

        Examples
        --------
        >>> thirds = Distribution("p", np.array([1.0, 2.0]), np.array([1, 1, 1, 0, 0]) / 3, 0, 3)
        >>> thirds.mapped(np.array([7.0, 7.0]), 7.0, 9.0).shares.round(2)
        array([0.33, 0.67, 0.  , 0.  ])
        """
        kept, place = np.unique(edges, return_inverse=True)
        bins = np.concatenate([[0], place + 1, len(kept) + 1 + np.arange(ABSENT)])
        slots = len(kept) + 1 + ABSENT
        shares = np.asarray(np.bincount(bins, self.shares, minlength=slots), np.float64)
        return replace(self, edges=kept, shares=shares, low=low, high=high)

    def stability_index(self, counts: Ints) -> float:
        """Population stability index of the counted rows against training; 0 where all is equal."""
        return population_stability_index(self.shares, counts)


@dataclass(frozen=True, eq=False)
class Reference:
    """Distributions of the columns in training, and of the scores on rows not trained on.

    Parameters
    ----------
    numbers, categories : tuples of Distribution
        As a :class:`~dbnchurn.tables.schema.Table` orders them.
    score : Distribution
        Of the probabilities of rows that were not trained on.
    """

    numbers: tuple[Distribution, ...]
    categories: tuple[Distribution, ...]
    score: Distribution

    @property
    def columns(self) -> tuple[Distribution, ...]:
        """Numbers, then categories."""
        return self.numbers + self.categories

    def count(
        self, table: Table, probability: Floats, unknown: Mapping[str, int] | None = None
    ) -> dict[str, Ints]:
        """Count the rows of a table as read; counts of several tables may be added.

        Parameters
        ----------
        table : Table of n rows
        probability : array of shape (n,)
        unknown : mapping of column → rows with a level that the training rows do not have, optional
            As :func:`dbnchurn.tables.reading.read` counts them.

        Returns
        -------
        dict of column → int64 array, and ``"probability"`` under the key of the score's name
        """
        unknown = unknown or {}
        counts = {
            column.name: column.count_numbers(table.numbers[:, j])
            for j, column in enumerate(self.numbers)
        }
        for j, column in enumerate(self.categories):
            counts[column.name] = column.count_codes(table.codes[:, j], unknown.get(column.name, 0))
        counts[self.score.name] = self.score.count_numbers(probability)
        return counts


def learn_reference(table: Table, probability: Floats) -> Reference:
    """Find the distributions of the columns and of the scores.

    Parameters
    ----------
    table : Table of n rows
        Training rows as read.
    probability : array of shape (m,)
        Out-of-sample scores, of rows that were not trained on.

    Returns
    -------
    Reference

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> debt = generator.normal(size=(1000, 1))
    >>> table = Table(debt, np.zeros((1000, 0), np.int32), ("debt",), (), ())
    >>> reference = learn_reference(table, generator.random(500))
    >>> counts = reference.numbers[0].count_numbers(table.numbers[:, 0])
    >>> reference.numbers[0].stability_index(counts)
    0.0
    """
    numbers = tuple(
        _of_numbers(name, table.numbers[:, j]) for j, name in enumerate(table.number_names)
    )
    categories = tuple(
        _of_codes(name, size, table.codes[:, j])
        for j, (name, size) in enumerate(zip(table.code_names, table.sizes, strict=True))
    )
    # The score has no name, so that it cannot have that of a column.
    return Reference(numbers, categories, _of_numbers("", np.asarray(probability, np.float64)))


def _of_numbers(name: str, values: Floats) -> Distribution:
    present = values[~np.isnan(values)]
    edges = np.empty(0)
    if len(present):
        edges = np.unique(np.quantile(present, np.linspace(0, 1, BINS + 1)[1:-1], method="lower"))
    low, high = (float(present.min()), float(present.max())) if len(present) else (0.0, 0.0)
    shape = Distribution(name, edges, np.zeros(len(edges) + 1 + ABSENT), low, high)
    return replace(shape, shares=shape.count_numbers(values) / max(len(values), 1))


def _of_codes(name: str, size: int, codes: Ints32) -> Distribution:
    shape = Distribution(name, np.empty(0), np.zeros(size + ABSENT), 0.0, 0.0)
    return replace(shape, shares=shape.count_codes(codes) / max(len(codes), 1))
