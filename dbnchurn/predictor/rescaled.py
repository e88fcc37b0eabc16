"""Numbers in another unit than in training: shares for percents, minutes for hours.

A score is computed from them all the same, and every one of them is wrong.
"""

from __future__ import annotations

import numpy as np

from dbnchurn.core.typing import Floats
from dbnchurn.predictor.reference import ABSENT, Distribution

DECIMAL = (10.0, 100.0, 1000.0, 1e6)
OF_TIME = (7.0, 12.0, 24.0, 30.4375, 60.0, 365.25, 1440.0, 3600.0, 86_400.0)
UNITS = DECIMAL + OF_TIME  # bytes in steps of 1024 are found as 1000
FACTORS = UNITS + tuple(1 / unit for unit in UNITS)
FEWEST_VALUES = 20  # below, a distribution says nothing
FEWEST_BINS = 4
FEWEST_OTHERS = 0.02  # share of the training rows with other numbers than zero
LOOKED_AT = 5_000  # values, evenly spread
FITS = 0.22  # total variation distance up to which two distributions are one, chance apart
CHANCE = 1.5  # times the distance that chance alone explains
CLOSER = 0.35  # by so much the other unit has to be closer than this one


def factor_of(column: Distribution, values: Floats) -> float | None:
    """The factor by which the values of a column have to be multiplied to be those of training.

    Parameters
    ----------
    column : Distribution
        Of the training rows.
    values : float64 array of shape (n,)
        NaN is missing. At most 5,000 of them are looked at.

    Returns
    -------
    float or None
        One of :data:`FACTORS`; None if the values fit as they are, or no factor makes them fit.

    Examples
    --------
    >>> percents = np.random.default_rng(0).uniform(5, 60, 1000)
    >>> edges = np.quantile(percents, np.linspace(0.1, 0.9, 9))
    >>> trained = Distribution("discount", edges, np.append(np.full(10, 0.1), [0, 0]), 5, 60)
    >>> factor_of(trained, percents[:50] / 100), factor_of(trained, percents[:50])
    (100.0, None)
    """
    bins = len(column.edges) + 1
    known = values[~np.isnan(values)]
    present = known[known != 0]  # a zero is a zero in every unit
    if len(present) < FEWEST_VALUES or bins < FEWEST_BINS:
        return None
    assert len(column.shares) == bins + ABSENT
    share = column.shares[:bins] / max(1 - column.missing, 1e-9)
    zeros = int(np.searchsorted(column.edges, 0.0, side="right"))
    share[zeros] = max(share[zeros] - (1 - len(present) / len(known)), 0.0)
    if share.sum() < FEWEST_OTHERS:
        return None
    looked_at = present[:: -(-len(present) // LOOKED_AT)]
    share = share / share.sum()
    now = distance(column, share, looked_at)
    if now < CLOSER:
        return None
    distances = [distance(column, share, looked_at * factor) for factor in FACTORS]
    best = int(np.argmin(distances))
    near = distances[best] <= fitting_distance(share, len(looked_at))
    return FACTORS[best] if near and now - distances[best] >= CLOSER else None


def fitting_distance(share: Floats, count: int) -> float:
    """The distance up to which so many values are those of a distribution.

    Parameters
    ----------
    share : float64 array of shape (bins,)
        Of the values of training in its bins.
    count : int
        Number of values that are compared with them.

    Returns
    -------
    float
    """
    chance = 0.5 * np.sqrt(2 * share * (1 - share) / (np.pi * count)).sum()
    return float(FITS + CHANCE * chance)


def distance(column: Distribution, share: Floats, values: Floats) -> float:
    """Total variation distance between values and training, by the bins of training.

    Parameters
    ----------
    column : Distribution
    share : float64 array of shape (bins,)
        Of the values of training in its bins.
    values : float64 array of shape (n,)
        Without missing values.

    Returns
    -------
    float
        From 0 to 1.
    """
    places = np.searchsorted(column.edges, values, side="right")
    counts = np.bincount(places, minlength=len(share)) / len(values)
    return float(0.5 * np.abs(counts - share).sum())
