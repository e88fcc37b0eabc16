"""What a plan can promise: its rule, valued on rows of a pilot that did not make it.

Option by option, customers of the pilot for whom the plan's prices choose the very option that
the pilot gave them are compared: contacted against held out, weighted by one over the known
propensity (Hájek, 1971). Where the pilot drew options at random, customers who were held out could
have got any of them, so they are compared with the contacts of the option that the plan chooses for
them. What was expected of a customer before the pilot takes away the part of the variance that it
explains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dbnchurn.campaign.limits import Option
from dbnchurn.core.statistics import normal_quantile
from dbnchurn.core.typing import Bools, Floats, Ints

FEWEST = 30  # rows of either arm from which an option is valued


@dataclass(frozen=True)
class Promise:
    """The value of a plan on rows that had no part in it.

    Parameters
    ----------
    value, low, high : float
        Money of all contacts below, with a 95 % interval.
    contacts : int
        Contacts of the plan whose options the pilot values.
    missing : tuple of str
        Options of the plan for which it has too few rows.
    rows : int
        Rows of the pilot that were used.
    """

    value: float
    low: float
    high: float
    contacts: int
    missing: tuple[str, ...]
    rows: int


def promised_value(
    options: Sequence[Option],
    counts: Ints,
    chosen: Ints,
    given: Ints,
    contacted: Bools,
    propensity: Floats,
    money: Floats,
    *,
    drawn: bool = False,
    expected: Floats | None = None,
) -> Promise:
    """Value the rule of a plan.

    Parameters
    ----------
    options : sequence of m options
    counts : int array of shape (m,)
        Contacts of the plan by option.
    chosen : int array of shape (n,)
        Option that the plan's rule has for each customer of the pilot; -1 for none.
    given : int array of shape (n,)
        Option of the pilot's draw; -1 where the plan has no such option.
    contacted : array of bool of shape (n,)
        Whether the customer was contacted, or held out.
    propensity : array of shape (n,)
        Known probability of what happened to the customer.
    money : array of shape (n,)
        What came of the customer, costs taken off.
    drawn : bool, default False
        Whether the pilot drew the option of every contact at random.
    expected : array of shape (n,), optional
        What would have come of the customer without a contact, as far as it was known before.

    Returns
    -------
    Promise

    Examples
    --------
    >>> g = np.random.default_rng(0)
    >>> contacted = g.random(10_000) < 0.5
    >>> zeros = np.zeros(10_000, int)
    >>> found = promised_value([Option("gift", "mail")], np.array([100]), zeros, zeros, contacted,
    ...                        np.full(10_000, 0.5), 2.0 * contacted + g.normal(size=10_000))
    >>> found.low < 200 < found.high, found.contacts
    (True, 100)
    """
    value, variance, valued, rows = 0.0, 0.0, 0, 0
    weight = 1 / propensity
    before = np.zeros(len(money)) if expected is None else expected
    missing = []
    for number, option in enumerate(options):
        if not counts[number]:
            continue
        same = (chosen == number) & (given == number)
        held_out = ~contacted & (chosen == number if drawn else same)
        arms = [same & contacted, held_out]
        if min(int(arm.sum()) for arm in arms) < FEWEST:
            missing.append(str(option))
            continue
        gain, error = _difference(*(_Arm.of(arm, money, weight, before) for arm in arms))
        value += float(counts[number]) * gain
        variance += (float(counts[number]) * error) ** 2
        valued += int(counts[number])
        rows += int(sum(arm.sum() for arm in arms))
    half = normal_quantile(0.95) * variance**0.5
    return Promise(value, value - half, value + half, valued, tuple(missing), rows)


@dataclass(frozen=True, eq=False)
class _Arm:
    """Weighted means of an arm, and how far each row is from them, by its weight."""

    mean: float
    apart: Floats
    expected: float
    expected_apart: Floats

    @classmethod
    def of(cls, rows: Bools, money: Floats, weight: Floats, expected: Floats) -> _Arm:
        share = weight[rows] / weight[rows].sum()
        mean, before = float(share @ money[rows]), float(share @ expected[rows])
        return cls(mean, share * (money[rows] - mean), before, share * (expected[rows] - before))


def _difference(one: _Arm, other: _Arm) -> tuple[float, float]:
    """The difference of two arms, less that of what was expected of them; and its error."""
    arms = one, other
    spread = sum(float(arm.expected_apart @ arm.expected_apart) for arm in arms)
    joint = sum(float(arm.apart @ arm.expected_apart) for arm in arms)
    slope = joint / spread if spread > 0 else 0.0
    variance = sum(float(((arm.apart - slope * arm.expected_apart) ** 2).sum()) for arm in arms)
    return one.mean - other.mean - slope * (one.expected - other.expected), variance**0.5
