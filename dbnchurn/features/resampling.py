"""Remedies for few churners, in training rows only: repeats by index, weights, synthetic rows."""

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
    """What is trained on: the n rows that came, then synthetic ones, and how often each counts.

    Parameters
    ----------
    table : Table of at least n rows
    y : int64 array, one label per row
    sample_weight : float64 array, one weight per row
    fold : int64 array, one fold per row
    draw : intp array
        Rows of one epoch, every row at least once.
    """

    table: Table
    y: Labels
    sample_weight: Floats
    fold: Labels
    draw: Rows

    @property
    def counted(self) -> Floats:
        """Weight of every row times the number of its repeats."""
        return self.sample_weight * np.bincount(self.draw, minlength=len(self.y))

    @property
    def prior(self) -> float:
        """Share of churners in training."""
        return float(np.average(self.y, weights=self.counted))


class Oversample(BaseEstimator):  # type: ignore[misc]
    """Let churners count more until there are `ratio` of them per stayer.

    Parameters
    ----------
    method : {"none", "random", "smotenc", "class weights"}, default "none"
        Leave the rows as they are; draw churners repeatedly; add synthetic churners between
        neighbouring ones; or weigh churners. Repeats are row numbers, so all of them lie in the
        fold of their row. Synthetic churners are made within a fold, from its rows alone, and
        lie in it: no fold holds anything of another fold's rows.
    ratio : float, default 1.0
        Churners per stayer; a table that has more already is left as it is.
    neighbours : int, default 5
        Churners among which a synthetic one is made; fewer where a fold has fewer. A fold with a
        single churner repeats it.

    Notes
    -----
    SMOTE-NC interpolates numbers and lets the neighbours vote for categories. A 0/1 column, and
    whether a value is missing, follow the nearer of the two churners between whom a row is made: a
    vote would leave a synthetic churner without all that most churners lack. The search for
    neighbours, the interpolation and the vote see the median or the most frequent level in a gap.
    Numbers are standardised for the search.

    References
    ----------
    Chawla, Bowyer, Hall and Kegelmeyer, 2002. SMOTE: synthetic minority over-sampling technique.
    JAIR 16.

    Examples
    --------
    >>> table = Table(np.arange(4.0)[:, None], np.empty((4, 0), np.int32), ("debt",), (), ())
    >>> y = np.array([0, 0, 0, 1])
    >>> sample = Oversample(method="random").sample(table, y, generator=np.random.default_rng(0))
    >>> len(sample.draw), sample.counted.tolist(), sample.prior
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
        """Decide what to train on.

        Parameters
        ----------
        table : Table of n prepared rows
        y : int array of shape (n,)
            1 for churners, 0 for stayers.
        sample_weight : float array of shape (n,), optional
        fold : int array of shape (n,), optional
            Fold of every row; one for all if not given.
        generator : numpy Generator
        """
        everyone = np.arange(len(y))
        sample_weight = np.ones(len(y)) if sample_weight is None else sample_weight
        fold = np.zeros(len(y), np.int64) if fold is None else fold
        plain = TrainingSet(table, y, sample_weight, fold, everyone)
        stayers, churners = np.bincount(y, minlength=2)
        if self.method == "none" or churners >= self.ratio * stayers:
            return plain
        if self.method == "class weights":
            heavier = np.where(y == 1, self.ratio * stayers / churners, 1.0)
            return TrainingSet(table, y, sample_weight * heavier, fold, everyone)
        if self.method == "random":
            return TrainingSet(table, y, sample_weight, fold, self._repeats(y, generator))
        return self._with_synthetic(plain, generator)

    def _repeats(self, y: Labels, generator: np.random.Generator) -> Rows:
        sampler = RandomOverSampler(sampling_strategy=self.ratio, random_state=_seed(generator))
        sampler.fit_resample(np.arange(len(y))[:, None], y)
        return np.asarray(sampler.sample_indices_, dtype=np.intp)

    def _with_synthetic(self, rows: TrainingSet, generator: np.random.Generator) -> TrainingSet:
        """Every fold's own synthetic churners behind all original rows."""
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
    """So many churners between the churners of a table.

    Parameters
    ----------
    table : Table of n rows
    y : int array of shape (n,)
        At least one churner and one stayer.
    count : int
    neighbours : int
    generator : numpy Generator
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
    words = _with_modes(table.codes)
    matrix = np.hstack([filled, gaps[:, varying], words])
    target = {1: len(churners) + count}
    settings = {"sampling_strategy": target, "k_neighbors": neighbours}
    sampler = _sampler(matrix.shape[1] - words.shape[1], words.shape[1], settings, generator)
    made = np.asarray(sampler.fit_resample(matrix, y)[0], np.float64)[len(y) :]
    numbers, holes, voted = np.split(
        made, [filled.shape[1], matrix.shape[1] - words.shape[1]], axis=1
    )
    flags = numbers > 0.5
    numbers = numbers * scale + center
    numbers[:, binary.all(axis=0)] = flags[:, binary.all(axis=0)]
    missing = np.zeros((count, gaps.shape[1]), bool)
    missing[:, varying] = holes > 0.5
    return replace(
        table,
        numbers=np.where(missing[:, : numbers.shape[1]], np.nan, numbers),
        codes=np.where(missing[:, numbers.shape[1] :], -1, voted).astype(np.int32),
    )


def _sampler(
    numbers: int, words: int, settings: dict[str, Any], generator: np.random.Generator
) -> Any:
    """The member of the family for numbers, categories, or both."""
    settings = {**settings, "random_state": _seed(generator)}
    if not words:
        return SMOTE(**settings)
    if not numbers:
        return SMOTEN(**settings)
    return SMOTENC(categorical_features=list(range(numbers, numbers + words)), **settings)


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
