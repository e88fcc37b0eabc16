"""How well a model does in groups of customers, with care for the small ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.core.errors import DataError
from dbnchurn.core.statistics import wilson
from dbnchurn.core.typing import Floats
from dbnchurn.evaluate.bootstrap import bootstrap
from dbnchurn.evaluate.metrics import Confusion, roc_auc
from dbnchurn.evaluate.ranking import Columns, Ranking, checked

FEWEST = 20  # churners, and others, from which a group is judged


def by_group(
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    groups: Any,
    threshold: float,
    *,
    sample_weight: npt.ArrayLike | None = None,
    fewest: int = FEWEST,
    pool: bool = True,
    resamples: int = 200,
    random_state: int = 0,
) -> list[dict[str, Any]]:
    """Numbers of every group that is large enough; the others are pooled or marked.

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
    fewest : int, default=20
        Churners, and others, from which a group is judged.
    pool : bool, default=True
        Whether smaller groups, if there are several, are judged together, as the last one.
    resamples : int, default=200
        Number of resamples of each group.
    random_state : int, default=0

    Returns
    -------
    list of dict
        ``name``; ``rows`` and ``churners``; ``pooled``, how many groups it is made of (0 for a
        group as it is); ``few``, whether it is too small to be judged; ``rate`` (churn rate, with a
        Wilson interval where it is too small) and ``mean_score``; and ``precision``, ``recall`` and
        ``roc_auc``, which are None where it is too small.

    Raises
    ------
    DataError
        If rows cannot be used, or `groups` has another length.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> p = generator.beta(2, 8, 900)
    >>> plan = np.where(np.arange(900) < 20, "rare", np.where(np.arange(900) % 2, "A", "B"))
    >>> found = by_group(generator.random(900) < p, p, plan, 0.3, resamples=50)
    >>> [(g["name"], g["rows"], g["few"]) for g in found]
    [('A', 440, False), ('B', 440, False), ('rare', 20, True)]
    """
    rows = checked(y, scores, sample_weight)
    labels = pd.Categorical(groups)
    if len(labels) != len(rows.y):
        raise DataError(
            f"groups should name the group of each of the {len(rows.y)} rows, got {len(labels)}"
        )
    found = [(str(name), labels.codes == code) for code, name in enumerate(labels.categories)]
    found.append(("missing", labels.codes < 0))
    known = [
        (name, members, _few(rows.take(members), fewest))
        for name, members in found
        if members.any()
    ]
    small = [members for _, members, few in known if few]
    pool = pool and len(small) > 1  # one alone keeps its name
    judged = [(name, 0, members) for name, members, few in known if not (pool and few)]
    if pool:
        name = f"other ({len(small)} small groups)"
        judged.append((name, len(small), np.logical_or.reduce(small)))
    result = []
    for name, pooled, members in judged:
        own = rows.take(members)
        few = _few(own, fewest)
        told = {
            "name": name,
            "rows": len(own.y),
            "churners": int(own.y.sum()),
            "pooled": pooled,
            "few": few,
        }
        rates = _rates_alone(own) if few else _judged(own, threshold, resamples, random_state)
        result.append(told | rates)
    return result


def _few(own: Columns, fewest: int) -> bool:
    counts = np.bincount(own.y[own.sample_weight > 0], minlength=2)
    return bool(counts.min() < fewest)


def _judged(own: Columns, threshold: float, resamples: int, random_state: int) -> dict[str, Any]:
    """Numbers of a group that is large enough, with their intervals."""

    def numbers(ranking: Ranking) -> dict[str, float]:
        at = Confusion.of(ranking, threshold)
        return {
            "rate": ranking.churners / ranking.total,
            "mean_score": float(ranking.sample_weight @ ranking.scores) / ranking.total,
            "precision": at.precision,
            "recall": at.recall,
            "roc_auc": roc_auc(ranking),
        }

    drawn = bootstrap(
        {"": own},
        {"": numbers},
        cuts={"": threshold},
        resamples=resamples,
        random_state=random_state,
    )
    return {key: number.plain() for key, number in drawn.intervals("").items()}


def _rates_alone(own: Columns) -> dict[str, Any]:
    """What can be said of a group with hardly any churners."""
    nothing = {"value": None, "low": None, "high": None}
    kept = dict.fromkeys(("precision", "recall", "roc_auc"), nothing)
    total = float(own.sample_weight.sum())
    if not total:
        return {"rate": nothing, "mean_score": nothing, **kept}
    rate: Floats = np.array([own.sample_weight @ own.y / total])
    effective = total**2 / float(own.sample_weight @ own.sample_weight)  # number of rows
    low, high = wilson(rate * effective, effective)
    mean = float(own.sample_weight @ own.scores / total)
    return {
        "rate": {"value": float(rate[0]), "low": float(low[0]), "high": float(high[0])},
        "mean_score": {"value": mean, "low": None, "high": None},
        **kept,
    }
