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

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Floats, Ints

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


def area(rows: Floats, left: Floats) -> float:
    """Area under the ROC curve of groups in rising order of their score; NaN for one outcome.

    Parameters
    ----------
    rows, left : array of shape (g,)

    Returns
    -------
    float

    Examples
    --------
    >>> area(np.array([2.0, 2.0]), np.array([0.0, 2.0]))
    1.0
    """
    stayed = rows - left
    if not left.sum() or not stayed.sum():
        return float("nan")
    below = np.cumsum(stayed) - stayed / 2
    return float((left * below).sum() / (left.sum() * stayed.sum()))


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
    found = {
        "rate": drawn.sum(axis=1) / rows.sum(),
        "roc_auc": np.array([area(rows, left) for left in drawn]),
        "lift_top_decile": np.array([top_lift(rows, left) for left in drawn]),
    }
    return {name: _estimate(values) for name, values in found.items()}


def top_lift(rows: Floats, left: Floats) -> float:
    """Leavers of the tenth with the highest scores over those of everybody; NaN without leavers.

    Parameters
    ----------
    rows, left : array of shape (g,)
        In rising order of the score.

    Returns
    -------
    float

    Examples
    --------
    >>> top_lift(np.array([9.0, 1.0]), np.array([0.0, 1.0]))
    10.0
    """
    if not left.sum():
        return float("nan")
    wanted = rows.sum() / 10
    above = np.cumsum(rows[::-1])[::-1] - rows  # customers with higher scores
    taken = np.clip(wanted - above, 0, rows) / rows
    return float((taken * left).sum() / left.sum() * 10)


def _estimate(values: Floats) -> Estimate:
    known = values[np.isfinite(values)]
    if len(known) < 0.9 * len(values):
        return Estimate(None, None)
    return Estimate(float(known.mean()), float(known.std()))


def plain_estimates(found: Mapping[str, Estimate]) -> dict[str, Any]:
    """Plain data for JSON."""
    return {name: asdict(estimate) for name, estimate in found.items()}
