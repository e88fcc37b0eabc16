"""A forecast in lines of a terminal."""

from __future__ import annotations

import numpy as np

from dbnchurn.core.html.format import amount, percent, thousands
from dbnchurn.core.typing import Floats
from dbnchurn.forecast.forecast import Forecast


def span_text(value: float, low: float, high: float) -> str:
    """A number with its interval, in whole units.

    Parameters
    ----------
    value, low, high : float
        NaN as ends: there is no interval.

    Returns
    -------
    str

    Examples
    --------
    >>> span_text(1234.4, 1200, 1300), span_text(7.2, float("nan"), float("nan"))
    ('1,234 (1,200 to 1,300)', '7 (no interval)')
    """
    shown = amount(float(round(value)))
    if np.isnan(low):
        return f"{shown} (no interval)"
    return f"{shown} ({amount(float(round(low)))} to {amount(float(round(high)))})"


def verdict(made: Forecast) -> str:
    """What is expected, in a sentence or two."""
    leavers, low, high = made.lines("leavers", None)
    start = made.history.customers[-1].sum() - made.history.leavers[-1].sum()
    end = made.outlook.customers[-1].sum()
    text = (
        f"In {made.months[0]} {span_text(leavers[0], low[0], high[0])} of "
        f"{thousands(int(start))} customers are expected to leave, "
        f"{thousands(round(leavers.sum()))} until {made.months[-1]}; with those who join, "
        f"{thousands(round(end))} customers are left then."
    )
    if made.campaign is not None:
        kept = made.campaign.customers[-1].sum() - end
        text += f" With the planned campaign there are {thousands(round(kept))} more."
    return text


def errors(made: Forecast) -> list[str]:
    """Sentences on the past errors of the forecast."""
    test = made.backtest
    found = [
        f"Errors are those of forecasts from {len(test.origins)} past months, each made from what "
        "was known then: sum of absolute errors over all segments, as a share of what came."
    ]
    for name, got in made.coverage().items():
        if got["of"]:
            found.append(
                f"Of {got['of']} past numbers of {name}, {percent(got['inside'] / got['of'], 0)} "
                "lay in the interval of 80 % that was made before them."
            )
    return found


def error_rows(made: Forecast) -> list[tuple[str, ...]]:
    """Month ahead, weight of the hazards, and errors of leavers by method, then of the others."""
    test = made.backtest
    parts: list[list[float | None]] = [
        test.wape(test.values("leavers")),
        test.wape(test.method("hazards")),
        test.wape(test.method("recent")),
        *(test.wape(test.values(name), name) for name in made.quantities[1:]),
    ]
    return [
        (str(h + 1), percent(made.weights[h], 0), *(percent(part[h]) for part in parts))
        for h in range(len(made.months))
    ]


def forecast_text(made: Forecast) -> str:
    """What the terminal shows."""
    lines = [verdict(made)]
    heads: list[tuple[str, Floats, Floats, Floats]] = [
        (name, *made.lines(name, None)) for name in made.quantities
    ]
    for h, month in enumerate(made.months):
        shown = [f"{name} {span_text(v[h], low[h], high[h])}" for name, v, low, high in heads]
        lines.append(f"  {month}: {', '.join(shown)}")
    rows = error_rows(made)
    lines.append("error of leavers by month ahead: " + ", ".join(row[2] for row in rows))
    lines += [*errors(made)[1:], *(f"note: {note}" for note in made.notes)]
    return "\n".join(lines)
