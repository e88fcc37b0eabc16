"""The page of a month's flow: which persona customers had, and which one they have."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dbnchurn.core.html.figure import Canvas
from dbnchurn.core.html.format import cut, percent, thousands
from dbnchurn.core.html.picture import Picture
from dbnchurn.core.html.plain_page import drawing, paragraph, plain_page, rows_table

APART = ("new", "gone")  # customers of one of the two months alone
STYLE = "figure { max-width: 40rem; }\n"
LONGEST = 24  # characters of a name beside an axis


def flow_page(moves: pd.DataFrame, kept: float | None, before: str, after: str) -> str:
    """The page as HTML text that needs no other file.

    Parameters
    ----------
    moves : DataFrame
        Customers by persona before (rows) and after (columns), as
        :func:`dbnchurn.personas.differences.flows` gives them.
    kept : float or None
        Share of the customers with a persona in both who kept it.
    before, after : str
        Names of the two tables.

    Returns
    -------
    str
    """
    there = moves.drop(index="new", errors="ignore")
    here = moves.drop(columns="gone", errors="ignore")
    verdict = (
        "no customer has a persona in both; are the ids written alike?"
        if kept is None
        else f"{percent(kept)} of the customers with a persona in both kept it."
    )
    counts = (
        f"{thousands(int(there.to_numpy().sum()))} customers in {before}, "
        f"{thousands(int(here.to_numpy().sum()))} in {after}."
    )
    heads = ["before", *map(str, moves.columns)]
    rows = [
        [str(name), *(thousands(int(count)) for count in moves.loc[name])] for name in moves.index
    ]
    sections = [
        drawing(flow_picture(moves)),
        "<h2>Customers by persona before (rows) and after (columns)</h2>",
        rows_table(heads, rows),
        paragraph(
            "The personas are frozen, so that a customer in another one has changed. new: only in "
            "the later table; gone: only in the earlier; not known: no column of the customer is "
            "known.",
            "soft",
        ),
    ]
    return plain_page("Who changed persona?", f"{counts} {verdict}", sections, STYLE)


def flow_picture(moves: pd.DataFrame) -> Picture | None:
    """Of the customers of each persona who are in both tables, the share in each persona after.

    Parameters
    ----------
    moves : DataFrame
        As in :func:`flow_page`.

    Returns
    -------
    Picture, or None
        None where no customer is in both.
    """
    both = moves.drop(index=APART, columns=APART, errors="ignore")
    both = both[both.sum(axis=1) > 0]
    if both.empty:
        return None
    shares = both.div(both.sum(axis=1), axis=0).to_numpy(float)
    rows, columns = shares.shape
    with Canvas("persona after", "persona before", (1.8 + 0.75 * columns, 1.3 + 0.5 * rows)) as c:
        c.axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for i, j in np.ndindex(rows, columns):
            colour = "white" if shares[i, j] > 0.6 else "black"
            c.axes.text(
                j, i, percent(float(shares[i, j]), 0), ha="center", va="center", color=colour
            )
        c.axes.set_xticks(range(columns), [cut(str(n), LONGEST) for n in both.columns])
        c.axes.set_yticks(range(rows), [cut(str(n), LONGEST) for n in both.index])
        c.axes.grid(False)
        return c.picture(
            "Where the customers of each persona went",
            "A row is a persona before; its shares add up to 100 % of the customers in both "
            "tables. On the diagonal are those who stayed.",
            "; ".join(
                f"{before} to {after}: {percent(float(shares[i, j]), 0)}"
                for i, before in enumerate(both.index)
                for j, after in enumerate(both.columns)
                if shares[i, j] > 0
            ),
        )
