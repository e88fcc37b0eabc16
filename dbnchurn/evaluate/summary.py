"""All numbers of one model, or of several on the same rows, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError
from dbnchurn.evaluate import metrics
from dbnchurn.evaluate.bootstrap import Bootstrap, Interval, Numbers, bootstrap
from dbnchurn.evaluate.profit import Offer, expected_maximum_profit, profit_at
from dbnchurn.evaluate.ranking import Columns, Ranking, checked

Plain = dict[str, Any]
DECILE = ("rate", "lift", "gain")


def evaluate(
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    threshold: float,
    *,
    sample_weight: npt.ArrayLike | None = None,
    budget: float | None = None,
    offer: Offer | None = None,
    gain: npt.ArrayLike | None = None,
    resamples: int = 500,
    random_state: int | np.random.Generator = 0,
) -> Plain:
    """Every number of one model with its 95 % bootstrap interval.

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
    resamples : int, default=500
        Number of resamples.
    random_state : int or Generator, default=0
        Seed of the resamples.

    Returns
    -------
    dict
        Name → ``{"value", "low", "high"}``; ``deciles``, a list of ten with the ``rate``, ``lift``
        and cumulated ``gain`` of every tenth of the customers, best first; ``confusion`` with
        ``tn, fp, fn, tp``; ``n``; ``base_rate``; ``threshold``. Undefined numbers are None. JSON
        can hold all of it.

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
    resamples: int = 500,
    random_state: int | np.random.Generator = 0,
) -> dict[str, Plain]:
    """:func:`evaluate` for several models on the same rows and the same resamples.

    All other parameters, and what is raised, are those of :func:`evaluate`.

    Parameters
    ----------
    scores : mapping
        Name of the model → probabilities of shape (n,). The first is the one that the others are
        compared with.
    thresholds : mapping
        Name of the model → its threshold.

    Returns
    -------
    dict
        Name of the model → as :func:`evaluate`; every model but the first has also
        ``difference``: the first model's numbers minus its own, with paired intervals.

    Examples
    --------
    >>> y, good, poor = [1, 0, 0, 1] * 50, [0.8, 0.1, 0.3, 0.6] * 50, [0.3, 0.4, 0.2, 0.6] * 50
    >>> both = compare(y, {"good": good, "poor": poor}, {"good": 0.5, "poor": 0.5})
    >>> both["poor"]["difference"]["roc_auc"]["value"]
    0.25
    """
    if offer is not None and gain is None:
        gain = offer.gain(y)
    columns = {name: _probabilities(name, y, s, sample_weight, gain) for name, s in scores.items()}
    share = None if budget is None else budget / next(iter(columns.values())).sample_weight.sum()
    drawn = bootstrap(
        columns,
        {name: _numbers(thresholds[name], share, offer) for name in columns},
        cuts=dict(thresholds),
        resamples=resamples,
        random_state=random_state,
    )
    return {name: _plain(name, columns, thresholds[name], drawn) for name in columns}


def _probabilities(
    name: str,
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None,
    gain: npt.ArrayLike | None,
) -> Columns:
    columns = checked(y, scores, sample_weight, gain)
    low, high = columns.scores.min(), columns.scores.max()
    if low < 0 or high > 1:
        raise DataError(f"the scores of {name!r} should be probabilities, got {low:g} to {high:g}")
    return columns


def numbers_at(ranking: Ranking, threshold: float) -> dict[str, float]:
    """Every number of scores that needs no campaign, with the decisions of a threshold.

    Examples
    --------
    >>> numbers_at(Ranking.of([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 0.35)["recall"]
    1.0
    """
    at = metrics.Confusion.of(ranking, threshold)
    return {
        "precision": at.precision,
        "recall": at.recall,
        "f1": at.f1,
        "accuracy": at.accuracy,
        "balanced_accuracy": at.balanced_accuracy,
        "average_precision": metrics.average_precision(ranking),
        "roc_auc": metrics.roc_auc(ranking),
        "lift_top_decile": metrics.lift(ranking, 0.1),
        "brier": metrics.brier(ranking),
        "log_loss": metrics.log_loss(ranking),
        "calibration_error": metrics.calibration_error(ranking),
        "calibration_in_the_large": metrics.calibration_in_the_large(ranking),
    }


def _numbers(threshold: float, share: float | None, offer: Offer | None) -> Numbers:
    def numbers(ranking: Ranking) -> dict[str, float]:
        found = numbers_at(ranking, threshold)
        if share is not None:
            contacts = share * ranking.total
            found["precision_at_budget"] = metrics.precision_at(ranking, contacts)
            found["recall_at_budget"] = metrics.recall_at(ranking, contacts)
        if ranking.gain is not None:
            found["profit"] = profit_at(ranking, threshold)
        if offer is not None:
            found["expected_maximum_profit"] = expected_maximum_profit(ranking, offer)
        for part, numbers in enumerate(zip(*metrics.decile_numbers(ranking), strict=True)):
            found |= {f"{kind} {part}": value for kind, value in zip(DECILE, numbers, strict=True)}
        return found

    return numbers


def _plain(name: str, columns: Mapping[str, Columns], threshold: float, drawn: Bootstrap) -> Plain:
    rows = columns[name]
    confusion = metrics.Confusion.of(Ranking.of(rows.y, rows.scores, rows.sample_weight), threshold)
    result: Plain = _with_deciles(drawn.intervals(name))
    result |= {
        "confusion": {key: _count(value) for key, value in vars(confusion).items()},
        "n": len(rows.y),
        "base_rate": float(rows.sample_weight @ rows.y / rows.sample_weight.sum()),
        "threshold": float(threshold),
    }
    first = next(iter(columns))
    if name != first:
        result["difference"] = _with_deciles(drawn.difference(first, name))
    return result


def _with_deciles(found: Mapping[str, Interval]) -> Plain:
    """Plain intervals, those of the deciles in a list of their own."""
    result: Plain = {key: number.plain() for key, number in found.items()}
    tenths = range(metrics.DECILES)
    result["deciles"] = [
        {"part": i + 1, **{kind: result.pop(f"{kind} {i}") for kind in DECILE}} for i in tenths
    ]
    return result


def _count(sample_weight: float) -> float | int:
    """Whole weights as integers: they are numbers of customers."""
    return int(sample_weight) if sample_weight == int(sample_weight) else sample_weight
