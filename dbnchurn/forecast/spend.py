"""What a customer pays in a month: past spend, or a regression on it where that has been better."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.typing import Floats, Ints
from dbnchurn.forecast.history import History

AHEAD = 6  # months at most whose mean the regression learns
PENALTY = 100.0  # months of customers that draw an effect to 0


def payments(
    history: History, months: range, customers: Ints, weights: Floats | None = None
) -> tuple[Floats, Ints]:
    """What customers paid in some months, and in how many of them they were there.

    Parameters
    ----------
    history : History
        With revenue.
    months : range
        Positions of the months.
    customers : int array of shape (n,)
        Numbers of the customers, each once.
    weights : float64 array, optional
        Of every month; by default 1.

    Returns
    -------
    money : float64 array of shape (n,)
    there : int64 array of shape (n,)
    """
    place = np.full(len(history.ids), -1, np.int64)
    place[customers] = np.arange(len(customers))
    money, there = np.zeros(len(customers)), np.zeros(len(customers), np.int64)
    for number, month in enumerate(months):
        rows = history.rows(month)
        where = place[history.customer[rows]]
        known = where >= 0
        there[where[known]] += 1  # a customer has one row in a month
        if history.revenue is not None:
            weight = 1.0 if weights is None else weights[number]
            money[where[known]] += weight * history.revenue[rows][known].astype(float)
    return money, there


def past_spend(history: History, month: int, recent: int, customers: Ints) -> Floats:
    """Mean that customers paid in a month, over the last months in which they were there.

    Parameters
    ----------
    history : History
    month : int
        Position of the last month.
    recent : int
        Months.
    customers : int array of shape (n,)
        Who are there in the last month.

    Returns
    -------
    float64 array of shape (n,)
    """
    money, there = payments(history, range(max(0, month - recent + 1), month + 1), customers)
    return np.asarray(money / np.maximum(there, 1))


@dataclass(frozen=True, eq=False)
class SpendRegression:
    """How much more or less than in the past customers pay, by past spend, segment and columns.

    Parameters
    ----------
    usual, scale : float
        Mean and standard deviation of past spend where it was learned.
    constant, slope : float
        Change of who spends as usual, and for one standard deviation more.
    segment : float64 array of shape (segments,)
    bins : list of float64 arrays
        Changes by the bins of every column.
    """

    usual: float
    scale: float
    constant: float
    slope: float
    segment: Floats
    bins: list[Floats]

    def predict(self, history: History, rows: Ints, past: Floats) -> Floats:
        """What customers will pay in a month.

        Parameters
        ----------
        history : History
        rows : int array of shape (n,)
            Their rows of the last month.
        past : float64 array of shape (n,)
            Past spend.

        Returns
        -------
        float64 array of shape (n,)
        """
        change = self.constant + self.slope * (past - self.usual) / self.scale
        change = change + self.segment[history.segment[rows]]
        for column, effects in enumerate(self.bins):
            change += effects[history.codes[rows, column]]
        return np.asarray(past + change)


def fit_spend(history: History, month: int, recent: int, ahead: int, rows: Ints) -> SpendRegression:
    """Learn the change of spend from one month on, by penalised least squares.

    Parameters
    ----------
    history : History
    month : int
        Position of the month from which on the change is learned.
    recent : int
        Months of past spend.
    ahead : int
        Months after it whose mean is learned; all of them are known.
    rows : int array of shape (n,)
        Of the customers of that month who stay.

    Returns
    -------
    SpendRegression
    """
    customers = history.customer[rows].astype(np.int64)
    past = past_spend(history, month, recent, customers)
    money, there = payments(history, range(month + 1, month + 1 + ahead), customers)
    change = money / np.maximum(there, 1) - past
    usual, scale = float(past.mean()), float(past.std()) or 1.0
    sizes = [len(history.segments), *history.sizes]
    places = [history.segment[rows], *history.codes[rows].T]
    design = np.concatenate(
        [
            np.column_stack([np.ones(len(rows)), (past - usual) / scale]),
            *(np.eye(size)[place] for size, place in zip(sizes, places, strict=True)),
        ],
        axis=1,
    )
    weighted = design * there[:, None]
    penalty = np.full(design.shape[1], PENALTY)
    penalty[0] = 0.0
    found = np.linalg.solve(weighted.T @ design + np.diag(penalty) + 1e-9 * np.eye(len(penalty)),
                            weighted.T @ change)  # fmt: skip
    parts = np.split(found, 2 + np.cumsum([0, *sizes])[:-1])
    return SpendRegression(
        usual, scale, float(found[0]), float(found[1]), parts[1], list(parts[2:])
    )
