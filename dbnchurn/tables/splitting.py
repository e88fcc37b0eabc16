"""Split customers into train, validation and test parts, by time or at random.

The validation part stops training and chooses the threshold; the test part is only reported on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Dates, Ints, Rows

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of every part, in the order of the table.

    Parameters
    ----------
    train, validation, test : intp arrays
    """

    train: Rows
    validation: Rows
    test: Rows


def split(
    y: Ints,
    *,
    validation: float = 0.15,
    test: float = 0.2,
    dates: Dates | None = None,
    closed: Dates | None = None,
    groups: npt.NDArray[Any] | None = None,
    random_state: int = 0,
) -> Split:
    """Split rows into train, validation and test parts.

    With `dates` the split is by time: the latest rows are the test part, those before them the
    validation part, and all rows of one date are in the same part. Otherwise it is random with the
    same share of churners in every part, and rows of one group (one customer) are in the same part.

    With `closed` as well, train and validation hold only rows whose outcome was known by the first
    date of the test part; other rows are in no part. Of these rows the latest date is the
    validation part if outcomes of earlier dates were known by then; otherwise customers are drawn
    for it at random. With a single date all parts are drawn at random.

    Parameters
    ----------
    y : int array of shape (n,)
        0 or 1.
    validation : float, default 0.15
        Share of the rows.
    test : float, default 0.2
        Share of the rows.
    dates : datetime64 array of shape (n,), optional
    closed : datetime64 array of shape (n,), optional
        When the outcome of each row was known; goes with `dates`.
    groups : array of shape (n,), optional
        Customer of each row.
    random_state : int, default 0
        Seed of the random split.

    Returns
    -------
    Split
        Row numbers of every part, ascending.

    Raises
    ------
    DataError
        If a part would lack one of the classes, or no outcome was known before the test.

    Examples
    --------
    >>> parts = split(np.tile([0, 0, 0, 1], 50))
    >>> len(parts.train), len(parts.validation), len(parts.test)
    (130, 30, 40)
    """
    generator = np.random.default_rng(random_state)
    if dates is not None and closed is not None:
        part = _by_cutoff(y, dates, closed, validation, test, groups, generator)
    elif dates is not None:
        part = _by_time(dates, validation, test)
    else:
        part = _at_random(y, validation, test, groups, generator)
    parts = Split(*(np.flatnonzero(part == code) for code in range(3)))
    check_classes(parts, y, "give more rows or other shares")
    return parts


def check_classes(parts: Split, y: Ints, advice: str) -> None:
    """Refuse parts that lack one of the classes.

    Parameters
    ----------
    parts : Split
    y : int array of shape (n,)
        0 or 1.
    advice : str
        End of the message: what the user can do.

    Raises
    ------
    DataError
        If a part lacks churners or others.

    Examples
    --------
    >>> check_classes(Split(*np.arange(6).reshape(3, 2)), np.array([0, 1] * 3), "give more rows")
    """
    for name in PARTS:
        counts = np.bincount(y[getattr(parts, name)], minlength=2)
        if counts.min() == 0:
            raise DataError(
                f"the {name} part has {counts[1]} churners among {counts.sum()} rows; every part "
                f"needs both classes: {advice}"
            )


def hold_out(
    y: Ints,
    groups: npt.NDArray[Any] | None,
    share: float,
    generator: np.random.Generator,
) -> tuple[Rows, Rows]:
    """Split rows at random into those to train on and those held out, stratified by class.

    Parameters
    ----------
    y : int array of shape (n,)
        0 or 1.
    groups : array of shape (n,), or None
        Rows of one group are on the same side.
    share : float
        Share of the rows to hold out.
    generator : Generator

    Returns
    -------
    train : intp array
        Row numbers, ascending.
    held_out : intp array
        Row numbers, ascending.

    Examples
    --------
    >>> train, held_out = hold_out(np.tile([0, 1], 50), None, 0.2, np.random.default_rng(0))
    >>> len(train), len(held_out)
    (80, 20)
    """
    own = np.random.default_rng(int(generator.integers(2**31)))
    part = _at_random(y, share, 0.0, groups, own)
    return np.flatnonzero(part == 0), np.flatnonzero(part == 1)


def _by_time(dates: Dates, validation: float, test: float) -> Ints:
    """0, 1, 2 for train, validation and test; a date belongs to the part of its middle row."""
    _, place, counts = np.unique(dates, return_inverse=True, return_counts=True)
    if len(counts) < 3:
        raise DataError(
            f"a division by time needs at least three different dates, found {len(counts)}"
        )
    middle = (np.cumsum(counts) - counts / 2) / counts.sum()
    part = np.where(middle > 1 - test, 2, np.where(middle > 1 - test - validation, 1, 0))
    # Few dates: every part gets one all the same.
    part[-1], part[0] = 2, 0
    if not (part == 1).any():
        part[np.flatnonzero(part == 2)[0] if (part == 2).sum() > 1 else len(part) - 2] = 1
    return np.asarray(part[place])


def _by_cutoff(
    y: Ints,
    dates: Dates,
    closed: Dates,
    validation: float,
    test: float,
    groups: npt.NDArray[Any] | None,
    generator: np.random.Generator,
) -> Ints:
    """As :func:`_by_time`, with -1 for rows whose outcome was not known in time."""
    cutoffs, place, counts = np.unique(dates, return_inverse=True, return_counts=True)
    if len(cutoffs) == 1:
        return _at_random(y, validation, test, groups, generator)
    middle = (np.cumsum(counts) - counts / 2) / counts.sum()
    first_test = min(int(np.searchsorted(middle, 1 - test, "right")), len(cutoffs) - 1)
    part = np.where(place >= first_test, 2, -1)
    usable = (place < first_test) & (closed <= cutoffs[first_test])
    if not usable.any():
        raise DataError(
            f"no outcome was known at the test's cutoff {str(cutoffs[first_test])[:10]}: the first "
            f"outcome window closes {str(closed.min())[:10]}; add earlier cutoffs or shorten the "
            "outcome window"
        )
    latest = dates[usable].max()
    train = usable & (closed <= latest)
    if train.any():
        part[train] = 0
        part[usable & (dates == latest)] = 1
        return part
    rows = np.flatnonzero(usable)
    of = None if groups is None else groups[rows]
    part[rows] = _at_random(y[rows], validation / (1 - test), 0.0, of, generator)
    return part


def _at_random(
    y: Ints,
    validation: float,
    test: float,
    groups: npt.NDArray[Any] | None,
    generator: np.random.Generator,
) -> Ints:
    """Draw whole groups, class by class, in exact shares."""
    if groups is None:
        place, of_group = np.arange(len(y)), y
    else:
        _, place = np.unique(groups, return_inverse=True)
        of_group = np.zeros(place.max() + 1, np.int64)
        np.maximum.at(of_group, place, y)
    part = np.zeros(len(of_group), np.int64)
    for label in (0, 1):
        members = generator.permutation(np.flatnonzero(of_group == label))
        n_test, n_validation = _count(test, len(members)), _count(validation, len(members))
        part[members[:n_test]] = 2
        part[members[n_test : n_test + n_validation]] = 1
    return np.asarray(part[place])


def _count(share: float, members: int) -> int:
    """Number of members of a class for a part: at least one if the class has three or more."""
    return max(round(share * members), 1) if share > 0 and members > 2 else 0
