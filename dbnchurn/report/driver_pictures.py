"""Pictures of the columns that move the scores most, and of how faithful the reasons are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dbnchurn.core.html.figure import COLOURS, DASHES, Canvas
from dbnchurn.core.html.format import cut, percent, plain
from dbnchurn.core.html.picture import Picture

SHOWN = 12  # columns
WIDEST = 32  # letters of a label


def driver_pictures(reasons: Mapping[str, Any] | None) -> list[Picture]:
    """The leading columns, and what becomes of the score without the leading reasons.

    Parameters
    ----------
    reasons : mapping, optional
        As ``training.json`` has it under ``reasons``; None or no columns give no picture.
    """
    if not reasons or not reasons["columns"]:
        return []
    return [drivers(reasons), deletion(reasons)]


def dependence_pictures(reasons: Mapping[str, Any] | None) -> list[Picture]:
    """The mean score by the value of each leading column.

    Parameters
    ----------
    reasons : mapping, optional
        As ``training.json`` has it under ``reasons``; runs of earlier versions have no picture.
    """
    return [_dependence(found) for found in (reasons or {}).get("dependence", [])]


def _dependence(found: Mapping[str, Any]) -> Picture:
    means, texts = found["mean"], [cut(value, 20) for value in found["values"]]
    label = cut(found["label"], WIDEST)
    with Canvas(label, "Mean score", (5.4, 2.6)) as c:
        if found["places"] and found["kind"] == "number":
            c.axes.plot(found["places"], means, color=COLOURS[0], marker="o", ms=3)
        else:
            c.axes.bar(range(len(means)), means, color=COLOURS[0], width=0.5)
            turn = {"rotation": 30, "ha": "right"} if len(texts) > 3 else {}
            c.axes.set_xticks(range(len(means)), texts, **turn)
        c.axes.set_ylim(bottom=0)
        c.percents("y")
        shown = "; ".join(f"{t} {percent(m)}" for t, m in zip(texts, means, strict=True))
        return c.picture(
            f"The mean score by {label}",
            "What the model would give if all customers had this value and kept their others: a "
            "description of the model, no proof that changing the value keeps a customer.",
            f"Mean score by {label}: {shown}.",
        )


def drivers(reasons: Mapping[str, Any]) -> Picture:
    """Mean absolute contribution of the leading columns, with their direction."""
    leading = reasons["columns"][:SHOWN]
    size = (5.4, 1.0 + 0.36 * len(leading))
    with Canvas("Mean contribution, up or down (log-odds)", "", size) as c:
        names = [cut(driver["label"], WIDEST) for driver in leading]
        places = range(len(leading))
        values = [driver["mean_absolute"] for driver in leading]
        c.axes.barh(places, values, color=COLOURS[0], height=0.5)
        c.axes.set_yticks(places, names)
        c.axes.set_ylim(len(leading) - 0.4, -0.8)
        for place, driver in zip(places, leading, strict=True):
            c.axes.text(0, place - 0.27, cut(driver["direction"], 60), fontsize=6.5, va="bottom")
        c.axes.grid(visible=False, axis="y")
        columns_text = [
            f"{d['label']} {plain(d['mean_absolute'], 2)}"
            + (f" ({d['direction']})" if d["direction"] else "")
            for d in leading
        ]
        return c.picture(
            f"What drives the scores: the {len(leading)} columns that move them most",
            "A bar of 0.7 says that the column, by its value, doubles or halves the odds of "
            "leaving of a typical customer; the words above it tell which values raise them.",
            "Mean absolute contribution to the log-odds: " + "; ".join(columns_text) + ".",
        )


def deletion(reasons: Mapping[str, Any]) -> Picture:
    """How far the scores fall when the leading reasons are taken away."""
    measured = reasons["faithfulness"]
    with Canvas("Columns replaced, leading ones first", "Fall of the log-odds", (5.4, 3.2)) as c:
        c.whole_numbers()
        for i, (name, falls) in enumerate(measured["fall"].items()):
            c.axes.plot(
                range(len(falls) + 1),
                [0, *falls],
                color=COLOURS[i],
                ls=DASHES[i],
                marker="o",
                ms=3,
                label=name,
            )
        c.legend()
        last = {name: plain(falls[-1], 2) for name, falls in measured["fall"].items()}
        return c.picture(
            "Are the reasons the right ones? The scores without them",
            "When the columns that are said to raise a customer's risk get other customers' "
            "values, the score has to fall, nearly as far as with the columns that trying out "
            "every one of them (occlusion) finds, and further than with random ones.",
            f"Mean fall of the log-odds with {len(next(iter(measured['fall'].values())))} columns "
            "replaced: " + ", ".join(f"{value} by {name}" for name, value in last.items()) + ".",
        )
