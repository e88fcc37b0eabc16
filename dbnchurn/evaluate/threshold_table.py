"""What several thresholds would do with the same customers, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.evaluate.bootstrap import Bootstrap, Interval, bootstrap, interval
from dbnchurn.evaluate.metrics import Confusion
from dbnchurn.evaluate.profit import profit_at
from dbnchurn.evaluate.ranking import Ranking, checked

NUMBERS = ("contacted", "precision", "recall", "f1", "profit")


def at_thresholds(
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    thresholds: Mapping[str, float],
    *,
    sample_weight: npt.ArrayLike | None = None,
    gain: npt.ArrayLike | None = None,
    resamples: int = 500,
    random_state: int | np.random.Generator = 0,
) -> dict[str, dict[str, Any]]:
    """Decisions at several thresholds on the same resamples.

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
        What contacting each customer gains, in money, for ``profit`` per customer of the table.
    resamples : int, default=500
        Number of resamples.
    random_state : int or Generator, default=0
        Seed of the resamples.

    Returns
    -------
    dict
        Name → ``threshold``; the weights ``picked`` and ``caught`` (churners among them); and
        ``contacted`` (share of the customers), ``precision``, ``recall``, ``f1`` and, with `gain`,
        ``profit``, each with ``value``, ``low`` and ``high``. All but the first have
        ``difference``: their own numbers minus the first one's, with paired intervals.

    Raises
    ------
    DataError
        If rows cannot be used.

    Examples
    --------
    >>> y, scores = [0, 0, 1, 1] * 50, [0.1, 0.4, 0.35, 0.8] * 50
    >>> both = at_thresholds(y, scores, {"low": 0.3, "high": 0.5}, resamples=50)
    >>> both["high"]["difference"]["recall"]["value"]
    -0.5
    """
    rows = checked(y, scores, sample_weight, gain)

    def numbers(ranking: Ranking) -> dict[str, float]:
        found = {}
        for name, threshold in thresholds.items():
            for kind, value in _decision(ranking, threshold).items():
                found[f"{kind} {name}"] = value
        return found

    drawn = bootstrap(
        {"": rows},
        {"": numbers},
        cuts={"": list(thresholds.values())},
        resamples=resamples,
        random_state=random_state,
    )
    exact, resampled = drawn.exact[""], drawn.drawn[""]
    kinds = [kind for kind in NUMBERS if kind != "profit" or gain is not None]
    ranking = Ranking.of(y, scores, sample_weight, gain)
    first = next(iter(thresholds))
    result: dict[str, dict[str, Any]] = {}
    for name, threshold in thresholds.items():
        at = Confusion.of(ranking, threshold)
        found: dict[str, Any] = {
            "threshold": float(threshold),
            "picked": at.tp + at.fp,
            "caught": at.tp,
        }
        for kind in kinds:
            key = f"{kind} {name}"
            found[kind] = interval(exact[key], resampled[key], drawn.fewer).plain()
        if name != first:
            found["difference"] = {
                kind: _difference(drawn, f"{kind} {name}", f"{kind} {first}").plain()
                for kind in kinds
            }
        result[name] = found
    return result


def _decision(ranking: Ranking, threshold: float) -> dict[str, float]:
    at = Confusion.of(ranking, threshold)
    found = {
        "contacted": (at.tp + at.fp) / ranking.total,
        "precision": at.precision,
        "recall": at.recall,
        "f1": at.f1,
    }
    return found if ranking.gain is None else {**found, "profit": profit_at(ranking, threshold)}


def _difference(found: Bootstrap, one: str, other: str) -> Interval:
    exact, drawn = found.exact[""], found.drawn[""]
    return interval(exact[one] - exact[other], drawn[one] - drawn[other], found.fewer)
