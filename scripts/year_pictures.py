"""Pictures of a year of months, from its history: promised and came, ranking, drift, campaigns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dbnchurn.core.html.figure import Canvas
from dbnchurn.core.html.picture import Picture
from dbnchurn.months.history import Month

SIZE = (7.0, 3.0)
COLUMN = "basic_broadband_gb_last_m1"  # recorded threefold from the month of the drift on


def leavers(months: Sequence[Month]) -> Picture:
    """Leavers promised and leavers that came, by month of the year."""
    gaps = [month.outcomes["gap"] for month in months]
    with two_lines(
        "customers who left",
        {"promised by the scores": [gap["promised"] for gap in gaps]},
        {"came": [gap["observed"] for gap in gaps]},
    ) as canvas:
        canvas.percents("y")
        return canvas.picture(
            "From the drift on, the scores promise more leavers than come",
            "Shares of all customers, by the month whose first day was scored.",
            "Promised and observed share of leavers over the months of the year.",
        )


@contextmanager
def two_lines(
    y: str, dashed: dict[str, list[float]], solid: dict[str, list[float]]
) -> Iterator[Canvas]:
    """Two values a month from zero on, each named."""
    with Canvas("month of the year", y, SIZE) as canvas:
        for style, lines in (("o--", dashed), ("o-", solid)):
            for name, values in lines.items():
                canvas.axes.plot(range(1, len(values) + 1), values, style, label=name)
        canvas.whole_numbers()
        canvas.axes.set_ylim(bottom=0)
        canvas.legend_below()
        yield canvas


def ranking(months: Sequence[Month]) -> Picture:
    """Area under the ROC curve: expected before the outcomes, and measured after."""
    x = list(range(1, len(months) + 1))
    expected = [month.outcomes["estimate"]["roc_auc"] for month in months]
    measured = [month.outcomes["measured"]["roc_auc"] for month in months]
    with Canvas("month of the year", "ROC AUC", SIZE) as canvas:
        canvas.axes.errorbar(
            x, [e["value"] for e in expected], [1.96 * e["spread"] for e in expected],
            fmt="o--", capsize=3, label="expected before outcomes",
        )  # fmt: skip
        ends = [
            [m["value"] - m["low"] for m in measured],
            [m["high"] - m["value"] for m in measured],
        ]
        canvas.axes.errorbar(
            [at + 0.12 for at in x], [m["value"] for m in measured], ends,
            fmt="o-", capsize=3, label="measured",
        )  # fmt: skip
        canvas.whole_numbers()
        canvas.legend_below()
        return canvas.picture(
            "In the months after the drift the order of the customers is worse than expected",
            "Lines: 95 % intervals.",
            "Expected and measured area under the curve over the months of the year.",
        )


def drift(months: Sequence[Month]) -> Picture:
    """Drift of a changed column and of the scores against the training."""
    told = [month.scores["drift"] for month in months]
    with two_lines(
        "population stability index",
        {"scores": [found["score"]["index"] for found in told]},
        {"traffic of the last month": [found["columns"][COLUMN]["index"] for found in told]},
    ) as canvas:
        return canvas.picture(
            "The drift of the column shows in the month in which it begins",
            "Distance of the distribution from that of the training.",
            "Drift of one column and of the scores over the months of the year.",
        )


def campaigns(found: Sequence[dict[str, Any]]) -> Picture:
    """Measured effect of every month's list beside the true one."""
    x = range(1, len(found) + 1)
    value = [100 * month["effect"] for month in found]
    ends = [
        [100 * (month["effect"] - month["low"]) for month in found],
        [100 * (month["high"] - month["effect"]) for month in found],
    ]
    with Canvas("month of the year", "effect on leaving, points", SIZE) as canvas:
        canvas.axes.errorbar(x, value, ends, fmt="o", capsize=3, label="measured, 95 % interval")
        true = [100 * month["true_effect"] for month in found]
        canvas.axes.plot(x, true, "D", markersize=5, label="true")
        canvas.axes.axhline(0, linewidth=0.8, color="grey")
        canvas.whole_numbers()
        canvas.legend_below()
        return canvas.picture(
            "Small lists say little; the large one of month 7 tells its effect",
            "Below zero fewer left because of the contact.",
            "Measured and true effects of the lists of all months.",
        )


def draw(months: Sequence[Month], found: Sequence[dict[str, Any]], folder: Path) -> None:
    """Write all pictures.

    Parameters
    ----------
    months : sequence of Month
        Of the history, with outcomes.
    found : sequence of dict
        For every month the effect of its list with its interval, and the true one.
    folder : path
    """
    drawn = {
        "leavers": leavers(months), "ranking": ranking(months), "drift": drift(months),
        "campaigns": campaigns(found),
    }  # fmt: skip
    for name, picture in drawn.items():
        path = folder / f"year_{name}.svg"
        path.write_text(f"{picture.svg}\n", encoding="utf-8")
        print(f"{path}: {picture.alt}")
