"""Caution against noisy estimates: each is drawn to their mean by its standard error.

A plan takes the highest of many estimates, and these are high by luck as well. Empirical Bayes
(James and Stein, 1961; the variance by DerSimonian and Laird, 1986) takes the luck out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dbnchurn.core.typing import Floats

FEWEST = 3  # estimates; between two there is nothing to learn a spread from


def shrunk_to_mean(
    estimates: npt.ArrayLike, errors: npt.ArrayLike, *, fewest: int = FEWEST
) -> Floats:
    """Estimates drawn to their mean, each by its share of noise.

    Parameters
    ----------
    estimates : array of shape (n,)
    errors : array of shape (n,), or number
        Standard errors.
    fewest : int, default 3
        Estimates from which a spread is learned.

    Returns
    -------
    array of shape (n,)
        The estimates themselves where they are fewer than that.

    Examples
    --------
    >>> shrunk_to_mean([1.0, 3.0, 5.0], 0.0).tolist()
    [1.0, 3.0, 5.0]
    >>> shrunk_to_mean([1.0, 3.0, 5.0], 100.0).round(6).tolist()
    [3.0, 3.0, 3.0]
    """
    values = np.asarray(estimates, float)
    noise = np.broadcast_to(np.asarray(errors, float) ** 2, values.shape)
    if len(values) < fewest or not noise.any():
        return values.copy()
    if (noise == 0).any():
        # Some are exact: the spread is that of all, less the mean noise.
        spread = max(0.0, float(values.var(ddof=1) - noise.mean()))
        mean = float(values.mean())
    else:
        weight = 1 / noise
        mean = float(np.average(values, weights=weight))
        q = float((weight * (values - mean) ** 2).sum())
        scale = float(weight.sum() - (weight**2).sum() / weight.sum())
        spread = max(0.0, (q - (len(values) - 1)) / scale)
        mean = float(np.average(values, weights=1 / (noise + spread)))
    kept = np.where(noise > 0, spread / np.maximum(spread + noise, 1e-300), 1.0)
    return np.asarray(mean + kept * (values - mean))
