"""Rules that choose the threshold on labelled rows that the model was not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

import numpy as np
from pydantic import Field
from sklearn.base import BaseEstimator

from dbnchurn.core.errors import ConfigError, DataError, did_you_mean
from dbnchurn.core.typing import Bools, Floats, Ints

Rule = Literal["expected f1", "f1", "precision", "recall", "budget", "profit", "fixed"]
RULES: tuple[str, ...] = get_args(Rule)


@dataclass(frozen=True)
class Choice:
    """A threshold and its metrics on the rows that it was chosen on.

    Parameters
    ----------
    threshold : float
        Customers with a score of at least this are called churners.
    precision, recall, f1 : float
    """

    threshold: float
    precision: float
    recall: float
    f1: float

    def facts(self) -> dict[str, float]:
        """The threshold as ``value``, with its precision, recall and F1, as plain data."""
        return {
            "value": self.threshold,
            "precision": self.precision,
            "recall": self.recall,
            "f1": self.f1,
        }


class Threshold(BaseEstimator):  # type: ignore[misc]
    """A rule that chooses the probability from which on a customer is called a churner.

    Parameters
    ----------
    rule : {"expected f1", "f1", "precision", "recall", "budget", "profit", "fixed"}
        Which threshold to choose. "expected f1", the default: the best expected F1 if every score
        is the true probability of its row. "f1": the best F1 by the labels. "precision": the lowest
        threshold that reaches a target precision. "recall": the highest that reaches a target
        recall. "budget": the lowest that calls at most a target share of the customers. "profit":
        the largest profit. "fixed": the target itself.
    target : float, optional
        Precision, recall, share of customers or threshold, by the rule; unused by the rules for F1.
        For "profit", the cost of calling a stayer over the gain of calling a churner.

    Notes
    -----
    With few churners the threshold with the best F1 by the labels depends on the labels of single
    rows. The expected F1 has less variance: it replaces each label by its calibrated probability,
    and is largest where the threshold is half of that F1 (Lipton, Elkan and Naryanaswamy, 2014).
    Scores that are not probabilities need the rule "f1".

    Examples
    --------
    >>> y, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    >>> Threshold().choose(y, scores).threshold
    0.35
    >>> Threshold(rule="f1").choose(y, scores).f1
    0.8
    >>> Threshold(rule="precision", target=1.0).choose(y, scores).recall
    0.5
    """

    def __init__(
        self,
        *,
        rule: Rule = "expected f1",
        target: Annotated[float, Field(ge=0, le=1)] | None = None,
    ) -> None:
        self.rule = rule
        self.target = target

    def choose(
        self,
        y: Ints,
        scores: Floats,
        sample_weight: Floats | None = None,
        gain: Floats | None = None,
    ) -> Choice:
        """Choose on labelled rows.

        Parameters
        ----------
        y : array of shape (n,)
            1 for churners.
        scores : array of shape (n,)
            Probabilities of churn.
        sample_weight : array of shape (n,), optional
            A weight of 2 is the same as the row twice.
        gain : array of shape (n,), optional
            Gain of calling each customer, in money, for "profit" instead of the target.

        Returns
        -------
        Choice

        Raises
        ------
        ConfigError
            If the rule needs a target and has none.
        DataError
            If the labels hold one class only, or no threshold reaches the target.
        """
        return choose_threshold(y, scores, self.rule, self.target, sample_weight, gain)


def choose_threshold(
    y: Ints,
    scores: Floats,
    rule: str,
    target: float | None = None,
    sample_weight: Floats | None = None,
    gain: Floats | None = None,
) -> Choice:
    """Choose a threshold on labelled rows by one of the rules of :class:`Threshold`.

    Parameters
    ----------
    y : int array of shape (n,)
        1 for churners, 0 for stayers.
    scores : float64 array of shape (n,)
        Probabilities of churn.
    rule : str
        As of :class:`Threshold`.
    target : float, optional
        As of :class:`Threshold`; unused by "profit" where there is a gain.
    sample_weight : float64 array of shape (n,), optional
        A weight of 2 is the same as the row twice; ones by default.
    gain : float64 array of shape (n,), optional
        Gain of calling each customer, in money, for "profit".

    Returns
    -------
    Choice

    Raises
    ------
    ConfigError
        If there is no such rule, or it needs a target and has none.
    DataError
        If the labels hold one class only, or no threshold reaches the target.

    Examples
    --------
    >>> y, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.4, 0.35, 0.8])
    >>> choose_threshold(y, scores, "recall", 0.5)
    Choice(threshold=0.8, precision=1.0, recall=0.5, f1=0.6666666666666666)
    """
    if rule not in RULES:
        raise ConfigError(f"threshold.rule={rule!r}: {did_you_mean(rule, RULES)}")
    if target is None:
        if rule not in ("expected f1", "f1") and (rule != "profit" or gain is None):
            raise ConfigError(
                f"threshold.rule={rule!r} needs threshold.target, a number from 0 to 1"
            )
        target = 0.0
    cuts = _Cuts.of(y, scores, np.ones(len(y)) if sample_weight is None else sample_weight, gain)
    if not len(cuts.called) or not 0 < cuts.hits[-1] < cuts.called[-1]:
        raise DataError(
            f"a threshold cannot be chosen on {len(y)} rows with {int(np.sum(y))} churners; "
            "both classes are needed"
        )
    if rule == "fixed":
        return _fixed(float(target), cuts)
    best = _best(rule, target, cuts)
    return Choice(
        threshold=float(cuts.threshold[best]),
        precision=float(cuts.precision[best]),
        recall=float(cuts.recall[best]),
        f1=float(cuts.f1[best]),
    )


@dataclass(frozen=True, eq=False)
class _Cuts:
    """Every distinct score as a threshold, highest first, with sums over the rows that it calls.

    Parameters
    ----------
    threshold : array of shape (g,)
    called : array of shape (g,)
        Weight of the rows with a score of at least the threshold.
    hits : array of shape (g,)
        Weight of the churners among them.
    expected_hits : array of shape (g,)
        Sum of their scores: the weight of churners to be expected among them.
    earned : array of shape (g,), or None
        Sum of their gains, where gains are given.
    """

    threshold: Floats
    called: Floats
    hits: Floats
    expected_hits: Floats
    earned: Floats | None

    @classmethod
    def of(cls, y: Ints, scores: Floats, sample_weight: Floats, gain: Floats | None) -> _Cuts:
        sample_weight = np.asarray(sample_weight, np.float64)
        order = np.argsort(-scores, kind="stable")
        ends = np.flatnonzero(np.diff(scores[order], append=-np.inf))  # last row of every tie
        ends = ends[np.cumsum(sample_weight[order])[ends] > 0]  # thresholds that call some weight

        def sums(amount: Floats) -> Floats:
            return np.asarray(np.cumsum(amount[order])[ends])

        return cls(
            scores[order][ends],
            sums(sample_weight),
            sums(sample_weight * y),
            sums(sample_weight * scores),
            None if gain is None else sums(sample_weight * gain),
        )

    @property
    def precision(self) -> Floats:
        return self.hits / self.called

    @property
    def recall(self) -> Floats:
        return np.asarray(self.hits / self.hits[-1])

    @property
    def f1(self) -> Floats:
        return np.asarray(2 * self.hits / (self.called + self.hits[-1]))


def _best(rule: str, target: float, cuts: _Cuts) -> int:
    """Position of the threshold that the rule chooses."""
    called, hits, expected_hits = cuts.called, cuts.hits, cuts.expected_hits
    if rule == "f1":
        return int(np.argmax(cuts.f1))
    if rule == "expected f1":
        return int(np.argmax(expected_hits / (called + expected_hits[-1])))
    if rule == "precision":
        best = cuts.precision.max()
        return _last(
            cuts.precision >= target,
            f"reaches a precision of {target}, best is {best:.3f}; lower the target",
        )
    if rule == "recall":
        return int(np.argmax(cuts.recall >= target - 1e-12))
    if rule == "profit":
        in_churners = hits - target * (called - hits)  # in gains of a churner
        return _most_earned(in_churners if cuts.earned is None else cuts.earned)
    return _last(
        called <= target * called[-1] + 1e-9,
        f"keeps to a budget of {target:.2%} of the customers: {called[0] / called[-1]:.2%} of them "
        "share the highest score; raise the target",
    )


def _fixed(value: float, cuts: _Cuts) -> Choice:
    last = int(np.sum(cuts.threshold >= value)) - 1
    called, hits = (cuts.called[last], cuts.hits[last]) if last >= 0 else (0.0, 0.0)
    return Choice(
        threshold=value,
        precision=float(hits / called) if called else 0.0,
        recall=float(hits / cuts.hits[-1]),
        f1=float(2 * hits / (called + cuts.hits[-1])),
    )


def _most_earned(earned: Floats) -> int:
    best = int(np.argmax(earned))
    if earned[best] <= 0:
        raise DataError(
            "no threshold earns anything: at these costs calling nobody is best; check the costs, "
            "or choose by another rule"
        )
    return best


def _last(allowed: Bools, condition: str) -> int:
    """Position of the lowest threshold that meets the condition."""
    if not allowed.any():
        raise DataError(f"no threshold {condition}")
    return int(np.flatnonzero(allowed)[-1])
