"""How many personas: those that are found again when customers are drawn anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.personas.score_record import Scores
from dbnchurn.personas.space_record import Points

CLOSE, WITHIN = 0.005, 0.05  # least and largest reach below the best index, else one error
Fit = Callable[[Points, int, np.random.Generator], Scores]
Again = Callable[[Ints, np.random.Generator], Points]


@dataclass(frozen=True)
class Stability:
    """How well personas of one number are found again.

    Parameters
    ----------
    n_personas : int
    ari : float
        Mean adjusted Rand index between a fit and refits on customers drawn anew.
    low, high : float
        The smallest and the largest of the refits.
    smallest : float
        Share of the customers in the smallest persona.
    error : float or None, default None
        Standard error of the mean over the refits; None in records that did not keep it.
    """

    n_personas: int
    ari: float
    low: float
    high: float
    smallest: float
    error: float | None = None


def adjusted_rand_index(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """Agreement of two partitions: 1 if they are the same, 0 on average if drawn by chance.

    Parameters
    ----------
    one, other : array-like of shape (n,)
        Group of every row.

    Returns
    -------
    float

    References
    ----------
    L. Hubert and P. Arabie, "Comparing partitions", Journal of Classification 2, 1985.

    Examples
    --------
    >>> adjusted_rand_index([0, 0, 1, 1], ["b", "b", "a", "a"])
    1.0
    """
    a = np.unique(np.asarray(one), return_inverse=True)[1].ravel()
    b = np.unique(np.asarray(other), return_inverse=True)[1].ravel()
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1)

    def pairs(counts: Floats) -> float:
        return float((counts * (counts - 1) / 2).sum())

    both, rows, columns = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    expected = rows * columns / max(1.0, len(a) * (len(a) - 1) / 2)
    most = (rows + columns) / 2
    return 1.0 if most == expected else (both - expected) / (most - expected)


def stability_of(
    points: Points,
    n_personas: int,
    fit: Fit,
    refits: int,
    generator: np.random.Generator,
    again: Again | None = None,
) -> Stability:
    """Fit, and fit again on customers drawn with replacement; compare on all of them.

    Parameters
    ----------
    points : Points of n rows
    n_personas : int
    fit : function of points, number and generator
    refits : int
        Two at least.
    generator : Generator
    again : function of rows and generator, optional
        Gives all points in a space that is learned anew from these rows; by default the space is
        the same in all refits.

    Returns
    -------
    Stability
    """
    labels = fit(points, n_personas, generator).assign(points)
    shares = np.bincount(labels[labels >= 0], minlength=n_personas) / max(1, len(labels))
    found = []
    for _ in range(refits):
        rows = generator.integers(0, len(points), len(points))
        own = points if again is None else again(rows, generator)
        anew = fit(own.take(rows), n_personas, generator).assign(own)
        found.append(adjusted_rand_index(labels, anew))
    error = float(np.std(found, ddof=1) / np.sqrt(refits))
    return Stability(
        n_personas, float(np.mean(found)), min(found), max(found), float(shares.min()), error
    )


def choose(curve: Sequence[Stability], min_share: float) -> int:
    """The largest number of personas that is found again as well as the best one.

    Its index is within one standard error of the best, by the larger error of the two; 0.005 below
    is always near enough, and more than 0.05 never. Halves of a group along noise are found again
    nearly as well as groups, and with small errors: within 0.05 they would pass.

    Parameters
    ----------
    curve : sequence of Stability
    min_share : float
        Numbers that give a smaller persona are left out.

    Returns
    -------
    int

    Raises
    ------
    DataError
        If every number gives a smaller persona.

    Examples
    --------
    >>> choose([Stability(3, 0.9, 0.8, 1, 0.2), Stability(4, 0.87, 0.8, 1, 0.1)], 0.01)
    4
    >>> choose([Stability(4, 0.99, 0.99, 1, 0.1, 0.001), Stability(5, 0.96, 0.9, 1, 0.1, 0.02)], 0)
    4

    References
    ----------
    L. Breiman et al., "Classification and regression trees", 1984 (the rule of one standard error).
    """
    allowed = [point for point in curve if point.smallest >= min_share]
    if not allowed:
        raise DataError(
            f"every number of personas from {curve[0].n_personas} to {curve[-1].n_personas} gives "
            f"one with less than {100 * min_share:g} % of the customers; take columns out in which "
            "few rows are far from all others, or set smaller numbers"
        )
    best = max(allowed, key=lambda point: point.ari)

    def reach(point: Stability) -> float:
        errors = [found.error for found in (point, best) if found.error is not None]
        return min(WITHIN, max(CLOSE, max(errors, default=WITHIN)))

    return max(point.n_personas for point in allowed if point.ari >= best.ari - reach(point))


def order_by_size(labels: Ints, n_personas: int) -> Ints:
    """Personas from the largest to the smallest.

    Parameters
    ----------
    labels : int array of shape (n,)
        Number of each row's persona; -1 where it has none.
    n_personas : int

    Returns
    -------
    int array of shape (n_personas,)
    """
    counts = np.bincount(labels[labels >= 0], minlength=n_personas)
    return np.argsort(-counts, kind="stable").astype(np.int64)
