"""Pictures of effects and of the power of a list; drawn where matplotlib is installed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np

from dbnchurn.campaign.effect import Effect
from dbnchurn.campaign.plan import Plan
from dbnchurn.campaign.power import power
from dbnchurn.core.html.figure import COLOURS, DASHES, MARK, Canvas
from dbnchurn.core.html.format import cut, points
from dbnchurn.core.html.picture import Picture

LONGEST = 30  # characters of a group's name


def can_draw() -> bool:
    """Whether matplotlib is installed; a scoring machine has none."""
    return find_spec("matplotlib") is not None


def effects_picture(named: Sequence[tuple[str, Effect]]) -> Picture | None:
    """Effects with their intervals, one below the other.

    Parameters
    ----------
    named : sequence of (name, Effect)

    Returns
    -------
    Picture or None
        None without matplotlib.
    """
    if not can_draw():
        return None
    size = (5.4, 1.1 + 0.34 * len(named))
    with Canvas("Leavers, contacted minus control (points)", "", size) as c:
        for place, (_, effect) in enumerate(named):
            low, high = 100 * effect.low, 100 * effect.high
            colour = COLOURS[0] if place == 0 else COLOURS[4]
            c.axes.plot([low, high], [place, place], color=colour, lw=2)
            c.axes.plot([100 * effect.value], [place], "o", color=colour, ms=6)
        c.axes.axvline(0, color=MARK, lw=1, ls="--")
        c.axes.set_yticks(range(len(named)), [cut(name, LONGEST) for name, _ in named])
        c.axes.set_ylim(len(named) - 0.5, -0.5)
        alt = "; ".join(
            f"{name}: {points(e.value)} points, {points(e.low)} to {points(e.high)}"
            for name, e in named
        )
        return c.picture(
            "Where did contacting change how many left?",
            "Left of the dashed line fewer left because of the contact. A bar that crosses the "
            "line does not tell an effect from chance.",
            alt,
        )


def power_picture(plan: Plan) -> Picture | None:
    """Chance of finding the effect by the length of the list.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    Picture or None
        None without matplotlib.
    """
    if not can_draw():
        return None
    settings = plan.settings
    most = max(2 * plan.choice.needed, int(1.2 * settings.customers))
    sizes = np.unique(np.linspace(most / 60, most, 60).astype(int))
    with Canvas("Customers on the list", "Chance of finding the effect", (7.0, 3.4)) as c:
        for place, share in enumerate(sorted({settings.control, 0.5})):
            chances = [
                power(
                    int(size),
                    settings.base_rate,
                    settings.effect,
                    control=share,
                    confidence=settings.confidence,
                    explained=settings.explained,
                )
                for size in sizes
            ]
            style = {"color": COLOURS[place], "ls": DASHES[place]}
            c.axes.plot(sizes, chances, label=f"{100 * share:g} % held out", **style)
        c.axes.axhline(settings.power, color=MARK, lw=1, ls=":", label="wanted")
        c.axes.axvline(settings.customers, color=MARK, lw=1, ls="--", label="this list")
        c.axes.set_ylim(0, 1)
        c.axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        c.percents("y")
        c.legend(loc="lower right")
        return c.picture(
            "How long does the list have to be?",
            "Where the line of the control group meets the dotted one, the list is long enough; "
            "half and half needs the fewest customers.",
            f"With {settings.customers:,} customers the chance is {100 * plan.choice.power:.0f} "
            f"percent; the wanted chance needs {plan.choice.needed:,}.",
        )
