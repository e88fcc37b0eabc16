"""How likely a customer leaves in a month, given what the three months before have recorded.

The probability is a function of recorded values alone: whatever else there is in a customer's life
acts through them. So it is exactly the probability that the best possible model would give, and
what such a model attains is known.

Most of it is interaction: falling traffic matters one way on a flat rate and the other way on a
capped plan, a weak optical signal only when the customer has complained about it. A model that adds
up columns sees little of it.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from dbnchurn.core.typing import Bools, Dates, Floats, Ints
from dbnchurn.data.simulate.world import CAPPED, OBSERVED, PRICES, SPEEDS, World

INTERCEPT = -6.915  # one customer in 28 leaves


def leaving_probability(world: World, month: int) -> Floats:
    """Probability that each customer leaves in the month at position `month`, shape (n,).

    Only records of the `OBSERVED` months before it are looked at.
    """
    seen = slice(month - OBSERVED, month)
    return np.asarray(expit(INTERCEPT + sum(_terms(world, seen))))


def _terms(world: World, seen: slice) -> list[Floats]:
    fixed = world.fixed
    monthly = {name: values[:, seen] for name, values in world.monthly.items()}
    traffic = np.log1p(monthly["broadband_gb"])
    trend = traffic[:, -1] - traffic[:, 0]
    capped = fixed["package_name"] < CAPPED
    weak = _weakest_power(world, seen) < -26.5
    complained = _complaints(world, seen, kinds=(0, 1)) > 0
    billing = _complaints(world, seen, kinds=(2, 3)) > 0
    out_of_contract = monthly["contract_months_left"][:, -1] <= 1
    dear = monthly["billing_income"].mean(axis=1) > 0.98 * PRICES[fixed["package_name"]]
    mobile_heavy = monthly["mobile_gb"].mean(axis=1) > 4.0
    alone = fixed["bundle"] == 0
    need = traffic.mean(axis=1) - 4.0
    pace = np.log(SPEEDS[fixed["package_name"]] / 200.0)
    in_debt = monthly["accumulated_debt"][:, -1] > 40
    return [
        3.2 * np.tanh(2.0 * trend) * np.where(capped, 1.0, -1.0),
        1.8 * np.where(alone == mobile_heavy, 1.0, -1.0),
        3.5 * (weak & complained),
        2.0 * (out_of_contract & dear),
        -1.1 * np.clip(need * pace, -2.5, 2.5),
        2.0 * (billing & in_debt),
        0.9 * np.abs(fixed["age"] - 46.0) / 15.0 * np.where(fixed["iptv"], 1.0, -1.0),
        # What adds up: the end of a contract, debt, and any complaint.
        1.8 * out_of_contract + 0.9 * in_debt + 0.9 * (complained | billing),
    ]


def _within(days: Dates, world: World, seen: slice) -> Bools:
    first = world.months[seen.start].astype("datetime64[D]")
    until = (world.months[0] + seen.stop).astype("datetime64[D]")
    return np.asarray((days >= first) & (days < until))


def _weakest_power(world: World, seen: slice) -> Floats:
    """Lowest receive power of every customer in the months; 0 without a reading."""
    weakest = np.zeros(len(world.ids))
    inside = _within(world.readings["day"], world, seen)
    power = world.readings["receive_power_dbm"][inside]
    np.minimum.at(weakest, world.readings["customer"][inside], power)
    return weakest


def _complaints(world: World, seen: slice, kinds: tuple[int, ...]) -> Ints:
    """Number of complaints of the given kinds in the months."""
    inside = _within(world.complaints["day"], world, seen)
    inside &= np.isin(world.complaints["kind"], kinds)
    return np.bincount(world.complaints["customer"][inside], minlength=len(world.ids))
