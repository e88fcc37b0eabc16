"""Pictures of segments and sweeps. Importing this module needs matplotlib."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import PercentFormatter

from dbnchurn.segments.listing import SegmentList
from dbnchurn.segments.segment import PairCounts

if TYPE_CHECKING:
    from dbnchurn.segments.sweep import SweepPoint

BLUE, ORANGE, GREY = "#0057a8", "#d55e00", "#666666"  # told apart by colour-blind readers
STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#888888",
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "axes.axisbelow": True,
    "legend.frameon": False,
}
PERCENT = PercentFormatter(1.0, symbol=" %")


def rates_figure(segments: SegmentList) -> Figure:
    """Rate with its interval per segment, beside the mined rate and the rate of everyone."""
    table = segments.table()
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 1.3 + 0.38 * len(table)), layout="constrained")
        axes = figure.add_subplot()
        y = np.arange(len(table))
        bars = np.clip([table["rate"] - table["low"], table["high"] - table["rate"]], 0, None)
        axes.errorbar(
            table["rate"], y, xerr=bars, fmt="o", color=BLUE, capsize=3, label="on fresh rows"
        )
        axes.plot(table["mined_rate"], y, "x", color=ORANGE, label="on the rows mined")
        base = segments.base["report"].value
        axes.axvline(base, color=GREY, linestyle="--", label=f"everyone ({100 * base:.1f} %)")
        axes.set_yticks(
            y, [wrapped(f"{k}  {w}") for k, w in zip(y + 1, table["words"], strict=True)]
        )
        axes.invert_yaxis()
        axes.set_xlim(0, max(1.05 * float(table["high"].max()), base))
        axes.xaxis.set_major_formatter(PERCENT)
        axes.set_xlabel(f"share who {segments.outcome}, {100 * segments.confidence:g} % interval")
        figure.legend(loc="outside upper right", ncols=3)
    return figure


def reach_figure(segments: SegmentList) -> Figure:
    """Share of all yeses reached against the share of customers approached."""
    table = segments.table()
    x = np.append(0, table["cumulative_share"])
    y = np.append(0, table["cumulative_reach"])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 3.6), layout="constrained")
        axes = figure.add_subplot()
        axes.plot(x, y, "o-", color=BLUE, label="segments, in order")
        end = 1.08 * max(x[-1], segments.budget or 0)
        axes.plot([0, end], [0, end], "--", color=GREY, label="anyone, at random")
        if segments.budget:
            axes.axvline(segments.budget, color=ORANGE, linestyle=":", label="budget")
        for k in range(1, len(x)):
            axes.annotate(
                str(k), (x[k], y[k]), xytext=(-3, 5), textcoords="offset points", ha="right"
            )
        axes.set_xlim(0, end)
        axes.set_ylim(0, 1.12 * max(y[-1], end))
        axes.xaxis.set_major_formatter(PERCENT)
        axes.yaxis.set_major_formatter(PERCENT)
        axes.set_xlabel("share of customers approached")
        axes.set_ylabel(f"share reached of all who {segments.outcome}")
        axes.legend(loc="upper left")
    return figure


def heatmaps_figure(pairs: Sequence[PairCounts], outcome: str) -> Figure:
    """Rate over the items of two columns, with the segments' boxes.

    Segments that share their two columns, and whatever else they ask for, share a panel.
    """
    shared: dict[tuple[object, ...], list[PairCounts]] = {}
    for pair in pairs:
        shared.setdefault((pair.columns, pair.among), []).append(pair)
    groups = list(shared.values())
    across = 2 if len(groups) > 1 else 1
    down = -(-len(groups) // across)
    rates = [_rates(group[0]) for group in groups]
    top = max(float(np.nanmax(rate, initial=0.0)) for rate in rates) or 1.0
    with mpl.rc_context({**STYLE, "axes.grid": False, "font.size": 8}):
        figure = Figure(figsize=(4.6 * across + 0.8, 3.7 * down), layout="constrained")
        panels = np.atleast_1d(figure.subplots(down, across)).ravel()
        for axes, group, rate in zip(panels, groups, rates, strict=False):
            image = _heatmap(axes, group, rate, top)
        for axes in panels[len(groups) :]:
            axes.set_visible(False)
        bar = figure.colorbar(image, ax=panels.tolist(), shrink=0.6)
        bar.ax.yaxis.set_major_formatter(PERCENT)
        bar.set_label(f"share who {outcome}; grey: fewer than 10 customers")
    return figure


def _rates(pair: PairCounts) -> Any:
    hits, rows = np.array(pair.hits, float), np.array(pair.rows, float)
    return np.where(rows >= 10, hits / np.maximum(rows, 1), np.nan)


def _heatmap(axes: Any, group: Sequence[PairCounts], rate: Any, top: float) -> Any:
    pair = group[0]
    colours = mpl.colormaps["cividis"].with_extremes(bad="#dddddd")
    image = axes.imshow(rate.T, origin="lower", aspect="auto", cmap=colours, vmin=0, vmax=top)
    for one in group:
        (x0, x1), (y0, y1) = one.box
        corner, width, height = (x0 - 0.5, y0 - 0.5), x1 - x0 + 1, y1 - y0 + 1
        axes.add_patch(Rectangle(corner, width, height, fill=False, ec=ORANGE, lw=2.5))
    names = [[cut(label, 18) for label in labels] for labels in pair.labels]
    axes.set_xticks(range(len(names[0])), names[0], rotation=60, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names[1])), names[1])
    axes.set_xlabel(cut(pair.columns[0], 40))
    axes.set_ylabel(cut(pair.columns[1], 30))
    among = f"\namong {pair.among}" if pair.among else ""
    numbers = ", ".join(str(one.segment) for one in group)
    axes.set_title(
        cut(f"segment{'s' if len(group) > 1 else ''} {numbers}{among}", 70), fontsize=8.5
    )
    return image


def sweep_figure(points: Sequence[SweepPoint], parameter: str, top: int, base: float) -> Figure:
    """Rate of the best patterns against one setting: where mined, and on fresh rows."""
    values = sorted({point.setting for point in points})
    panels = (("true answers", False), ("shuffled answers", True))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8, 3.5), layout="constrained")
        both = figure.subplots(1, 2, sharey=True)
        for axes, (title, shuffled) in zip(both, panels, strict=True):
            for label, field, colour in (
                ("on the rows mined", "mined", ORANGE),
                ("on fresh rows", "fresh", BLUE),
            ):
                runs = [
                    [getattr(p, field) for p in points if (p.setting, p.shuffled) == (v, shuffled)]
                    for v in values
                ]
                axes.plot(values, [np.mean(run) for run in runs], "o-", color=colour, label=label)
                low, high = [min(run) for run in runs], [max(run) for run in runs]
                axes.fill_between(values, low, high, color=colour, alpha=0.15, linewidth=0)
            axes.axhline(base, color=GREY, linestyle="--", label="everyone")
            axes.set_title(title)
            axes.set_xlabel(parameter)
            axes.yaxis.set_major_formatter(PERCENT)
        both[0].set_ylabel(f"rate of the best {top} patterns together")
        both[0].set_ylim(bottom=0)
        both[1].legend(loc="upper right")
    return figure


def wrapped(text: str) -> str:
    """A segment's words on at most two lines."""
    lines = textwrap.wrap(text, width=44, max_lines=2, placeholder=" …")
    return cut("\n".join(lines), 100)


def cut(text: str, length: int) -> str:
    """`text`, shortened with an ellipsis; dollars do not start a formula."""
    short = text if len(text) <= length else f"{text[: length - 1]}…"
    return short.replace("$", r"\$")
