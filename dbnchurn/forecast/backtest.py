"""Forecasts from past months, each made from what was known then, beside what came."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dbnchurn.core.progress import stage
from dbnchurn.core.typing import Bools, Floats, Ints
from dbnchurn.forecast.history import History
from dbnchurn.forecast.intervals import LEAST_ORIGINS, Width, learn_width
from dbnchurn.forecast.methods import Paths, forecast_paths
from dbnchurn.forecast.mixture import Outlook, mixture_weights, outlook, total_share
from dbnchurn.forecast.reading import LEAST_MONTHS

QUANTITIES = ("leavers", "customers", "revenue")


@dataclass(frozen=True, eq=False)
class Backtest:
    """Forecasts from every origin and what came of them.

    Parameters
    ----------
    history : History
    origins : int array of shape (o,)
        Positions of the months from whose end is forecast.
    paths : tuple of Paths
    paying : float64 array of shape (o, segments)
        Recent revenue of a customer in a month.
    horizon : int
    """

    history: History
    origins: Ints
    paths: tuple[Paths, ...]
    paying: Floats
    horizon: int

    def known_at(self, month: int) -> Bools:
        """Which outcomes are known at the end of a month: (origins, horizon)."""
        ahead = np.arange(1, self.horizon + 1)
        return np.asarray(self.origins[:, None] + ahead <= month)

    @cached_property
    def actual(self) -> dict[str, Floats]:
        """Quantity → what came: (origins, horizon, segments), NaN where it is not known yet."""
        history = self.history
        end = history.customers - history.leavers
        found = {}
        series = zip(QUANTITIES, (history.leavers, end, history.earned), strict=True)
        for name, values in series:
            made = np.full((len(self.origins), self.horizon, values.shape[1]), np.nan)
            for place, origin in enumerate(self.origins):
                came = values[origin + 1 : origin + 1 + self.horizon]
                made[place, : len(came)] = came
            found[name] = made
        return found

    def method(self, name: str) -> Floats:
        """Leavers by the method ``hazards`` or ``recent``: (origins, horizon, segments)."""
        return np.stack([getattr(paths, name) for paths in self.paths])

    def weights(self, month: int) -> Floats:
        """Weights of the hazards by the outcomes that are known at the end of a month."""
        known = self.known_at(month)
        actual = np.where(known[:, :, None], self.actual["leavers"], np.nan)
        return mixture_weights(self.method("hazards"), self.method("recent"), actual)

    def share_of_total(self, month: int, weights: Floats) -> float:
        """Weight of the total's own forecast by the outcomes that are known.

        Parameters
        ----------
        month : int
            At the end of which they are known.
        weights : float64 array of shape (horizon,)
            Of the hazards.

        Returns
        -------
        float
        """
        known = self.known_at(month)
        both = [
            np.stack(
                [outlook(p, weights, share, self.paying[k]).leavers.sum(1)
                 for k, p in enumerate(self.paths)]
            )[known]
            for share in (0.0, 1.0)
        ]  # fmt: skip
        return total_share(both[0], both[1], self.actual["leavers"].sum(2)[known])

    @cached_property
    def outlooks(self) -> tuple[Outlook, ...]:
        """The mixture from every origin, with the weights of the outcomes known at that time."""
        made = []
        for place, origin in enumerate(self.origins):
            weights = self.weights(int(origin))
            share = self.share_of_total(int(origin), weights)
            made.append(outlook(self.paths[place], weights, share, self.paying[place]))
        return tuple(made)

    def values(self, name: str) -> Floats:
        """A quantity of the mixtures: (origins, horizon, segments)."""
        return np.stack([getattr(one, name) for one in self.outlooks])

    @cached_property
    def noise(self) -> dict[str, Floats]:
        """Quantity → variance of each forecast by chance: (origins, horizon, segments)."""
        made = [chance(one, self.paying[k]) for k, one in enumerate(self.outlooks)]
        return {name: np.stack([one[name] for one in made]) for name in QUANTITIES}

    def width(self, name: str, ahead: int, month: int, *, total: bool) -> Width:
        """The width of an interval by the outcomes that are known at the end of a month.

        Parameters
        ----------
        name : str
            Quantity.
        ahead : int
            Position of the month ahead, from 0 on.
        month : int
        total : bool
            Of the total, or of a segment.

        Returns
        -------
        Width
        """
        known = self.known_at(month)[:, ahead]
        parts = [
            one[known, ahead] for one in (self.values(name), self.noise[name], self.actual[name])
        ]
        if total:
            parts = [part.sum(1, keepdims=True) for part in parts]
        return learn_width(*parts)

    def coverage(self, name: str, *, total: bool = False) -> tuple[int, int]:
        """How many past outcomes lay in the interval made before them, and how many there are.

        Parameters
        ----------
        name : str
            Quantity.
        total : bool, default False
            Of the total, or of all segments.

        Returns
        -------
        inside, count : int
        """
        inside = count = 0
        parts = [self.values(name), self.noise[name], self.actual[name]]
        if total:
            parts = [part.sum(2, keepdims=True) for part in parts]
        value, noise, actual = parts
        for place, origin in enumerate(self.origins):
            for h in range(self.horizon):
                width = self.width(name, h, int(origin), total=total)
                came = actual[place, h]
                if not width.known or np.isnan(came).any():
                    continue
                low, high = width.interval(value[place, h], noise[place, h])
                inside += int(((low <= came) & (came <= high)).sum())
                count += len(came)
        return inside, count

    def wape(self, forecasts: Floats, name: str = "leavers") -> list[float | None]:
        """Sum of absolute errors over the sum of what came, by month ahead.

        Parameters
        ----------
        forecasts : float64 array of shape (origins, horizon, segments)
        name : str, default "leavers"
            Quantity.

        Returns
        -------
        list of float or None
            None where nothing is known, or nobody left.
        """
        found: list[float | None] = []
        actual = self.actual[name]
        for h in range(self.horizon):
            known = ~np.isnan(actual[:, h, 0])
            came = actual[known, h]
            error = np.abs(forecasts[known, h] - came).sum()
            found.append(float(error / came.sum()) if came.sum() > 0 else None)
        return found


def chance(one: Outlook, paying: Floats) -> dict[str, Floats]:
    """Quantity → variance of the forecasts of an outlook by chance alone.

    Parameters
    ----------
    one : Outlook
    paying : float64 array of shape (segments,)

    Returns
    -------
    dict of float64 arrays of shape (horizon, segments)
    """
    leaving = np.maximum(one.leavers, 0.5)
    flow = np.cumsum(leaving + one.joiners, axis=0)
    spread = 0.05 * one.customers  # customers differ by about their mean revenue, less their part
    return {"leavers": leaving, "customers": flow, "revenue": paying**2 * (flow + spread)}


def recent_paying(history: History, recent: int) -> Floats:
    """Mean revenue of a customer in a month over the last months.

    Parameters
    ----------
    history : History
    recent : int
        Months.

    Returns
    -------
    float64 array of shape (segments,)
    """
    earned, there = history.earned[-recent:].sum(0), history.customers[-recent:].sum(0)
    return np.asarray(earned / np.maximum(there, 1.0))


def run_backtest(
    history: History, horizon: int, *, origins: int, recent: int, sample: int, seed: int
) -> Backtest:
    """Forecast from past months, each from a history that ends there.

    Parameters
    ----------
    history : History
    horizon, origins : int
        Months ahead, and origins at most; the newest ones are taken.
    recent : int
        Months of the recent rate and revenue.
    sample, seed : int
        Of the rows from which hazards are learned.

    Returns
    -------
    Backtest
    """
    last = len(history.months) - 1
    # The furthest month ahead needs as many origins as the nearest.
    first = max(LEAST_MONTHS - 1, last - origins - horizon + 1)
    chosen = np.arange(first, last)
    paths, paying = [], []
    with stage("backtest", steps=len(chosen)) as step:
        for origin in chosen:
            then = history.until(int(origin))
            paths.append(forecast_paths(then, horizon, recent, sample, seed))
            paying.append(recent_paying(then, recent))
            step()
    return Backtest(history, chosen, tuple(paths), np.stack(paying), horizon)


def missing_origins(history: History, horizon: int, origins: int) -> str:
    """What is said of months ahead without an interval.

    Parameters
    ----------
    history : History
    horizon : int
    origins : int
        Past months at most whose forecasts are held against what came.

    Returns
    -------
    str
        Empty where every month ahead has one.
    """
    have = min(len(history.months) - LEAST_MONTHS, origins + horizon - 1)
    furthest = have - LEAST_ORIGINS + 1
    if furthest >= horizon:
        return ""
    shown = "no month" if furthest < 1 else f"months 1 to {furthest} alone"
    return (
        f"intervals are given for {shown}: fewer than {LEAST_ORIGINS} past months tell how far a "
        f"forecast over {horizon} months is from what comes; it takes "
        f"{LEAST_MONTHS + LEAST_ORIGINS - 1 + horizon} months of history, and there are "
        f"{len(history.months)}"
        + f"; set origins to {LEAST_ORIGINS} at least"
        * (origins < LEAST_ORIGINS)
    )
