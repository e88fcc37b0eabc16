"""Pictures of segments and sweeps. Importing this module needs matplotlib."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dbnchurn.core.html.figure import (
    COLOURS,
    drawing_style,
    percent_axis,
    to_picture,
    to_png,
)
from dbnchurn.core.html.format import cut, percent
from dbnchurn.core.html.picture import Picture
from dbnchurn.segments.segment import PairCounts
from dbnchurn.segments.segment_list import SegmentList

if TYPE_CHECKING:
    from dbnchurn.segments.sweep import SweepPoint

BLUE, ORANGE, GREY = COLOURS[0], COLOURS[1], COLOURS[6]
FEWEST = 10  # customers in a cell of a heatmap; rates of fewer are not drawn


def segment_pictures(segments: SegmentList) -> dict[str, Picture]:
    """Pictures of a list, each as SVG and PNG, by the name of its PNG file.

    Parameters
    ----------
    segments : SegmentList

    Returns
    -------
    dict of str to Picture
        Rates, reach and, where a segment has two columns, heatmaps; empty for an empty list.
    """
    if not len(segments):
        return {}
    drawn = {
        "segments_rates.png": rates_picture(segments),
        "segments_reach.png": reach_picture(segments),
    }
    if segments.pairs:
        drawn["segments_pairs.png"] = heatmaps_picture(segments.pairs, segments.outcome)
    return drawn


def rates_picture(segments: SegmentList) -> Picture:
    """Rate of every segment with its interval, its rate on the mined rows, and everyone's."""
    table = segments.table()
    base = segments.base["report"].value
    with drawing_style():
        figure = Figure(figsize=(6.2, 1.5 + 0.42 * len(table)), layout="constrained")
        axes = figure.add_subplot()
        y = np.arange(len(table))
        bars = np.clip([table["rate"] - table["low"], table["high"] - table["rate"]], 0, None)
        axes.errorbar(
            table["rate"], y, xerr=bars, fmt="o", color=BLUE, capsize=3, label="on fresh rows"
        )
        axes.plot(table["mined_rate"], y, "x", color=ORANGE, label="on the rows mined")
        axes.axvline(base, color=GREY, linestyle="--", label=f"everyone ({percent(base)})")
        axes.set_yticks(
            y, [_two_lines(f"{k}  {w}") for k, w in zip(y + 1, table["words"], strict=True)]
        )
        axes.invert_yaxis()
        axes.set_xlim(0, max(1.05 * float(table["high"].max()), base))
        percent_axis(axes.xaxis)
        axes.set_xlabel(f"share who {segments.outcome}, {100 * segments.confidence:g} % interval")
        figure.legend(loc="outside upper right", ncols=3, columnspacing=1.2)
        return to_picture(
            figure,
            "How high the rate of every segment is",
            "Rate of every segment on fresh rows with its interval, beside the rate on the mined "
            "rows and that of everyone.",
            f"Rates on fresh rows, {percent(base)} for everyone: "
            + "; ".join(
                f"segment {k} {percent(rate)}, {percent(low)} to {percent(high)}"
                for k, (rate, low, high) in enumerate(
                    table[["rate", "low", "high"]].to_numpy(np.float64), start=1
                )
            )
            + ".",
            png=True,
        )


def reach_picture(segments: SegmentList) -> Picture:
    """Share of all yeses reached against the share of customers approached."""
    table = segments.table()
    x = np.append(0, table["cumulative_share"])
    y = np.append(0, table["cumulative_reach"])
    with drawing_style():
        figure = Figure(figsize=(6.2, 3.6), layout="constrained")
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
        percent_axis(axes.xaxis)
        percent_axis(axes.yaxis)
        axes.set_xlabel("share of customers approached")
        axes.set_ylabel(f"share reached of all who {segments.outcome}")
        axes.legend(loc="upper left")
        return to_picture(
            figure,
            "How many yeses the segments reach",
            "How many of all yeses are reached when segments are approached in order, against "
            "approaching anyone.",
            f"All segments together reach {percent(y[-1])} of the yeses with {percent(x[-1])} of "
            "the customers.",
            png=True,
        )


