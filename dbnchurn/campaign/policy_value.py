"""What a plan is worth, measured on rows of a randomised test that had no part in making it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.campaign.arm_names import CONTROL
from dbnchurn.campaign.assignments import Assignments
from dbnchurn.core.errors import DataError, did_you_mean
from dbnchurn.core.statistics import normal_quantile
from dbnchurn.core.typing import Floats, Ints, Labels


@dataclass(frozen=True)
class PolicyValue:
    """Value of a plan per customer, against contacting nobody.

    Parameters
    ----------
    value, low, high : float
        With a 95 % interval.
    standard_error : float
    customers : int
        Rows that measured it.
    contacted : float
        Share of them whom the plan contacts.

    Examples
    --------
    >>> PolicyValue.of_rows(np.array([1.0, 0.0, 2.0, 1.0]), np.array([1, 0, 1, 1])).value
    1.0
    """

    value: float
    low: float
    high: float
    standard_error: float
    customers: int
    contacted: float

    @classmethod
    def of_rows(cls, each: Floats, policy: Ints) -> PolicyValue:
        """The mean of an unbiased value of each row.

        Parameters
        ----------
        each : float64 array of shape (n,)
        policy : int array of shape (n,)
            0 where nobody is contacted.

        Returns
        -------
        PolicyValue
        """
        n = len(each)
        error = float(each.std(ddof=1) / np.sqrt(n)) if n > 1 else float("inf")
        value, half = float(each.mean()), normal_quantile(0.95) * error
        return cls(value, value - half, value + half, error, n, float((policy > 0).mean()))


def evaluate_policy(
    policy: npt.ArrayLike | pd.Series[Any],
    option: npt.ArrayLike | pd.Series[Any],
    gain: npt.ArrayLike,
    propensity: npt.ArrayLike | None = None,
    *,
    expected: npt.ArrayLike | None = None,
) -> PolicyValue:
    """Value of a plan on rows of a test, by the rows that happened to get what the plan says.

    Parameters
    ----------
    policy : array of shape (n,)
        The option that the plan gives each customer; None, NaN or ``"control"`` for no contact. It
        must come from other rows than these: a plan made from the outcomes of these rows looks
        better than it is.
    option : array of shape (n,)
        What each customer got, likewise.
    gain : array of shape (n,)
        What came of it, in money or any other unit.
    propensity : array of shape (n,), optional
        Known probability of what each customer got; without it, the same for all customers.
    expected : array of shape (n, 1 + options), optional
        Expected gain without a contact and with each option, in sorted order, by a model that the
        row had no part in. A good one makes the interval narrower; a bad one costs no bias.

    Returns
    -------
    PolicyValue

    Raises
    ------
    DataError
        If the plan has an option that nobody got, there is no control group, or lengths differ.

    References
    ----------
    M. Dudík, J. Langford, L. Li, "Doubly robust policy evaluation and learning", 2011.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> in_debt = generator.integers(0, 2, 20_000)
    >>> option = generator.choice(["call", "control"], 20_000)
    >>> gain = np.where(option == "call", 3.0 * in_debt - 1.0, 0.0)
    >>> plan = np.where(in_debt == 1, "call", "control")
    >>> round(evaluate_policy(plan, option, gain).value, 1)  # half of the customers, 2 each
    1.0
    """
    drawn = Assignments.of(option, propensity)
    gains = np.asarray(gain, np.float64)
    if gains.shape != (len(drawn),) or not np.isfinite(gains).all():
        raise DataError(f"gain has to be {len(drawn)} finite numbers, one a row")
    chosen = policy_codes(policy, drawn)
    means = np.tile(drawn.means(gains), (len(drawn), 1))
    model = means if expected is None else np.asarray(expected, np.float64)
    if model.shape != means.shape:
        raise DataError(f"expected has shape {model.shape}; it needs {means.shape}, controls first")
    scores = corrected_gains(drawn, gains, model)
    row = np.arange(len(drawn))
    return PolicyValue.of_rows(scores[row, chosen] - scores[row, 0], chosen)


def corrected_gains(drawn: Assignments, gain: Floats | Labels, expected: Floats) -> Floats:
    """Expected gains, corrected in each row's own group by the weighted error of the model.

    Parameters
    ----------
    drawn : Assignments of n rows
    gain : array of shape (n,)
    expected : float64 array of shape (n, 1 + options)

    Returns
    -------
    float64 array of shape (n, 1 + options)
    """
    row = np.arange(len(drawn))
    corrected = expected.copy()
    corrected[row, drawn.code] += drawn.weight * (gain - expected[row, drawn.code])
    return corrected


def policy_codes(policy: npt.ArrayLike | pd.Series[Any], drawn: Assignments) -> Ints:
    """A plan as codes: 0 for no contact, else 1 + the position of the option.

    Parameters
    ----------
    policy : array of shape (n,)
    drawn : Assignments of n rows

    Returns
    -------
    int64 array of shape (n,)

    Raises
    ------
    DataError
        If it has another length, or an option that nobody got.
    """
    names = pd.Series(np.asarray(policy, object))
    if len(names) != len(drawn):
        raise DataError(f"the plan has {len(names)} rows and the test {len(drawn)}")
    nobody = np.asarray(names.isna() | (names.astype(str) == CONTROL))
    code_of = {name: 1 + i for i, name in enumerate(drawn.options)}
    for name in {str(name) for name in names[~nobody]} - code_of.keys():
        raise DataError(
            f"the plan has the option {name!r}, which nobody in the test got: "
            f"{did_you_mean(name, drawn.options)}"
        )
    codes = np.zeros(len(names), np.int64)
    codes[~nobody] = [code_of[str(name)] for name in names[~nobody]]
    return codes
