"""K-means of points of which columns may be unknown; several starts side by side."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from dbnchurn.core.typing import Floats, Floats32, Ints
from dbnchurn.personas.score_record import Scores
from dbnchurn.personas.space_record import Points

MOST_STEPS = 100
SETTLED = 1e-3  # share of the rows that change their centre, below which a start ends


def k_means(
    points: Points, n_personas: int, n_starts: int, generator: np.random.Generator
) -> Floats:
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
    # Centres are found in single precision; what is stored is assigned in double.
    X, M = points.values.astype(np.float32), None
    if not points.seen.all():
        M = points.seen[:, points.column].astype(np.float32)
    total = np.full(X.shape[1], len(X)) if M is None else M.sum(axis=0)
    mean = np.divide(X.sum(axis=0), total, out=np.zeros(X.shape[1], np.float32), where=total > 0)
    squares = np.einsum("ij,ij->i", X, X)
    centres = _spread_starts(X, M, squares, mean, n_personas, n_starts, generator)
    costs = np.full(n_starts, np.inf)
    active = np.arange(n_starts)
    before: Ints | None = None
    for _ in range(MOST_STEPS):
        labels, cost = _nearest(X, M, centres[active])
        costs[active] = cost + squares.sum()
        if before is not None:
            moving = (labels != before).mean(axis=0) > SETTLED
            active, labels = active[moving], labels[:, moving]
        if not len(active):
            break
        centres[active] = _means(X, M, labels, centres[active])
        before = labels
    best: Floats = centres[int(np.argmin(costs))].astype(np.float64)
    return best


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


def _distances(X: Floats32, M: Floats32 | None, centres: Floats32) -> Floats32:
    """Squared distances of rows to centres in known coordinates, but for the squares of rows."""
    squares = np.square(centres)
    own = squares.sum(axis=1) if M is None else M @ squares.T
    return np.asarray(own - 2 * (X @ centres.T), np.float32)


def _nearest(X: Floats32, M: Floats32 | None, centres: Floats32) -> tuple[Ints, Floats]:
    """Nearest centre of every row in every start, and the sum of distances but for the squares."""
    starts, k, d = centres.shape
    distance = _distances(X, M, centres.reshape(starts * k, d)).reshape(len(X), starts, k)
    labels = distance.argmin(axis=2)
    return labels, distance.min(axis=2).sum(axis=0, dtype=np.float64)


def _means(X: Floats32, M: Floats32 | None, labels: Ints, old: Floats32) -> Floats32:
    """Means of the known values of every group; the old centre where there are none."""
    starts, k, d = old.shape
    n = len(X)
    groups = (labels + k * np.arange(starts)).ravel()
    shape, ends = (n, starts * k), np.arange(0, n * starts + 1, starts)
    member = sparse.csr_matrix((np.ones(n * starts, np.float32), groups, ends), shape=shape).T
    if M is None:
        counts = np.bincount(groups, minlength=starts * k)[:, None].astype(np.float32)
    else:
        counts = member @ M
    sums = member @ X
    means = np.divide(sums, counts, out=old.reshape(-1, d).copy(), where=counts > 0)
    return np.asarray(means.reshape(starts, k, d))


def _spread_starts(
    X: Floats32,
    M: Floats32 | None,
    squares: Floats32,
    mean: Floats32,
    k: int,
    starts: int,
    generator: np.random.Generator,
) -> Floats32:
    """Rows far from one another, as k-means++ draws them; unknown coordinates are the mean."""
    chosen = np.empty((starts, k, X.shape[1]), np.float32)
    nearest = np.ones((len(X), starts))
    for step in range(k):
        summed = np.cumsum(nearest, axis=0)
        drawn = generator.random(starts) * summed[-1]
        rows = [int(np.searchsorted(summed[:, s], drawn[s])) for s in range(starts)]
        taken = np.minimum(rows, len(X) - 1)
        centre = X[taken] if M is None else np.where(M[taken] > 0, X[taken], mean)
        chosen[:, step] = centre
        distance = np.maximum(squares[:, None] + _distances(X, M, centre), 0).astype(float)
        nearest = distance if step == 0 else np.minimum(nearest, distance)
    return chosen
