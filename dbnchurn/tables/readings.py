"""What the formats of a column make of its texts: which read the most, where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from dbnchurn.core.typing import Bools, Floats

Format = TypeVar("Format")


def reading_most(
    formats: Sequence[Format], numbers: Sequence[Floats]
) -> tuple[tuple[Format, ...], tuple[Floats, ...]]:
    """The formats that read the most texts, the first of those that read the same.

    Parameters
    ----------
    formats : sequence of formats
        The preferred ones first.
    numbers : sequence of float64 arrays of shape (n,)
        What each of them reads, NaN where a text is none of it.

    Returns
    -------
    formats : tuple
        Empty if no format reads any text.
    numbers : tuple of float64 arrays of shape (n,)
        Those of these formats.

    Examples
    --------
    >>> none, one = np.array([np.nan, 2.0]), np.array([1.0, 2.0])
    >>> reading_most(["a", "b", "c"], [none, one, one])[0]
    ('b',)
    """
    counts = [int((~np.isnan(read)).sum()) for read in numbers]
    most = max(counts, default=0)
    kept: list[tuple[Format, Floats]] = []
    for form, read, count in zip(formats, numbers, counts, strict=True):
        same = any(np.array_equal(read, other, equal_nan=True) for _, other in kept)
        if most and count == most and not same:
            kept.append((form, read))
    return tuple(form for form, _ in kept), tuple(read for _, read in kept)


def telling_example(numbers: Sequence[Floats]) -> int:
    """Position of a text that formats read differently; of the first that is read if none.

    Parameters
    ----------
    numbers : sequence of float64 arrays of shape (n,)
        Of each format, NaN where a text is none of it.

    Returns
    -------
    int
    """
    first = numbers[0]
    for other in numbers[1:]:
        differs = np.flatnonzero((first != other) & ~(np.isnan(first) & np.isnan(other)))
        if len(differs):
            return int(differs[0])
    return int(np.flatnonzero(~np.isnan(first))[0])


def agreed(numbers: Sequence[Floats]) -> tuple[Floats, Bools]:
    """What all formats that read a text agree on, each text judged by itself.

    Parameters
    ----------
    numbers : sequence of float64 arrays of shape (n,)
        Of each format, NaN where a text is none of it.

    Returns
    -------
    agreed : float64 array of shape (n,)
        NaN where no format reads the text, or two read it differently.
    doubtful : bool array of shape (n,)
        Where two read it differently.

    Examples
    --------
    >>> agreed([np.array([1.0, 2.0, np.nan]), np.array([1.0, 3.0, np.nan])])
    (array([ 1., nan, nan]), array([False,  True, False]))
    """
    readings = np.array(numbers)
    known = ~np.isnan(readings)
    low = np.where(known, readings, np.inf).min(0)
    high = np.where(known, readings, -np.inf).max(0)
    doubtful = known.any(0) & (low != high)
    return np.where(known.any(0) & ~doubtful, low, np.nan), doubtful
