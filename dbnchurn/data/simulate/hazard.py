"""Probability that a customer leaves in a month, given the records of the three months before.

The probability is a function of recorded values alone, so it is exactly what the best possible
model would predict, and the scores of such a model are known.

Most terms are interactions: falling traffic lowers the probability on one kind of plan and raises
it on the other, a weak optical signal matters only together with a complaint. An additive model
captures few of them.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from dbnchurn.core.typing import Bools, Dates, Floats, Ints
from dbnchurn.data.simulate.world import CAPPED, OBSERVED, PRICES, SPEEDS, World

INTERCEPT = -6.915  # one customer in 28 leaves


def leaving_probability(world: World, month: int) -> Floats:
    """Probability that each customer leaves in a month.

    Parameters
    ----------
    world : World
        Of n customers.
    month : int
        Position in ``world.months``, at least ``OBSERVED``; only records of the ``OBSERVED`` months
        before it are used.

    Returns
    -------
    float64 array of shape (n,)
    """
    observed = slice(month - OBSERVED, month)
    return np.asarray(expit(INTERCEPT + sum(_terms(world, observed))))


def _terms(world: World, observed: slice) -> list[Floats]:
    fixed = world.fixed
    monthly = {name: values[:, observed] for name, values in world.monthly.items()}
    traffic = np.log1p(monthly["broadband_gb"])
    trend = traffic[:, -1] - traffic[:, 0]
    capped = fixed["package_name"] < CAPPED
    weak = weakest_power(world, observed) < -26.5
    complained = complaint_counts(world, observed, kinds=(0, 1)) > 0
    billing = complaint_counts(world, observed, kinds=(2, 3)) > 0
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


def _within(days: Dates, world: World, observed: slice) -> Bools:
    first = world.months[observed.start].astype("datetime64[D]")
    until = (world.months[0] + observed.stop).astype("datetime64[D]")
    return np.asarray((days >= first) & (days < until))


def weakest_power(world: World, observed: slice) -> Floats:
    """Lowest receive power of every customer in the months; 0 without a reading.

    Parameters
    ----------
    world : World
        Of n customers.
    observed : slice
        Positions of the months.

    Returns
    -------
    float64 array of shape (n,)
    """
    weakest = np.zeros(len(world.ids))
    inside = _within(world.readings["day"], world, observed)
    power = world.readings["receive_power_dbm"][inside]
    np.minimum.at(weakest, world.readings["customer"][inside], power)
    return weakest


def complaint_counts(world: World, observed: slice, kinds: tuple[int, ...]) -> Ints:
    """Number of complaints of the given kinds in the months.

    Parameters
    ----------
    world : World
        Of n customers.
    observed : slice
        Positions of the months.
    kinds : tuple of int
        Positions in ``COMPLAINT_KINDS``.

    Returns
    -------
    int array of shape (n,)
    """
    inside = _within(world.complaints["day"], world, observed)
    inside &= np.isin(world.complaints["kind"], kinds)
    return np.bincount(world.complaints["customer"][inside], minlength=len(world.ids))
