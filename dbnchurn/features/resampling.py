"""Oversampling of churners in the training rows: repeats by index, weights, or synthetic rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import numpy as np
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC, RandomOverSampler
from pydantic import Field
from sklearn.base import BaseEstimator

from dbnchurn.core.typing import Floats, Ints32, Labels, Rows
from dbnchurn.tables.schema import Table, stacked


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """The rows to train on, the given ones before synthetic ones, and how often each counts.

    Parameters
    ----------
    table : Table of m prepared rows
    y : int64 array of shape (m,)
        1 for churners, 0 for stayers.
    sample_weight : float64 array of shape (m,)
    fold : int64 array of shape (m,)
        Fold index of every row.
    draw : intp array of shape (at least m,)
        Row numbers of one epoch; every row at least once.
    """

    table: Table
    y: Labels
    sample_weight: Floats
    fold: Labels
    draw: Rows

    @property
    def counted(self) -> Floats:
        """Weight of every row times the number of its repeats, shape (m,)."""
        return self.sample_weight * np.bincount(self.draw, minlength=len(self.y))

    @property
    def prior(self) -> float:
        """Weighted share of churners."""
        return float(np.average(self.y, weights=self.counted))


class Oversample(BaseEstimator):  # type: ignore[misc]
    """Increase the number or the weight of churners until there are `ratio` of them per stayer.

    Parameters
    ----------
    method : {"none", "random", "smotenc", "class weights"}, default "none"
        Leave the rows as they are; draw churners repeatedly; add synthetic churners between
        neighbouring ones (SMOTE-NC); or increase the weight of churners. Repeats are row numbers
        and stay in the fold of their row. Synthetic churners are made of the rows of one fold
        alone and belong to it, so that no fold holds information of another one.
    ratio : float, default 1.0
        Churners per stayer; a table that has more already is left as it is.
    neighbours : int, default 5
        Nearest churners of which one is drawn to interpolate with; fewer where a fold has fewer.
        A fold with a single churner repeats it.

    Notes
    -----
    SMOTE-NC interpolates numbers, and takes the most frequent category of the neighbours. A 0/1
    column, and whether a value is missing, are taken from the nearer of the two churners of the
    interpolation: by majority, a synthetic churner would never have what most churners lack. A
    missing value counts as the median or the most frequent level in the search for neighbours, the
    interpolation and the majority. Numbers are standardised for the search.

    References
    ----------
    Chawla, Bowyer, Hall and Kegelmeyer, 2002. SMOTE: synthetic minority over-sampling technique.
    JAIR 16.

    Examples
    --------
    >>> table = Table(np.arange(4.0)[:, None], np.empty((4, 0), np.int32), ("debt",), (), ())
    >>> y = np.array([0, 0, 0, 1])
    >>> rows = Oversample(method="random").sample(table, y, generator=np.random.default_rng(0))
    >>> len(rows.draw), rows.counted.tolist(), rows.prior
    (6, [1.0, 1.0, 1.0, 3.0], 0.5)
    """

    def __init__(
        self,
        *,
        method: Literal["none", "random", "smotenc", "class weights"] = "none",
        ratio: Annotated[float, Field(gt=0, le=1)] = 1.0,
        neighbours: Annotated[int, Field(ge=1)] = 5,
    ) -> None:
        self.method = method
        self.ratio = ratio
        self.neighbours = neighbours

    def sample(
        self,
        table: Table,
        y: Labels,
        *,
        sample_weight: Floats | None = None,
        fold: Labels | None = None,
        generator: np.random.Generator,
    ) -> TrainingSet:
        """Make the rows to train on.

        Parameters
        ----------
        table : Table of n prepared rows
        y : int array of shape (n,)
            1 for churners, 0 for stayers.
        sample_weight : float array of shape (n,), optional
            1 if not given.
        fold : int array of shape (n,), optional
            Fold index of every row; 0 if not given.
        generator : numpy Generator

        Returns
        -------
        TrainingSet of n rows or, with synthetic ones, more
        """
        every_row = np.arange(len(y))
        sample_weight = np.ones(len(y)) if sample_weight is None else sample_weight
        fold = np.zeros(len(y), np.int64) if fold is None else fold
        unchanged = TrainingSet(table, y, sample_weight, fold, every_row)
        stayers, churners = np.bincount(y, minlength=2)
        if self.method == "none" or churners >= self.ratio * stayers:
            return unchanged
        if self.method == "class weights":
            heavier = np.where(y == 1, self.ratio * stayers / churners, 1.0)
            return TrainingSet(table, y, sample_weight * heavier, fold, every_row)
        if self.method == "random":
            return TrainingSet(table, y, sample_weight, fold, self._repeats(y, generator))
        return self._with_synthetic(unchanged, generator)

    def _repeats(self, y: Labels, generator: np.random.Generator) -> Rows:
        sampler = RandomOverSampler(sampling_strategy=self.ratio, random_state=_seed(generator))
        sampler.fit_resample(np.arange(len(y))[:, None], y)
        return np.asarray(sampler.sample_indices_, dtype=np.intp)

    def _with_synthetic(self, rows: TrainingSet, generator: np.random.Generator) -> TrainingSet:
        """The rows, followed by the synthetic churners of every fold."""
        table, y, sample_weight, fold = rows.table, rows.y, rows.sample_weight, rows.fold
        for k in np.unique(rows.fold):
            inside = np.flatnonzero((rows.fold == k) & (rows.sample_weight > 0))
            labels = rows.y[inside]
            missing = int(self.ratio * np.sum(labels == 0)) - int(labels.sum())
            if missing <= 0 or not labels.any():
                continue
            made = synthetic(rows.table.take(inside), labels, missing, self.neighbours, generator)
            table = stacked(table, made)
            y = np.append(y, np.ones(missing, np.int64))
            usual = np.average(rows.sample_weight[inside][labels == 1])
            sample_weight = np.append(sample_weight, np.full(missing, usual))
            fold = np.append(fold, np.full(missing, k))
        return TrainingSet(table, y, sample_weight, fold, np.arange(len(y)))


def synthetic(
    table: Table, y: Labels, count: int, neighbours: int, generator: np.random.Generator
) -> Table:
    """Make synthetic churners by interpolation between the churners of a table.

    Parameters
    ----------
    table : Table of n prepared rows
    y : int array of shape (n,)
        1 for churners, 0 for stayers; at least one of each.
    count : int
        Number of synthetic churners.
    neighbours : int
        As :class:`Oversample` takes them.
    generator : numpy Generator

    Returns
    -------
    Table of `count` rows
    """
    churners = np.flatnonzero(y == 1)
    neighbours = min(neighbours, len(churners) - 1)
    if neighbours == 0:
        return table.take(np.repeat(churners, count))
    binary = np.isin(table.numbers, (0.0, 1.0)) | np.isnan(table.numbers)
    smooth = np.flatnonzero(~binary.all(axis=0))
    filled, center, scale = _standardised(table.numbers, smooth)
    gaps = np.hstack([np.isnan(table.numbers), table.codes < 0])
    varying = gaps.any(axis=0)
    codes = _with_modes(table.codes)
    matrix = np.hstack([filled, gaps[:, varying], codes])
    target = {1: len(churners) + count}
    settings = {"sampling_strategy": target, "k_neighbors": neighbours}
    sampler = _sampler(matrix.shape[1] - codes.shape[1], codes.shape[1], settings, generator)
    made = np.asarray(sampler.fit_resample(matrix, y)[0], np.float64)[len(y) :]
    numbers, gaps_made, levels = np.split(
        made, [filled.shape[1], matrix.shape[1] - codes.shape[1]], axis=1
    )
    flags = numbers > 0.5
    numbers = numbers * scale + center
    numbers[:, binary.all(axis=0)] = flags[:, binary.all(axis=0)]
    missing = np.zeros((count, gaps.shape[1]), bool)
    missing[:, varying] = gaps_made > 0.5
    return replace(
        table,
        numbers=np.where(missing[:, : numbers.shape[1]], np.nan, numbers),
        codes=np.where(missing[:, numbers.shape[1] :], -1, levels).astype(np.int32),
    )


def _sampler(
    numbers: int, categories: int, settings: dict[str, Any], generator: np.random.Generator
) -> Any:
    """The SMOTE variant for numbers, for categories, or for both."""
    settings = {**settings, "random_state": _seed(generator)}
    if not categories:
        return SMOTE(**settings)
    if not numbers:
        return SMOTEN(**settings)
    return SMOTENC(categorical_features=list(range(numbers, numbers + categories)), **settings)


def _standardised(numbers: Floats, smooth: Rows) -> tuple[Floats, Floats, Floats]:
    """Numbers with medians in their gaps, the `smooth` ones scaled; center and scale to undo it."""
    middle = np.array([np.median(v) if len(v := c[~np.isnan(c)]) else 0.0 for c in numbers.T])
    filled = np.where(np.isnan(numbers), middle, numbers)
    center, scale = np.zeros(len(middle)), np.ones(len(middle))
    center[smooth] = middle[smooth]
    for j in smooth:
        away = filled[:, j] - center[j]
        largest = max(float(np.abs(away).max()), np.finfo(np.float64).tiny)
        # Two steps, so that squares of huge numbers do not overflow.
        scale[j] = largest * ((away / largest).std() or 1.0)
    return (filled - center) / scale, center, scale


def _with_modes(codes: Ints32) -> Ints32:
    """Codes with the most frequent level in their gaps."""
    modes = [np.bincount(v).argmax() if len(v := c[c >= 0]) else 0 for c in codes.T]
    return np.where(codes < 0, np.array(modes, np.int32), codes)


def _seed(generator: np.random.Generator) -> int:
    return int(generator.integers(2**31))
