"""Single numbers that judge a ranking, a probability, or a decision.

All are weighted. A number that the data leave undefined (recall without churners, precision
without contacts) is NaN, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.typing import Floats
from dbnchurn.evaluate.ranking import Ranking, upto

DECILES = 10
EPS = float(np.finfo(np.float64).eps)


def ratio(above: float, below: float) -> float:
    """A quotient that is NaN where nothing is divided by nothing."""
    return above / below if below else float("nan")


@dataclass(frozen=True)
class Confusion:
    """Weights of the four outcomes when customers with a score of at least a threshold are picked.

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
        """Count from a ranking."""
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
        """Share of right decisions; at 4 % churn, picking nobody already has 96 %."""
        return ratio(self.tp + self.tn, self.tp + self.tn + self.fp + self.fn)

    @property
    def balanced_accuracy(self) -> float:
        """Mean of the shares of right decisions among churners and among stayers."""
        return (self.recall + ratio(self.tn, self.tn + self.fp)) / 2


def average_precision(ranking: Ranking) -> float:
    """Mean precision at the churners: ``Σ (recall_k − recall_{k−1}) · precision_k``."""
    precision = np.divide(
        ranking.caught,
        ranking.contacted,
        out=np.zeros_like(ranking.caught),
        where=ranking.contacted > 0,
    )
    return ratio(float(ranking.positive @ precision), ranking.churners)


def roc_auc(ranking: Ranking) -> float:
    """Chance that a churner scores above a stayer, equal scores counting half."""
    passed = np.cumsum(ranking.negative) - ranking.negative / 2
    stayers = ranking.total - ranking.churners
    return 1 - ratio(float(ranking.positive @ passed), ranking.churners * stayers)


def brier(ranking: Ranking) -> float:
    """Mean squared distance of probability and outcome."""
    p = ranking.scores
    return float(ranking.positive @ (1 - p) ** 2 + ranking.negative @ p**2) / ranking.total


def log_loss(ranking: Ranking) -> float:
    """Mean negative log-likelihood in nats; probabilities are kept off 0 and 1 by 2e-16."""
    p = np.clip(ranking.scores, EPS, 1 - EPS)
    return -float(ranking.positive @ np.log(p) + ranking.negative @ np.log1p(-p)) / ranking.total


def calibration_error(ranking: Ranking, bins: int = 10) -> float:
    """Expected calibration error: mean distance of score and churn rate over equal-count bins.

    The chance within bins never cancels out, so it is above 0 even for true probabilities, by
    about ``sqrt(bins · rate / n)``, and an interval of it does not reach down to the truth.
    """
    promised, came = calibration_sums(ranking, bins)
    return float(np.abs(promised - came).sum()) / ranking.total


def calibration_sums(ranking: Ranking, bins: int) -> tuple[Floats, Floats]:
    """Expected and actual weight of churners in bins of equal weight, highest scores first."""
    edges = np.linspace(0, ranking.total, bins + 1)
    expected = np.cumsum(ranking.sample_weight * ranking.scores)
    promised = np.diff(upto(ranking.contacted, expected, edges))
    return promised, np.diff(ranking.caught_at(edges))


def calibration_in_the_large(ranking: Ranking) -> float:
    """Mean score minus churn rate: above 0, more churners are promised than come."""
    return (float(ranking.sample_weight @ ranking.scores) - ranking.churners) / ranking.total


def lift(ranking: Ranking, share: float = 0.1) -> float:
    """Churn rate among the top `share` of customers over the churn rate of all."""
    return ratio(float(ranking.caught_at(share * ranking.total)), share * ranking.churners)


def precision_at(ranking: Ranking, budget: float) -> float:
    """Share of churners among the `budget` customers with the highest scores."""
    contacts = min(budget, ranking.total)
    return ratio(float(ranking.caught_at(contacts)), contacts)


def recall_at(ranking: Ranking, budget: float) -> float:
    """Share of all churners among the `budget` customers with the highest scores."""
    return ratio(float(ranking.caught_at(min(budget, ranking.total))), ranking.churners)


def decile_numbers(ranking: Ranking, parts: int = DECILES) -> tuple[Floats, Floats, Floats]:
    """Churn rate, lift and cumulated gain of parts of equal weight, best first, each (parts,)."""
    caught = ranking.caught_at(np.linspace(0, ranking.total, parts + 1))
    rate = np.diff(caught) * parts / ranking.total
    if not ranking.churners:
        return rate, np.full(parts, np.nan), np.full(parts, np.nan)
    return rate, rate * ranking.total / ranking.churners, caught[1:] / ranking.churners
