"""Expected months and values of customers at past months, beside what they brought since.

Methods and intervals are chosen on one half of the customers at the earlier months; errors and
coverage are told of the other half at the newest month, which chose nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dbnchurn.core.progress import stage
from dbnchurn.core.typing import Bools, Floats, Ints
from dbnchurn.forecast.config import ForecastConfig
from dbnchurn.forecast.history import History
from dbnchurn.forecast.methods import fitted, recent_rate
from dbnchurn.forecast.reading import LEAST_MONTHS
from dbnchurn.forecast.remaining import Remaining, discounts, remaining
from dbnchurn.forecast.spend import AHEAD, fit_spend, past_spend, payments
from dbnchurn.forecast.value_intervals import OutcomeInterval, Units, learn_outcome_interval

ORIGINS = 6  # newest months with known outcomes
HAZARDS, RATE = "hazards", "recent rate"
PAST, REGRESSION = "past spend", "regression"


@dataclass(frozen=True, eq=False)
class Expectation:
    """What is expected of n customers from one month on, by every method.

    Parameters
    ----------
    rows : int array of shape (n,)
        Their rows of that month.
    by_leaving : dict of method → Remaining
    by_spend : dict of method → float64 array of shape (n,)
        Money of a month; the regression only where it could be learned.
    """

    rows: Ints
    by_leaving: dict[str, Remaining]
    by_spend: dict[str, Floats]


@dataclass(frozen=True, eq=False)
class Origin:
    """One past month: what was expected then, and what came.

    Parameters
    ----------
    month : int
        Position of the month.
    expected : Expectation
    months : float64 array of shape (n,)
        Months in which the customers were there.
    paid : float64 array of shape (n,)
        Their money, weighted.
    spend : float64 array of shape (n,)
        Their mean money in the months in which they were there.
    chooses : bool array of shape (n,)
        The half of the customers that may choose.
    """

    month: int
    expected: Expectation
    months: Floats
    paid: Floats
    spend: Floats
    chooses: Bools


def expect(
    history: History, config: ForecastConfig, rows: Ints, *, regression: bool = True
) -> Expectation:
    """Expect from the end of a history on.

    Parameters
    ----------
    history : History
    config : ForecastConfig
    rows : int array of shape (n,)
        Customers of its last month who stay.
    regression : bool, default True
        Whether to learn the regression of spend.

    Returns
    -------
    Expectation
    """
    last, values = len(history.months) - 1, config.values
    weights = discounts(values.months, values.discount)
    segment, codes = history.segment[rows].astype(np.int64), history.codes[rows]
    hazards = fitted(history, values.months, config.sample, config.seed)
    rate = recent_rate(history, config.recent)[segment]
    by_leaving = {
        HAZARDS: remaining(
            (h.probability(segment, codes) for h in hazards), weights, values.window
        ),
        RATE: remaining((rate for _ in weights), weights, values.window),
    }
    if config.revenue is None:
        return Expectation(rows, by_leaving, {})
    customers = history.customer[rows].astype(np.int64)
    past = past_spend(history, last, config.recent, customers)
    by_spend = {PAST: past}
    ahead = min(AHEAD, values.months)
    from_month = last - ahead
    if regression and from_month >= config.recent - 1:
        learned = _some(history, from_month, config)
        model = fit_spend(history, from_month, config.recent, ahead, learned)
        by_spend[REGRESSION] = model.predict(history, rows, past)
    return Expectation(rows, by_leaving, by_spend)


def _some(history: History, month: int, config: ForecastConfig) -> Ints:
    """Rows of a month whose customers stay; of many, some are drawn."""
    rows = history.staying(month)
    if len(rows) <= config.sample:
        return rows
    generator = np.random.default_rng([config.seed, month])
    return np.asarray(np.sort(generator.choice(rows, config.sample, replace=False)))


def past_origins(history: History, config: ForecastConfig) -> tuple[Origin, ...]:
    """Expectations at the newest past months whose outcome is known, oldest first.

    Parameters
    ----------
    history : History
    config : ForecastConfig

    Returns
    -------
    tuple of Origin
    """
    last, months = len(history.months) - 1, config.values.months
    chosen = range(max(LEAST_MONTHS - 1, last - months - ORIGINS + 1), last - months + 1)
    half = np.random.default_rng(config.seed).random(len(history.ids)) < 0.5
    weights = discounts(months, config.values.discount)
    made = []
    with stage("backtest of values", steps=len(chosen)) as step:
        for month in chosen:
            rows = _some(history, month, config)
            expected = expect(history.until(month), config, rows)
            customers = history.customer[rows].astype(np.int64)
            ahead = range(month + 1, month + 1 + months)
            plain, there = payments(history, ahead, customers)
            paid, _ = payments(history, ahead, customers, weights)
            made.append(
                Origin(month, expected, there.astype(float), paid, plain / np.maximum(there, 1),
                       half[customers])
            )  # fmt: skip
            step()
    return tuple(made)


@dataclass(frozen=True, eq=False)
class Parts:
    """What is expected of n customers, and what errors are measured by.

    Parameters
    ----------
    months, expected : float64 array of shape (n,)
    units : Units
    """

    months: Floats
    expected: Floats
    units: Units


@dataclass(frozen=True, eq=False)
class ValueBacktest:
    """What past months say of values: which method is used, how wide intervals are, how far off.

    Parameters
    ----------
    origins : tuple of Origin
        The newest one is the test, of the half that chooses nothing.
    revenue : bool
        Whether there is any.
    """

    origins: tuple[Origin, ...]
    revenue: bool

    @cached_property
    def tested(self) -> bool:
        """Whether there is a month that chooses and a later one that tests, with customers."""
        choose = all(one.chooses.any() for one in self.origins[:-1])
        return len(self.origins) > 1 and choose and bool(self.test[1].any())

    @cached_property
    def leaving(self) -> str:
        """The method of the months: hazards, unless the recent rate had smaller errors."""
        if not self.tested:
            return HAZARDS
        squares = [((one**2).mean(), (other**2).mean()) for one, other in self._months_errors()]
        first, second = (sum(part) for part in zip(*squares, strict=True))
        return HAZARDS if first <= second else RATE

    @cached_property
    def spend(self) -> str:
        """The method of the money: past spend, unless the regression was closer each time."""
        judged = self.revenue and self.tested
        return REGRESSION if judged and self._closer(self._spend_errors()) else PAST

    def _closer(self, errors: Iterator[tuple[Floats, Floats]]) -> bool:
        """Whether squared errors of the first were smaller, and absolute ones no larger."""
        found = [
            bool((one**2).mean() < (other**2).mean() and np.abs(one).mean() <= np.abs(other).mean())
            for one, other in errors
        ]
        return bool(found) and all(found)

    def _months_errors(self) -> Iterator[tuple[Floats, Floats]]:
        for one in self.origins[:-1]:
            both = (one.expected.by_leaving[name].months for name in (HAZARDS, RATE))
            first, second = (made[one.chooses] - one.months[one.chooses] for made in both)
            yield first, second

    def _spend_errors(self) -> Iterator[tuple[Floats, Floats]]:
        for one in self.origins[:-1]:
            if REGRESSION in one.expected.by_spend:
                both = (one.expected.by_spend[name] for name in (REGRESSION, PAST))
                first, second = (made[one.chooses] - one.spend[one.chooses] for made in both)
                yield first, second

    def value(self, one: Expectation, leaving: str = "", spend: str = "") -> Floats:
        """Value of customers, by the methods that are used or by others.

        Parameters
        ----------
        one : Expectation
        leaving, spend : str, default ""
            Methods; by default those that are used.

        Returns
        -------
        float64 array of shape (n,)
        """
        found = one.by_leaving[leaving or self.leaving]
        return np.asarray(found.paid * one.by_spend[spend or self.spend])

    def interval(self, name: str, *, test: bool) -> OutcomeInterval:
        """The interval of months or values.

        Parameters
        ----------
        name : {"months", "value"}
        test : bool
            By what may choose alone, or by all past months.

        Returns
        -------
        OutcomeInterval
        """
        months, sizes, small, came = [], [], [], []
        for one, chosen in self._learning(name, test=test):
            found = self.parts(name, one.expected)
            months.append(found.months[chosen])
            sizes.append(found.units.size[chosen])
            small.append(found.units.small[chosen])
            came.append((one.months if name == "months" else one.paid)[chosen])
        units = Units(np.concatenate(sizes), np.concatenate(small))
        return learn_outcome_interval(np.concatenate(months), units, np.concatenate(came))

    def parts(self, name: str, one: Expectation) -> Parts:
        """What is expected of customers, and its units.

        Parameters
        ----------
        name : {"months", "value"}
        one : Expectation

        Returns
        -------
        Parts
        """
        found = one.by_leaving[self.leaving]
        if name == "months":
            return Parts(found.months, found.months, Units.ones(len(found.months)))
        spend = one.by_spend[self.spend]
        return Parts(found.months, found.paid * spend, Units.of(spend))

    def ends(self, name: str, one: Expectation, *, test: bool) -> tuple[Floats, Floats]:
        """Ends of the intervals of customers.

        Parameters
        ----------
        name : {"months", "value"}
        one : Expectation
        test : bool
            As in :meth:`interval`.

        Returns
        -------
        low, high : float64 arrays of shape (n,)
        """
        found = self.parts(name, one)
        return self.interval(name, test=test).ends(found.months, found.expected, found.units)

    def _learning(self, name: str, *, test: bool) -> list[tuple[Origin, Bools]]:
        """Past months by which an interval is learned, and the customers of each."""
        # The regression of spend could not be learned yet at the earliest months.
        usable = [
            one
            for one in (self.origins[:-1] if test else self.origins)
            if name == "months" or self.spend in one.expected.by_spend
        ]
        return [(one, one.chooses if test else np.ones(len(one.months), bool)) for one in usable]

    @property
    def test(self) -> tuple[Origin, Bools]:
        """The newest past month, and its customers that choose nothing."""
        return self.origins[-1], ~self.origins[-1].chooses

    def coverage(self, name: str) -> float:
        """Share of the tested customers in an interval that was made without them.

        Parameters
        ----------
        name : {"months", "value"}

        Returns
        -------
        float
        """
        one, rows = self.test
        came = one.months if name == "months" else one.paid
        low, high = self.ends(name, one.expected, test=True)
        slack = 1e-9 * np.maximum(np.abs(came), 1)
        return float(((low - slack <= came) & (came <= high + slack))[rows].mean())
