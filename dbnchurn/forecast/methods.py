"""Two forecasts of who leaves: hazards rolled forward, and the recent rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.typing import Floats
from dbnchurn.forecast.hazards import Hazard, fit_hazard
from dbnchurn.forecast.history import History

JOINER_WINDOW = 12  # months of which the mean number of joiners is taken, at most
JOINER_AGES_FROM = 24  # months from which the hazards of new customers are learned
SHRUNK = 100.0  # customers whose pooled rate is added to those of a segment


@dataclass(frozen=True, eq=False)
class Paths:
    """Forecasts from one month on: by method, segment and month.

    Parameters
    ----------
    start : float64 array of shape (segments,)
        Customers who have not left at the end of the last known month.
    hazards, recent : float64 array of shape (horizon, segments)
        Leavers by either method.
    rate : float64 array of shape (segments,)
        Recent share of the customers who leave in a month.
    joiners : float64 array of shape (horizon, segments)
    """

    start: Floats
    hazards: Floats
    recent: Floats
    rate: Floats
    joiners: Floats


def forecast_paths(history: History, horizon: int, recent: int, sample: int, seed: int) -> Paths:
    """Forecast from the end of a history on.

    Parameters
    ----------
    history : History
    horizon : int
        Months.
    recent : int
        Months of the recent rate.
    sample, seed : int
        Of the rows from which hazards are learned.

    Returns
    -------
    Paths
    """
    width = len(history.segments)
    staying = history.staying(len(history.months) - 1)
    segment = history.segment[staying]
    start = np.bincount(segment, minlength=width).astype(float)
    rate = recent_rate(history, recent)
    joiners = np.tile(expected_joiners(history), (horizon, 1))
    ages = _hazard_by_age(history, horizon, rate)
    stock = np.zeros((horizon, width))
    there = np.ones(len(staying))
    for h, p in enumerate(stock_probabilities(fitted(history, horizon, sample, seed), history)):
        stock[h] = np.bincount(segment, there * p, width)
        there *= 1 - p
    hazards = stock + _leaving_joiners(joiners, ages)
    left = np.zeros((horizon, width))
    customers = start.copy()
    for h in range(horizon):
        customers = customers + joiners[h]
        left[h] = customers * rate
        customers = customers - left[h]
    return Paths(start, hazards, left, rate, joiners)


def fitted(history: History, horizon: int, sample: int, seed: int) -> list[Hazard]:
    """Hazards of every month ahead; where nothing is known, that of the month before.

    Parameters
    ----------
    history : History
    horizon : int
    sample, seed : int

    Returns
    -------
    list of Hazard

    Raises
    ------
    ValueError
        If no outcome is known.
    """
    found: list[Hazard] = []
    for h in range(1, horizon + 1):
        generator = np.random.default_rng([seed, h])
        learned = fit_hazard(history, h, sample, generator)
        if learned is None and not found:
            raise ValueError("a hazard needs a month with a known outcome")
        found.append(learned if learned is not None else found[-1])
    return found


def stock_probabilities(hazards: list[Hazard], history: History) -> list[Floats]:
    """Probabilities of leaving in every month ahead, of the customers of the last month.

    Parameters
    ----------
    hazards : list of Hazard
    history : History

    Returns
    -------
    list of float64 arrays of shape (n,)
        For who is still there before each month.
    """
    rows = history.staying(len(history.months) - 1)
    segment, codes = history.segment[rows].astype(np.int64), history.codes[rows]
    return [hazard.probability(segment, codes) for hazard in hazards]


def recent_rate(history: History, recent: int) -> Floats:
    """Share of the customers who left in a month, over the last months.

    Parameters
    ----------
    history : History
    recent : int
        Months.

    Returns
    -------
    float64 array of shape (segments,)
    """
    leavers, customers = history.leavers[-recent:].sum(0), history.customers[-recent:].sum(0)
    pooled = leavers.sum() / max(customers.sum(), 1.0)
    return np.asarray((leavers + pooled) / (customers + 1.0))


def expected_joiners(history: History) -> Floats:
    """Mean number of joiners of a month over the last months, by segment."""
    known = history.joiners[1:]  # who joined in the first month is not known
    return np.asarray(known[-JOINER_WINDOW:].mean(0))


def _hazard_by_age(history: History, horizon: int, rate: Floats) -> Floats:
    """Share of the customers of an age in months who leave: (horizon, segments)."""
    begin = int(history.starts[max(0, len(history.months) - JOINER_AGES_FROM)])
    age, segment = history.age[begin:], history.segment[begin:].astype(np.int64)
    new = (age >= 0) & (age < horizon)
    width = len(history.segments)
    place = age[new].astype(np.int64) * width + segment[new]
    shape = horizon, width
    there = np.bincount(place, minlength=horizon * width).reshape(shape).astype(float)
    gone = np.bincount(place, history.ahead[begin:][new] == 0, horizon * width).reshape(shape)
    total = there.sum(1, keepdims=True)
    usual = float(rate.mean())
    pooled = (gone.sum(1, keepdims=True) + usual) / (total + 1.0)
    return np.asarray((gone + SHRUNK * pooled) / (there + SHRUNK))


def _leaving_joiners(joiners: Floats, ages: Floats) -> Floats:
    """Leavers among those who join in the months of the forecast."""
    horizon = len(joiners)
    left = np.zeros_like(joiners)
    there = np.vstack([np.ones((1, joiners.shape[1])), np.cumprod(1 - ages, axis=0)[:-1]])
    for h in range(horizon):
        for joined in range(h + 1):
            left[h] += joiners[joined] * there[h - joined] * ages[h - joined]
    return left
