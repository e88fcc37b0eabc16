"""Expected remaining months and value of every customer, with what past months say of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Floats
from dbnchurn.forecast.config import ForecastConfig
from dbnchurn.forecast.history import History
from dbnchurn.forecast.reading import LEAST_MONTHS
from dbnchurn.forecast.remaining import Remaining
from dbnchurn.forecast.value_backtest import (
    HAZARDS,
    PAST,
    RATE,
    REGRESSION,
    Expectation,
    ValueBacktest,
    expect,
    past_origins,
)

TENTHS = 10


@dataclass(frozen=True, eq=False)
class CustomerValues:
    """Remaining months and value of the customers who are there at the end of a history.

    Parameters
    ----------
    config : ForecastConfig
    history : History
    expected : Expectation
    backtest : ValueBacktest
    notes : tuple of str
        What was assumed, and what is missing.

    Examples
    --------
    >>> import tempfile
    >>> from dbnchurn.forecast.reading import read_history
    >>> rows = [
    ...     (f"c{k}", f"{2024 + m // 12}-{m % 12 + 1:02d}-01", int(m == k))
    ...     for k in range(40) for m in range(16) if m <= k
    ... ]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/months.parquet"
    ...     pd.DataFrame(rows, columns=["id", "month", "left"]).to_parquet(path)
    ...     config = ForecastConfig(history={"path": path}, id="id", month="month", left="left",
    ...                             values={"months": 6})
    ...     table = values_from(read_history(config), config).table()
    >>> len(table), bool(table["remaining_months"].between(1, 6).all())
    (24, True)
    """

    config: ForecastConfig
    history: History
    expected: Expectation
    backtest: ValueBacktest
    notes: tuple[str, ...]

    @property
    def leaving(self) -> Remaining:
        """Months, by the method that is used."""
        return self.expected.by_leaving[self.backtest.leaving]

    @property
    def worth(self) -> Floats:
        """Money that a customer brings more who does not leave within the window."""
        spend = self.expected.by_spend[self.backtest.spend]
        return np.asarray(self.config.values.margin * self.leaving.kept * spend)

    @property
    def mean_value(self) -> float:
        """Mean value of the customers, where there is revenue."""
        expected = self.backtest.parts("value", self.expected).expected
        return float(self.config.values.margin * expected.mean())

    @property
    def worth_of_leavers(self) -> float:
        """Mean worth of those who would leave within the window."""
        chance = self.leaving.leaving
        return float(chance @ self.worth / chance.sum())

    def table(self) -> pd.DataFrame:
        """One row for each customer, in the order of the ids."""
        customers = self.history.ids[self.history.customer[self.expected.rows]]
        low, high = self._ends("months")
        columns: dict[str, Any] = {
            "customer": customers,
            "remaining_months": self.leaving.months,
            "remaining_months_low": low,
            "remaining_months_high": high,
        }
        if self.backtest.revenue:
            margin = self.config.values.margin
            low, high = self._ends("value")
            columns |= {
                "value": margin * self.backtest.parts("value", self.expected).expected,
                "value_low": margin * low,
                "value_high": margin * high,
                "worth": self.worth,
            }
        return pd.DataFrame(columns).round(4)

    def _ends(self, name: str) -> tuple[Floats, Floats]:
        if self.backtest.tested:
            return self.backtest.ends(name, self.expected, test=False)
        gap = np.full(len(self.expected.rows), np.nan)
        return gap, gap

    def errors(self) -> dict[str, float]:
        """Errors of the customers that chose nothing, by method.

        Returns
        -------
        dict
            Name → sum of absolute errors over that of what came; without those of which nothing
            came.
        """
        if not self.backtest.tested:
            return {}
        one, rows = self.backtest.test
        there = one.months[rows]
        parts: dict[str, tuple[Floats, Floats, Floats]] = {}  # expected, came, weight
        each = np.ones(len(there))
        for name in (HAZARDS, RATE):
            parts[f"months by {name}"] = one.expected.by_leaving[name].months[rows], there, each
        for name in (PAST, REGRESSION):
            if name in one.expected.by_spend:
                spend = one.expected.by_spend[name][rows]
                parts[f"money of a month by {name}"] = spend, one.spend[rows], there
        if self.backtest.revenue:
            for leaving, spend_by in ((self.backtest.leaving, self.backtest.spend), (RATE, PAST)):
                value = self.backtest.value(one.expected, leaving, spend_by)[rows]
                parts[f"value by {leaving} and {spend_by}"] = value, one.paid[rows], each
        return {
            name: float(weight @ np.abs(expected - came) / (weight @ np.abs(came)))
            for name, (expected, came, weight) in parts.items()
            if (weight @ np.abs(came)) > 0
        }

    def tenths(self) -> list[tuple[float, float, int]]:
        """Mean expected and mean came of tenths of the tested customers, lowest first.

        Returns
        -------
        list of (float, float, int)
            Of the value, or of the months where there is no revenue; and the number of customers.
        """
        if not self.backtest.tested:
            return []
        one, rows = self.backtest.test
        if self.backtest.revenue:
            margin = self.config.values.margin
            expected = margin * self.backtest.value(one.expected)[rows]
            came = margin * one.paid[rows]
        else:
            expected = one.expected.by_leaving[self.backtest.leaving].months[rows]
            came = one.months[rows]
        order = np.argsort(expected, kind="stable")
        return [
            (float(expected[part].mean()), float(came[part].mean()), len(part))
            for part in np.array_split(order, TENTHS)
            if len(part)
        ]

    def coverage(self) -> dict[str, float]:
        """Share of the tested customers in the interval that was made without them, by column."""
        if not self.backtest.tested:
            return {}
        names = ["months", "value"] if self.backtest.revenue else ["months"]
        return {name: self.backtest.coverage(name) for name in names}

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        test = self.backtest
        made: dict[str, Any] = {
            "as_of": str(self.history.months[-1]),
            "months": self.config.values.months,
            "window": self.config.values.window,
            "margin": self.config.values.margin,
            "discount": self.config.values.discount,
            "currency": self.config.currency,
            "customers": len(self.expected.rows),
            "remaining_months": float(self.leaving.months.mean()),
            "method_of_months": test.leaving,
            "backtest": {
                "origins": [str(self.history.months[one.month]) for one in test.origins],
                "errors": self.errors(),
                "coverage_of_80": self.coverage(),
                "tenths": [
                    {"expected": expected, "came": came, "customers": count}
                    for expected, came, count in self.tenths()
                ],
            },
            "notes": list(self.notes),
        }
        if test.revenue:
            made |= {
                "method_of_money": test.spend,
                "value": self.mean_value,
                "worth_of_leavers": self.worth_of_leavers,
            }
        return made


def values_from(history: History, config: ForecastConfig) -> CustomerValues:
    """Remaining months and value of the customers at the end of a history.

    Parameters
    ----------
    history : History
    config : ForecastConfig
        Its section `values` says over how many months.

    Returns
    -------
    CustomerValues
        The same for the same config and rows, whatever their order.

    Raises
    ------
    DataError
        If nobody is left at the end.

    Examples
    --------
    >>> import tempfile
    >>> from dbnchurn.forecast.reading import read_history
    >>> rows = [
    ...     (f"c{k}", f"{2024 + m // 12}-{m % 12 + 1:02d}-01", int(m == k))
    ...     for k in range(40) for m in range(16) if m <= k
    ... ]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/months.parquet"
    ...     pd.DataFrame(rows, columns=["id", "month", "left"]).to_parquet(path)
    ...     config = ForecastConfig(history={"path": path}, id="id", month="month", left="left",
    ...                             values={"months": 6})
    ...     values_from(read_history(config), config).table().columns[1]
    'remaining_months'
    """
    rows = history.staying(len(history.months) - 1)
    if not len(rows):
        raise DataError(
            f"{config.history.name}: all customers have left at the end of {history.months[-1]}, "
            "so that nobody has a value; look at 'until' and 'left_values'"
        )
    backtest = ValueBacktest(past_origins(history, config), config.revenue is not None)
    expected = expect(history, config, rows, regression=backtest.spend == REGRESSION)
    notes = (*history.notes, *_notes(history, config, backtest))
    return CustomerValues(config, history, expected, backtest, notes)


def _notes(history: History, config: ForecastConfig, backtest: ValueBacktest) -> list[str]:
    months = config.values.months
    found = []
    if len(backtest.origins) > 1 and not backtest.tested:
        found.append(
            "no interval, and no method is judged: there are too few customers for one half of "
            "them to choose and the other to test"
        )
    elif not backtest.tested:
        found.append(
            f"no interval, and no method is judged: it takes {LEAST_MONTHS + 1 + months} months of "
            f"history for values over {months} months, and there are {len(history.months)}; take "
            "fewer months (values.months)"
        )
    elif backtest.leaving == RATE:
        found.append(
            "the recent rate of a segment has told past months better than the hazards have, so "
            "that all customers of a segment have the same months"
        )
    if config.scenario is not None:
        found.append("the scenario changes the forecast, and no value of a customer")
    if config.revenue is None:
        found.append("there is no column of revenue, so that there are months and no value")
        return found
    judged = any(REGRESSION in one.expected.by_spend for one in backtest.origins[:-1])
    if backtest.spend == REGRESSION:
        found.append(
            "the money of a month is that of the regression, which was closer than past spend at "
            "every earlier month"
        )
    elif judged:
        found.append(
            "the money of a month is past spend: the regression on it was not closer at every "
            "earlier month, and is not used"
        )
    else:
        found.append("the money of a month is past spend: there are too few months to judge others")
    if config.values.margin == 1.0:
        found.append("value is revenue: no costs are taken off (values.margin)")
    if config.absence_is_leaving:
        found.append("who joined in the last month has no value yet, for who left in it is unknown")
    return found
