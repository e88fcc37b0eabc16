"""One forecast: leavers, customers and revenue by segment and month, and its past errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.typing import Dates, Floats
from dbnchurn.forecast.backtest import (
    QUANTITIES,
    Backtest,
    chance,
    missing_origins,
    recent_paying,
    run_backtest,
)
from dbnchurn.forecast.config import ForecastConfig
from dbnchurn.forecast.history import History
from dbnchurn.forecast.history_table import TOTAL
from dbnchurn.forecast.methods import forecast_paths
from dbnchurn.forecast.mixture import Outlook, outlook
from dbnchurn.forecast.reading import read_history
from dbnchurn.forecast.scenario import read_saved, with_campaign


@dataclass(frozen=True, eq=False)
class Forecast:
    """What is expected in the coming months.

    Parameters
    ----------
    config : ForecastConfig
    months : datetime64[M] array of shape (horizon,)
    outlook : Outlook
    campaign : Outlook or None
        With the planned campaign.
    ends : dict of (quantity, whether total) → (low, high)
        Ends of the intervals; NaN where there are too few origins.
    weights : float64 array of shape (horizon,)
        Weight of the hazards beside the recent rate.
    backtest : Backtest
    notes : tuple of str
        What was assumed, and what is missing.

    Examples
    --------
    >>> import tempfile
    >>> rows = [
    ...     (f"c{k}", f"{2024 + m // 12}-{m % 12 + 1:02d}-01", int(m == k))
    ...     for k in range(40) for m in range(16) if m <= k
    ... ]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/months.parquet"
    ...     pd.DataFrame(rows, columns=["id", "month", "left"]).to_parquet(path)
    ...     config = ForecastConfig(history={"path": path}, id="id", month="month", left="left",
    ...                             horizon=2)
    ...     made = forecast_from(read_history(config), config)
    >>> list(map(str, made.months)), len(made.table())
    (['2025-05', '2025-06'], 4)
    """

    config: ForecastConfig
    months: Dates
    outlook: Outlook
    campaign: Outlook | None
    ends: dict[tuple[str, bool], tuple[Floats, Floats]]
    weights: Floats
    backtest: Backtest
    notes: tuple[str, ...]

    @property
    def history(self) -> History:
        """What it was learned from."""
        return self.backtest.history

    @property
    def quantities(self) -> tuple[str, ...]:
        """Names of what is forecast; revenue only where its column is named."""
        return QUANTITIES if self.config.revenue is not None else QUANTITIES[:2]

    def lines(self, name: str, place: int | None) -> tuple[Floats, Floats, Floats]:
        """Values and ends of the interval of a segment, or of the total.

        Parameters
        ----------
        name : str
            Quantity.
        place : int or None
            Position of the segment; None for the total.

        Returns
        -------
        value, low, high : float64 arrays of shape (horizon,)
        """
        values = getattr(self.outlook, name)
        low, high = self.ends[name, place is None]
        if place is None:
            return values.sum(1), low[:, 0], high[:, 0]
        return values[:, place], low[:, place], high[:, place]

    def table(self) -> pd.DataFrame:
        """One row for each month and segment, the total last."""
        rows = []
        places: list[int | None] = [*range(len(self.history.segments)), None]
        for h, month in enumerate(self.months):
            for place in places:
                row: dict[str, Any] = {
                    "month": f"{month}-01",
                    "segment": TOTAL if place is None else self.history.segments[place],
                    "joiners": _one(self.outlook.joiners[h], place),
                }
                for name in self.quantities:
                    value, low, high = (line[h] for line in self.lines(name, place))
                    row |= {name: value, f"{name}_low": low, f"{name}_high": high}
                    if self.campaign is not None:
                        planned = getattr(self.campaign, name)[h]
                        row[f"{name}_with_campaign"] = _one(planned, place)
                rows.append(row)
        return pd.DataFrame(rows).round(4)

    def coverage(self) -> dict[str, dict[str, int]]:
        """Quantity → how many past outcomes lay in the interval that was made before them."""
        found = {}
        for name in self.quantities:
            inside, count = self.backtest.coverage(name)
            found[name] = {"inside": inside, "of": count}
        return found

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        test = self.backtest
        return {
            "history": [str(self.history.months[0]), str(self.history.months[-1])],
            "months": [str(month) for month in self.months],
            "segments": list(self.history.segments),
            "currency": self.config.currency,
            "forecast": self.table().replace({np.nan: None}).to_dict("records"),
            "weight_of_hazards": self.weights.tolist(),
            "backtest": {
                "origins": [str(month) for month in self.history.months[test.origins]],
                "wape_of_leavers": {
                    "mixture": test.wape(test.values("leavers")),
                    "hazards": test.wape(test.method("hazards")),
                    "recent rate": test.wape(test.method("recent")),
                },
                "wape": {n: test.wape(test.values(n), n) for n in self.quantities},
                "coverage_of_80": self.coverage(),
            },
            "notes": list(self.notes),
        }


def _one(values: Floats, place: int | None) -> float:
    return float(values.sum() if place is None else values[place])


def forecast(config: ForecastConfig) -> Forecast:
    """Forecast by a config.

    Parameters
    ----------
    config : ForecastConfig

    Returns
    -------
    Forecast
        The same for the same config and rows, whatever their order.
    """
    return forecast_from(read_history(config), config)


def forecast_from(history: History, config: ForecastConfig) -> Forecast:
    """Forecast from the end of a history on.

    Parameters
    ----------
    history : History
    config : ForecastConfig

    Returns
    -------
    Forecast

    Examples
    --------
    >>> import tempfile
    >>> rows = [
    ...     (f"c{k}", f"{2024 + m // 12}-{m % 12 + 1:02d}-01", int(m == k))
    ...     for k in range(40) for m in range(16) if m <= k
    ... ]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/months.parquet"
    ...     pd.DataFrame(rows, columns=["id", "month", "left"]).to_parquet(path)
    ...     config = ForecastConfig(history={"path": path}, id="id", month="month", left="left",
    ...                             horizon=2)
    ...     made = forecast_from(read_history(config), config)
    >>> made.outlook.leavers.shape, bool((made.outlook.leavers.sum(0) < 4).all())
    ((2, 1), True)
    """
    last, horizon = len(history.months) - 1, config.horizon
    months = history.months[-1] + np.arange(1, horizon + 1)
    how = {"recent": config.recent, "sample": config.sample, "seed": config.seed}
    saved = None
    if config.scenario is not None:
        saved = read_saved(config.scenario, months, history.segments)
    test = run_backtest(history, horizon, origins=config.origins, **how)
    paths = forecast_paths(history, horizon, config.recent, config.sample, config.seed)
    weights, paying = test.weights(last), recent_paying(history, config.recent)
    made = outlook(paths, weights, test.share_of_total(last, weights), paying)
    noise = chance(made, paying)
    ends: dict[tuple[str, bool], tuple[Floats, Floats]] = {}
    for name in QUANTITIES:
        for total in (False, True):
            value, variance = getattr(made, name), noise[name]
            if total:
                value, variance = (part.sum(1, keepdims=True) for part in (value, variance))
            both = [
                test.width(name, h, last, total=total).interval(value[h], variance[h])
                for h in range(horizon)
            ]
            ends[name, total] = (np.stack([b[0] for b in both]), np.stack([b[1] for b in both]))
    notes = [*history.notes, *_notes(history, config)]
    where = "" if config.scenario is None else config.scenario.name
    campaign = None if saved is None else with_campaign(made, saved, history.segments, where)
    return Forecast(config, months, made, campaign, ends, weights, test, tuple(notes))


def _notes(history: History, config: ForecastConfig) -> list[str]:
    found = []
    if missing := missing_origins(history, config.horizon, config.origins):
        found.append(missing)
    if not history.joiners.sum():
        found.append("nobody joins within the history, so that no joiners are forecast")
    if config.since is None:
        found.append(
            "there is no date since when a customer is one: the tenure of those of the first month "
            "is not known"
        )
    if config.revenue is not None:
        found.append(
            "revenue is the mean of a customer over the last "
            f"{config.recent} months, times the customers of the month"
        )
    if config.scenario is not None:
        found.append(
            "customers saved by the campaign are taken from its table as they are, and later leave "
            "as others of their segment; the intervals are those without the campaign"
        )
    return found
