"""Bootstrap intervals of many numbers and many models in one pass over the resamples.

Rows are drawn with Poisson(1) counts, which for all but tiny tables equals drawing n rows with
replacement. The number of churners differs between resamples, because the churn rate differs
between months. All models are evaluated on the same resamples, so differences are paired.

The intervals are bias-corrected percentiles (Efron, 1981): average precision in particular is too
high in small samples, and higher still in resamples of them, so that plain percentiles miss the
true value too often. They are widened by Student's t with as many customers as the rarer class has
(Hesterberg, 2015).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats, Rows
from dbnchurn.evaluate.ranking import Ranking, ScoredRows, thinned

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    from scipy import special
else:
    special = LazyModule("scipy.special")


Numbers = Callable[[Ranking], dict[str, float]]
LARGE_BIAS = 1.0  # in standard errors
RESAMPLES = 500
"""Number of resamples behind every interval, unless told."""
MAX_GROUPS = 5_000
"""Number of distinct scores above which neighbouring ones are merged for the resamples."""


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval; NaN where the data leave it undefined."""

    value: float
    low: float
    high: float

    def plain(self) -> dict[str, float | None]:
        """As JSON has it, undefined numbers as null."""
        numbers = {"value": self.value, "low": self.low, "high": self.high}
        return {name: number if np.isfinite(number) else None for name, number in numbers.items()}


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Numbers of several models on the data and on every resample.

    Parameters
    ----------
    exact : dict
        Model → name of the number → value on the data.
    resampled : dict
        Model → name of the number → values on the resamples, of shape (resamples,).
    rarer_class_size : float
        Number of customers in the rarer class.
    """

    exact: dict[str, dict[str, float]]
    resampled: dict[str, dict[str, Floats]]
    rarer_class_size: float

    def intervals(self, model: str) -> dict[str, Interval]:
        """Every number of one model."""
        return {
            name: interval(value, self.resampled[model][name], self.rarer_class_size)
            for name, value in self.exact[model].items()
        }

    def difference(self, model: str, other: str) -> dict[str, Interval]:
        """Every number of one model minus that of another, paired by resample.

        Parameters
        ----------
        model, other : str
            Names of models.

        Returns
        -------
        dict of str → Interval
            Name of the number → difference.
        """
        return {
            name: interval(
                value - self.exact[other][name],
                self.resampled[model][name] - self.resampled[other][name],
                self.rarer_class_size,
            )
            for name, value in self.exact[model].items()
        }


def bootstrap(
    rows: Mapping[str, ScoredRows],
    numbers: Mapping[str, Numbers],
    *,
    cuts: Mapping[str, float | Sequence[float]],
    resamples: int = RESAMPLES,
    random_state: int | np.random.Generator = 0,
    max_groups: int = MAX_GROUPS,
) -> Bootstrap:
    """Numbers of several models on the same rows, with resamples.

    Parameters
    ----------
    rows : mapping
        Model → its rows; all models have the same rows in the same order.
    numbers : mapping
        Model → function from a ranking to its numbers, the same names for every model.
    cuts : mapping
        Model → threshold, or several, that no group of merged scores may straddle.
    resamples : int, default 500
        Number of resamples.
    random_state : int or Generator, default 0
        A seed gives the same intervals again.
    max_groups : int, default 5000
        Number of distinct scores above which neighbouring ones are merged for the resamples.

    Returns
    -------
    Bootstrap
        With `resamples` values of every number of every model.

    Notes
    -----
    Where scores are merged, the numbers of the resamples are shifted by the difference that
    merging makes to the number on the data.
    """
    exact = {
        model: numbers[model](Ranking.of(own.y, own.scores, own.sample_weight, own.gain))
        for model, own in rows.items()
    }
    groupings = {model: Grouping.of(own, cuts[model], max_groups) for model, own in rows.items()}
    merged = {model: numbers[model](grouping.ranking()) for model, grouping in groupings.items()}
    first = next(iter(rows.values()))
    resampled = {model: {name: np.empty(resamples) for name in exact[model]} for model in rows}
    for i, counts in enumerate(poisson_counts(len(first.y), resamples, random_state)):
        for model, grouping in groupings.items():
            for name, value in numbers[model](grouping.ranking(counts)).items():
                resampled[model][name][i] = value + exact[model][name] - merged[model][name]
    return Bootstrap(exact, resampled, rarer_class_size(first))


def rarer_class_size(rows: ScoredRows) -> float:
    """Effective number of rows of the rarer class: (Σ w)² / Σ w², which is n for equal weights."""
    weights = [rows.sample_weight[rows.y == label] for label in (0, 1)]
    return min(float(w.sum() ** 2 / (w @ w)) if w.any() else 0.0 for w in weights)


def interval(value: float, resampled: Floats, rarer_class_size: float = float("inf")) -> Interval:
    """95 % interval from the resamples in which the number is defined.

    Parameters
    ----------
    value : float
        The number on the data.
    resampled : array of shape (resamples,)
        The number on every resample; NaN where undefined.
    rarer_class_size : float, default inf
        Number of customers in the rarer class, for the widening.

    Returns
    -------
    Interval
        Without ends if the number is undefined, or defined in fewer than two resamples.
    """
    defined = resampled[np.isfinite(resampled)]
    if not np.isfinite(value) or len(defined) < 2:
        return Interval(value, float("nan"), float("nan"))
    z = _widened_quantile(rarer_class_size)
    below = ((defined < value).mean() + (defined <= value).mean()) / 2
    shift = special.ndtri(np.clip(below, 0.5 / len(defined), 1 - 0.5 / len(defined)))
    if abs(shift) < LARGE_BIAS:
        low, high = np.quantile(defined, special.ndtr([2 * shift - z, 2 * shift + z]))
        return Interval(value, float(low), float(high))
    # Nearly all resamples lie on one side of the value (as those of a calibration error do), where
    # corrected percentiles are those of a few extreme resamples. The bias, estimated by their mean
    # minus the value, is subtracted twice: the resamples have that of the value and their own.
    low, high = np.quantile(defined, special.ndtr([-z, z])) - 2 * (defined.mean() - value)
    return Interval(value, max(float(low), 0.0) if defined.min() >= 0 else float(low), float(high))


def _widened_quantile(size: float) -> float:
    """1.96; for a small sample Student's quantile, times the root of n / (n − 1).

    The bootstrap's variance is that of a sample divided by n, not by n − 1.
    """
    if not 2 <= size < np.inf:
        return float(special.ndtri(0.975))
    return float(np.sqrt(size / (size - 1)) * special.stdtrit(size - 1, 0.975))


def poisson_counts(
    n: int, resamples: int, random_state: int | np.random.Generator = 0
) -> Iterator[Floats]:
    """How often each row is drawn, resample by resample; never all zero.

    Parameters
    ----------
    n : int
        Number of rows.
    resamples : int
        Number of resamples.
    random_state : int or Generator, default 0
        A seed gives the same counts again.

    Yields
    ------
    counts : float64 array of shape (n,)
    """
    generator = np.random.default_rng(random_state)
    probabilities = 1 / np.cumprod([np.e, 1, 2, 3, 4, 5, 6, 7, 8])
    # 16 random bits per row, compared with the eight places where the count rises by one: fifteen
    # times as fast as Generator.poisson.
    rises = np.floor(np.cumsum(probabilities)[:-1] * 2**16 + 0.5).astype(np.uint16)
    counts = np.zeros(n, np.uint8)
    for _ in range(resamples):
        counts[:] = 0
        while not counts.any():
            drawn = generator.integers(2**16, size=n, dtype=np.uint16)
            for rise in rises:
                counts += drawn >= rise
        yield counts.astype(np.float64)


@dataclass(frozen=True, eq=False)
class Grouping:
    """Rows with their group of equal or neighbouring scores, so that a resample needs no sorting.

    Parameters
    ----------
    rows : ScoredRows
        Of shape (n,).
    cells : int array of shape (n,)
        Group and label of every row, as :meth:`ScoredRows.cells` gives them.
    scores : float64 array of shape (groups,)
        Score of every group, descending.
    """

    rows: ScoredRows
    cells: Rows
    scores: Floats

    @classmethod
    def of(
        cls, rows: ScoredRows, cuts: float | Sequence[float], max_groups: int = MAX_GROUPS
    ) -> Grouping:
        """Group by distinct score; if there are too many, by runs of them that end at the cuts.

        Parameters
        ----------
        rows : ScoredRows
            Of shape (n,).
        cuts : float or sequence of float
            Thresholds; scores on both sides of one are never merged.
        max_groups : int, default 5000
            Number of distinct scores up to which none are merged, and of groups otherwise; every
            cut may add one.

        Returns
        -------
        Grouping
            A group of merged scores has the middle one of them.
        """
        distinct, group = np.unique(-rows.scores, return_inverse=True)
        if len(distinct) <= max_groups:
            return cls(rows, rows.cells(group), -distinct)
        starts = thinned(len(distinct), max_groups)
        starts = np.union1d(starts, np.searchsorted(distinct, -np.atleast_1d(cuts), side="right"))
        starts = starts[starts < len(distinct)]
        of_distinct = np.searchsorted(starts, np.arange(len(distinct)), side="right") - 1
        middle = (starts + np.append(starts[1:], len(distinct))) // 2
        return cls(rows, rows.cells(of_distinct[group]), -distinct[middle])

    def ranking(self, counts: Floats | None = None) -> Ranking:
        """The ranking of a resample in which row `i` was drawn ``counts[i]`` times."""
        return Ranking(self.scores, *self.rows.sums(self.cells, len(self.scores), counts))
