"""Bootstrap intervals of many numbers and many models in one pass over the resamples.

Rows are drawn with Poisson(1) counts, which for all but tiny tables equals drawing n rows with
replacement; classes are not held fixed, because next month's churn rate is not either. Every
model sees the same resamples, so differences between models are paired.

The intervals are bias-corrected percentiles (Efron, 1981): average precision in particular is too
high in small samples, and higher still in resamples of them, so that plain percentiles leave out
the truth too often. They are widened by Student's t for as many customers as the rarer class has
(Hesterberg, 2015).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from dbnchurn.core.typing import Floats, Rows
from dbnchurn.evaluate.ranking import Columns, Ranking, thinned

Numbers = Callable[[Ranking], dict[str, float]]
STRONG = 1.0  # of a bias, in standard errors
MAX_GROUPS = 5_000  # of neighbouring scores; below that many distinct scores nothing is merged


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % bootstrap interval; NaN where the data leave it undefined."""

    value: float
    low: float
    high: float

    def plain(self) -> dict[str, float | None]:
        """As JSON has it, undefined numbers as null."""
        both = {"value": self.value, "low": self.low, "high": self.high}
        return {name: number if np.isfinite(number) else None for name, number in both.items()}


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Numbers of several models on the data (`exact`) and on every resample (`drawn`).

    Parameters
    ----------
    exact : dict
        Model → name of the number → value.
    drawn : dict
        Model → name of the number → array of shape (resamples,).
    fewer : float
        Number of customers in the rarer class.
    """

    exact: dict[str, dict[str, float]]
    drawn: dict[str, dict[str, Floats]]
    fewer: float

    def intervals(self, model: str) -> dict[str, Interval]:
        """Every number of one model."""
        return {
            name: interval(value, self.drawn[model][name], self.fewer)
            for name, value in self.exact[model].items()
        }

    def difference(self, model: str, other: str) -> dict[str, Interval]:
        """Every number of `model` minus that of `other`, paired by resample."""
        return {
            name: interval(
                value - self.exact[other][name],
                self.drawn[model][name] - self.drawn[other][name],
                self.fewer,
            )
            for name, value in self.exact[model].items()
        }


def bootstrap(
    columns: Mapping[str, Columns],
    numbers: Mapping[str, Numbers],
    *,
    cuts: Mapping[str, float | Sequence[float]],
    resamples: int = 500,
    random_state: int | np.random.Generator = 0,
) -> Bootstrap:
    """Numbers of several models on the same rows, with resamples.

    Parameters
    ----------
    columns : mapping
        Model → its checked rows; all models have the same rows in the same order.
    numbers : mapping
        Model → function from a ranking to its numbers, the same names for every model.
    cuts : mapping
        Model → threshold, or several, that merged groups of scores must not straddle.
    resamples : int, default=500
        Number of resamples.
    random_state : int or Generator, default=0
        A seed gives the same intervals again.

    Notes
    -----
    With more than 5,000 distinct scores, neighbours are merged for the resamples, which are then
    shifted by the difference that this makes to the number itself.
    """
    exact = {
        m: numbers[m](Ranking.of(c.y, c.scores, c.sample_weight, c.gain))
        for m, c in columns.items()
    }
    groupings = {m: Grouping.of(c, cuts[m]) for m, c in columns.items()}
    merged = {m: numbers[m](g.ranking()) for m, g in groupings.items()}
    n = len(next(iter(columns.values())).y)
    drawn = {m: {name: np.empty(resamples) for name in exact[m]} for m in columns}
    for i, counts in enumerate(poisson_counts(n, resamples, random_state)):
        for m, grouping in groupings.items():
            for name, value in numbers[m](grouping.ranking(counts)).items():
                drawn[m][name][i] = value + exact[m][name] - merged[m][name]
    return Bootstrap(exact, drawn, rarer(next(iter(columns.values()))))


def rarer(rows: Columns) -> float:
    """Effective number of rows of the rarer class: (Σ w)² / Σ w², which is n for equal weights."""
    found = [rows.sample_weight[rows.y == label] for label in (0, 1)]
    return min(float(w.sum() ** 2 / (w @ w)) if w.any() else 0.0 for w in found)


def interval(value: float, drawn: Floats, fewer: float = float("inf")) -> Interval:
    """95 % interval from the resamples in which the number is defined.

    Parameters
    ----------
    value : float
        The number on the data.
    drawn : array of shape (resamples,)
        The number on every resample.
    fewer : float, default=inf
        Number of customers in the rarer class, for the widening.
    """
    known = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or len(known) < 2:
        return Interval(value, float("nan"), float("nan"))
    z = _widened(fewer)
    below = ((known < value).mean() + (known <= value).mean()) / 2
    shift = ndtri(np.clip(below, 0.5 / len(known), 1 - 0.5 / len(known)))
    if abs(shift) < STRONG:
        low, high = np.quantile(known, ndtr([2 * shift - z, 2 * shift + z]))
        return Interval(value, float(low), float(high))
    # Nearly all resamples lie on one side (as a calibration error does), so percentiles say
    # nothing: the bias is taken off, from the number itself and from the resamples.
    low, high = np.quantile(known, ndtr([-z, z])) - 2 * (known.mean() - value)
    return Interval(value, max(float(low), 0.0) if known.min() >= 0 else float(low), float(high))


def _widened(fewer: float) -> float:
    """1.96, or Student's quantile for a small sample, with its too small variance made good."""
    if not 2 <= fewer < np.inf:
        return float(ndtri(0.975))
    return float(np.sqrt(fewer / (fewer - 1)) * stdtrit(fewer - 1, 0.975))


def poisson_counts(
    n: int, resamples: int, random_state: int | np.random.Generator = 0
) -> Iterator[Floats]:
    """How often each of `n` rows is drawn, in every repeat; never all zero."""
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
    """Rows with their group of neighbouring scores, so that a resample needs no sorting."""

    columns: Columns
    cells: Rows
    scores: Floats

    @classmethod
    def of(cls, columns: Columns, cuts: float | Sequence[float]) -> Grouping:
        """Group by distinct score; if they are too many, by runs of them that end at the cuts."""
        distinct, group = np.unique(-columns.scores, return_inverse=True)
        if len(distinct) <= MAX_GROUPS:
            return cls(columns, columns.cells(group), -distinct)
        starts = thinned(len(distinct), MAX_GROUPS)
        starts = np.union1d(starts, np.searchsorted(distinct, -np.atleast_1d(cuts), side="right"))
        starts = starts[starts < len(distinct)]
        of_distinct = np.searchsorted(starts, np.arange(len(distinct)), side="right") - 1
        middle = (starts + np.append(starts[1:], len(distinct))) // 2
        return cls(columns, columns.cells(of_distinct[group]), -distinct[middle])

    def ranking(self, counts: Floats | None = None) -> Ranking:
        """The ranking of a resample in which row `i` was drawn ``counts[i]`` times."""
        return Ranking(self.scores, *self.columns.sums(self.cells, len(self.scores), counts))
