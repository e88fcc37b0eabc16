"""How good scores are before outcomes arrive, if their probabilities are true.

Leavers are drawn from the scores themselves, many times, and measured each time: the mean is the
expected number, and the spread what chance alone does (confidence-based performance estimation).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.evaluate.metrics import lift, roc_auc
from dbnchurn.evaluate.ranking import Ranking

DRAWS = 400
MOST_GROUPS = 2000


@dataclass(frozen=True)
class Estimate:
    """A number that is expected of a month.

    Parameters
    ----------
    value : float or None
        None where it is undefined, as a month is expected to have too few leavers.
    spread : float or None
        Standard deviation by chance.
    """

    value: float | None
    spread: float | None

    def p_below(self, measured: float | None) -> float | None:
        """Probability of a number as low as `measured`; None where either is unknown.

        Examples
        --------
        >>> Estimate(0.7, 0.02).p_below(0.7)
        0.5
        """
        if measured is None or self.value is None or not self.spread:
            return None
        return float(ndtr((measured - self.value) / self.spread))


@dataclass(frozen=True, eq=False)
class ScoreGroups:
    """Scores of a month in groups of neighbours, in rising order.

    Parameters
    ----------
    score : float64 array of shape (g,)
        Mean probability of each group.
    rows : int64 array of shape (g,)
    left : int64 array of shape (g,), optional
        Those who left; None where that is not known.
    """

    score: Floats
    rows: Ints
    left: Ints | None = None

    @classmethod
    def of(
        cls, scores: npt.ArrayLike, y: npt.ArrayLike | None = None, *, most: int = MOST_GROUPS
    ) -> ScoreGroups:
        """Group customers.

        Parameters
        ----------
        scores : array of shape (n,)
        y : array of shape (n,), optional
            1 for those who left.
        most : int, default 2000
            Number of groups; customers with the same score stay together.

        Returns
        -------
        ScoreGroups

        Examples
        --------
        >>> groups = ScoreGroups.of([0.5, 0.1, 0.5], [1, 0, 0])
        >>> groups.rows.tolist(), groups.left.tolist()
        ([1, 2], [0, 1])
        """
        p = np.asarray(scores, np.float64)
        values, place = np.unique(p, return_inverse=True)
        if len(values) > most:
            below = np.concatenate([[0], np.cumsum(np.bincount(place))[:-1]])
            _, merged = np.unique(below * most // len(p), return_inverse=True)
            place = merged[place]
        rows = np.bincount(place)
        sums = np.bincount(place, p)
        left = None if y is None else np.bincount(place, np.asarray(y, np.float64))
        return cls(sums / rows, rows, None if left is None else left.astype(np.int64))

    def coarse(self, most: int) -> ScoreGroups:
        """The same in fewer groups."""
        below = np.cumsum(self.rows) - self.rows
        _, place = np.unique(below * most // self.rows.sum(), return_inverse=True)
        rows = np.bincount(place, self.rows).astype(np.int64)
        left = None if self.left is None else np.bincount(place, self.left).astype(np.int64)
        return ScoreGroups(np.bincount(place, self.score * self.rows) / rows, rows, left)


def estimates(groups: ScoreGroups, *, draws: int = DRAWS, seed: int = 0) -> dict[str, Estimate]:
    """What is expected of a month if the scores are true.

    Parameters
    ----------
    groups : ScoreGroups
    draws : int, default 400
    seed : int, default 0

    Returns
    -------
    dict
        ``rate`` (share of leavers), ``roc_auc`` and ``lift_top_decile``.

    Raises
    ------
    DataError
        If there are no customers.

    Examples
    --------
    >>> found = estimates(ScoreGroups(np.array([0.1, 0.5]), np.array([900, 100])))
    >>> round(found["rate"].value, 2), round(found["roc_auc"].value, 2)
    (0.14, 0.65)
    """
    rows = groups.rows.astype(np.float64)
    if not rows.sum():
        raise DataError("no customer was scored, so nothing can be expected of the month")
    generator = np.random.default_rng(seed)
    drawn = generator.binomial(groups.rows, groups.score, (draws, len(rows))).astype(np.float64)
    score = groups.score[::-1]
    rankings = [Ranking(score, left[::-1], (rows - left)[::-1]) for left in drawn]
    found = {
        "rate": drawn.sum(axis=1) / rows.sum(),
        "roc_auc": np.array([roc_auc(ranking) for ranking in rankings]),
        "lift_top_decile": np.array([lift(ranking) for ranking in rankings]),
    }
    return {name: _estimate(values) for name, values in found.items()}


def ranking_p(scores: npt.ArrayLike, measured: float | None) -> float | None:
    """Probability of an area under the curve as low as measured if the scores are true.

    Parameters
    ----------
    scores : array of shape (n,)
    measured : float or None

    Returns
    -------
    float or None
        None where nothing was measured or can be expected.

    Examples
    --------
    >>> scores = np.random.default_rng(0).beta(1, 9, 2000)
    >>> ranking_p(scores, 0.5) < 1e-6, ranking_p(scores, None)
    (True, None)
    """
    return estimates(ScoreGroups.of(scores))["roc_auc"].p_below(measured)


def _estimate(values: Floats) -> Estimate:
    known = values[np.isfinite(values)]
    if len(known) < 0.9 * len(values):
        return Estimate(None, None)
    return Estimate(float(known.mean()), float(known.std()))


def plain_estimates(found: Mapping[str, Estimate]) -> dict[str, Any]:
    """Plain data for JSON."""
    return {name: asdict(estimate) for name, estimate in found.items()}
