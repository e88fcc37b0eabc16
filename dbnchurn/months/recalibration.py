"""Two numbers that bring probabilities back to what came: a slope and a shift of their log-odds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Floats
from dbnchurn.decide.calibration import fit_blend
from dbnchurn.decide.decide_record import lowered, recalibrated_scores, recalibrated_threshold

SMALLEST = 1e-6  # probability, whose log-odds are fitted to
PRIOR = 1.0  # holds the slope near 1 and the shift near 0, so that few leavers move little


@dataclass(frozen=True)
class Recalibration:
    """Log-odds times a slope plus a shift.

    Parameters
    ----------
    slope, shift : float
        1 and 0 leave probabilities as they are.
    floor : float, default 0
        The model's smallest probability, above which the log-odds are meant.

    Examples
    --------
    >>> Recalibration(1.0, 0.0).apply([0.2, 0.5]).round(3).tolist()
    [0.2, 0.5]
    """

    slope: float
    shift: float
    floor: float = 0.0

    def apply(self, scores: npt.ArrayLike) -> Floats:
        """The probabilities that these scores stand for."""
        return recalibrated_scores(scores, self.slope, self.shift, self.floor)

    def threshold(self, threshold: float) -> float:
        """The threshold that calls the same customers by their recalibrated probabilities."""
        return recalibrated_threshold(threshold, self.slope, self.shift, self.floor)


def fit_recalibration(
    scores: npt.ArrayLike,
    left: npt.ArrayLike,
    rows: npt.ArrayLike | None = None,
    *,
    floor: float = 0.0,
) -> Recalibration:
    """Fit slope and shift to what came, by maximum likelihood with a weak hold on 1 and 0.

    The slope is not below 0, so that no customers change places.

    Parameters
    ----------
    scores : array of shape (n,)
    left : array of shape (n,)
        Leavers of each row, or of each group of customers.
    rows : array of shape (n,), optional
        Customers of each group; by default one.
    floor : float, default 0
        The model's smallest probability, which stays.

    Returns
    -------
    Recalibration

    Raises
    ------
    DataError
        If there are no customers.

    Examples
    --------
    >>> found = fit_recalibration([0.1, 0.2, 0.4], [1818, 3333, 5714], [10_000] * 3)
    >>> round(found.slope, 2), round(found.shift, 2)  # the odds doubled
    (1.0, 0.69)
    """
    x, k = _log_odds(lowered(scores, floor)), np.asarray(left, np.float64)
    n = np.ones(len(k)) if rows is None else np.asarray(rows, np.float64)
    if not n.sum():
        raise DataError("no customer has an outcome, so scores cannot be recalibrated")
    known = n > 0
    y = np.divide(k[known], n[known])
    (slope,), shift = fit_blend(x[known, None], y, n[known], PRIOR, floor=floor)
    return Recalibration(float(slope), float(shift), floor)


def _log_odds(scores: Floats) -> Floats:
    p = np.clip(scores, SMALLEST, 1 - SMALLEST)
    return np.asarray(logit(p), np.float64)
