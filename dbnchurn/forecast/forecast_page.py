"""The page of a forecast: a fan for every segment, and its past errors beside it."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from dbnchurn.core.html.figure import COLOURS, MARK, Canvas
from dbnchurn.core.html.picture import Picture
from dbnchurn.core.html.plain_page import bullets, drawing, paragraph, plain_page, rows_table
from dbnchurn.forecast.forecast import Forecast
from dbnchurn.forecast.forecast_text import error_rows, errors, span_text, verdict
from dbnchurn.forecast.history_table import TOTAL

STYLE = (
    ".fans { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); "
    "gap: 1rem 2rem; }\n"
)
MOST_FANS = 12
SHOWN_MONTHS = 18  # of the past, in a picture


def forecast_page(made: Forecast) -> str:
    """The page as HTML text that needs no other file.

    The pictures need matplotlib, of the extra ``train``; their numbers are in tables as well.

    Parameters
    ----------
    made : Forecast

    Returns
    -------
    str
    """
    segments = made.history.segments
    places: list[int | None] = [None, *range(len(segments))] if len(segments) > 1 else [None]
    fans = []
    if find_spec("matplotlib") is not None:
        fans = [drawing(fan(made, place)) for place in places[: MOST_FANS + 1]]
    hidden = max(0, len(places) - MOST_FANS - 1)
    sections = [
        "<h2>Leavers</h2>",
        '<div class="fans">' + "\n".join(fans) + "</div>" if fans else "",
        paragraph(f"Of {hidden} more segments there are tables alone.") if hidden else "",
        *(part for name in made.quantities for part in _table(made, name, places)),
        "<h2>How far off it has been</h2>",
        *(paragraph(text) for text in errors(made)),
        rows_table(_heads(made), error_rows(made)),
        bullets("What was assumed", made.notes, "notes"),
    ]
    title = f"Who leaves, {made.months[0]} to {made.months[-1]}"
    return plain_page(title, verdict(made), sections, STYLE)


def _heads(made: Forecast) -> tuple[str, ...]:
    others = (f"{name}: error" for name in made.quantities[1:])
    return ("month ahead", "weight of hazards", "leavers: error of the mixture",
            "of hazards alone", "of the recent rate alone", *others)  # fmt: skip


def _table(made: Forecast, name: str, places: list[int | None]) -> list[str]:
    rows = []
    for place in places:
        value, low, high = made.lines(name, place)
        row = [TOTAL if place is None else made.history.segments[place]]
        for h in range(len(made.months)):
            text = span_text(value[h], low[h], high[h]).replace(" (", "\n(", 1)
            if made.campaign is not None:
                planned = getattr(made.campaign, name)[h]
                shown = planned.sum() if place is None else planned[place]
                text += f"\nwith the campaign {shown:,.0f}"
            row.append(text)
        rows.append(row)
    unit = f" in {made.config.currency}" if name == "revenue" and made.config.currency else ""
    heads = ("segment", *(str(month) for month in made.months))
    head = f"<h2>{name.capitalize()} by month, with 80 % in brackets</h2>"
    note = [paragraph(f"Money{unit}.")] if unit else []
    return [head, *note, rows_table(heads, rows)]


def fan(made: Forecast, place: int | None, name: str = "leavers") -> Picture:
    """Past and forecast of a segment or of the total, with its interval.

    Parameters
    ----------
    made : Forecast
    place : int or None
        Position of the segment; None for the total.
    name : {"leavers"}, default "leavers"

    Returns
    -------
    Picture
    """
    history = made.history
    past = history.leavers.sum(1) if place is None else history.leavers[:, place]
    past = past[-SHOWN_MONTHS:]
    value, low, high = made.lines(name, place)
    who = "all customers" if place is None else history.segments[place]
    before, after = np.arange(-len(past), 0), np.arange(len(value))
    with Canvas("", "Leavers in the month", (4.6, 3.0)) as c:
        c.axes.plot(before, past, color=MARK, label="came")
        known = ~np.isnan(low)
        c.axes.fill_between(after[known], low[known], high[known], color=COLOURS[0], alpha=0.2,
                            label="80 %")  # fmt: skip
        c.axes.plot(after, value, color=COLOURS[0], marker="o", markersize=3, label="expected")
        if made.campaign is not None:
            planned = getattr(made.campaign, name)
            planned = planned.sum(1) if place is None else planned[:, place]
            c.axes.plot(after, planned, color=COLOURS[1], linestyle="--", label="with campaign")
        c.axes.set_ylim(bottom=0)
        ticks = np.arange(-len(past), len(value))[::-6][::-1]
        c.axes.set_xticks(ticks, [str(made.months[0] + int(tick)) for tick in ticks])
        c.legend(loc="lower left", ncols=2)
        return c.picture(
            f"{who}: {span_text(value[0], low[0], high[0])} leave in {made.months[0]}",
            "Past months, and what is expected; four of five coming months should lie in the band.",
            f"Leavers of {who}: "
            + ", ".join(f"{v:.0f} in {m}" for v, m in zip(value, made.months, strict=True)),
        )
