"""How many customers an effect needs, and which effect a list can show.

The power is that of the interval that :mod:`dbnchurn.campaign.effect` gives: the chance that it
lies on one side of zero, by the delta method from its own limits.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from dbnchurn.campaign.effect import CONFIDENCE
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.statistics import wilson

MOST = 10**9  # customers


def power(
    customers: int,
    base_rate: float,
    effect: float,
    *,
    control: float,
    confidence: float = CONFIDENCE,
    explained: float = 0.0,
) -> float:
    """Chance that an effect of this size is told from none.

    Parameters
    ----------
    customers : int
        On the list, both arms.
    base_rate : float
        Share that leaves without a contact.
    effect : float
        Added to it by the contact; below 0 where customers are kept.
    control : float
        Share of the list that is held out.
    confidence : float, default 0.95
    explained : float, default 0
        Share of the variance that the score takes away.

    Returns
    -------
    float

    Raises
    ------
    ConfigError
        If a share or rate is not between 0 and 1.

    Examples
    --------
    >>> round(power(20_000, 0.10, -0.02, control=0.1), 2)
    0.85
    """
    rates = np.array([base_rate + effect, base_rate])
    if not (0 < control < 1 and ((rates > 0) & (rates < 1)).all() and 0 <= explained < 1):
        raise ConfigError(
            f"control {control:g}, base_rate {base_rate:g} and effect {effect:g}: shares and rates "
            "lie between 0 and 1, with the effect added too"
        )
    rows = customers * np.array([1 - control, control]) / (1 - explained)
    if rows.min() < 1:
        return 0.0
    toward = np.sign(effect) or 1.0

    def margin(one: float, other: float) -> float:
        """How far the interval lies beyond zero."""
        ends = [wilson(rate * n, n, confidence) for rate, n in zip((one, other), rows, strict=True)]
        if toward < 0:
            reach = np.hypot(float(ends[0][1]) - one, other - float(ends[1][0]))
        else:
            reach = np.hypot(one - float(ends[0][0]), float(ends[1][1]) - other)
        return float(toward * (one - other) - reach)

    deviations = np.sqrt(rates * (1 - rates) / rows)
    steps = np.minimum(deviations, np.minimum(rates, 1 - rates)) / 2
    slopes = [
        (margin(rates[0] + steps[0], rates[1]) - margin(rates[0] - steps[0], rates[1])) / 2,
        (margin(rates[0], rates[1] + steps[1]) - margin(rates[0], rates[1] - steps[1])) / 2,
    ]
    spread = float(np.hypot(*(np.array(slopes) / steps * deviations)))
    return float(ndtr(margin(float(rates[0]), float(rates[1])) / spread))


def customers_needed(
    base_rate: float,
    effect: float,
    *,
    control: float,
    power: float = 0.8,
    confidence: float = CONFIDENCE,
    explained: float = 0.0,
) -> int:
    """Customers on the list, both arms, with which the effect is found with this chance.

    Parameters
    ----------
    base_rate, effect, control, confidence, explained
        As :func:`power` takes them.
    power : float, default 0.8

    Returns
    -------
    int

    Raises
    ------
    ConfigError
        If no list is long enough.

    Examples
    --------
    >>> customers_needed(0.10, -0.02, control=0.5)
    6422
    """
    low, high = 1, 2
    while _power(high, base_rate, effect, control, confidence, explained) < power:
        low, high = high, high * 2
        if high > MOST:
            raise ConfigError(
                f"effect {effect:g} at a rate of {base_rate:g} needs more than {MOST:,} customers; "
                "plan for a larger effect"
            )
    while high - low > 1:
        middle = (low + high) // 2
        found = _power(middle, base_rate, effect, control, confidence, explained) >= power
        low, high = (low, middle) if found else (middle, high)
    return high


def smallest_effect(
    customers: int,
    base_rate: float,
    *,
    control: float,
    power: float = 0.8,
    confidence: float = CONFIDENCE,
    explained: float = 0.0,
) -> float | None:
    """The smallest effect, below 0, that a list shows with this chance.

    Parameters
    ----------
    customers, base_rate, control, confidence, explained
        As :func:`power` takes them.
    power : float, default 0.8

    Returns
    -------
    float or None
        None where not even the loss of no customer at all would be found.

    Examples
    --------
    >>> round(smallest_effect(6422, 0.10, control=0.5), 3)
    -0.02
    """
    least, most = 0.0, base_rate * (1 - 1e-6)
    if _power(customers, base_rate, -most, control, confidence, explained) < power:
        return None
    for _ in range(40):
        middle = (least + most) / 2
        found = _power(customers, base_rate, -middle, control, confidence, explained) >= power
        least, most = (least, middle) if found else (middle, most)
    return -most


def _power(
    customers: int,
    base_rate: float,
    effect: float,
    control: float,
    confidence: float,
    explained: float,
) -> float:
    return power(
        customers,
        base_rate,
        effect,
        control=control,
        confidence=confidence,
        explained=explained,
    )
