"""The picture of a portrait: where values lie among those of everyone."""

from __future__ import annotations

from collections.abc import Sequence

from dbnchurn.core.html.figure import COLOURS, MARK, Canvas
from dbnchurn.core.html.format import cut
from dbnchurn.core.html.picture import Picture

LONGEST = 28  # characters of a name beside an axis


def place_picture(
    names: Sequence[str],
    own: Sequence[float | None],
    persona: Sequence[float | None],
    who: str,
    of_persona: str = "",
) -> Picture | None:
    """Shares of everyone below each value, as a dot for each column of numbers.

    Parameters
    ----------
    names : sequence of n str
        Of the columns.
    own : sequence of n float or None
        Share of all customers below the value that is shown.
    persona : sequence of n float or None
        The same of the persona's median.
    who : str
        Whose values these are.
    of_persona : str, default ""
        Name of the persona; empty where `who` is one.

    Returns
    -------
    Picture, or None
        None where no value is known.
    """
    shown = [(n, o, p) for n, o, p in zip(names, own, persona, strict=True) if o is not None]
    if not shown:
        return None
    with Canvas(
        "share of all customers with a smaller value", "", (6.4, 0.9 + 0.36 * len(shown))
    ) as c:
        for row, (_, place, median) in enumerate(shown):
            c.axes.plot([0, 1], [row, row], color=COLOURS[6], lw=0.8, alpha=0.5, zorder=1)
            if median is not None:
                c.axes.plot([median], [row], "|", color=COLOURS[1], ms=14, mew=2.5, zorder=2)
            c.axes.plot([place], [row], "o", color=COLOURS[0], ms=7, zorder=3)
        c.axes.axvline(0.5, color=MARK, lw=1, ls="--", zorder=0)
        c.axes.set_yticks(range(len(shown)), [cut(name, LONGEST) for name, *_ in shown])
        c.axes.set_ylim(len(shown) - 0.5, -0.5)
        c.axes.set_xlim(-0.02, 1.02)
        c.percents("x")
        beside = f" Orange line: the median of {of_persona}." if of_persona else ""
        return c.picture(
            f"Where {who} lies among all customers",
            f"Blue dot: {who}; the dashed line is the middle of all customers.{beside} Customers "
            "with the same value count half.",
            "; ".join(f"{name}: above {100 * place:.0f} % of all" for name, place, _ in shown
                      if place is not None),
        )  # fmt: skip
