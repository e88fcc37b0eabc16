"""The probability that a customer takes an item, from what speaks for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.special import expit

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.typing import Bools, Floats, Floats32, Rows
from dbnchurn.offers.item_weights import Weights, scores_of
from dbnchurn.offers.logistic import fit_logistic
from dbnchurn.offers.purchases import Standing

PAIRS = 1_500_000  # of customer and item, at most, from which probabilities are learned
KNOTS, LEAST_TAKERS = 20, 50  # at most so many, of so many takers each
STEPS, OFFSET_RIDGE = 12, 4.0
LEAST_SCORE = 1e-3
DAMPING = 0.5  # share of what usually speaks for an item that is added to what speaks for it here
NAMES = ("constant", "score", "rate", "popularity", "held", "recent", "habit", "again")


@dataclass(frozen=True, eq=False)
class ItemRates:
    """How often each of m items is taken by anybody.

    Parameters
    ----------
    rate : float array of shape (m,)
        Share of those who might have taken it lately who did.
    popularity : float array of shape (m,)
        Share of all customers who took it in the recent weeks, or who hold it.
    share : float array of shape (m,)
        Share of all customers who hold it.
    """

    rate: Floats
    popularity: Floats
    share: Floats

    def audit(self) -> None:
        """Refuse shares that have no log odds.

        Raises
        ------
        ArtifactError
            If there are any.
        """
        shapes = {values.shape for values in (self.rate, self.popularity, self.share)}
        if shapes != {(len(self.rate),)}:
            raise ArtifactError("the rates are not of the same items")
        inside = (self.rate > 0).all() and (self.rate < 1).all() and (self.popularity > 0).all()
        if not inside or not ((self.share >= 0) & (self.share <= 1)).all():
            raise ArtifactError("a rate is no share")

    def usual_scores(self, weights: Weights) -> Floats32:
        """What speaks for each item on average; less than a little counts as that.

        Parameters
        ----------
        weights : array of shape (m, m)

        Returns
        -------
        float32 array of shape (m,)
        """
        usual = np.asarray(self.share @ weights).ravel()
        return np.asarray(np.maximum(usual, LEAST_SCORE), np.float32)


@dataclass(frozen=True, eq=False)
class Acceptance:
    """A logistic regression on what speaks for an item, how often it is taken, and by whom.

    Parameters
    ----------
    coefficients : float array of shape (8,)
        In the order of ``NAMES``.
    rates : ItemRates
        Those at the time for which is predicted.
    knots : float array of shape (2, knots)
        Log odds of the regression, and the log odds that they stand for.
    offsets : float array of shape (m,)
        Log odds of each item besides; 0 by time, where the rates say how often it is taken.
    centre : float array of shape (8,)
        What the columns of the regression are on average, at the time for which is predicted. Over
        time customers hold more and the rates of what they like fall, although those who do not
        hold it take it as often as before; so only differences from the average count.
    usual : float32 array of shape (m,)
        What speaks for each item on average.
    """

    coefficients: Floats
    rates: ItemRates
    knots: Floats
    offsets: Floats
    centre: Floats
    usual: Floats32

    def audit(self) -> None:
        """Refuse parts of other shapes, and knots that do not rise.

        Raises
        ------
        ArtifactError
            If there are any.
        """
        m = len(self.rates.rate)
        if self.coefficients.shape != (len(NAMES),) or self.centre.shape != (len(NAMES),):
            raise ArtifactError("the coefficients of the acceptance are not those of its columns")
        if self.offsets.shape != (m,) or self.usual.shape != (m,) or (self.usual <= 0).any():
            raise ArtifactError(f"the acceptance is not that of {m} items")
        if self.knots.ndim != 2 or len(self.knots) != 2 or not self.knots.shape[1]:
            raise ArtifactError("the knots of the acceptance are no pairs")
        numbers = (self.coefficients, self.centre, self.offsets, self.usual, self.knots)
        if not all(np.isfinite(values).all() for values in numbers):
            raise ArtifactError("the acceptance holds what is no number")
        if (np.diff(self.knots[0]) <= 0).any() or (np.diff(self.knots[1]) < 0).any():
            raise ArtifactError("the knots of the acceptance do not rise")

    def probabilities(self, logits: Floats32) -> Floats:
        """Probabilities of log odds of the regression; a larger one has a larger probability.

        Examples
        --------
        >>> rates = ItemRates(*[np.array([0.5])] * 3)
        >>> knots = np.array([[0.0, 1.0], [0.0, 2.0]])
        >>> takes = Acceptance(
        ...     np.zeros(8), rates, knots, np.zeros(1), np.zeros(8), np.ones(1, np.float32)
        ... )
        >>> takes.probabilities(np.array([0.0, 0.5], np.float32)).round(3).tolist()
        [0.5, 0.731]
        """
        at, stands_for = self.knots
        z = np.asarray(logits, np.float64)
        inside = np.interp(z, at, stands_for)
        return np.asarray(expit(inside + np.minimum(z - at[0], 0) + np.maximum(z - at[-1], 0)))

    def logits(self, scores: Floats32, standing: Standing) -> Floats32:
        """Log odds of all items, in the memory of `scores`.

        Parameters
        ----------
        scores : float32 array of shape (n, m)
            Changed.
        standing : Standing of n customers

        Returns
        -------
        float32 array of shape (n, m)
        """
        _, score, rate, popularity, held, recent, habit, again = self.coefficients
        of_items = rate * _log_odds(self.rates.rate) + popularity * np.log(self.rates.popularity)
        of_items = of_items + self.offsets + self.coefficients[0] - self.coefficients @ self.centre
        counts = np.asarray(standing.held.sum(axis=1), np.float64).ravel()
        of_customers = held * np.log1p(counts) + recent * np.log1p(standing.recent)
        np.maximum(scores, np.float32(0), out=scores)
        scores += np.float32(DAMPING) * self.usual
        np.log(scores, out=scores)
        scores *= np.float32(score)
        scores += of_items.astype(np.float32)
        scores += of_customers.astype(np.float32)[:, None]
        if standing.habit is not None:
            _add_at(scores, standing.habit, habit * np.log1p(standing.habit.data))
            _add_at(scores, standing.held, np.full(standing.held.nnz, again))
        if standing.as_if_new:
            own = np.repeat(counts, np.diff(standing.held.indptr))
            _add_at(scores, standing.held, held * (np.log(own) - np.log1p(own)))
        return scores


def learn_acceptance(
    weights: Weights,
    rates: ItemRates,
    standing: Standing,
    taken: csr_array,
    *,
    possible: Bools,
    random_state: int,
    held_too: bool = False,
) -> Acceptance:
    """Coefficients, knots and offsets from what customers took afterwards.

    Parameters
    ----------
    weights : array of shape (m, m)
        Learned from what was before.
    rates : ItemRates
        As they were before.
    standing : Standing of n customers
    taken : csr_array of shape (n, m)
        1 for what they took afterwards.
    possible : bool array of shape (m,)
        Items that are offered.
    random_state : int
        Draws customers where there are more pairs than needed.
    held_too : bool, default False
        Whether an item that is held counts as one that can be taken.

    Returns
    -------
    Acceptance
        With the rates as they are given.
    """
    rows, pairs = _pairs(standing, possible, random_state, held_too)
    got = taken[rows].toarray()
    columns = _columns(weights, rates, standing.of(rows), pairs)
    centre = _centre(columns, rates, pairs)
    columns = columns - centre
    varied = np.ptp(columns, axis=0) > 0
    varied[0] = True
    found = np.zeros(len(NAMES))
    outcome = (got[pairs] > 0).astype(np.float64)
    found[varied] = fit_logistic(columns[:, varied], outcome)
    z = columns @ found
    offsets = np.zeros(len(possible))
    if standing.as_if_new:
        offsets = _offsets(z, outcome, np.nonzero(pairs)[1], len(possible))
        z += offsets[np.nonzero(pairs)[1]]
    return Acceptance(
        found, rates, knots_of(z, outcome), offsets, centre, rates.usual_scores(weights)
    )


def centre_of(
    weights: Weights,
    rates: ItemRates,
    standing: Standing,
    *,
    possible: Bools,
    random_state: int,
    held_too: bool = False,
) -> Floats:
    """What the columns of the regression are on average at some time.

    Parameters
    ----------
    weights : array of shape (m, m)
    rates : ItemRates
    standing : Standing of n customers
    possible : bool array of shape (m,)
    random_state : int
    held_too : bool, default False

    Returns
    -------
    float array of shape (8,)
    """
    rows, pairs = _pairs(standing, possible, random_state, held_too)
    return _centre(_columns(weights, rates, standing.of(rows), pairs), rates, pairs)


def _pairs(
    standing: Standing, possible: Bools, random_state: int, held_too: bool
) -> tuple[Rows, Bools]:
    """Drawn customers, and which items each of them can take."""
    rows = customer_rows(standing, max(1, PAIRS // max(1, len(possible))), random_state)
    pairs = np.broadcast_to(possible, (len(rows), len(possible))).copy()
    if not held_too:
        pairs &= standing.held[rows].toarray() == 0
    return rows, pairs


def _centre(columns: Floats, rates: ItemRates, pairs: Bools) -> Floats:
    """Means over pairs, by the popularity of the items; 0 of the constant and of own habits."""
    weight = rates.popularity[np.nonzero(pairs)[1]]
    found = weight @ columns / max(float(weight.sum()), 1e-12)
    found[[0, 6, 7]] = 0
    return np.asarray(found)


def _columns(weights: Weights, rates: ItemRates, known: Standing, pairs: Bools) -> Floats:
    """The columns of the regression, a row for every pair."""
    row, item = np.nonzero(pairs)
    found = np.zeros((len(row), len(NAMES)))
    found[:, 0] = 1
    scores = np.maximum(scores_of(known.held, weights)[row, item], 0)
    found[:, 1] = np.log(scores + DAMPING * rates.usual_scores(weights)[item])
    found[:, 2] = _log_odds(rates.rate)[item]
    found[:, 3] = np.log(rates.popularity)[item]
    found[:, 4] = np.diff(known.held.indptr)[row]
    if known.as_if_new:
        found[:, 4] -= known.held.toarray()[row, item]
    found[:, 4] = np.log1p(found[:, 4])
    found[:, 5] = np.log1p(known.recent)[row]
    if known.habit is not None:
        found[:, 6] = np.log1p(known.habit.toarray()[row, item])
        found[:, 7] = known.held.toarray()[row, item]
    return found


def _offsets(z: Floats, outcome: Floats, item: Rows, m: int) -> Floats:
    """What has to be added for each item so that as many hold it as expected, drawn to 0."""
    found = np.zeros(m)
    takers = np.bincount(item, outcome, minlength=m)
    for _ in range(STEPS):
        p = expit(z + found[item])
        slope = takers - np.bincount(item, p, minlength=m) - OFFSET_RIDGE * found
        step = slope / (np.bincount(item, p * (1 - p), minlength=m) + OFFSET_RIDGE)
        found += np.clip(step, -1, 1)
    return found


def knots_of(z: Floats, outcome: Floats) -> Floats:
    """Mean log odds of bins with as many takers each, and the log odds of what they took.

    Bins whose shares do not rise are taken together, as in isotonic regression; between the knots
    is interpolated, so that the order of customers and items stays as it is.

    Parameters
    ----------
    z : float array of shape (n,)
        Log odds of pairs.
    outcome : float array of shape (n,)
        1 for those that were taken.

    Returns
    -------
    float array of shape (2, knots)
    """
    takers = int(outcome.sum())
    bins = min(KNOTS, takers // LEAST_TAKERS)
    if bins < 1:
        return np.zeros((2, 1))
    # Equal log odds stay together, so that no knot depends on the order of rows.
    values, own, count = np.unique(np.round(z, 6), return_inverse=True, return_counts=True)
    took = np.bincount(own, outcome, minlength=len(values))
    before = np.cumsum(took) - took
    place = np.minimum(before * bins // takers, bins - 1).astype(np.intp)
    table = np.column_stack(
        [np.bincount(place, of, minlength=bins) for of in (count, took, count * values)]
    )
    pooled: list[tuple[float, float, float]] = []  # rows, takers, sum of log odds
    for rows_, taken_, sums_ in table[table[:, 0] > 0].tolist():
        pooled.append((rows_, taken_, sums_))
        while len(pooled) > 1 and pooled[-1][1] * pooled[-2][0] <= pooled[-2][1] * pooled[-1][0]:
            last, previous = pooled.pop(), pooled.pop()
            pooled.append((last[0] + previous[0], last[1] + previous[1], last[2] + previous[2]))
    rows, taken, sums = np.array(pooled).T
    share = np.minimum((taken + 0.5) / (rows + 1), 1 - 1e-9)
    return np.array([sums / rows, _log_odds(share)])


def customer_rows(standing: Standing, most: int, random_state: int) -> Rows:
    """Customers of whom something is known, drawn where there are more than needed.

    By time these hold something: who holds nothing may not have been a customer yet.

    Parameters
    ----------
    standing : Standing
    most : int
    random_state : int

    Returns
    -------
    int array
        In ascending order.
    """
    rows = np.flatnonzero(standing.as_if_new | (np.diff(standing.held.indptr) > 0))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(random_state).choice(rows, most, replace=False))
    return rows


def _add_at(scores: Floats32, matrix: csr_array, values: Floats) -> None:
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    scores[row, matrix.indices] += values.astype(np.float32)


def _log_odds(share: Floats) -> Floats:
    return np.asarray(np.log(share) - np.log1p(-share))
