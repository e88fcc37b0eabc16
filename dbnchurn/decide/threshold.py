"""Rules that choose the threshold from labelled rows the model has not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, get_args

import numpy as np
import numpy.typing as npt
from pydantic import Field
from sklearn.base import BaseEstimator

from dbnchurn.errors import ConfigError, DataError, did_you_mean

Floats = npt.NDArray[np.float64]
Rule = Literal["expected f1", "f1", "precision", "recall", "budget", "profit", "fixed"]


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
        y: npt.NDArray[np.int64],
        scores: Floats,
        weight: Floats | None = None,
        gain: Floats | None = None,
    ) -> Choice:
        """Choose on labelled rows.

        Parameters
        ----------
        y : array of shape (n,)
            1 for churners.
        scores : array of shape (n,)
        weight : array of shape (n,), optional
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
        return choose_threshold(y, scores, self.rule, self.target, weight, gain)


def choose_threshold(
    y: npt.NDArray[np.int64],
    scores: Floats,
    rule: str = "f1",
    target: float | None = None,
    weight: Floats | None = None,
    gain: Floats | None = None,
) -> Choice:
    """See :class:`Threshold` and its ``choose``."""
    if rule not in get_args(Rule):
        raise ConfigError(f"unknown threshold.rule {rule!r}: {did_you_mean(rule, get_args(Rule))}")
    if target is None:
        if rule not in ("expected f1", "f1") and (rule != "profit" or gain is None):
            raise ConfigError(
                f"threshold.rule={rule!r} needs threshold.target, a number from 0 to 1"
            )
        target = 0.0
    weight = np.ones(len(y)) if weight is None else np.asarray(weight, np.float64)
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.diff(scores[order], append=-np.inf))  # last row of every tie
    candidates = scores[order][ends]
    called = np.cumsum(weight[order])[ends]
    caught = np.cumsum((weight * y)[order])[ends]
    expected = np.cumsum((weight * scores)[order])[ends]
    some = called > 0  # rows of weight 0 call nobody
    earned = None if gain is None else np.cumsum(weight[order] * gain[order])[ends][some]
    candidates, called, caught, expected = (a[some] for a in (candidates, called, caught, expected))
    if len(candidates) == 0 or not 0 < caught[-1] < called[-1]:
        raise DataError(
            f"a threshold cannot be chosen on {len(y)} rows with {int(np.sum(y))} churners; "
            "both classes are needed"
        )
    if rule == "fixed":
        return _fixed(float(target), candidates, called, caught)
    precision, recall = caught / called, caught / caught[-1]
    f1 = 2 * caught / (called + caught[-1])
    if rule == "f1":
        best = int(np.argmax(f1))
    elif rule == "expected f1":
        best = int(np.argmax(expected / (called + expected[-1])))
    elif rule == "precision":
        best = _last(precision >= target, f"a precision of {target}, best is {precision.max():.3f}")
    elif rule == "recall":
        best = int(np.argmax(recall >= target - 1e-12))
    elif rule == "profit":
        best = _most_earned(caught - target * (called - caught) if earned is None else earned)
    else:
        best = _last(
            called <= target * called[-1] + 1e-9,
            f"a budget of {target:.2%} of the customers: the best {called[0]:g} are tied",
        )
    return Choice(*(float(a[best]) for a in (candidates, precision, recall, f1)))


def _fixed(value: float, candidates: Floats, called: Floats, caught: Floats) -> Choice:
    reached = int(np.sum(candidates >= value)) - 1
    calls, hits = (called[reached], caught[reached]) if reached >= 0 else (0.0, 0.0)
    return Choice(
        value,
        float(hits / calls) if calls else 0.0,
        float(hits / caught[-1]),
        float(2 * hits / (calls + caught[-1])),
    )


def _most_earned(earned: Floats) -> int:
    best = int(np.argmax(earned))
    if earned[best] <= 0:
        raise DataError(
            "no threshold earns anything: at these costs calling nobody is best; check the costs, "
            "or choose by another rule"
        )
    return best


def _last(reached: npt.NDArray[np.bool_], what: str) -> int:
    if not reached.any():
        raise DataError(f"no threshold reaches {what}; lower the target")
    return int(np.flatnonzero(reached)[-1])
