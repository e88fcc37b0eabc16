"""The comparison of several runs: one HTML file that needs no other."""

from __future__ import annotations

from collections.abc import Mapping

from dbnchurn.core.html import format
from dbnchurn.core.html.figure import COLOURS, MARK, Canvas
from dbnchurn.core.html.page import render_page
from dbnchurn.core.html.picture import Picture
from dbnchurn.evaluate.registry import COMPARED, METRICS
from dbnchurn.report.comparison_content import Comparison


def render_comparison(comparison: Comparison) -> str:
    """Render a comparison as HTML text, with its pictures inside.

    Examples
    --------
    >>> from dbnchurn.report.comparison_content import Compared
    >>> numbers = {name: {"value": 0.5, "low": 0.4, "high": 0.6} for name in COMPARED}
    >>> model = Compared("whole", 1, numbers, None, 1.0, 2.0)
    >>> render_comparison(Comparison("demo", "f1", "One run.", [model], []))[:15]
    '<!doctype html>'
    """
    heads = [
        metric.label if metric.higher_is_better else f"{metric.label} (lower is better)"
        for metric in COMPARED.values()
    ]
    return render_page(
        "dbnchurn.report",
        "comparison.html",
        {"pictures": pictures(comparison)},
        title=comparison.title,
        verdict=comparison.verdict,
        warnings=comparison.warnings,
        comparison=comparison,
        labels={name: metric.label for name, metric in COMPARED.items()},
        heads=heads,
    )


def pictures(comparison: Comparison) -> list[Picture]:
    """Every model with its interval, and every difference with its own."""
    metric = METRICS[comparison.metric]
    name, way = metric.label, "Higher" if metric.higher_is_better else "Lower"
    drawn = [
        _intervals(
            {model.name: model.numbers[comparison.metric] for model in comparison.models},
            name,
            f"{name} of every model",
            f"{way} is better. Dots are means over the runs, lines are 95 % intervals; where lines "
            "overlap, look at the paired differences.",
            None,
        )
    ]
    paired = {
        model.name: model.difference[comparison.metric]
        for model in comparison.others
        if model.difference is not None
    }
    if paired:
        drawn.append(
            _intervals(
                paired,
                f"{name}, minus that of {comparison.reference.name}",
                f"How far each model is from {comparison.reference.name}",
                "A line that crosses zero shows no difference that these customers can tell.",
                0.0,
            )
        )
    return drawn


def _intervals(
    numbers: Mapping[str, Mapping[str, float | None]],
    axis: str,
    title: str,
    reading: str,
    mark: float | None,
) -> Picture:
    """One line per model, the first on top."""
    known = {name: n for name, n in numbers.items() if n["value"] is not None}
    with Canvas(axis, "Model", (5.4, 1.1 + 0.32 * max(len(known), 1))) as c:
        if mark is not None:
            c.axes.axvline(mark, color=MARK, lw=0.9, ls=":")
        for place, number in enumerate(known.values()):
            if number["low"] is not None:
                c.axes.plot([number["low"], number["high"]], [place] * 2, color=COLOURS[0], lw=2)
            c.axes.plot([number["value"]], [place], "o", color=COLOURS[0], ms=5)
        c.axes.set_yticks(range(len(known)), [format.cut(name, 34) for name in known])
        c.axes.set_ylim(len(known) - 0.5, -0.5)
        numbers_text = "; ".join(
            f"{name} {format.plain(n['value'])}, {format.span(n)}" for name, n in known.items()
        )
        return c.picture(title, reading, f"{axis}: {numbers_text}.")
