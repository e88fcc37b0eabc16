"""What a plan can promise: its rule, valued on rows of a pilot that did not make it.

Option by option, customers of the pilot for whom the plan's prices choose the very option that
the pilot's draw gave them are compared: contacted against held out, weighted by one over the known
propensity (Hájek, 1971).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
    missing = []
    for number, option in enumerate(options):
        if not counts[number]:
            continue
        same = (chosen == number) & (given == number)
        arms = [same & contacted, same & ~contacted]
        if min(int(arm.sum()) for arm in arms) < FEWEST:
            missing.append(str(option))
            continue
        (one, one_error), (other, other_error) = (
            _weighted(money[arm], 1 / propensity[arm]) for arm in arms
        )
        value += float(counts[number]) * (one - other)
        variance += float(counts[number]) ** 2 * (one_error**2 + other_error**2)
        valued += int(counts[number])
        rows += int(same.sum())
    half = normal_quantile(0.95) * variance**0.5
    return Promise(value, value - half, value + half, valued, tuple(missing), rows)


def _weighted(values: Floats, weights: npt.NDArray[np.float64]) -> tuple[float, float]:
    """A weighted mean and its standard error."""
    share = weights / weights.sum()
    mean = float((share * values).sum())
    return mean, float(((share * (values - mean)) ** 2).sum() ** 0.5)
