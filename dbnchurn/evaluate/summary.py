"""All metrics of one model, or of several on the same rows, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError
from dbnchurn.evaluate import metrics
from dbnchurn.evaluate.bootstrap import (
    MAX_GROUPS,
    RESAMPLES,
    Bootstrap,
    Interval,
    Numbers,
    bootstrap,
)
from dbnchurn.evaluate.profit import Offer
from dbnchurn.evaluate.ranking import Ranking, ScoredRows, checked
from dbnchurn.evaluate.registry import MetricInput, compute

JsonObject = dict[str, Any]
DECILE = ("rate", "lift", "gain")  # numbers of every tenth of the customers


def evaluate(
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    threshold: float,
    *,
    sample_weight: npt.ArrayLike | None = None,
    budget: float | None = None,
    offer: Offer | None = None,
    gain: npt.ArrayLike | None = None,
    resamples: int = RESAMPLES,
    random_state: int | np.random.Generator = 0,
    max_groups: int = MAX_GROUPS,
) -> JsonObject:
    """Every metric of one model with its 95 % bootstrap interval.

    Parameters
    ----------
    y : array of shape (n,)
        1 for churners, 0 for the others.
    scores : array of shape (n,)
        Probabilities of churn.
    threshold : float
        Customers with a score of at least this are picked.
    sample_weight : array of shape (n,), optional
        A weight of 2 is the same as the row twice.
    budget : float, optional
        Number of customers that can be contacted, for ``precision_at_budget`` and
        ``recall_at_budget``.
    offer : Offer, optional
        Campaign for ``expected_maximum_profit`` and, without `gain`, for ``profit``.
    gain : array of shape (n,), optional
        Gain of contacting each customer (:func:`contact_gain`), for ``profit``.
    resamples : int, default 500
        Number of resamples.
    random_state : int or Generator, default 0
        Of the resamples; a seed gives the same intervals again.
    max_groups : int, default 5000
        Number of distinct scores above which neighbouring ones are merged for the resamples.

    Returns
    -------
    dict
        Metric → ``{"value", "low", "high"}``; ``deciles``, a list of ten with the ``rate``,
        ``lift`` and cumulated ``gain`` of every tenth of the customers, highest scores first;
        ``confusion`` with ``tn, fp, fn, tp``; ``n``; ``base_rate``; ``threshold``. Undefined
        numbers are None. JSON can hold all of it.

    Raises
    ------
    DataError
        If labels are not 0 and 1 or scores are not probabilities.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> p = generator.beta(1, 9, 2000)
    >>> result = evaluate(generator.random(2000) < p, p, threshold=0.2)
    >>> sorted(result["roc_auc"]), result["n"]
    (['high', 'low', 'value'], 2000)
    """
    return compare(
        y,
        {"model": scores},
        {"model": threshold},
        sample_weight=sample_weight,
        budget=budget,
        offer=offer,
        gain=gain,
        resamples=resamples,
        random_state=random_state,
        max_groups=max_groups,
    )["model"]


def compare(
    y: npt.ArrayLike,
    scores: Mapping[str, npt.ArrayLike],
    thresholds: Mapping[str, float],
    *,
    sample_weight: npt.ArrayLike | None = None,
    budget: float | None = None,
    offer: Offer | None = None,
    gain: npt.ArrayLike | None = None,
    resamples: int = RESAMPLES,
    random_state: int | np.random.Generator = 0,
    max_groups: int = MAX_GROUPS,
) -> dict[str, JsonObject]:
    """:func:`evaluate` for several models on the same rows and the same resamples.

    Parameters
    ----------
    y : array of shape (n,)
        1 for churners, 0 for the others.
    scores : mapping
        Name of the model → probabilities of shape (n,). The first is the one that the others are
        compared with.
    thresholds : mapping
        Name of the model → its threshold.
    sample_weight, budget, offer, gain, resamples, random_state, max_groups
        As of :func:`evaluate`.

    Returns
    -------
    dict
        Name of the model → as :func:`evaluate`; every model but the first has also
        ``difference``: the first model's numbers minus its own, with paired intervals.

    Raises
    ------
    DataError
        If labels are not 0 and 1 or scores are not probabilities.

    Examples
    --------
    >>> y, good, poor = [1, 0, 0, 1] * 50, [0.8, 0.1, 0.3, 0.6] * 50, [0.3, 0.4, 0.2, 0.6] * 50
    >>> both = compare(y, {"good": good, "poor": poor}, {"good": 0.5, "poor": 0.5})
    >>> both["poor"]["difference"]["roc_auc"]["value"]
    0.25
    """
    if offer is not None and gain is None:
        gain = offer.gain(y)
    rows = {
        name: _checked_probabilities(name, y, s, sample_weight, gain) for name, s in scores.items()
    }
    share = None if budget is None else budget / next(iter(rows.values())).sample_weight.sum()
    sample = bootstrap(
        rows,
        {name: _numbers(thresholds[name], share, offer) for name in rows},
        cuts=dict(thresholds),
        resamples=resamples,
        random_state=random_state,
        max_groups=max_groups,
    )
    return {name: _model_summary(name, rows, thresholds[name], sample) for name in rows}


def _checked_probabilities(
    name: str,
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None,
    gain: npt.ArrayLike | None,
) -> ScoredRows:
    rows = checked(y, scores, sample_weight, gain)
    low, high = rows.scores.min(), rows.scores.max()
    if low < 0 or high > 1:
        raise DataError(f"the scores of {name!r} should be probabilities, got {low:g} to {high:g}")
    return rows


def numbers_at(ranking: Ranking, threshold: float) -> dict[str, float]:
    """Every metric that needs no contact budget and no campaign.

    Parameters
    ----------
    ranking : Ranking
        Of one model.
    threshold : float
        Customers with a score of at least this are picked.

    Returns
    -------
    dict of str → float
        Name of the metric → value; NaN where undefined.

    Examples
    --------
    >>> numbers_at(Ranking.of([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 0.35)["recall"]
    1.0
    """
    return compute(MetricInput(ranking, threshold))


def _numbers(threshold: float, contact_share: float | None, offer: Offer | None) -> Numbers:
    """Function from a ranking to all metrics and the numbers of its deciles."""

    def numbers(ranking: Ranking) -> dict[str, float]:
        values = compute(MetricInput(ranking, threshold, contact_share, offer))
        for part, decile in enumerate(zip(*metrics.decile_numbers(ranking), strict=True)):
            values |= {f"{kind} {part}": v for kind, v in zip(DECILE, decile, strict=True)}
        return values

    return numbers


def _model_summary(
    name: str, rows: Mapping[str, ScoredRows], threshold: float, sample: Bootstrap
) -> JsonObject:
    """All that is said of one model, as plain data."""
    own = rows[name]
    confusion = metrics.Confusion.of(Ranking.of(own.y, own.scores, own.sample_weight), threshold)
    result = _with_deciles(sample.intervals(name))
    result |= {
        "confusion": {key: _count(value) for key, value in vars(confusion).items()},
        "n": len(own.y),
        "base_rate": float(own.sample_weight @ own.y / own.sample_weight.sum()),
        "threshold": float(threshold),
    }
    first = next(iter(rows))
    if name != first:
        result["difference"] = _with_deciles(sample.difference(first, name))
    return result


def _with_deciles(intervals: Mapping[str, Interval]) -> JsonObject:
    """Intervals as plain data, those of the deciles in a list of their own."""
    result: JsonObject = {key: number.plain() for key, number in intervals.items()}
    result["deciles"] = [
        {"part": i + 1, **{kind: result.pop(f"{kind} {i}") for kind in DECILE}}
        for i in range(metrics.DECILES)
    ]
    return result


def _count(weight: float) -> float | int:
    """Whole weights as integers: they are numbers of customers."""
    return int(weight) if weight == int(weight) else weight
