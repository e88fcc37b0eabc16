"""What simulated customers do when they are contacted: who accepts, and whom an offer keeps.

An option is an offer through a channel. A contact changes the probability of leaving in two ways:
whoever accepts leaves less likely, by an amount that depends on the reason to leave that the offer
takes away; whoever does not accept may be reminded that the contract has ended, and leave more
likely. So some effects are negative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from dbnchurn.core.typing import Floats
from dbnchurn.data.simulate.hazard import complaint_counts, weakest_power
from dbnchurn.data.simulate.world import OBSERVED, PRICES, World

OFFERS = ("discount", "speed upgrade", "streaming")
CHANNELS = ("phone", "email")
OPTIONS = tuple((offer, channel) for offer in OFFERS for channel in CHANNELS)

# Money per customer, in one currency.
MARGIN = {"discount": 0.0, "speed upgrade": 12.0, "streaming": 30.0}  # of an accepted offer
OFFER_COST = {"discount": 30.0, "speed upgrade": 20.0, "streaming": 36.0}  # of an accepted offer
CONTACT_COST = {"phone": 4.0, "email": 0.5}  # of every contact
MONTHS_OF_WORTH = 12  # a customer who stays pays the last bill so many times again


@dataclass(frozen=True)
class Responses:
    """The truth about every customer and option in one month.

    Parameters
    ----------
    acceptance : float64 array of shape (n, options)
        Probability that the customer accepts.
    accepted, declined : float64 arrays of shape (n, options)
        Probability of leaving after either.
    probability : float64 array of shape (n,)
        Probability of leaving without a contact.
    worth : float64 array of shape (n,)
        What keeping the customer is worth, in money.
    """

    acceptance: Floats
    accepted: Floats
    declined: Floats
    probability: Floats
    worth: Floats

    @property
    def contacted(self) -> Floats:
        """Probability of leaving after a contact, shape (n, options)."""
        accepted = self.acceptance * self.accepted
        return np.asarray(accepted + (1 - self.acceptance) * self.declined)

    @property
    def effect(self) -> Floats:
        """By how much a contact lowers the probability of leaving, shape (n, options)."""
        return np.asarray(self.probability[:, None] - self.contacted)

    @property
    def value(self) -> Floats:
        """Expected money of a contact, shape (n, options).

        Effect times worth, plus acceptance times the margin less the cost of the offer, less the
        cost of the contact.
        """
        gain = np.array([MARGIN[offer] - OFFER_COST[offer] for offer, _ in OPTIONS])
        cost = np.array([CONTACT_COST[channel] for _, channel in OPTIONS])
        return np.asarray(self.effect * self.worth[:, None] + self.acceptance * gain - cost)


def responses(world: World, month: int, probability: Floats) -> Responses:
    """What every customer would do in a month, by records of the ``OBSERVED`` months before it.

    Parameters
    ----------
    world : World
        Of n customers.
    month : int
        Position in ``world.months``, at least ``OBSERVED``.
    probability : float64 array of shape (n,)
        Of leaving in that month without a contact.

    Returns
    -------
    Responses
    """
    now = _situation(world, month)
    base = logit(probability)[:, None]
    acceptance = expit(
        np.column_stack(
            [_willing(offer, now) + _reached(channel, now) for offer, channel in OPTIONS]
        )
    )
    kept = np.column_stack([_kept(offer, now) for offer, _ in OPTIONS])
    reminded = np.column_stack([_reminded(channel, now) for _, channel in OPTIONS])
    bills = world.monthly["billing_income"][:, month - 1]
    return Responses(
        acceptance, expit(base - kept), expit(base + reminded), probability, MONTHS_OF_WORTH * bills
    )


def _situation(world: World, month: int) -> dict[str, Floats]:
    fixed, observed = world.fixed, slice(month - OBSERVED, month)
    weak = weakest_power(world, observed) < -26.5
    found = {
        "age": (fixed["age"] - 46.0) / 15.0,
        "alone": fixed["bundle"] == 0,
        "iptv": fixed["iptv"],
        "small": fixed["package_name"] <= 2,
        "dear": world.monthly["billing_income"][:, observed].mean(axis=1)
        > 0.98 * PRICES[fixed["package_name"]],
        "ended": world.monthly["contract_months_left"][:, month - 1] <= 1,
        "in_debt": world.monthly["accumulated_debt"][:, month - 1] > 40,
        "complained": (complaint_counts(world, observed, kinds=(0, 1)) > 0) | weak,
        "online": np.isin(fixed["channel"], [1]) | np.isin(fixed["payment_method"], [3]),
    }
    return {name: np.asarray(values, np.float64) for name, values in found.items()}


def _willing(offer: str, now: dict[str, Floats]) -> Floats:
    if offer == "discount":
        willing = 1.0 * now["dear"] + 1.2 * now["in_debt"] + 1.0 * now["ended"] - 0.2 * now["age"]
        return np.asarray(willing - 0.8)
    if offer == "speed upgrade":
        return np.asarray(1.2 * now["small"] + 0.9 * now["complained"] - 0.4 * now["age"] - 1.2)
    return np.asarray(1.0 * now["alone"] - 1.5 * now["iptv"] + 0.3 * now["age"] - 1.0)


def _reached(channel: str, now: dict[str, Floats]) -> Floats:
    if channel == "phone":
        return np.asarray(0.4 + 0.5 * now["age"] - 0.6 * now["online"])
    return np.asarray(-0.9 - 0.4 * now["age"] + 1.2 * now["online"])


def _kept(offer: str, now: dict[str, Floats]) -> Floats:
    """By how much accepting lowers the log-odds of leaving."""
    if offer == "discount":
        return np.asarray(1.2 + 2.0 * np.maximum(now["ended"], now["in_debt"]))
    if offer == "speed upgrade":
        return np.asarray(0.8 + 2.6 * now["complained"])
    return np.asarray(0.9 + 1.6 * now["alone"])


def _reminded(channel: str, now: dict[str, Floats]) -> Floats:
    """By how much a contact that is declined raises the log-odds of leaving."""
    strength = 0.7 if channel == "phone" else 0.2
    return np.asarray(strength * now["ended"] * (1 - now["complained"]))
