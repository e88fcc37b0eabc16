"""Remedies for few churners, in training rows only: repeats by index, weights, synthetic rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC, RandomOverSampler
from pydantic import Field
from sklearn.base import BaseEstimator

from dbnchurn.schema import Table, stacked

Labels = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sample:
    """What is trained on: the n rows that came, then synthetic ones, and how often each counts.

    Parameters
    ----------
    table : Table of at least n rows
    y : int64 array, one label per row
    weight : float64 array, one weight per row
    fold : int64 array, one fold per row
    draw : intp array
        Rows of one epoch, every row at least once.
    """

    table: Table
    y: Labels
    weight: Floats
    fold: Labels
    draw: npt.NDArray[np.intp]

    @property
    def counted(self) -> Floats:
        """Weight of every row times the number of its repeats."""
        return self.weight * np.bincount(self.draw, minlength=len(self.y))

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
    SMOTE-NC interpolates numbers and lets the neighbours vote for categories. 0/1 columns count as
    categories here, and so does whether a value is missing: a missing category is a level of its
    own, a number with gaps gets a flag that is voted on. The search for neighbours, and the
    interpolation, see the median in the gap; where the vote says so the gap is put back. Numbers
    are standardised for the search.

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
        weight: Floats | None = None,
        fold: Labels | None = None,
        generator: np.random.Generator,
    ) -> Sample:
        """Decide what to train on.

        Parameters
        ----------
        table : Table of n prepared rows
        y : int array of shape (n,)
            1 for churners, 0 for stayers.
        weight : float array of shape (n,), optional
        fold : int array of shape (n,), optional
            Fold of every row; one for all if not given.
        generator : numpy Generator
        """
        everyone = np.arange(len(y))
        weight = np.ones(len(y)) if weight is None else weight
        fold = np.zeros(len(y), np.int64) if fold is None else fold
        plain = Sample(table, y, weight, fold, everyone)
        stayers, churners = np.bincount(y, minlength=2)
        if self.method == "none" or churners >= self.ratio * stayers:
            return plain
        if self.method == "class weights":
            heavier = np.where(y == 1, self.ratio * stayers / churners, 1.0)
            return Sample(table, y, weight * heavier, fold, everyone)
        if self.method == "random":
            return Sample(table, y, weight, fold, self._repeats(y, generator))
        return self._with_synthetic(plain, generator)

    def _repeats(self, y: Labels, generator: np.random.Generator) -> npt.NDArray[np.intp]:
        sampler = RandomOverSampler(sampling_strategy=self.ratio, random_state=_seed(generator))
        sampler.fit_resample(np.arange(len(y))[:, None], y)
        return np.asarray(sampler.sample_indices_, dtype=np.intp)

    def _with_synthetic(self, rows: Sample, generator: np.random.Generator) -> Sample:
        """Every fold with its own synthetic churners behind all original rows."""
        for k in np.unique(rows.fold):
            inside = np.flatnonzero((rows.fold == k) & (rows.weight > 0))
            inside = inside[inside < len(rows.draw)]
            y = rows.y[inside]
            missing = int(self.ratio * np.sum(y == 0)) - int(y.sum())
            if missing <= 0 or not y.any():
                continue
            made = synthetic(rows.table.take(inside), y, missing, self.neighbours, generator)
            usual = np.average(rows.weight[inside][y == 1])
            rows = Sample(
                stacked(rows.table, made),
                np.append(rows.y, np.ones(missing, np.int64)),
                np.append(rows.weight, np.full(missing, usual)),
                np.append(rows.fold, np.full(missing, k)),
                rows.draw,
            )
        return Sample(rows.table, rows.y, rows.weight, rows.fold, np.arange(len(rows.y)))


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
    gaps = np.isnan(table.numbers)
    smooth = np.array([bool(np.any((c != 0) & (c != 1) & ~g)) for c, g in
                       zip(table.numbers.T, gaps.T, strict=True)], dtype=bool)  # fmt: skip
    filled, center, scale = _standardised(table.numbers[:, smooth])
    holes = gaps[:, smooth]
    words = np.where(gaps, -1.0, table.numbers)[:, ~smooth]
    voted = np.hstack([words, table.codes, holes])
    matrix = np.hstack([filled, voted])
    target = {1: len(churners) + count}
    settings = {"sampling_strategy": target, "k_neighbors": neighbours}
    sampler = _sampler(filled.shape[1], voted.shape[1], settings, _seed(generator))
    made = np.asarray(sampler.fit_resample(matrix, y)[0], np.float64)[len(y) :]
    split = np.cumsum([filled.shape[1], words.shape[1], table.codes.shape[1]])
    drawn, words, codes, holes = np.split(made, split, axis=1)
    numbers = np.empty((count, len(smooth)))
    numbers[:, smooth] = np.where(holes > 0.5, np.nan, drawn * scale + center)
    numbers[:, ~smooth] = np.where(words < 0, np.nan, words)
    return Table(numbers, codes.astype(np.int32), table.number_names, table.code_names, table.sizes)


def _sampler(numbers: int, voted: int, settings: dict[str, Any], seed: int) -> Any:
    """The member of the family for numbers, categories, or both."""
    if not voted:
        return SMOTE(**settings, random_state=seed)
    if not numbers:
        return SMOTEN(**settings, random_state=seed)
    places = list(range(numbers, numbers + voted))
    return SMOTENC(categorical_features=places, **settings, random_state=seed)


def _standardised(numbers: Floats) -> tuple[Floats, Floats, Floats]:
    """Numbers without gaps on a common scale, and center and scale to undo it."""
    center = np.array([np.nanmedian(column) for column in numbers.T])
    filled = np.where(np.isnan(numbers), center, numbers) - center
    largest = np.abs(filled).max(axis=0, initial=0)
    largest = np.where(largest > np.finfo(np.float64).tiny, largest, 1.0)
    # Two steps, so that squares of huge numbers do not overflow.
    spread = (filled / largest).std(axis=0)
    scale = largest * np.where(spread > 0, spread, 1.0)
    return filled / scale, center, scale


def _seed(generator: np.random.Generator) -> int:
    return int(generator.integers(2**31))
