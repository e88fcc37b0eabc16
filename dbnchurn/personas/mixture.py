"""A mixture for mixed columns (latent classes): columns are independent within a persona."""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from dbnchurn.core.typing import Floats
from dbnchurn.personas.k_means import distance_scores, k_means
from dbnchurn.personas.score_record import Scores
from dbnchurn.personas.space_record import Points

MOST_STEPS = 100
ENOUGH = 1e-5  # gain of the mean log-likelihood below which it ends
SMALLEST_VARIANCE = 0.05
PRIOR_ROWS = 2.0  # rows that every persona and level has beforehand


def mixture(
    points: Points, n_numbers: int, n_personas: int, n_starts: int, generator: np.random.Generator
) -> Scores:
    """The likeliest mixture of several starts, found by expectation and maximization.

    Numbers are normal and categories multinomial within a persona; unknown columns say nothing.

    Parameters
    ----------
    points : Points of n rows
    n_numbers : int
        Coordinates that are numbers; they come first.
    n_personas : int
    n_starts : int
    generator : Generator

    Returns
    -------
    Scores
        Log-likelihoods.

    References
    ----------
    J. K. Vermunt and J. Magidson, "Latent class cluster analysis", 2002.
    """
    best, highest = None, -np.inf
    for _ in range(n_starts):
        centres = k_means(points, n_personas, 1, generator)
        first = distance_scores(centres, points.column, points.seen.shape[1]).assign(points)
        share = np.eye(n_personas)[np.maximum(first, 0)] * 0.9 + 0.1 / n_personas
        reached = -np.inf
        for _ in range(MOST_STEPS):
            scores = _maximize(points, n_numbers, share)
            log = scores.of(points)
            total = logsumexp(log, axis=1)
            share = np.exp(log - total[:, None])
            gain, reached = float(total.mean()) - reached, float(total.mean())
            if gain < ENOUGH:
                break
        if reached > highest:
            best, highest = scores, reached
    assert best is not None
    return best


def _maximize(points: Points, n_numbers: int, share: Floats) -> Scores:
    """Scores of the mixture that fits shares of rows in personas best."""
    X, M = points.values, points.seen
    k = share.shape[1]
    linear, square = np.zeros((X.shape[1], k)), np.zeros((X.shape[1], k))
    seen = np.zeros((M.shape[1], k))
    numbers, known = X[:, :n_numbers], M[:, :n_numbers]
    count = known.T @ share + PRIOR_ROWS
    everyone = numbers.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    mean = (numbers.T @ share + PRIOR_ROWS * everyone[:, None]) / count
    spread = np.square(everyone)[:, None] + 1.0
    second = (np.square(numbers).T @ share + PRIOR_ROWS * spread) / count
    variance = np.maximum(second - np.square(mean), SMALLEST_VARIANCE)
    linear[:n_numbers], square[:n_numbers] = mean / variance, -0.5 / variance
    seen[:n_numbers] = -0.5 * (np.square(mean) / variance + np.log(2 * np.pi * variance))
    for column in range(n_numbers, M.shape[1]):
        places = np.flatnonzero(points.column == column)
        size = X[:, places].max()
        held = X[:, places] > 0
        counts = held.T.astype(float) @ share
        others = np.maximum(M[:, column] @ share - counts.sum(axis=0), 0)
        prior = PRIOR_ROWS / (len(places) + 1)
        counts, others = counts + prior, others + prior
        whole = counts.sum(axis=0) + others
        seen[column] = np.log(others / whole)
        linear[places] = (np.log(counts / whole) - seen[column]) / max(size, 1e-12)
    weight = (share.sum(axis=0) + PRIOR_ROWS) / (len(X) + PRIOR_ROWS * k)
    return Scores(linear, square, seen, np.log(weight))
