"""Intervals and ranks of numbers from several divisions of one table, which are not independent.

The training parts of two folds, or of two random divisions, share most of their rows, so the
numbers vary less between them than between independent tables, and the usual standard error of the
mean is too small.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats
from dbnchurn.evaluate.bootstrap import Interval

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LazyModule("scipy.stats")


def corrected_interval(
    values: npt.ArrayLike, test_share: float, *, confidence: float = 0.95
) -> Interval:
    """Mean of a number over divisions of one table, with the corrected resampled t interval.

    The variance of the mean of ``J`` values is estimated by ``(1/J + n_test/n_train) · s²`` in
    place of ``s²/J``, and the interval uses Student's t with ``J − 1`` degrees of freedom.

    Parameters
    ----------
    values : array of shape (J,)
        The number of a model on every division, or the difference of two models on each.
    test_share : float
        Number of test rows over number of training and validation rows.
    confidence : float, default 0.95
        Probability that the interval covers the mean.

    Returns
    -------
    Interval
        Without ends where there is only one division.

    Raises
    ------
    DataError
        If there is no value, or the share is not positive.

    References
    ----------
    Nadeau and Bengio (2003), Inference for the generalization error, Machine Learning 52, for
    random divisions; Bouckaert and Frank (2004), Evaluating the replicability of significance
    tests for comparing learning algorithms, PAKDD, for repeated folds.

    Examples
    --------
    >>> interval = corrected_interval([0.10, 0.12, 0.14, 0.12], test_share=0.25)
    >>> round(interval.value, 3), round(interval.low, 3), round(interval.high, 3)
    (0.12, 0.083, 0.157)
    """
    numbers = np.asarray(values, np.float64)
    if numbers.size == 0 or not test_share > 0:
        raise DataError(
            f"an interval over divisions needs values and a positive share of tested rows, got "
            f"{numbers.size} values and the share {test_share:g}"
        )
    mean = float(numbers.mean())
    if len(numbers) < 2:
        return Interval(mean, float("nan"), float("nan"))
    error = np.sqrt((1 / len(numbers) + test_share) * numbers.var(ddof=1))
    half = float(stats.t.ppf((1 + confidence) / 2, len(numbers) - 1) * error)
    return Interval(mean, mean - half, mean + half)


def mean_ranks(values: npt.ArrayLike, *, lower_is_better: bool = False) -> Floats:
    """Mean rank of every model over divisions; 1 is the best, equal values share their ranks.

    Parameters
    ----------
    values : array of shape (models, divisions)
        Undefined values (NaN) come last.
    lower_is_better : bool, default False
        Whether the smallest value has rank 1.

    Returns
    -------
    float64 array of shape (models,)

    References
    ----------
    Demšar (2006), Statistical comparisons of classifiers over multiple data sets, JMLR 7.

    Examples
    --------
    >>> mean_ranks([[0.9, 0.8], [0.7, 0.8], [0.1, 0.2]]).tolist()
    [1.25, 1.75, 3.0]
    """
    numbers = np.asarray(values, np.float64)
    best_first = np.where(np.isnan(numbers), np.inf, numbers if lower_is_better else -numbers)
    ranks: Floats = stats.rankdata(best_first, axis=0).mean(axis=1)
    return ranks
