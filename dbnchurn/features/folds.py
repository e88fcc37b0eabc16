"""Folds of cross-fitting: every row gets its leaves from a booster that was fitted without it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import BaseCrossValidator, StratifiedGroupKFold, StratifiedKFold

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Ints

SMALL_GROUP = 0.01
"""Groups that are all smaller than this share of a fold are assigned to folds at random, as rows
are: the folds are of nearly the same size then, and StratifiedGroupKFold, which assigns one group
after another, would take a minute for a million groups."""


def assign_folds(
    y: Ints,
    folds: int,
    groups: npt.NDArray[Any] | None,
    generator: np.random.Generator,
) -> Ints:
    """Draw the fold index of every row, stratified by label; rows of one group share a fold.

    Parameters
    ----------
    y : int array of shape (n,)
        1 for churners, 0 for stayers.
    folds : int
        Number of folds; fewer where there are fewer rows of the rarer class, or fewer groups, but
        at least two.
    groups : array of shape (n,), or None
        Rows with the same value share a fold.
    generator : numpy Generator

    Returns
    -------
    int64 array of shape (n,)
        Numbered from 0 without gaps.

    Raises
    ------
    DataError
        If all rows are of one group.
    """
    seed = int(generator.integers(2**31))
    if groups is None:
        return _stratified(y, folds, seed)
    group_of, distinct = pd.factorize(groups, use_na_sentinel=False)
    if len(distinct) < 2:
        raise DataError("all training rows are of one group; cross-fitted leaves need two")
    folds = min(folds, len(distinct))
    if np.bincount(group_of).max() <= SMALL_GROUP * len(y) / folds:
        has_churner = np.bincount(group_of, weights=y, minlength=len(distinct)) > 0
        return _stratified(has_churner.astype(np.int64), folds, seed)[group_of]
    folds = int(max(2, min(folds, np.bincount(y, minlength=2).min())))
    return _fold_of(StratifiedGroupKFold(folds, shuffle=True, random_state=seed), y, group_of)


def _stratified(y: Ints, folds: int, seed: int) -> Ints:
    _, counts = np.unique(y, return_counts=True)
    folds = int(max(2, min(folds, counts.min())))
    return _fold_of(StratifiedKFold(folds, shuffle=True, random_state=seed), y)


def _fold_of(splitter: BaseCrossValidator, y: Ints, groups: Any = None) -> Ints:
    """The split whose test rows contain each row, numbered without gaps."""
    fold = np.zeros(len(y), np.int64)
    for k, (_, test) in enumerate(splitter.split(np.empty((len(y), 0)), y, groups)):
        fold[test] = k
    return np.unique(fold, return_inverse=True)[1]
