"""Statistics that several parts share: Wilson's interval, false discoveries, stability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats

if TYPE_CHECKING:
    from scipy import special
else:
    special = LazyModule("scipy.special")

SMALLEST_SHARE = 1e-4  # of a bin, so that an empty one counts without being infinite


def normal_quantile(confidence: float) -> float:
    """The z of a two-sided interval with that probability: 1.96 for 0.95."""
    return float(special.ndtri(0.5 + confidence / 2))


def wilson(
    hits: npt.ArrayLike, rows: npt.ArrayLike, confidence: float = 0.95
) -> tuple[Floats, Floats]:
    """Wilson's score interval of a rate.

    Parameters
    ----------
    hits, rows : array-like of the same shape
        Number of successes, and of trials; weighted counts are allowed.
    confidence : float, default 0.95
        Probability that the interval holds the true rate.

    Returns
    -------
    low, high : float arrays of that shape
        0 and 1 where there are no rows: nothing is known.

    References
    ----------
    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.

    Examples
    --------
    >>> low, high = wilson(8, 20)
    >>> round(float(low), 3), round(float(high), 3)
    (0.219, 0.613)
    """
    p, n = np.asarray(hits, np.float64), np.asarray(rows, np.float64)
    z2 = normal_quantile(confidence) ** 2
    middle = (p + z2 / 2) / (n + z2)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = p * (n - p) / n
    half = np.sqrt(z2 * (np.where(n > 0, spread, 0.0) + z2 / 4)) / (n + z2)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


def adjusted_p_values(p_values: npt.ArrayLike) -> Floats:
    """Adjusted p-values: calling all below `q` lets in a share of at most `q` false discoveries.

    Parameters
    ----------
    p_values : array-like of shape (n,)

    Returns
    -------
    float64 array of shape (n,)

    References
    ----------
    Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", 1995.

    Examples
    --------
    >>> adjusted_p_values([0.01, 0.04, 0.03, 0.5]).round(4).tolist()
    [0.04, 0.0533, 0.0533, 0.5]
    """
    from scipy.stats import false_discovery_control  # importing it takes more than a second

    p = np.asarray(p_values, np.float64)
    return np.asarray(false_discovery_control(p), np.float64) if len(p) else p


def population_stability_index(before: npt.ArrayLike, after: npt.ArrayLike) -> float:
    """How far a distribution has moved: ``Σ (q - p) ln(q / p)`` over the shares of its bins.

    Shares below 0.0001 count as that, so that an empty bin counts without being infinite.

    Parameters
    ----------
    before, after : array-like of shape (bins,)
        Rows in every bin, or shares of the rows.

    Returns
    -------
    float
        0 where nothing moved; from about 0.25 on a distribution is commonly called shifted.

    References
    ----------
    N. Siddiqi, "Credit Risk Scorecards", 2006.

    Examples
    --------
    >>> population_stability_index([50, 50], [500, 500])
    0.0
    >>> round(population_stability_index([90, 10], [10, 90]), 1)
    3.5
    """
    p, q = (np.maximum(_shares(given), SMALLEST_SHARE) for given in (before, after))
    return float(((q - p) * np.log(q / p)).sum())


def _shares(given: npt.ArrayLike) -> Floats:
    """Counts as shares; shares stay as they are, so that equal ones differ by no rounding."""
    values = np.asarray(given, np.float64)
    total = values.sum()
    return values if np.isclose(total, 1) else values / max(total, 1e-300)
