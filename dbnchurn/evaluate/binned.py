"""Scores counted in fixed bins: rankings of any number of rows, from counts that add up.

The bins divide every power of two from 2⁻¹⁵ to 1 into 2,048 parts. What is counted on several
machines is added; the metrics of the sum are those of all rows but for the order within a bin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.evaluate.bootstrap import RESAMPLES, Interval, Numbers, interval
from dbnchurn.evaluate.ranking import Ranking

NO_ROW = "no row was counted, so there is nothing to rank"
BINADES, PER_BINADE = 15, 2_048
EDGES: Floats = np.unique(
    np.concatenate(
        [[0.0]]
        + [
            2.0**-power * (1 + np.arange(PER_BINADE) / PER_BINADE)
            for power in range(BINADES, 0, -1)
        ]
        + [[1.0]]
    )
)
"""Smallest score of every bin, ascending."""


@dataclass(frozen=True, eq=False)
class BinnedScores:
    """Churners, stayers and the sum of scores in every bin.

    Parameters
    ----------
    edges : float64 array of shape (b,)
        Smallest score of every bin, ascending.
    churners, stayers : int64 arrays of shape (b,)
    sums : float64 array of shape (b,)
        Of the scores.

    Examples
    --------
    >>> one = BinnedScores.of([1, 0], [0.9, 0.2], cut=0.5)
    >>> other = BinnedScores.of([0], [0.5], cut=0.5)
    >>> (one + other).ranking().scores.tolist()
    [0.9, 0.5, 0.2]
    """

    edges: Floats
    churners: Ints
    stayers: Ints
    sums: Floats

    @classmethod
    def of(
        cls, y: npt.ArrayLike, scores: npt.ArrayLike, *, cut: float | None = None
    ) -> BinnedScores:
        """Count rows.

        Parameters
        ----------
        y : array of shape (n,)
            1 or True for churners, 0 or False for the others.
        scores : array of shape (n,)
            Probabilities.
        cut : float, optional
            Threshold of decisions; no bin has scores on both sides of it.

        Returns
        -------
        BinnedScores

        Raises
        ------
        DataError
            If labels are not 0 and 1, or scores no probabilities.
        """
        labels, p = np.asarray(y), np.asarray(scores, np.float64)
        if labels.shape != p.shape or labels.ndim != 1:
            raise DataError(f"{labels.shape} labels and {p.shape} scores: give one of each a row")
        if bad := int((~np.isin(labels, (0, 1))).sum()):
            raise DataError(f"labels should be 0 or 1, {bad} of {len(labels)} are not")
        if bad := int((~((p >= 0) & (p <= 1))).sum()):
            raise DataError(f"scores should be from 0 to 1, {bad} of {len(p)} are not")
        edges = EDGES if cut is None else np.union1d(EDGES, [cut])
        cells = 2 * (np.searchsorted(edges, p, side="right") - 1) + labels.astype(np.int64)
        counts = np.bincount(cells, minlength=2 * len(edges))
        sums = np.asarray(np.bincount(cells >> 1, weights=p, minlength=len(edges)), np.float64)
        return cls(edges, counts[1::2], counts[::2], sums)

    def __add__(self, other: BinnedScores) -> BinnedScores:
        """The counts of the rows of both."""
        if not np.array_equal(self.edges, other.edges):
            raise DataError("the counts have other bins: count all rows with the same cut")
        return BinnedScores(
            self.edges,
            self.churners + other.churners,
            self.stayers + other.stayers,
            self.sums + other.sums,
        )

    def ranking(self) -> Ranking:
        """The ranking of all rows; the rows of a bin have their mean score.

        Raises
        ------
        DataError
            If no row was counted.
        """
        return self._ranking(self.churners.astype(np.float64), self.stayers.astype(np.float64))

    def resampled(
        self, resamples: int = RESAMPLES, random_state: int | np.random.Generator = 0
    ) -> Iterator[Ranking]:
        """Rankings of resamples: rows drawn with Poisson(1) counts, at a cost without rows.

        Parameters
        ----------
        resamples : int, default 500
        random_state : int or Generator, default 0

        Yields
        ------
        Ranking

        Raises
        ------
        DataError
            If no row was counted.
        """
        if not (self.churners.any() or self.stayers.any()):
            raise DataError(NO_ROW)
        generator = np.random.default_rng(random_state)
        for _ in range(resamples):
            drawn = generator.poisson([self.churners, self.stayers]).astype(np.float64)
            while not drawn.any():
                drawn = generator.poisson([self.churners, self.stayers]).astype(np.float64)
            yield self._ranking(drawn[0], drawn[1])

    def _ranking(self, churners: Floats, stayers: Floats) -> Ranking:
        counted = self.churners + self.stayers
        there = np.flatnonzero(counted)[::-1]
        if not len(there):
            raise DataError(NO_ROW)
        # A mean may be rounded out of its bin, and so past a decision at the bin's edge.
        above = np.nextafter(np.append(self.edges[1:], np.inf)[there], 0.0)
        means = np.clip(self.sums[there] / counted[there], self.edges[there], above)
        return Ranking(means, churners[there], stayers[there])


def binned_intervals(
    binned: BinnedScores,
    numbers: Numbers,
    *,
    resamples: int = RESAMPLES,
    random_state: int | np.random.Generator = 0,
) -> dict[str, Interval]:
    """Numbers of a ranking with their intervals, from counts.

    One row a customer is assumed: customers with several rows are drawn row by row.

    Parameters
    ----------
    binned : BinnedScores
    numbers : function
        From a ranking to its numbers.
    resamples : int, default 500
    random_state : int or Generator, default 0

    Returns
    -------
    dict of str → Interval

    Examples
    --------
    >>> from dbnchurn.evaluate.metrics import roc_auc
    >>> binned = BinnedScores.of([1, 0] * 50, [0.8, 0.3] * 50)
    >>> binned_intervals(binned, lambda r: {"roc_auc": roc_auc(r)})["roc_auc"].value
    1.0
    """
    exact = numbers(binned.ranking())
    drawn = [numbers(ranking) for ranking in binned.resampled(resamples, random_state)]
    rarer = float(min(binned.churners.sum(), binned.stayers.sum()))
    return {
        name: interval(value, np.array([one[name] for one in drawn]), rarer)
        for name, value in exact.items()
    }
