"""The fitted steps of preparation as records, and their arithmetic.

Everything is a pure function of a record and a table.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.typing import Floats, Ints, Ints32
from dbnchurn.tables.schema import Table


@dataclass(frozen=True, eq=False)
class Keep:
    """Drop columns without information of their own; see :class:`~dbnchurn.prepare.Prepare`.

    Parameters
    ----------
    numbers, codes : int64 arrays
        Positions of the kept columns in the table that the step receives.
    """

    numbers: Ints
    codes: Ints

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
    """Mark missing values in 0/1 columns, since being missing may itself predict churn.

    Parameters
    ----------
    numbers, codes : int64 arrays
        Positions of the columns that get a flag.
    """

    numbers: Ints
    codes: Ints

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
        Fences of every number; the largest finite floats where it has none.
    """

    low: Floats
    high: Floats

    def audit(self) -> None:
        """Check the order of the fences.

        Raises
        ------
        ArtifactError
            If a lower fence is above the upper one, or their numbers differ.
        """
        if self.low.shape != self.high.shape or (self.low > self.high).any():
            raise ArtifactError("clip record: every number needs a lower and an upper fence")

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

    codes: tuple[Ints32, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of new codes of every category; 0 for a category without levels."""
        return tuple(int(new.max()) + 1 if len(new) else 0 for new in self.codes)

    def audit(self) -> None:
        """Check the new codes.

        Raises
        ------
        ArtifactError
            If a new code is negative, or not below the number of old codes.
        """
        if any(new.ndim != 1 or ((new < 0) | (new >= len(new))).any() for new in self.codes):
            raise ArtifactError("pool record: a new code is out of range")

    def apply(self, table: Table) -> Table:
        """Return the table with pooled codes."""
        columns = [
            np.append(new, np.int32(-1))[table.codes[:, j]] for j, new in enumerate(self.codes)
        ]
        return replace(
            table,
            codes=np.stack(columns, axis=1) if columns else table.codes,
            sizes=self.sizes,
        )


@dataclass(frozen=True, eq=False)
class Fill:
    """Replace missing values by a typical one.

    Parameters
    ----------
    numbers : float64 array
        Median of every number.
    codes : int32 array
        Most frequent code of every category; -1 where training had none.
    """

    numbers: Floats
    codes: Ints32

    def audit(self) -> None:
        """Check the codes.

        Raises
        ------
        ArtifactError
            If one is below -1.
        """
        if (self.codes < -1).any():
            raise ArtifactError("fill record: a code is out of range")

    def apply(self, table: Table) -> Table:
        """Return the table without missing values."""
        return replace(
            table,
            numbers=np.where(np.isnan(table.numbers), self.numbers, table.numbers),
            codes=np.where(table.codes < 0, self.codes, table.codes),
        )


@dataclass(frozen=True, eq=False)
class Smooth:
    """Replace numbers by the median of their bin, which removes noise within the bin.

    Parameters
    ----------
    columns : int64 array
        Positions of the smoothed numbers.
    edges, middles : tuples of float64 arrays, one per smoothed number
        A value is in the bin after the last edge that is at most the value. The middle is the
        median of the bin's training values.
    """

    columns: Ints
    edges: tuple[Floats, ...]
    middles: tuple[Floats, ...]

    def audit(self) -> None:
        """Check the bins.

        Raises
        ------
        ArtifactError
            If a column lacks edges or middles, edges do not rise, or a bin has no middle.
        """
        if not self.columns.shape == (len(self.edges),) == (len(self.middles),):
            raise ArtifactError("smooth record: every column needs edges and middles")
        for edges, middles in zip(self.edges, self.middles, strict=True):
            if edges.ndim != 1 or middles.shape != (len(edges) + 1,) or (np.diff(edges) <= 0).any():
                raise ArtifactError("smooth record: the bins of a column are no bins")

    def apply(self, table: Table) -> Table:
        """Return the table with smoothed numbers; missing stays missing."""
        numbers = table.numbers.copy()
        for j, edges, middles in zip(self.columns, self.edges, self.middles, strict=True):
            column = numbers[:, j]
            smooth = middles[np.searchsorted(edges, column, "right").clip(max=len(middles) - 1)]
            numbers[:, j] = np.where(np.isnan(column), column, smooth)
        return replace(table, numbers=numbers)


@dataclass(frozen=True, eq=False)
class Construct:
    """Append ratios of two numbers and trends over several.

    Parameters
    ----------
    names : tuple of str
        Names of the ratios, then of the trends.
    above, below : int64 arrays, one position per ratio
        Positions of the dividends and the divisors; a division by 0 gives a missing value.
    series : tuple of int64 arrays, one per trend
        Positions of the numbers in the order of time; the trend is their least-squares slope, and
        missing where one of them is.
    """

    names: tuple[str, ...]
    above: Ints
    below: Ints
    series: tuple[Ints, ...]

    def audit(self) -> None:
        """Check names, ratios and trends.

        Raises
        ------
        ArtifactError
            If one of them has no name, or a trend is over a single number.
        """
        if (
            self.above.shape != self.below.shape
            or self.above.ndim != 1
            or len(self.names) != len(self.above) + len(self.series)
            or any(columns.ndim != 1 or len(columns) < 2 for columns in self.series)
        ):
            raise ArtifactError("construct record: names, ratios and trends do not agree")

    def apply(self, table: Table) -> Table:
        """Return the table with the new numbers appended."""
        below = table.numbers[:, self.below]
        ratios = table.numbers[:, self.above] / np.where(below == 0, np.nan, below)
        trends = [_slope(table.numbers[:, columns]) for columns in self.series]
        return replace(
            table,
            numbers=np.column_stack([table.numbers, ratios, *trends]),
            number_names=(*table.number_names, *self.names),
        )


def _slope(values: Floats) -> Floats:
    time = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2
    # Added column by column, so that a row alone gives the same bits as in a batch.
    total = sum(t * values[:, k] for k, t in enumerate(time))
    return np.asarray(total / np.square(time).sum())


@dataclass(frozen=True, eq=False)
class Compress:
    """Compress long tails: x becomes s · arcsinh(x / s), linear near 0 and logarithmic far out.

    Parameters
    ----------
    columns : int64 array
        Positions of the compressed numbers.
    scale : float64 array of the same length
        The s of every column.
    """

    columns: Ints
    scale: Floats

    def audit(self) -> None:
        """Check the scales.

        Raises
        ------
        ArtifactError
            If one is not positive, or there is not one per column.
        """
        if self.columns.shape != self.scale.shape or (self.scale <= 0).any():
            raise ArtifactError("compress record: scales have to be positive, one per column")

    def apply(self, table: Table) -> Table:
        """Return the table with compressed numbers."""
        numbers = table.numbers.copy()
        numbers[:, self.columns] = self.scale * np.arcsinh(numbers[:, self.columns] / self.scale)
        return replace(table, numbers=numbers)


Step = Keep | FlagMissing | Clip | Pool | Fill | Smooth | Construct | Compress


@dataclass(frozen=True)
class PrepareRecord:
    """The fitted steps in the order in which they apply.

    Parameters
    ----------
    steps : tuple of :data:`Step`

    Examples
    --------
    >>> record = PrepareRecord((Clip(low=np.array([0.0]), high=np.array([9.0])),))
    >>> table = Table(np.array([[-5.0], [2.0]]), np.empty((2, 0), np.int32), ("debt",), (), ())
    >>> record.steps[0].apply(table).numbers.ravel()
    array([0., 2.])
    """

    steps: tuple[Step, ...]


def prepare(record: PrepareRecord, table: Table) -> Table:
    """Apply the fitted steps to a table with the columns of the training table.

    Parameters
    ----------
    record : PrepareRecord
    table : Table of n rows
        As read.

    Returns
    -------
    Table of n rows
        The input is not changed.

    Raises
    ------
    ArtifactError
        If the steps do not fit the table's columns.

    Examples
    --------
    >>> table = Table(np.array([[-5.0], [2.0]]), np.empty((2, 0), np.int32), ("debt",), (), ())
    >>> record = PrepareRecord((Clip(low=np.array([0.0]), high=np.array([9.0])),))
    >>> prepare(record, table).numbers.ravel()
    array([0., 2.])
    """
    try:
        for step in record.steps:
            table = step.apply(table)
    except (IndexError, ValueError) as error:
        raise ArtifactError(f"the prepare record does not fit the schema: {error}") from error
    return table
