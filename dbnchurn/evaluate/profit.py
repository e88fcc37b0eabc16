"""Profit of contacting the customers with the highest scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats
from dbnchurn.evaluate.ranking import Ranking

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    from scipy import optimize, special
else:
    special = LazyModule("scipy.special")
    optimize = LazyModule("scipy.optimize")


@dataclass(frozen=True)
class Offer:
    """A retention campaign: every contacted customer is offered an incentive.

    Stayers always accept it; a share of the churners accepts it and stays, and that share follows a
    Beta distribution (Verbraken, Verbeke and Baesens, 2013).

    Parameters
    ----------
    clv : float, default 200
        Lifetime value of a customer who stays, in money.
    incentive_cost : float, default 10
        Cost of the incentive, in money.
    contact_cost : float, default 1
        Cost of a contact, in money.
    alpha, beta : float, default 6 and 14
        Of the Beta distribution; the mean share is ``alpha / (alpha + beta)``.

    Raises
    ------
    ConfigError
        If a cost is negative, the incentive costs as much as a customer is worth, or `alpha` or
        `beta` is not positive.

    Examples
    --------
    >>> Offer().gain([1, 0]).tolist()
    [56.0, -11.0]
    """

    clv: float = 200.0
    incentive_cost: float = 10.0
    contact_cost: float = 1.0
    alpha: float = 6.0
    beta: float = 14.0

    def __post_init__(self) -> None:
        if not (self.clv > self.incentive_cost >= 0 and self.contact_cost >= 0):
            raise ConfigError("an offer needs clv > incentive_cost >= 0 and contact_cost >= 0")
        if not (self.alpha > 0 and self.beta > 0):
            raise ConfigError("an offer needs alpha > 0 and beta > 0")

    @property
    def accept_rate(self) -> float:
        """Mean share of contacted churners who stay."""
        return self.alpha / (self.alpha + self.beta)

    def gain(self, y: npt.ArrayLike) -> Floats:
        """Expected gain of contacting customers with these outcomes, of shape (n,)."""
        churner = self.accept_rate * (self.clv - self.incentive_cost) - self.contact_cost
        return np.where(np.asarray(y) == 1, churner, -self.incentive_cost - self.contact_cost)


def contact_gain(
    y: npt.ArrayLike,
    *,
    tp_cost: npt.ArrayLike,
    fp_cost: npt.ArrayLike,
    tn_cost: npt.ArrayLike,
    fn_cost: npt.ArrayLike,
) -> Floats:
    """Gain of contacting each customer, from the costs of the four outcomes.

    Parameters
    ----------
    y : array of shape (n,)
        1 for churners.
    tp_cost, fp_cost, tn_cost, fn_cost : floats or arrays of shape (n,)
        Cost of this customer, in money, if contacted (tp, fp) or not (tn, fn); negative is a
        benefit.

    Returns
    -------
    float array of shape (n,)
        Cost of not contacting the customer minus that of contacting, in money.

    Examples
    --------
    >>> contact_gain([1, 0], tp_cost=2, fp_cost=5, tn_cost=0, fn_cost=50).tolist()
    [48.0, -5.0]
    """
    saved = np.subtract(fn_cost, tp_cost, dtype=np.float64)
    wasted = np.subtract(tn_cost, fp_cost, dtype=np.float64)
    return np.where(np.asarray(y) == 1, saved, wasted)


def profit_at(ranking: Ranking, threshold: float) -> float:
    """Gain per customer of the whole table if those at or above a threshold are contacted.

    Parameters
    ----------
    ranking : Ranking
        Of one model, with gains.
    threshold : float
        Customers with a score of at least this are contacted.

    Returns
    -------
    float
        In money.

    Raises
    ------
    ConfigError
        If the ranking has no gains.
    """
    if ranking.gain is None:
        raise ConfigError("profit needs a gain for every row")
    return float(ranking.gain[: ranking.above(threshold)].sum()) / ranking.total


def expected_maximum_profit(ranking: Ranking, offer: Offer) -> float:
    """EMPC: profit per customer at the best contact rate, averaged over the accept rate.

    For an accept rate γ a contacted churner gains ``γ (clv − incentive) − contact`` and a stayer
    costs ``incentive + contact``; the best rates for all γ are the corners of the convex hull of
    the ROC curve, which are the blocks of an isotonic regression (Verbraken et al., 2013, eq. 19).

    Parameters
    ----------
    ranking : Ranking
        Of one model.
    offer : Offer
        Values, costs and the distribution of the accept rate.

    Returns
    -------
    float
        In money, not negative.
    """
    tp, fp = _hull(ranking)
    value, waste = offer.clv - offer.incentive_cost, offer.incentive_cost + offer.contact_cost
    # Accept rate above which the next corner of the hull earns more than this one.
    steps = np.diff(fp) * waste
    turn = np.full(len(steps), np.inf)
    np.divide(steps, np.diff(tp), out=turn, where=np.diff(tp) > 0)
    edges = np.concatenate([[0.0], np.clip((turn + offer.contact_cost) / value, 0, 1), [1.0]])
    mass = np.diff(special.betainc(offer.alpha, offer.beta, edges))
    mean = np.diff(special.betainc(offer.alpha + 1, offer.beta, edges)) * offer.accept_rate
    profit = (value * mean - offer.contact_cost * mass) * tp - waste * mass * fp
    return float(profit.sum()) / ranking.total


def _hull(ranking: Ranking) -> tuple[Floats, Floats]:
    """Weights of contacted churners and contacted stayers at the corners, from (0, 0)."""
    weighted = ranking.sample_weight > 0
    sample_weight, positive = ranking.sample_weight[weighted], ranking.positive[weighted]
    blocks = optimize.isotonic_regression(
        positive / sample_weight, weights=sample_weight, increasing=False
    ).blocks
    contacted = np.append(0.0, np.cumsum(sample_weight))[blocks]
    tp = np.append(0.0, np.cumsum(positive))[blocks]
    return tp, contacted - tp
