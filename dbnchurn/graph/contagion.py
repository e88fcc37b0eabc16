"""By how much those leave more often whose partners have left, beside what a score expects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit

from dbnchurn.core.errors import DataError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.statistics import normal_quantile
from dbnchurn.core.typing import Bools, Floats, Ints

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LazyModule("scipy.stats")

STEPS = 100
TOLERANCE = 1e-10
NEAR = 1e-9  # least distance of a score from 0 and 1
CONFIDENCE = 0.95  # of the interval
LARGEST = 12.0  # growth from the least to the largest share; beyond, the estimate is infinite
LEAST_GROUPS = 20  # with fewer an interval by groups would be a guess
LEAST_INFORMATION = 1e-6  # of a row on average; below, the score has told everybody apart


@dataclass(frozen=True)
class ContagionEstimate:
    """Growth of the log-odds of leaving from no partner who left to all of them.

    Parameters
    ----------
    coefficient : float
    low, high : float
        Ends of an interval of 95 %.
    rows, leavers : int
    groups : int
        Taken as independent of one another; as many as rows if nobody said which these are.
    """

    coefficient: float
    low: float
    high: float
    rows: int
    leavers: int
    groups: int


def estimate_contagion(
    share: npt.ArrayLike,
    left: npt.ArrayLike,
    score: npt.ArrayLike,
    groups: npt.NDArray[Any] | None = None,
) -> ContagionEstimate:
    """Estimate how leaving grows with the share of partners who left before, given a score.

    A logistic regression on the share and the log-odds of the score. The estimate is contagion
    only as far as the score holds everything that partners have in common besides: people call
    whom they resemble, and whoever resembles a leaver leaves more often. A score of other
    columns, made for rows that it has not been trained on, takes a part of that away and never
    surely all of it.

    Parameters
    ----------
    share : array of shape (n,)
        Share of the partners who left before the cutoff; rows without one are left out.
    left : array of shape (n,)
        0 or 1: who left after the cutoff.
    score : array of shape (n,)
        Probability of leaving that uses nothing of partners.
    groups : array of shape (n,), optional
        Customer or community of a row. Rows of one group may have in common what the score does not
        hold, and the interval allows for it, by the covariance of Liang and Zeger (1986). By
        default every row is taken as independent.

    Returns
    -------
    ContagionEstimate

    Raises
    ------
    DataError
        If nobody or everybody left, the share does not vary, or share and score tell leavers and
        stayers apart without exception, so that there is no finite estimate; if it does not
        settle; or if there are fewer than 20 groups.

    Examples
    --------
    One in five leaves where no partner has left, and four in five where all have:

    >>> share, left = np.tile([0, 1], 150), np.tile([0, 1, 1, 1, 0, 0, 0, 1, 0, 1], 30)
    >>> estimate = estimate_contagion(share, left, [0.3] * 300)
    >>> estimate.rows, round(estimate.coefficient, 2)
    (300, 2.77)
    """
    x, y = np.asarray(share, np.float64), np.asarray(left, np.float64)
    odds = logit(np.clip(np.asarray(score, np.float64), NEAR, 1 - NEAR))
    known = ~(np.isnan(x) | np.isnan(y) | np.isnan(odds))
    x, y, odds = x[known], y[known], odds[known]
    if not len(y) or not 0 < y.sum() < len(y) or np.ptp(x) == 0:
        raise DataError(
            f"of {len(y)} customers with partners {int(y.sum())} left, and the share of partners "
            "who left has to vary among leavers and stayers: nothing can be estimated"
        )
    number = _numbered(groups, known)
    scale = float(x.std())
    design = np.column_stack([np.ones(len(x)), (x - x.mean()) / scale, _standardised(odds)])
    at = np.zeros(3)
    covariance = np.eye(3)
    for _ in range(STEPS):
        p = expit(design @ at)
        information = p * (1 - p)
        covariance = np.linalg.pinv(design.T @ (design * information[:, None]))
        step = _damped(covariance @ (design.T @ (y - p)))
        at = at + step
        grown = abs(float(at[1])) / scale * float(np.ptp(x))
        if grown > LARGEST or information.mean() < LEAST_INFORMATION:
            raise DataError(
                f"share and score tell the {int(y.sum())} who left of {len(y)} customers with "
                "partners apart from those who stayed, nearly without exception, so that there is "
                "no finite estimate; take more customers"
            )
        if float(np.abs(step).max()) < TOLERANCE:
            break
    else:
        raise DataError(
            f"the estimate did not settle in {STEPS} steps, so there is none; share and score may "
            "nearly be one column: take more customers"
        )
    count, quantile = len(y), normal_quantile(CONFIDENCE)
    if number is not None:
        count = int(number.max()) + 1
        covariance = _by_groups(covariance, design * (y - expit(design @ at))[:, None], number)
        quantile = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1))
    value, error = float(at[1]) / scale, float(np.sqrt(covariance[1, 1])) / scale
    half = quantile * error
    return ContagionEstimate(value, value - half, value + half, len(y), int(y.sum()), count)


def _numbered(groups: npt.NDArray[Any] | None, known: Bools) -> Ints | None:
    """Numbers of the groups of the rows that are used."""
    if groups is None:
        return None
    number = pd.factorize(np.asarray(groups)[known])[0]
    if (number < 0).any():
        raise DataError(
            f"{int((number < 0).sum())} of {len(number)} rows have no group; give each row one"
        )
    if number.max() + 1 < LEAST_GROUPS:
        raise DataError(
            f"{number.max() + 1} groups are too few for an interval, which takes {LEAST_GROUPS}; "
            "give smaller groups, or more customers"
        )
    return np.asarray(number, np.int64)


def _by_groups(inverse: Floats, slopes: Floats, number: Ints) -> Floats:
    """Covariance of the estimates if rows of one group depend on one another.

    Parameters
    ----------
    inverse : float64 array of shape (k, k)
        Of the information.
    slopes : float64 array of shape (n, k)
        Of the log-likelihood of each row.
    number : int array of shape (n,)
        Of the group of each row.

    Returns
    -------
    float64 array of shape (k, k)
    """
    sums = np.column_stack([np.bincount(number, column) for column in slopes.T])
    few = len(sums) / (len(sums) - 1)
    return np.asarray(few * inverse @ (sums.T @ sums) @ inverse)


def _standardised(values: Floats) -> Floats:
    """Values with the mean 0 and, where they vary, the standard deviation 1."""
    centred = values - values.mean()
    spread = float(centred.std())
    return np.asarray(centred / spread if spread > NEAR else np.zeros(len(values)))


def _damped(step: Floats) -> Floats:
    """A Newton step of at most 2 in every direction."""
    return np.asarray(step / max(1.0, float(np.abs(step).max()) / 2.0))
