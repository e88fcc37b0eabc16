"""Probability of leaving in the h-th month from now, by tenure, segment and binned columns.

One logistic regression for each number of months ahead, over indicators of bins, with an effect of
every bin in every segment where the indicators stay few. What a column says now is used for all
months ahead, so that nothing has to be assumed about its future values; its effect fades by itself
where it does not last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from dbnchurn.core.typing import Floats, Ints
from dbnchurn.forecast.history import History

WINDOW = 18  # months of rows from which a hazard is learned
FADING = 0.9  # weight of a month of outcomes beside the one after it, for level and trend
# Rows that set them, at most, and for how many they stand: few would make the level noisy, and
# months differ by more than chance, so that of a trend a million customers tell little more.
LEVEL_ROWS = 100_000
TREND_MONTHS = 6  # of outcomes; among fewer, one odd month would make a trend
# Penalties of the trend and of the level of a segment, one month ahead; they grow with the square
# of the months ahead, for the further off, the less surely what was seen goes on.
STEADY = 300.0
ALIKE = 50.0
MOST = 700  # indicators; with more there is no effect by segment
PENALTY = 1.0  # of an indicator of a bin
WITHIN = 4.0  # of an indicator of a bin in one segment
ROUNDS = 8
CLOSE = 0.01  # largest change of an effect at which the steps end
LARGEST = 12.0  # logit


@dataclass(frozen=True, eq=False)
class Hazard:
    """The probability of leaving in one later month, for those who are still there before it.

    Parameters
    ----------
    level : float
        Logit of the usual customer.
    segment : float64 array of shape (segments,)
    bins : list of float64 arrays of shape (segments, bins)
        Effects of each column's bins in each segment, added to the logit.
    """

    level: float
    segment: Floats
    bins: list[Floats]

    def probability(self, segment: npt.NDArray[Any], codes: npt.NDArray[np.uint8]) -> Floats:
        """Probabilities of leaving.

        Parameters
        ----------
        segment : int array of shape (n,)
        codes : uint8 array of shape (n, k)

        Returns
        -------
        float64 array of shape (n,)
        """
        logit = self.level + self.segment[segment]
        for column, effects in enumerate(self.bins):
            logit += effects[segment, codes[:, column]]
        return np.asarray(expit(np.clip(logit, -LARGEST, LARGEST)))


def fit_hazard(
    history: History, ahead: int, sample: int, generator: np.random.Generator
) -> Hazard | None:
    """Learn the probability of leaving in a later month.

    Parameters
    ----------
    history : History
        Up to the month from which is forecast.
    ahead : int
        Months from now, at least 1.
    sample : int
        Rows at most; those who stay are drawn, and weigh so much more.
    generator : Generator
        Draws them.

    Returns
    -------
    Hazard or None
        None where no outcome is known.
    """
    last = len(history.months) - 1
    first = max(0, last - ahead - WINDOW + 1)
    begin, end = int(history.starts[first]), int(history.starts[max(last - ahead + 1, first)])
    until = history.ahead[begin:end]
    gone, there = np.flatnonzero(until == ahead) + begin, np.flatnonzero(until > ahead) + begin
    if not len(gone) and not len(there):
        return None
    rows, left, weight = _sampled(gone, there, sample, generator)
    found = _fit(
        history.segment[rows].astype(np.int64),
        history.codes[rows].astype(np.int64),
        left,
        weight,
        (len(history.segments), history.sizes),
    )
    return _levelled(found, history, ahead, *_sampled(gone, there, LEVEL_ROWS, generator))


def _levelled(
    hazard: Hazard, history: History, ahead: int, rows: Ints, left: Floats, weight: Floats
) -> Hazard:
    """The hazard with level, trend and segments of the newest outcomes, for rates drift.

    A logistic regression on month and segment beside the hazard; its line of the months is followed
    up to the month that is forecast, and no further than to the highest or lowest month.
    """
    if not left.any():
        return hazard
    segment = history.segment[rows].astype(np.int64)
    p = hazard.probability(segment, history.codes[rows])
    logit = np.log(p / (1 - p))
    # All rows of a month and segment are moved alike; the last month is the one with time 0.
    month = np.searchsorted(history.starts, rows, side="right") - 1
    segments, first, last = len(history.segments), month.min(), len(history.months) - 1
    months = last - ahead - first + 1
    cell = (month - first) * segments + segment
    time = np.repeat(np.arange(-months, 0) + 1.0 - ahead, segments)
    of_segment = np.tile(np.eye(segments), (months, 1))
    trend = time if months >= TREND_MONTHS else np.zeros(len(time))
    design = np.column_stack([np.ones(len(time)), trend, of_segment])
    fading = FADING ** (time[-1] - time) * min(1.0, LEVEL_ROWS / weight.sum())
    penalty = np.r_[0.0, STEADY, np.full(segments, ALIKE)] * ahead**2
    at = np.zeros(len(penalty))
    for _ in range(ROUNDS):
        now = expit(logit + (design @ at)[cell])
        slope = fading * np.bincount(cell, weight * (left - now), len(time))
        curve = fading * np.bincount(cell, weight * now * (1 - now), len(time))
        bent = design.T @ (design * curve[:, None]) + np.diag(penalty + 1e-9)
        step = np.linalg.solve(bent, design.T @ slope - penalty * at)
        at += np.clip(step, -2.0, 2.0)
    seen = _monthly_levels(logit + at[2:][segment], cell // segments, left, weight)
    # A line has no end, and rates have: beyond what was seen, nothing speaks for it.
    level = float(np.clip(at[0], seen.min(), seen.max()))
    return replace(hazard, level=hazard.level + level, segment=hazard.segment + at[2:])


def _monthly_levels(logit: Floats, month: Ints, left: Floats, weight: Floats) -> Floats:
    """What to add to the logits of each month so that as many leave as have left."""
    months = int(month.max()) + 1
    level = np.zeros(months)
    for _ in range(ROUNDS):
        now = expit(logit + level[month])
        slope = np.bincount(month, weight * (left - now), months)
        curve = np.bincount(month, weight * now * (1 - now), months)
        level += np.clip(slope / (curve + 1e-9), -2.0, 2.0)
    return level


def _sampled(
    gone: Ints, there: Ints, most: int, generator: np.random.Generator
) -> tuple[Ints, Floats, Floats]:
    """At most so many rows of those who leave and those who stay: rows, who left, weights."""
    some_gone, heavy = _drawn(gone, most // 2, generator)
    some_there, light = _drawn(there, most - most // 2, generator)
    left = np.r_[np.ones(len(some_gone)), np.zeros(len(some_there))]
    weight = np.where(left > 0, heavy, light)
    return np.concatenate([some_gone, some_there]), left, weight


def _drawn(
    rows: npt.NDArray[np.int64], most: int, generator: np.random.Generator
) -> tuple[npt.NDArray[np.int64], float]:
    """Some of the rows, and for how many each stands."""
    if len(rows) <= most:
        return rows, 1.0
    return np.sort(generator.choice(rows, most, replace=False)), len(rows) / most


def _fit(
    segment: Ints, codes: Ints, left: Floats, weight: Floats, shape: tuple[int, tuple[int, ...]]
) -> Hazard:
    """The penalised logistic regression, by Newton steps on a column of indicators at a time."""
    segments, sizes = shape
    share = (weight @ left + 0.5) / (weight.sum() + 1.0)
    level = float(np.log(share / (1 - share)))
    own = np.zeros(segments)
    shared = [np.zeros(size) for size in sizes]
    within = [np.zeros((segments, size)) for size in sizes]
    inside = segments > 1 and segments * sum(sizes) <= MOST
    logit = np.full(len(left), level)

    for _ in range(ROUNDS):
        # A quadratic approximation; within it, one column after another has an exact step.
        p = expit(np.clip(logit, -LARGEST, LARGEST))
        curve, slope = weight * p * (1 - p), weight * (left - p)
        largest = 0.0
        moves = [(segment, own, PENALTY)]
        for k, size in enumerate(sizes):
            moves.append((codes[:, k], shared[k], PENALTY))
            if inside:
                moves.append((segment * size + codes[:, k], within[k].reshape(-1), WITHIN))
        for place, effects, penalty in moves:
            gradient = np.bincount(place, slope, effects.size) - penalty * effects
            change = gradient / (np.bincount(place, curve, effects.size) + penalty)
            change = np.clip(change, -2.0, 2.0)
            effects += change  # views of the arrays above
            moved = change[place]
            logit += moved
            slope -= curve * moved
            largest = max(largest, float(np.abs(change).max()))
        change_of_level = float(slope.sum() / (curve.sum() + 1e-9))
        level += change_of_level
        logit += change_of_level
        if largest < CLOSE:
            break
    bins = [one + own_bins for one, own_bins in zip(shared, within, strict=True)]
    return Hazard(level, own, bins)