def heatmaps_picture(pairs: Sequence[PairCounts], outcome: str) -> Picture:
    """Rate over the items of two columns, with a frame around every segment.

    Segments with the same two columns and the same further conditions share a panel.

    Parameters
    ----------
    pairs : sequence of PairCounts
        At least one.
    outcome : str
        What the yeses do, e.g. "buy".

    Returns
    -------
    Picture
    """
    shared: dict[tuple[object, ...], list[PairCounts]] = {}
    for pair in pairs:
        shared.setdefault((pair.columns, pair.among), []).append(pair)
    groups = list(shared.values())
    across = 2 if len(groups) > 1 else 1
    down = -(-len(groups) // across)
    rates = [_rates(group[0]) for group in groups]
    top = max(float(np.nanmax(rate, initial=0.0)) for rate in rates) or 1.0
    with drawing_style(), mpl.rc_context({"axes.grid": False, "font.size": 8}):
        figure = Figure(figsize=(4.6 * across + 0.8, 3.7 * down), layout="constrained")
        panels = np.atleast_1d(figure.subplots(down, across)).ravel()
        for axes, group, rate in zip(panels, groups, rates, strict=False):
            image = _heatmap(axes, group, rate, top)
        for axes in panels[len(groups) :]:
            axes.set_visible(False)
        bar = figure.colorbar(image, ax=panels.tolist(), shrink=0.6)
        percent_axis(bar.ax.yaxis)
        bar.set_label(f"share who {outcome}\n(grey: fewer than {FEWEST} customers)")
        return to_picture(
            figure,
            "Where in two columns the rate is high",
            "Rate over two columns of a segment, on fresh rows; the frame is the segment.",
            "Heatmaps of the rate: "
            + "; ".join(
                f"{_panel_title(group).replace(chr(10), ' ')}, {' by '.join(group[0].columns)}"
                for group in groups
            )
            + ".",
            png=True,
        )


def _rates(pair: PairCounts) -> Any:
    hits, rows = np.array(pair.hits, float), np.array(pair.rows, float)
    return np.where(rows >= FEWEST, hits / np.maximum(rows, 1), np.nan)


def _panel_title(group: Sequence[PairCounts]) -> str:
    among = f"\namong {group[0].among}" if group[0].among else ""
    numbers = ", ".join(str(pair.segment) for pair in group)
    return cut(f"segment{'s' if len(group) > 1 else ''} {numbers}{among}", 70)


def _heatmap(axes: Any, group: Sequence[PairCounts], rate: Any, top: float) -> Any:
    shared = group[0]
    colours = mpl.colormaps["cividis"].with_extremes(bad="#dddddd")
    image = axes.imshow(
        rate.T, origin="lower", aspect="auto", cmap=colours, vmin=0, vmax=top,
        interpolation="nearest",
    )  # fmt: skip
    for pair in group:
        (x0, x1), (y0, y1) = pair.box
        corner, width, height = (x0 - 0.5, y0 - 0.5), x1 - x0 + 1, y1 - y0 + 1
        axes.add_patch(Rectangle(corner, width, height, fill=False, ec=ORANGE, lw=2.5))
    names = [[cut(label, 18) for label in labels] for labels in shared.labels]
    axes.set_xticks(range(len(names[0])), names[0], rotation=60, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(names[1])), names[1])
    axes.set_xlabel(cut(shared.columns[0], 40))
    axes.set_ylabel(cut(shared.columns[1], 30))
    axes.set_title(_panel_title(group), fontsize=8.5)
    return image


def sweep_png(points: Sequence[SweepPoint], parameter: str, top: int, base: float) -> bytes:
    """Draw the rate of the best patterns against one setting: on mined rows and on fresh ones.

    Parameters
    ----------
    points : sequence of SweepPoint
    parameter : str
        Name of the setting, for the axis.
    top : int
        Number of best patterns that were counted together.
    base : float
        Rate of everyone.

    Returns
    -------
    bytes
        A PNG file with a panel for true and one for shuffled answers.
    """
    values = sorted({point.setting for point in points})
    panels = (("true answers", False), ("shuffled answers", True))
    with drawing_style():
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
            percent_axis(axes.yaxis)
        both[0].set_ylabel(f"rate of the best {top} patterns together")
        both[0].set_ylim(bottom=0)
        both[1].legend(loc="upper right")
        return to_png(figure)


def _two_lines(text: str) -> str:
    """A segment's conditions on at most two lines."""
    lines = textwrap.wrap(text, width=34, max_lines=2, placeholder=" …")
    return cut("\n".join(lines), 100)
