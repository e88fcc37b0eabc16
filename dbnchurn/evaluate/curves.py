"""Curves as plain lists of at most a few hundred points, for a picture or JSON."""

from __future__ import annotations

import numpy as np

from dbnchurn.core.statistics import wilson
from dbnchurn.core.typing import Floats
from dbnchurn.evaluate.metrics import DECILES, calibration_sums, decile_numbers
from dbnchurn.evaluate.ranking import Ranking, thinned

Curve = dict[str, list[float]]
POINTS = 300  # of a curve, at most


def all_curves(ranking: Ranking) -> dict[str, Curve]:
    """Every curve that the ranking has data for.

    Parameters
    ----------
    ranking : Ranking
        Of one model; with gains for the profit curve.

    Returns
    -------
    dict
        ``precision_recall``, ``roc``, ``deciles``, ``calibration``, ``thresholds``,
        ``distribution`` and, where the ranking has gains, ``profit``; each maps the names of its
        columns to lists of equal length. Without churners or without stayers the curves that
        need them are missing.

    Examples
    --------
    >>> curves = all_curves(Ranking.of([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1]))
    >>> curves["precision_recall"]["precision"]
    [1.0, 0.666667, 0.5]
    """
    curves = {"distribution": distribution(ranking)}
    if 0 < ranking.churners < ranking.total:
        curves |= {
            "precision_recall": precision_recall(ranking),
            "roc": roc(ranking),
            "deciles": deciles(ranking),
            "calibration": calibration(ranking),
            "thresholds": thresholds(ranking),
        }
    if ranking.gain is not None:
        curves["profit"] = profit(ranking)
    return curves


def precision_recall(ranking: Ranking) -> Curve:
    """Precision against recall, from the highest threshold to the lowest."""
    at = thinned(len(ranking.scores), POINTS)
    return _lists(
        recall=ranking.hits[at] / ranking.churners,
        precision=ranking.hits[at] / ranking.contacted[at],
    )


def roc(ranking: Ranking) -> Curve:
    """True-positive rate against false-positive rate, from (0, 0) to (1, 1)."""
    at = thinned(len(ranking.scores), POINTS)
    hits, contacted = ranking.hits[at], ranking.contacted[at]
    stayers = ranking.total - ranking.churners
    return _lists(
        fpr=np.append(0.0, (contacted - hits) / stayers),
        tpr=np.append(0.0, hits / ranking.churners),
    )


def deciles(ranking: Ranking, parts: int = DECILES) -> Curve:
    """Churn rate, lift and cumulated gain in parts of equal weight, highest scores first.

    Parameters
    ----------
    ranking : Ranking
        Of one model.
    parts : int, default 10
        Number of parts.

    Returns
    -------
    dict
        ``part`` (1 is the highest scores), ``rate``, ``lift`` (rate over the overall rate) and
        ``gain`` (share of all churners in this part and those before).
    """
    rate, lift, gain = decile_numbers(ranking, parts)
    return _lists(part=np.arange(1.0, parts + 1), rate=rate, lift=lift, gain=gain)


def calibration(ranking: Ranking, bins: int = 10) -> Curve:
    """Mean score and churn rate in bins of equal weight, with a 95 % Wilson interval.

    Parameters
    ----------
    ranking : Ranking
        Of one model.
    bins : int, default 10
        Number of bins.

    Returns
    -------
    dict
        ``predicted``, ``observed``, ``low``, ``high``; lowest scores first.
    """
    expected, observed = calibration_sums(ranking, bins)
    size = ranking.total / bins
    rate = observed[::-1] / size
    low, high = wilson(rate * size, size)
    return _lists(predicted=expected[::-1] / size, observed=rate, low=low, high=high)


def thresholds(ranking: Ranking) -> Curve:
    """Precision, recall, F1 and the share contacted against the threshold."""
    at = thinned(len(ranking.scores), POINTS)
    hits, contacted = ranking.hits[at], ranking.contacted[at]
    return _lists(
        threshold=ranking.scores[at],
        precision=hits / contacted,
        recall=hits / ranking.churners,
        f1=2 * hits / (contacted + ranking.churners),
        contacted=contacted / ranking.total,
    )


def profit(ranking: Ranking) -> Curve:
    """Cumulated gain per customer of the table against the share contacted, from 0.

    Raises
    ------
    ValueError
        If the ranking has no gains.
    """
    if ranking.gain is None:
        raise ValueError("a profit curve needs a gain for every row")
    at = thinned(len(ranking.scores), POINTS)
    return _lists(
        contacted=np.append(0.0, ranking.contacted[at] / ranking.total),
        profit=np.append(0.0, np.cumsum(ranking.gain)[at] / ranking.total),
    )


def distribution(ranking: Ranking, bins: int = 25) -> Curve:
    """Share of churners and of stayers in equally wide bins of the score.

    The bins end at the score that one customer in a thousand exceeds; the last bin includes those.

    Parameters
    ----------
    ranking : Ranking
        Of one model.
    bins : int, default 25
        Number of bins.

    Returns
    -------
    dict
        ``left`` and ``right`` edge of each bin, and the shares ``churners`` and ``stayers``, each
        of which sums to 1.
    """
    tail = int(np.searchsorted(ranking.contacted, ranking.total / 1000))
    top, bottom = ranking.scores[tail], ranking.scores[-1]
    edges = np.linspace(bottom, top if top > bottom else bottom + 1e-9, bins + 1)
    bin_of = np.clip(np.searchsorted(edges, ranking.scores, side="right") - 1, 0, bins - 1)

    def share(sample_weight: Floats) -> Floats:
        sums = np.bincount(bin_of, sample_weight, bins)
        return np.asarray(sums / max(sample_weight.sum(), 1e-300))

    return _lists(
        left=edges[:-1],
        right=edges[1:],
        churners=share(ranking.positive),
        stayers=share(ranking.negative),
    )


def _lists(**columns: Floats) -> Curve:
    return {name: [float(f"{value:.6g}") for value in column] for name, column in columns.items()}
