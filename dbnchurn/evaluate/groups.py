"""Metrics of a model in groups of customers; small groups are pooled or marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.statistics import wilson
from dbnchurn.evaluate.bootstrap import bootstrap
from dbnchurn.evaluate.ranking import Ranking, ScoredRows, checked
from dbnchurn.evaluate.registry import MetricInput, compute

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
else:
    pd = LazyModule("pandas")

SMALLEST_CLASS = 20  # churners, and others, that a group needs for its metrics
SHOWN = ("precision", "recall", "roc_auc")  # metrics of a group
UNDEFINED = {"value": None, "low": None, "high": None}


def by_group(
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    groups: Any,
    threshold: float,
    *,
    sample_weight: npt.ArrayLike | None = None,
    smallest_class: int = SMALLEST_CLASS,
    pool: bool = True,
    resamples: int = 200,
    random_state: int = 0,
) -> list[dict[str, Any]]:
    """Metrics of every group that is large enough; the others are pooled or marked.

    Parameters
    ----------
    y : array of shape (n,)
        1 for churners, 0 for the others.
    scores : array of shape (n,)
        Probabilities of churn.
    groups : array or Series of shape (n,)
        Group of every row; missing is a group of its own. Groups come in the order of the
        categories if it is categorical, or else sorted.
    threshold : float
        Customers with a score of at least this are picked.
    sample_weight : array of shape (n,), optional
        A weight of 2 is the same as the row twice.
    smallest_class : int, default 20
        Number of churners, and of others, that a group needs for its metrics.
    pool : bool, default True
        Whether smaller groups, if there are several, are merged into one, the last of the list.
    resamples : int, default 200
        Number of resamples of each group.
    random_state : int, default 0
        Seed of the resamples, the same for every group.

    Returns
    -------
    list of dict
        ``name``; ``rows`` and ``churners``; ``pooled``, the number of groups merged into it (0 for
        a group of its own); ``few``, whether it is too small for its metrics; ``rate`` (churn rate,
        with a Wilson interval where the group is too small) and ``mean_score``; and ``precision``,
        ``recall`` and ``roc_auc``, which are None where it is too small.

    Raises
    ------
    DataError
        If rows cannot be used, or `groups` has another length.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> p = generator.beta(2, 8, 900)
    >>> plan = np.where(np.arange(900) < 20, "rare", np.where(np.arange(900) % 2, "A", "B"))
    >>> groups = by_group(generator.random(900) < p, p, plan, 0.3, resamples=50)
    >>> [(g["name"], g["rows"], g["few"]) for g in groups]
    [('A', 440, False), ('B', 440, False), ('rare', 20, True)]
    """
    rows = checked(y, scores, sample_weight)
    labels = pd.Categorical(groups)
    if len(labels) != len(rows.y):
        raise DataError(
            f"groups should name the group of each of the {len(rows.y)} rows, got {len(labels)}"
        )
    members = {str(name): labels.codes == code for code, name in enumerate(labels.categories)}
    listed = [(name, 0, mask) for name, mask in [*members.items(), ("missing", labels.codes < 0)]]
    listed = [group for group in listed if group[2].any()]
    small = [mask for _, _, mask in listed if _too_small(rows.take(mask), smallest_class)]
    if pool and len(small) > 1:  # a single small group keeps its name
        listed = [group for group in listed if not any(group[2] is mask for mask in small)]
        pooled = f"other ({len(small)} small groups)"
        listed.append((pooled, len(small), np.logical_or.reduce(small)))
    result = []
    for name, merged, mask in listed:
        own = rows.take(mask)
        few = _too_small(own, smallest_class)
        result.append(
            {
                "name": name,
                "rows": len(own.y),
                "churners": int(own.y.sum()),
                "pooled": merged,
                "few": few,
                **(_rates(own) if few else _metrics(own, threshold, resamples, random_state)),
            }
        )
    return result


def _too_small(own: ScoredRows, smallest_class: int) -> bool:
    counts = np.bincount(own.y[own.sample_weight > 0], minlength=2)
    return bool(counts.min() < smallest_class)


def _metrics(
    own: ScoredRows, threshold: float, resamples: int, random_state: int
) -> dict[str, Any]:
    """Rates and metrics of a group that is large enough, with bootstrap intervals."""

    def numbers(ranking: Ranking) -> dict[str, float]:
        return {
            "rate": ranking.churners / ranking.total,
            "mean_score": float(ranking.sample_weight @ ranking.scores) / ranking.total,
            **compute(MetricInput(ranking, threshold), SHOWN),
        }

    sample = bootstrap(
        {"": own},
        {"": numbers},
        cuts={"": threshold},
        resamples=resamples,
        random_state=random_state,
    )
    return {key: number.plain() for key, number in sample.intervals("").items()}


def _rates(own: ScoredRows) -> dict[str, Any]:
    """Churn rate and mean score of a group that is too small for its metrics."""
    undefined = dict.fromkeys(SHOWN, UNDEFINED)
    total = float(own.sample_weight.sum())
    if not total:
        return {"rate": UNDEFINED, "mean_score": UNDEFINED, **undefined}
    rate = float(own.sample_weight @ own.y / total)
    effective = total**2 / float(own.sample_weight @ own.sample_weight)  # number of rows
    low, high = wilson(np.array([rate]) * effective, effective)
    mean = float(own.sample_weight @ own.scores / total)
    return {
        "rate": {"value": rate, "low": float(low[0]), "high": float(high[0])},
        "mean_score": {"value": mean, "low": None, "high": None},
        **undefined,
    }
