"""K-means of points of which columns may be unknown; several starts side by side."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from dbnchurn.core.typing import Floats, Ints
from dbnchurn.personas.score_record import Scores
from dbnchurn.personas.space_record import Points

MOST_STEPS = 100


def k_means(points: Points, n_personas: int, n_starts: int, generator: np.random.Generator) -> Floats:
    """The centres with the smallest sum of squared distances among several starts.

    Columns that are unknown are left out of distances and of means.

    Parameters
    ----------
    points : Points of n rows
    n_personas : int
        Number K of centres.
    n_starts : int
    generator : Generator

    Returns
    -------
    float64 array of shape (K, d)

    References
    ----------
    D. Arthur and S. Vassilvitskii, "k-means++: the advantages of careful seeding", 2007.
    """
    X, M = points.values, points.seen[:, points.column]
    total = M.sum(axis=0)
    mean = np.divide(X.sum(axis=0), total, out=np.zeros(X.shape[1]), where=total > 0)
    squares = np.einsum("ij,ij->i", X, X)
    centres = _spread_starts(X, M, squares, mean, n_personas, n_starts, generator)
    costs = np.full(n_starts, np.inf)
    active = np.arange(n_starts)
    before: Ints | None = None
    for _ in range(MOST_STEPS):
        labels, cost = _nearest(X, M, centres[active])
        costs[active] = cost + squares.sum()
        if before is not None:
            moving = (labels != before).any(axis=0)
            active, labels = active[moving], labels[:, moving]
        if not len(active):
            break
        centres[active] = _means(X, M, labels, centres[active])
        before = labels
    return np.asarray(centres[int(np.argmin(costs))])


def distance_scores(centres: Floats, column: Ints, n_columns: int) -> Scores:
    """Scores that are minus the squared distance to each centre, but for what all have in common.

    Parameters
    ----------
    centres : float array of shape (K, d)
    column : int array of shape (d,)
        The column that each coordinate belongs to.
    n_columns : int

    Returns
    -------
    Scores
    """
    seen = np.zeros((n_columns, len(centres)))
    np.add.at(seen, column, -np.square(centres).T)
    return Scores(2 * centres.T, np.zeros_like(centres.T), seen, np.zeros(len(centres)))


def _nearest(X: Floats, M: Floats, centres: Floats) -> tuple[Ints, Floats]:
    """Nearest centre of every row in every start, and the sum of distances but for the squares."""
    starts, k, d = centres.shape
    flat = centres.reshape(starts * k, d)
    distance = (M @ np.square(flat).T - 2 * (X @ flat.T)).reshape(len(X), starts, k)
    labels = distance.argmin(axis=2)
    return labels, np.take_along_axis(distance, labels[:, :, None], 2)[:, :, 0].sum(axis=0)


def _means(X: Floats, M: Floats, labels: Ints, old: Floats) -> Floats:
    """Means of the known values of every group; the old centre where there are none."""
    starts, k, d = old.shape
    n = len(X)
    groups = (labels + k * np.arange(starts)).ravel()
    rows = np.repeat(np.arange(n), starts)
    member = sparse.csr_matrix((np.ones(n * starts), (groups, rows)), shape=(starts * k, n))
    counts = member @ M
    means = np.divide(member @ X, counts, out=old.reshape(-1, d).copy(), where=counts > 0)
    return np.asarray(means.reshape(starts, k, d))


def _spread_starts(
    X: Floats,
    M: Floats,
    squares: Floats,
    mean: Floats,
    k: int,
    starts: int,
    generator: np.random.Generator,
) -> Floats:
    """Rows far from one another, as k-means++ draws them; unknown coordinates are the mean."""
    chosen = np.empty((starts, k, X.shape[1]))
    nearest = np.full((len(X), starts), 1.0)
    for step in range(k):
        summed = np.cumsum(nearest, axis=0)
        drawn = generator.random(starts) * summed[-1]
        rows = [int(np.searchsorted(summed[:, s], drawn[s])) for s in range(starts)]
        taken = np.minimum(rows, len(X) - 1)
        centre = np.where(M[taken] > 0, X[taken], mean)
        chosen[:, step] = centre
        distance = squares[:, None] + M @ np.square(centre).T - 2 * (X @ centre.T)
        distance = np.maximum(distance, 0)
        nearest = distance if step == 0 else np.minimum(nearest, distance)
    return chosen
