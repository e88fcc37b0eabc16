"""Rules that choose the threshold from labelled rows the model has not trained on."""

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
    """A threshold and what it does on the rows it was chosen on.

    Parameters
    ----------
    threshold, precision, recall, f1 : float
    """

    threshold: float
    precision: float
    recall: float
    f1: float

    def facts(self) -> dict[str, float]:
        """The threshold as ``value``, with its precision, recall and F1, as plain data."""
        found = {name: getattr(self, name) for name in ("precision", "recall", "f1")}
        return {"value": self.threshold, **found}


class Threshold(BaseEstimator):  # type: ignore[misc]
    """From which probability on a customer is called a churner.

    Parameters
    ----------
    rule : {"expected f1", "f1", "precision", "recall", "budget", "profit", "fixed"}
        The threshold with the best F1 to be expected if every score is the true probability of its
        row (the default); the one with the best F1 by the labels of the rows; the lowest one that
        reaches a target precision; the highest one that reaches a target recall; the one that calls
        a given share of the customers; the one that earns most; or a given value.
    target : float, optional
        The precision, recall, share of customers or value that the rule asks for; unused by the
        rules for F1. For "profit", what calling a stayer costs, as a share of what calling a
        churner brings.

    Notes
    -----
    With few churners the best F1 by the labels is mostly luck of single rows. Calibrated scores say
    the same with less noise: the expected F1 replaces each label by its probability, and is best
    where the threshold is half of that F1 (Lipton, Elkan and Naryanaswamy, 2014). Scores that are
    no probabilities need the rule "f1".

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
        sample_weight : array of shape (n,), optional
            Counts rows.
        gain : array of shape (n,), optional
            What calling each customer gains in money, for "profit" instead of the target.

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
    rule: str = "f1",
    target: float | None = None,
    sample_weight: Floats | None = None,
    gain: Floats | None = None,
) -> Choice:
    """Choose a threshold on labelled rows; :class:`Threshold` says what the rules are.

    Parameters
    ----------
    y : int array of shape (n,)
        1 for churners, 0 for stayers.
    scores : float64 array of shape (n,)
    rule : str, default "f1"
    target : float, optional
        What the rule asks for; unused by the rules for F1, and for "profit" where there is a gain.
    sample_weight : float64 array of shape (n,), optional
        Counts rows; one each if not given.
    gain : float64 array of shape (n,), optional
        What calling each customer gains in money, for "profit".

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
    if not len(cuts.called) or not 0 < cuts.caught[-1] < cuts.called[-1]:
        raise DataError(
            f"a threshold cannot be chosen on {len(y)} rows with {int(np.sum(y))} churners; "
            "both classes are needed"
        )
    if rule == "fixed":
        return _fixed(float(target), cuts)
    best = _best(rule, target, cuts)
    values = (cuts.threshold, cuts.precision, cuts.recall, cuts.f1)
    return Choice(*(float(each[best]) for each in values))


@dataclass(frozen=True, eq=False)
class _Cuts:
    """Every distinct score as a threshold, the highest first, and the weight of whom it calls.

    `caught` are the churners among the `called`, `expected` as many as the scores say there are.
    """

    threshold: Floats
    called: Floats
    caught: Floats
    expected: Floats
    earned: Floats | None

    @classmethod
    def of(cls, y: Ints, scores: Floats, sample_weight: Floats, gain: Floats | None) -> _Cuts:
        sample_weight = np.asarray(sample_weight, np.float64)
        order = np.argsort(-scores, kind="stable")
        ends = np.flatnonzero(np.diff(scores[order], append=-np.inf))  # last row of every tie
        ends = ends[np.cumsum(sample_weight[order])[ends] > 0]  # rows of weight 0 call nobody

        def reached(amount: Floats) -> Floats:
            return np.asarray(np.cumsum(amount[order])[ends])

        return cls(
            scores[order][ends],
            reached(sample_weight),
            reached(sample_weight * y),
            reached(sample_weight * scores),
            None if gain is None else reached(sample_weight * gain),
        )

    @property
    def precision(self) -> Floats:
        return self.caught / self.called

    @property
    def recall(self) -> Floats:
        return np.asarray(self.caught / self.caught[-1])

    @property
    def f1(self) -> Floats:
        return np.asarray(2 * self.caught / (self.called + self.caught[-1]))


def _best(rule: str, target: float, cuts: _Cuts) -> int:
    """Position of the threshold that the rule asks for."""
    called, caught, expected = cuts.called, cuts.caught, cuts.expected
    if rule == "f1":
        return int(np.argmax(cuts.f1))
    if rule == "expected f1":
        return int(np.argmax(expected / (called + expected[-1])))
    if rule == "precision":
        most = f"reaches a precision of {target}, best is {cuts.precision.max():.3f}"
        return _last(cuts.precision >= target, f"{most}; lower the target")
    if rule == "recall":
        return int(np.argmax(cuts.recall >= target - 1e-12))
    if rule == "profit":
        earned = cuts.earned
        return _most_earned(caught - target * (called - caught) if earned is None else earned)
    return _last(
        called <= target * called[-1] + 1e-9,
        f"keeps to a budget of {target:.2%} of the customers: {called[0] / called[-1]:.2%} of them "
        "share the highest score; raise the target",
    )


def _fixed(value: float, cuts: _Cuts) -> Choice:
    reached = int(np.sum(cuts.threshold >= value)) - 1
    calls, hits = (cuts.called[reached], cuts.caught[reached]) if reached >= 0 else (0.0, 0.0)
    return Choice(
        value,
        float(hits / calls) if calls else 0.0,
        float(hits / cuts.caught[-1]),
        float(2 * hits / (calls + cuts.caught[-1])),
    )


def _most_earned(earned: Floats) -> int:
    best = int(np.argmax(earned))
    if earned[best] <= 0:
        raise DataError(
            "no threshold earns anything: at these costs calling nobody is best; check the costs, "
            "or choose by another rule"
        )
    return best


def _last(reached: Bools, what: str) -> int:
    if not reached.any():
        raise DataError(f"no threshold {what}")
    return int(np.flatnonzero(reached)[-1])
