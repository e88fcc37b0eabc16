"""The page of key users: the curve of reach, the list, and the hubs."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

import numpy as np

from dbnchurn.core.html.figure import COLOURS, DASHES, Canvas
from dbnchurn.core.html.format import percent, plain, thousands
from dbnchurn.core.html.picture import Picture
from dbnchurn.core.html.plain_page import bullets, drawing, paragraph, plain_page, rows_table
from dbnchurn.graph.key_users import PAGERANK, REACH, Curve, KeyUsers
from dbnchurn.graph.key_users_text import assumptions, graph_text, hubs_text, verdict

MOST_ROWS = 100


def key_users_page(found: KeyUsers) -> str:
    """The page as HTML text that needs no other file.

    The picture needs matplotlib, of the extra ``train``; its numbers are in a table as well.

    Parameters
    ----------
    found : KeyUsers

    Returns
    -------
    str
    """
    drawn = find_spec("matplotlib") is not None
    curve = found.curve
    sections = [
        paragraph(graph_text(found)),
        "<h2>How far word gets</h2>",
        drawing(curve_picture(curve)) if drawn else "",
        rows_table(("chosen by", *(f"first {n}" for n in curve.seeds)), _curve_rows(curve)),
        *(paragraph(text) for text in assumptions(found)),
        "<h2>Key users, in the order in which to address them</h2>",
        rows_table(_HEADS, _list_rows(found)),
        _hidden(len(found.seeds.people), "key users are in the table that was written"),
        "<h2>Hubs</h2>",
        paragraph(hubs_text(found)),
        rows_table(
            ("id", "partners", "both ways"),
            [
                (hub.id, thousands(hub.partners), percent(hub.reciprocity))
                for hub in found.calls.hubs[:MOST_ROWS]
            ],
        )
        if found.calls.hubs
        else "",
        _hidden(len(found.calls.hubs), "hubs are in the facts"),
        bullets("What was left out or assumed", found.calls.notes, "notes"),
    ]
    return plain_page("Key users", verdict(found), sections)


_HEADS = (
    "id", "people reached beyond those before", "people reached alone", "partners", "core number",
    "clustering", "place by PageRank", "place by partners",
)  # fmt: skip


def _list_rows(found: KeyUsers) -> list[tuple[str, ...]]:
    rows: Iterable[Any] = found.table().head(MOST_ROWS).itertuples()
    return [
        (
            str(row.id), plain(row.reach, 1), plain(row.reach_alone, 1), thousands(row.partners),
            str(row.core), plain(row.clustering, 2), thousands(row.pagerank_place),
            thousands(row.partners_place),
        )
        for row in rows
    ]  # fmt: skip


def _curve_rows(curve: Curve) -> list[tuple[str, ...]]:
    return [
        (name, *(f"{m:,.0f} ± {2 * e:,.0f}" for m, e in zip(mean, curve.errors[name], strict=True)))
        for name, mean in curve.reach.items()
    ]


def _hidden(number: int, where: str) -> str:
    return paragraph(f"{number - MOST_ROWS:,} more {where}.") if number > MOST_ROWS else ""


def curve_picture(curve: Curve) -> Picture:
    """Reach against the number of seeds, a line for every way to choose them.

    Parameters
    ----------
    curve : Curve

    Returns
    -------
    Picture
    """
    with Canvas("Key users who are addressed", "People reached", (5.6, 3.6)) as c:
        for number, (name, mean) in enumerate(curve.reach.items()):
            band = 2 * curve.errors[name]
            c.axes.plot(
                curve.seeds, mean, color=COLOURS[number], linestyle=DASHES[number], label=name
            )
            c.axes.fill_between(
                curve.seeds, mean - band, mean + band, color=COLOURS[number], alpha=0.15
            )
        c.axes.set_ylim(bottom=0)
        c.axes.set_xlim(left=0)
        c.whole_numbers()
        c.legend(loc="upper left")
        lead = curve.reach[REACH][-1] - curve.reach[PAGERANK][-1]
        sure = 2 * float(np.hypot(curve.errors[REACH][-1], curve.errors[PAGERANK][-1]))
        compared = "as many" if abs(lead) <= sure else "more" if lead > 0 else "fewer"
        where = "later calls" if curve.held_out else "the calls that chose them"
        return c.picture(
            f"Key users by expected reach move word to {compared} people "
            + ("as" if compared == "as many" else "than")
            + " those by PageRank",
            f"People reached by {where}, mean of simulated cascades; bands are two standard "
            "errors of the mean.",
            "People reached by all seeds: "
            + ", ".join(f"{values[-1]:.0f} by {name}" for name, values in curve.reach.items()),
        )
