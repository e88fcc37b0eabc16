"""Metrics of several thresholds on the same customers, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.evaluate.bootstrap import RESAMPLES, bootstrap, interval
from dbnchurn.evaluate.metrics import Confusion
from dbnchurn.evaluate.ranking import Ranking, checked
from dbnchurn.evaluate.registry import MetricInput, compute

SHOWN = ("precision", "recall", "f1", "profit")  # metrics of a threshold


def at_thresholds(
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    thresholds: Mapping[str, float],
    *,
    sample_weight: npt.ArrayLike | None = None,
    gain: npt.ArrayLike | None = None,
    resamples: int = RESAMPLES,
    random_state: int | np.random.Generator = 0,
) -> dict[str, dict[str, Any]]:
    """Metrics of the decisions at several thresholds, on the same resamples.

    Parameters
    ----------
    y : array of shape (n,)
        1 for churners, 0 for the others.
    scores : array of shape (n,)
        Higher means more likely to churn; those of at least a threshold are picked.
    thresholds : mapping
        Name → threshold. The first is the one that the others are compared with.
    sample_weight : array of shape (n,), optional
        A weight of 2 is the same as the row twice.
    gain : array of shape (n,), optional
        Gain of contacting each customer, in money, for ``profit`` per customer of the table.
    resamples : int, default 500
        Number of resamples.
    random_state : int or Generator, default 0
        Seed of the resamples.

    Returns
    -------
    dict
        Name → ``threshold``; the weights ``picked`` and ``caught`` (picked churners); and
        ``contacted`` (share of the customers), ``precision``, ``recall``, ``f1`` and, with `gain`,
        ``profit``, each with ``value``, ``low`` and ``high``. All but the first have
        ``difference``: their own numbers minus those of the first, with paired intervals.

    Raises
    ------
    DataError
        If labels are not 0 and 1, lengths differ, or a number is not finite.

    Examples
    --------
    >>> y, scores = [0, 0, 1, 1] * 50, [0.1, 0.4, 0.35, 0.8] * 50
    >>> both = at_thresholds(y, scores, {"low": 0.3, "high": 0.5}, resamples=50)
    >>> both["high"]["difference"]["recall"]["value"]
    -0.5
    """
    rows = checked(y, scores, sample_weight, gain)

    def numbers(ranking: Ranking) -> dict[str, float]:
        return {
            f"{kind} {name}": value
            for name, threshold in thresholds.items()
            for kind, value in _decision(ranking, threshold).items()
        }

    sample = bootstrap(
        {"": rows},
        {"": numbers},
        cuts={"": list(thresholds.values())},
        resamples=resamples,
        random_state=random_state,
    )
    exact, resampled = sample.exact[""], sample.resampled[""]
    size = sample.rarer_class_size
    ranking = Ranking.of(y, scores, sample_weight, gain)
    first = next(iter(thresholds))
    result: dict[str, dict[str, Any]] = {}
    for name, threshold in thresholds.items():
        confusion = Confusion.of(ranking, threshold)
        kinds = _decision(ranking, threshold)
        keys = {kind: f"{kind} {name}" for kind in kinds}
        result[name] = {
            "threshold": float(threshold),
            "picked": confusion.tp + confusion.fp,
            "caught": confusion.tp,
            **{
                kind: interval(exact[key], resampled[key], size).plain()
                for kind, key in keys.items()
            },
        }
        if name != first:
            others = {kind: f"{kind} {first}" for kind in kinds}
            result[name]["difference"] = {
                kind: interval(
                    exact[key] - exact[others[kind]],
                    resampled[key] - resampled[others[kind]],
                    size,
                ).plain()
                for kind, key in keys.items()
            }
    return result


def _decision(ranking: Ranking, threshold: float) -> dict[str, float]:
    """Share contacted and the metrics of the decisions at a threshold."""
    scored = MetricInput(ranking, threshold)
    contacted = (scored.confusion.tp + scored.confusion.fp) / ranking.total
    return {"contacted": contacted, **compute(scored, SHOWN)}
