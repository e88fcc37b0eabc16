"""Weights of rows: what is allowed, and the scale on which they count."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dbnchurn.core.typing import Floats

LARGEST_RATIO = 1e6
"""Of the heaviest row to the lightest one that counts, where a model is trained."""

SMALLEST_WEIGHT = float(np.finfo(np.float64).tiny)
"""Smaller numbers have lost digits, so that their ratios are not what was meant."""


def weight_problem(
    sample_weight: npt.ArrayLike, n: int, largest_ratio: float = LARGEST_RATIO
) -> str | None:
    """Why weights cannot be used, in a sentence; None where they can.

    Parameters
    ----------
    sample_weight : array of shape (n,)
    n : int
        Number of rows.
    largest_ratio : float, default LARGEST_RATIO
        Of the largest weight to the smallest one above 0.

    Returns
    -------
    str or None

    Examples
    --------
    >>> weight_problem([1.0, 0.0, 2.5], 3) is None
    True
    >>> print(weight_problem([0.0, 0.0], 2))
    every sample_weight is zero; some rows have to count
    """
    try:
        weights = np.asarray(sample_weight, np.float64)
    except (TypeError, ValueError):
        return "sample_weight has to be numbers, one for each row"
    if weights.shape != (n,):
        return f"sample_weight has shape {weights.shape}, and there are {n} rows: give one a row"
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        first = int(np.argmax(bad))
        return (
            f"sample_weight has to be finite and not negative; {int(bad.sum())} of {n} are not, "
            f"the first is {weights[first]} in row {first}"
        )
    if not n or not weights.any():
        return None if not n else "every sample_weight is zero; some rows have to count"
    lightest = int(np.argmin(np.where(weights > 0, weights, np.inf)))
    heaviest = int(np.argmax(weights))
    if weights[lightest] < SMALLEST_WEIGHT:
        return (
            f"sample_weight {weights[lightest]:g} in row {lightest} is too small to be kept "
            f"exactly; give 0 for rows that do not count, or multiply all weights, since only "
            "their ratios matter"
        )
    if weights[lightest] < weights[heaviest] / largest_ratio:
        return (
            f"sample_weight is from {weights[lightest]:g} (row {lightest}) to "
            f"{weights[heaviest]:g} (row {heaviest}); the largest may be {largest_ratio:g} times "
            "the smallest above 0: cut the weights off, or give 0 for rows that do not count"
        )
    return None


def relative_weight(weights: Floats) -> Floats:
    """Weights with a mean of one over the rows that count, so that only their ratios matter.

    Weights and any multiple of them give the same numbers, equal ones exactly 1, and rows of
    weight 0 change nothing for the others. The numbers are rounded to float32, in which boosters
    and networks compute; the rounding of the multiplication is lost in it.

    Parameters
    ----------
    weights : float64 array of shape (n,)
        Without a :func:`weight_problem`.

    Returns
    -------
    float64 array of shape (n,)

    Examples
    --------
    >>> relative_weight(np.array([3e300, 1e300, 0.0])).tolist()
    [1.5, 0.5, 0.0]
    """
    if not weights.any():
        return weights.copy()
    shares = weights / weights.max()  # so that sums of huge numbers do not overflow
    relative = shares / shares[shares > 0].mean()
    return np.asarray(relative.astype(np.float32), np.float64)
