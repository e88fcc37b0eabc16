"""Pictures of groups of the test customers: ROC AUC, and mean score beside churn rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dbnchurn.core.html.figure import COLOURS, MARK, Canvas
from dbnchurn.core.html.format import cut, percent, plain
from dbnchurn.core.html.picture import Picture
from dbnchurn.report.report_input import Breakdown, ReportInput

SHOWN = 36  # groups of one picture; of more months, the latest
LONGEST = 24  # characters of a group's name
Group = Mapping[str, Any]


def group_pictures(run: ReportInput) -> list[Picture]:
    """Two pictures per breakdown: ranking, and mean score against churn rate."""
    return [
        picture
        for breakdown in run.breakdowns
        for picture in (ranking(run, breakdown), promises(breakdown))
    ]


def ranking(run: ReportInput, breakdown: Breakdown) -> Picture:
    """ROC AUC of every group that is large enough.

    Parameters
    ----------
    run : ReportInput
        Its own model's ROC AUC is marked.
    breakdown : Breakdown
        Its last 36 groups are drawn.

    Returns
    -------
    Picture
    """
    groups = breakdown.groups[-SHOWN:]
    whole = run.own["roc_auc"]["value"]
    with Canvas("ROC AUC", _axis(breakdown), _size(groups)) as c:
        _dots(c, [g["roc_auc"] for g in groups], "group, 95 % interval")
        if whole is not None:
            c.axes.axvline(whole, color=MARK, lw=0.9, ls="--", label=f"all: {whole:.3f}")
        c.axes.axvline(0.5, color=MARK, lw=0.9, ls=":", label="chance")
        for place, group in enumerate(groups):
            if group["roc_auc"]["value"] is None:
                c.axes.text(0.505, place, "too few churners", va="center", fontsize=8, color=MARK)
        _name(c, groups)
        c.legend_below()
        return c.picture(
            f"Does the ranking work as well in every {_kind(breakdown)}?",
            "Further right is better; a group does worse than the others only if its interval "
            "lies left of the dashed line, and wide intervals are small groups.",
            f"ROC AUC by {breakdown.name}: "
            + "; ".join(f"{g['name']} {plain(g['roc_auc']['value'])}" for g in groups)
            + ".",
        )


def promises(breakdown: Breakdown) -> Picture:
    """Churn rate and mean score of every group."""
    groups = breakdown.groups[-SHOWN:]
    with Canvas("Share of the group", _axis(breakdown), _size(groups)) as c:
        _dots(c, [g["rate"] for g in groups], "churned, 95 % interval")
        c.axes.plot(
            [
                np.nan if g["mean_score"]["value"] is None else g["mean_score"]["value"]
                for g in groups
            ],
            range(len(groups)),
            "D",
            ms=5,
            mfc="none",
            mec=COLOURS[1],
            mew=1.4,
            ls="none",
            label="mean score",
        )
        c.axes.set_xlim(left=0)
        c.percents("x")
        _name(c, groups)
        c.legend_below()
        return c.picture(
            f"Do scores promise what comes in every {_kind(breakdown)}?",
            "A diamond inside the interval means that the scores of this group are true on "
            "average; right of it they promise too much, left of it too little.",
            f"Churn rate and mean score by {breakdown.name}: "
            + "; ".join(
                f"{g['name']} {percent(g['rate']['value'])} and {percent(g['mean_score']['value'])}"
                for g in groups
            )
            + ".",
        )


def _kind(breakdown: Breakdown) -> str:
    return "month" if breakdown.by_time else f"group by {breakdown.name}"


def _axis(breakdown: Breakdown) -> str:
    return f"{cut(breakdown.name, LONGEST)} (customers)"


def _size(groups: Any) -> tuple[float, float]:
    return 5.0, 1.5 + 0.26 * max(len(groups), 3)


def _dots(c: Canvas, numbers: list[Group], label: str) -> None:
    """A dot with its interval per group, from the top down."""
    values = np.array([_number(n["value"]) for n in numbers])
    ends = np.array([[_number(n[end]) for n in numbers] for end in ("low", "high")])
    errors = np.maximum([values - ends[0], ends[1] - values], 0)
    c.axes.errorbar(
        values,
        range(len(values)),
        xerr=errors,
        fmt="o",
        ms=5,
        lw=1.2,
        color=COLOURS[0],
        label=label,
    )


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _name(c: Canvas, groups: Any) -> None:
    names = [f"{cut(g['name'], LONGEST)} ({g['rows']:,})" for g in groups]
    c.axes.set_yticks(range(len(names)), names)
    c.axes.set_ylim(len(names) - 0.5, -0.5)
    c.axes.grid(visible=False, axis="y")
