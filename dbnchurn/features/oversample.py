"""Oversampling of the few churners: by index, in training rows only, never a copied table."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from imblearn.over_sampling import RandomOverSampler
from pydantic import Field
from sklearn.base import BaseEstimator


class Oversample(BaseEstimator):  # type: ignore[misc]
    """Draw churners repeatedly until there are `ratio` of them per stayer.

    What comes out is a list of row numbers. Folds belong to the original rows, so all copies of a
    row lie in one fold.

    Parameters
    ----------
    method : {"random", "none"}, default "none"
    ratio : float, default 1.0
        Churners per stayer after drawing; a table that has more already is left as it is.

    Examples
    --------
    >>> draw = Oversample(method="random").rows(np.array([0, 0, 0, 1]), np.random.default_rng(0))
    >>> len(draw), np.bincount(draw).tolist()
    (6, [1, 1, 1, 3])
    """

    def __init__(
        self,
        *,
        method: Literal["random", "none"] = "none",
        ratio: Annotated[float, Field(gt=0, le=1)] = 1.0,
    ) -> None:
        self.method = method
        self.ratio = ratio

    def rows(
        self, y: npt.NDArray[np.int64], generator: np.random.Generator
    ) -> npt.NDArray[np.intp]:
        """Row numbers to train on, every row at least once.

        Parameters
        ----------
        y : int array of shape (n,)
            1 for churners, 0 for stayers.
        generator : numpy Generator

        Returns
        -------
        rows : intp array of shape (at least n,)
        """
        everyone = np.arange(len(y))
        stayers, churners = np.bincount(y, minlength=2)
        if self.method == "none" or churners >= self.ratio * stayers:
            return everyone
        sampler = RandomOverSampler(
            sampling_strategy=self.ratio, random_state=int(generator.integers(2**31))
        )
        sampler.fit_resample(everyone[:, None], y)
        return np.asarray(sampler.sample_indices_, dtype=np.intp)
