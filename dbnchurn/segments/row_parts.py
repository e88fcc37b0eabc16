"""The three parts of the rows: to mine, to select on, to report from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Bools, Rows
from dbnchurn.tables.model_columns import ModelColumns

PARTS = ("mine", "select", "report")


@dataclass(frozen=True, eq=False)
class RowParts:
    """Row numbers of the three parts, ascending; every row is in exactly one."""

    mine: Rows
    select: Rows
    report: Rows

    @classmethod
    def of(cls, part: npt.NDArray[np.integer]) -> RowParts:
        """From the part number (0, 1, 2) of every row."""
        return cls(*(np.flatnonzero(part == k) for k in range(3)))

    def __iter__(self) -> Iterator[Rows]:
        return iter((self.mine, self.select, self.report))


def split_at_random(
    hits: Bools, shares: Sequence[float], generator: np.random.Generator, groups: Any = None
) -> RowParts:
    """Split at random, with the same rate of yeses in each part; rows of one group stay together.

    Parameters
    ----------
    hits : bool array of shape (n,)
    shares : three floats that sum to 1
    generator : numpy Generator
    groups : array-like of n values or None
        Rows of one value (a customer with several answers) go to one part; rates of yeses are
        then equal only by chance.

    Returns
    -------
    RowParts

    Raises
    ------
    DataError
        `groups` has another length, a missing value, or fewer than three values.
    """
    part = np.empty(len(hits), np.int8)
    if groups is None:
        for answer in (True, False):
            rows = generator.permutation(np.flatnonzero(hits == answer))
            part[rows] = _parts_in_order(np.ones(len(rows)), shares)
        return RowParts.of(part)
    codes, names = pd.factorize(np.asarray(groups))
    if len(codes) != len(hits):
        raise DataError(f"groups has {len(codes)} rows, but X has {len(hits)}; they must match")
    if (codes < 0).any():
        raise DataError(f"groups is missing in {int((codes < 0).sum())} rows; fill or drop them")
    if len(names) < 3:
        raise DataError(f"groups holds {len(names)} values; at least 3 are needed, one per part")
    order = generator.permutation(len(names))
    of_group = np.empty(len(names), np.int8)
    of_group[order] = _parts_in_order(np.bincount(codes)[order], shares)
    return RowParts.of(of_group[codes])


def split_by_date(dates: pd.Series[Any], shares: Sequence[float], form: str = "") -> RowParts:
    """Split in time: oldest rows to mine, newest to report from; rows of one date stay together.

    Parameters
    ----------
    dates : Series
        Dates, however they are written, or numbers in time's order (e.g. 202405).
    shares : three floats that sum to 1
    form : str, default ""
        Format of the dates, where they are text in an ambiguous one.

    Returns
    -------
    RowParts

    Raises
    ------
    DataError
        Dates are missing or unreadable, or there are fewer than three.
    """
    name = str(dates.name)
    if pd.api.types.is_numeric_dtype(dates):
        form = form or "number"  # in time's order, whatever the numbers count
    column = ModelColumns.of(dates.to_frame(name), formats={name: form} if form else {})[name]
    if column.has_levels:
        raise DataError(
            f"date column {name!r} does not read as dates; allowed are dates, however they are "
            "written, and numbers in time's order"
        )
    values = pd.Series(column.numbers)
    absent = int(values.isna().sum())
    if absent:
        raise DataError(f"date column {name!r} is missing in {absent} rows; fill or drop them")
    codes, different = pd.factorize(values, sort=True)
    if len(different) < 3:
        raise DataError(
            f"date column {name!r} holds {len(different)} different dates; at least 3 are needed, "
            "one per part; leave date=None for a random split"
        )
    return RowParts.of(_parts_in_order(np.bincount(codes), shares)[codes])


def check_answers(hits: Bools, parts: RowParts, min_count: int) -> None:
    """Refuse parts without both answers.

    Parameters
    ----------
    hits : bool array of shape (n,)
        Rows that said yes.
    parts : RowParts
    min_count : int
        Yeses that the part to mine has to have.

    Raises
    ------
    DataError
        A part has one answer only, or the part to mine too few yeses.
    """
    if not hits.any() or hits.all():
        which = "no positives" if not hits.any() else "only positives"
        raise DataError(f"y has {which} in {len(hits)} rows; segments need both answers")
    for name, rows in zip(PARTS, parts, strict=True):
        yes = int(np.count_nonzero(hits[rows]))
        needed = min_count if name == "mine" else 1
        if yes < needed or yes == len(rows):
            raise DataError(
                f"the part to {name} has {yes} positives in {len(rows)} rows, but needs at "
                f"least {needed} and one negative; lower min_count, change parts or add rows"
            )


def _parts_in_order(sizes: npt.NDArray[Any], shares: Sequence[float]) -> npt.NDArray[np.int8]:
    """Part of every block, taken in order, so that the parts' rows come nearest to the shares."""
    ends = np.cumsum(sizes)
    cuts = np.cumsum(shares)[:2] * (ends[-1] if len(ends) else 0)
    first, second = (int(np.argmin(np.abs(np.append(0, ends) - cut))) for cut in cuts)
    if len(sizes) >= 3:
        first = min(max(first, 1), len(sizes) - 2)
        second = min(max(second, first + 1), len(sizes) - 1)
    part = np.full(len(sizes), 2, np.int8)
    part[:second] = 1
    part[:first] = 0
    return part
