"""Metrics of a ranking, of probabilities, and of the decisions at a threshold.

All are weighted. A metric that the data leave undefined (recall without churners, precision
without contacts) is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.typing import Floats
from dbnchurn.evaluate.ranking import Ranking, cumulated_at

DECILES = 10
EPS = float(np.finfo(np.float64).eps)


def ratio(numerator: float, denominator: float) -> float:
    """A quotient that is NaN where the denominator is 0.

    Parameters
    ----------
    numerator, denominator : float

    Returns
    -------
    float
    """
    return numerator / denominator if denominator else float("nan")


@dataclass(frozen=True)
class Confusion:
    """Weights of the four outcomes when customers with a score of at least a threshold are picked.

    Parameters
    ----------
    tn, fp, fn, tp : float
        Stayers not picked, stayers picked, churners not picked, churners picked.

    Examples
    --------
    >>> c = Confusion.of(Ranking.of([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.1]), threshold=0.5)
    >>> c.tn, c.fp, c.fn, c.tp, round(c.f1, 3)
    (1.0, 1.0, 0.0, 2.0, 0.8)
    """

    tn: float
    fp: float
    fn: float
    tp: float

    @classmethod
    def of(cls, ranking: Ranking, threshold: float) -> Confusion:
        """Sum the weights of a ranking.

        Parameters
        ----------
        ranking : Ranking
            Of one model.
        threshold : float
            Customers with a score of at least this are picked.

        Returns
        -------
        Confusion
        """
        picked = ranking.above(threshold)
        tp = float(ranking.positive[:picked].sum())
        fp = float(ranking.negative[:picked].sum())
        fn = float(ranking.positive[picked:].sum())
        tn = float(ranking.negative[picked:].sum())
        return cls(tn, fp, fn, tp)

    @property
    def precision(self) -> float:
        """Share of churners among the picked."""
        return ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Share of the churners that were picked."""
        return ratio(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def accuracy(self) -> float:
        """Share of right decisions; at a churn rate of 4 %, picking nobody has 96 %."""
        return ratio(self.tp + self.tn, self.tp + self.tn + self.fp + self.fn)

    @property
    def balanced_accuracy(self) -> float:
        """Mean of the shares of right decisions among churners and among stayers."""
        return (self.recall + ratio(self.tn, self.tn + self.fp)) / 2


def average_precision(ranking: Ranking) -> float:
    """Mean precision at the churners: ``Σ (recall_k − recall_{k−1}) · precision_k``."""
    precision = np.divide(
        ranking.hits,
        ranking.contacted,
        out=np.zeros_like(ranking.hits),
        where=ranking.contacted > 0,
    )
    return ratio(float(ranking.positive @ precision), ranking.churners)


def roc_auc(ranking: Ranking) -> float:
    """Probability that a churner scores above a stayer, equal scores counting half."""
    stayers_above = np.cumsum(ranking.negative) - ranking.negative / 2
    stayers = ranking.total - ranking.churners
    return 1 - ratio(float(ranking.positive @ stayers_above), ranking.churners * stayers)


def brier(ranking: Ranking) -> float:
    """Mean squared difference of probability and outcome."""
    p = ranking.scores
    return float(ranking.positive @ (1 - p) ** 2 + ranking.negative @ p**2) / ranking.total


def log_loss(ranking: Ranking) -> float:
    """Mean negative log-likelihood in nats; probabilities are clipped by 2e-16 to avoid ln 0."""
    p = np.clip(ranking.scores, EPS, 1 - EPS)
    return -float(ranking.positive @ np.log(p) + ranking.negative @ np.log1p(-p)) / ranking.total


def calibration_error(ranking: Ranking, bins: int = 10) -> float:
    """Expected calibration error: mean absolute difference of score and churn rate over bins.

    The outcomes in a bin vary by chance and absolute differences do not cancel, so the error is
    above 0 even for true probabilities, by about ``sqrt(bins · rate / n)``, and an interval of it
    does not reach down to 0.

    Parameters
    ----------
    ranking : Ranking
        Of one model.
    bins : int, default 10
        Number of bins of equal weight.

    Returns
    -------
    float
        From 0 to 1.
    """
    expected, observed = calibration_sums(ranking, bins)
    return float(np.abs(expected - observed).sum()) / ranking.total


def calibration_sums(ranking: Ranking, bins: int) -> tuple[Floats, Floats]:
    """Expected and observed weight of churners in bins of equal weight, highest scores first.

    Parameters
    ----------
    ranking : Ranking
        Of one model.
    bins : int
        Number of bins.

    Returns
    -------
    expected, observed : float64 arrays of shape (bins,)
        Sums of the scores, and of the outcomes.
    """
    edges = np.linspace(0, ranking.total, bins + 1)
    sums = np.cumsum(ranking.sample_weight * ranking.scores)
    expected = np.diff(cumulated_at(ranking.contacted, sums, edges))
    return expected, np.diff(ranking.hits_at(edges))


def calibration_in_the_large(ranking: Ranking) -> float:
    """Mean score minus churn rate; above 0 where the scores are too high on average."""
    return (float(ranking.sample_weight @ ranking.scores) - ranking.churners) / ranking.total


def lift(ranking: Ranking, share: float = 0.1) -> float:
    """Churn rate among the customers with the highest scores over the churn rate of all.

    Parameters
    ----------
    ranking : Ranking
        Of one model.
    share : float, default 0.1
        Share of the customers at the top.

    Returns
    -------
    float
        1 for a random order.
    """
    return ratio(float(ranking.hits_at(share * ranking.total)), share * ranking.churners)


def precision_at(ranking: Ranking, budget: float) -> float:
    """Share of churners among the customers with the highest scores.

    Parameters
    ----------
    ranking : Ranking
        Of one model.
    budget : float
        Number of customers that can be contacted; all of them if there are fewer.

    Returns
    -------
    float
    """
    contacts = min(budget, ranking.total)
    return ratio(float(ranking.hits_at(contacts)), contacts)


def recall_at(ranking: Ranking, budget: float) -> float:
    """Share of all churners that are among the customers with the highest scores.

    Parameters
    ----------
    ranking : Ranking
        Of one model.
    budget : float
        Number of customers that can be contacted; all of them if there are fewer.

    Returns
    -------
    float
    """
    return ratio(float(ranking.hits_at(min(budget, ranking.total))), ranking.churners)


def decile_numbers(ranking: Ranking, parts: int = DECILES) -> tuple[Floats, Floats, Floats]:
    """Churn rate, lift and cumulated gain of parts of equal weight, highest scores first.

    Parameters
    ----------
    ranking : Ranking
        Of one model.
    parts : int, default 10
        Number of parts.

    Returns
    -------
    rate, lift, gain : float64 arrays of shape (parts,)
        Churn rate of the part; that over the churn rate of all; share of all churners in this part
        and those before. Lift and gain are NaN without churners.
    """
    hits = ranking.hits_at(np.linspace(0, ranking.total, parts + 1))
    rate = np.diff(hits) * parts / ranking.total
    if not ranking.churners:
        return rate, np.full(parts, np.nan), np.full(parts, np.nan)
    return rate, rate * ranking.total / ranking.churners, hits[1:] / ranking.churners
