"""Fitting of the steps: each function gives the record of one step, from the training table.

A step is fitted on the columns named in `fresh` only; where there is nothing to do, it is None.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import ConfigError, did_you_mean
from dbnchurn.core.html.format import plain
from dbnchurn.core.typing import Bools, Floats, Ints, Ints32
from dbnchurn.prepare.record import (
    Clip,
    Compress,
    Construct,
    Fill,
    FlagMissing,
    Keep,
    Pool,
    Smooth,
)
from dbnchurn.tables.schema import Table

CORRELATED_AT_ONCE = 512  # columns
CORRELATION_ROWS = 50_000  # of a longer table, every so many rows


def positions(names: Sequence[str], fresh: Collection[str]) -> Ints:
    """Positions of the names that are fresh.

    Parameters
    ----------
    names : sequence of str
    fresh : collection of str

    Returns
    -------
    int64 array
        Ascending.
    """
    return np.array([j for j, name in enumerate(names) if name in fresh], np.int64)


def fit_flags(table: Table, fresh: Collection[str], least: float) -> FlagMissing | None:
    """Flag the columns that are neither hardly ever nor nearly always missing.

    Parameters
    ----------
    table : Table of n rows
        The training table as the previous step left it.
    fresh : collection of str
        Names of the columns that the step has not been fitted on.
    least : float
        Of the rows, more than this share has to be missing, and more than it present.

    Returns
    -------
    FlagMissing or None
    """

    def worth_a_flag(missing: Bools, names: Sequence[str]) -> Ints:
        share = missing.mean(axis=0)
        enough = np.flatnonzero(np.minimum(share, 1 - share) > least)
        return np.intersect1d(enough, positions(names, fresh))

    numbers = worth_a_flag(np.isnan(table.numbers), table.number_names)
    codes = worth_a_flag(table.codes < 0, table.code_names)
    return FlagMissing(numbers, codes) if len(numbers) + len(codes) else None


def fit_clip(table: Table, fresh: Collection[str], share: float) -> Clip | None:
    """Put the fences of every number at its quantiles `share` and 1 - `share`.

    Parameters
    ----------
    table : Table of n rows
        The training table as the previous step left it.
    fresh : collection of str
        Names of the columns that the step has not been fitted on.
    share : float
        0 for no fences.

    Returns
    -------
    Clip or None
    """
    low = np.full(table.numbers.shape[1], -np.finfo(np.float64).max)
    high = -low
    for j in positions(table.number_names, fresh) if share > 0 else ():
        values = _present(table.numbers[:, j])
        if len(values) == 0:
            continue
        fences = np.quantile(values, [share, 1 - share])
        # Fences that meet would make a rare event vanish.
        if fences[0] < fences[1]:
            low[j], high[j] = fences
    return Clip(low, high) if (high < np.finfo(np.float64).max).any() else None


def fit_smooth(table: Table, fresh: Collection[str], bins: int) -> Smooth | None:
    """Divide numbers with more distinct values than bins into bins of equally many rows.

    Parameters
    ----------
    table : Table of n rows
        The training table as the previous step left it.
    fresh : collection of str
        Names of the columns that the step has not been fitted on.
    bins : int
        0 for none.

    Returns
    -------
    Smooth or None
    """
    columns, edges, middles = [], [], []
    for j in positions(table.number_names, fresh) if bins else ():
        values = np.sort(_present(table.numbers[:, j]))
        if len(values) == 0 or 1 + np.count_nonzero(np.diff(values)) <= bins:
            continue
        cuts = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1]))
        parts = np.split(values, np.searchsorted(values, cuts, "left"))
        # Below a cut at the smallest value there is no training value: any middle will do.
        columns.append(j)
        edges.append(cuts)
        middles.append(np.array([np.median(p) if len(p) else values[0] for p in parts]))
    if not columns:
        return None
    return Smooth(np.array(columns, np.int64), tuple(edges), tuple(middles))


def fit_pool(table: Table, fresh: Collection[str], share: float) -> Pool | None:
    """Give the rare levels of a category, if there are two or more, one common code.

    Parameters
    ----------
    table : Table of n rows
        The training table as the previous step left it.
    fresh : collection of str
        Names of the columns that the step has not been fitted on.
    share : float
        Levels in less than this share of the rows, or in fewer than 10, are rare; 0 for none.

    Returns
    -------
    Pool or None
    """
    least = max(10.0, share * len(table)) if share > 0 else 0.0
    pooled, any_rare = [], False
    for j, (name, size) in enumerate(zip(table.code_names, table.sizes, strict=True)):
        codes = table.codes[:, j]
        rare = np.bincount(codes[codes >= 0], minlength=size) < least
        if rare.sum() < 2 or name not in fresh:
            pooled.append(np.arange(size, dtype=np.int32))
            continue
        new = np.cumsum(~rare) - 1
        pooled.append(np.where(rare, new[-1] + 1, new).astype(np.int32))
        any_rare = True
    return Pool(tuple(pooled)) if any_rare else None


def fit_fill(table: Table, fresh: Collection[str]) -> Fill | None:
    """Find the median or the most frequent level of every column, missing values or not.

    Parameters
    ----------
    table : Table of n rows
        The training table as the previous step left it.
    fresh : collection of str
        Names of the columns that the step has not been fitted on.

    Returns
    -------
    Fill or None
    """
    if not fresh:
        return None
    numbers = [np.median(v) if len(v := _present(c)) else 0.0 for c in table.numbers.T]
    codes = [np.bincount(v).argmax() if len(v := c[c >= 0]) else -1 for c in table.codes.T]
    return Fill(np.array(numbers, np.float64), np.array(codes, np.int32))


def fit_construct(
    table: Table,
    fresh: Collection[str],
    ratios: Mapping[str, Sequence[str]],
    trends: Mapping[str, Sequence[str]],
) -> Construct | None:
    """Construct the ratios and trends that the table does not have yet.

    Parameters
    ----------
    table : Table of n rows
        The training table as the previous step left it.
    fresh : collection of str
        Names of the columns that the step has not been fitted on.
    ratios : mapping of name → (dividend, divisor)
    trends : mapping of name → names of numbers in the order of time

    Returns
    -------
    Construct or None

    Raises
    ------
    ConfigError
        If a ratio or trend is made of a number that does not exist.
    """
    ratios = {name: pair for name, pair in ratios.items() if name not in table.number_names}
    trends = {name: names for name, names in trends.items() if name not in table.number_names}
    if not fresh or not (ratios or trends):
        return None

    def place(new: str, name: str) -> int:
        if name not in table.number_names:
            raise ConfigError(
                f"{new!r} is made of the number {name!r}: {did_you_mean(name, table.number_names)}"
            )
        return table.number_names.index(name)

    places = [[place(new, name) for name in pair] for new, pair in ratios.items()]
    pairs = np.array(places, np.int64).reshape(-1, 2)
    series = tuple(
        np.array([place(new, name) for name in names], np.int64) for new, names in trends.items()
    )
    return Construct((*ratios, *trends), pairs[:, 0], pairs[:, 1], series)


def fit_compress(table: Table, fresh: Collection[str], tail: float) -> Compress | None:
    """Find the numbers with long tails, and their interquartile ranges.

    Parameters
    ----------
    table : Table of n rows
        The training table as the previous step left it.
    fresh : collection of str
        Names of the columns that the step has not been fitted on.
    tail : float
        The range between the 1 % and the 99 % quantile has to be more than so many interquartile
        ranges; 0 for no compression.

    Returns
    -------
    Compress or None
    """
    columns, scales = [], []
    for j in positions(table.number_names, fresh) if tail else ():
        values = _present(table.numbers[:, j])
        if len(values) == 0:
            continue
        low, first, third, high = np.quantile(values, [0.01, 0.25, 0.75, 0.99])
        if third > first and high - low > tail * (third - first):
            columns.append(j)
            scales.append(third - first)
    if not columns:
        return None
    return Compress(np.array(columns, np.int64), np.array(scales, np.float64))


def fit_keep(table: Table, correlated: float, dropped: dict[str, str]) -> Keep | None:
    """Find the columns that are not empty, not constant and repeat no other.

    Parameters
    ----------
    table : Table of n rows
        The training table as the previous step left it; all of its columns are compared.
    correlated : float
        Of numbers whose absolute correlation is above this, and that are missing in the same rows,
        only the first is kept; 1 keeps all.
    dropped : dict of column → reason
        The dropped columns are added to it.

    Returns
    -------
    Keep or None
    """
    before = len(dropped)
    numbers = _informative(table.numbers, table.number_names, np.isnan(table.numbers), dropped)
    codes = _informative(table.codes, table.code_names, table.codes < 0, dropped)
    if correlated < 1:
        numbers = _uncorrelated(table, numbers, correlated, dropped)
    return Keep(numbers, codes) if len(dropped) > before else None


def _present(column: Floats) -> Floats:
    return column[~np.isnan(column)]


def _informative(
    matrix: Floats | Ints32,
    names: Sequence[str],
    missing: Bools,
    dropped: dict[str, str],
) -> Ints:
    """Positions of the columns that are neither empty, constant, nor copies."""
    kept: list[int] = []
    first: dict[bytes, str] = {}
    for j, name in enumerate(names):
        present = matrix[~missing[:, j], j]
        if len(present) == 0:
            dropped[name] = "empty"
        elif (present == present[0]).all():
            dropped[name] = "constant"
        elif (twin := first.setdefault(matrix[:, j].tobytes(), name)) != name:
            dropped[name] = f"a copy of {twin!r}"
        else:
            kept.append(j)
    return np.array(kept, dtype=np.int64)


def _uncorrelated(table: Table, kept: Ints, limit: float, dropped: dict[str, str]) -> Ints:
    """Of numbers that correlate above the limit and are missing together, the first."""
    sample = table.numbers[:: max(1, len(table) // CORRELATION_ROWS), :][:, kept]
    missing = np.isnan(sample)
    with np.errstate(invalid="ignore"):
        middle = np.nanmean(np.where(missing.all(axis=0), 0.0, sample), axis=0)
        spread = np.where(missing, 0.0, sample - middle)
        norm = np.sqrt(np.square(spread).sum(axis=0))
        spread = np.divide(spread, norm, out=np.zeros_like(spread), where=norm > 0)
    stays: npt.NDArray[np.bool_] = np.zeros(len(kept), bool)
    for j in range(len(kept)):
        if j % CORRELATED_AT_ONCE == 0:  # not the whole square, which has no place in memory
            r = spread.T @ spread[:, j : j + CORRELATED_AT_ONCE]
        to_j = r[:, j % CORRELATED_AT_ONCE]
        similar = np.flatnonzero((np.abs(to_j) > limit) & stays)
        twins = [i for i in similar if (missing[:, i] == missing[:, j]).all()]
        if twins:
            name, twin = table.number_names[kept[j]], table.number_names[kept[twins[0]]]
            dropped[name] = f"correlates with {twin!r} by {plain(to_j[twins[0]], 4)}"
        else:
            stays[j] = True
    return kept[stays]
