"""Pictures of the test part: how well customers are ranked, picked and scored."""

from __future__ import annotations

from typing import Any

import numpy as np

from dbnchurn.core.html.figure import COLOURS, DASHES, MARK, Canvas
from dbnchurn.core.html.format import percent, plain
from dbnchurn.core.html.picture import Picture
from dbnchurn.report.report_input import ReportInput


def outcome_pictures(run: ReportInput) -> list[Picture]:
    """Every picture that the test part has data for, in the order of the page."""
    own = run.curves[run.model]
    drawn = []
    if "precision_recall" in own:
        drawn += [
            precision_recall(run),
            lift(run),
            gain(run),
            threshold_sweep(run),
            confusion(run),
            calibration(run),
            roc(run),
        ]
    drawn.append(distribution(run))
    if "profit" in own:
        drawn.append(profit(run))
    return drawn


def precision_recall(run: ReportInput) -> Picture:
    """Precision against recall, for all models."""
    own, base = run.own, run.own["base_rate"]
    with Canvas("Recall: share of churners picked", "Precision") as c:
        _per_model(c, run, "precision_recall", "recall", "precision")
        c.axes.axhline(base, color=MARK, lw=0.9, ls=":", label=f"chance ({percent(base)})")
        _at_threshold(c, own["recall"]["value"], own["precision"]["value"])
        # The first few customers make the curve jump; they must not squeeze the rest.
        held = [
            p
            for curves in run.curves.values()
            for r, p in zip(
                *(curves["precision_recall"][k] for k in ("recall", "precision")), strict=True
            )
            if r >= 0.03
        ]
        c.axes.set_ylim(0, min(1.02, 1.25 * max([*held, own["precision"]["value"] or 0, base])))
        c.axes.set_xlim(0, 1)
        c.percents("x", "y")
        c.legend()
        return c.picture(
            "How clean the picked list stays as it reaches more churners",
            "Higher is better: at each share of churners reached, the height is the share of the "
            "list that really churns.",
            f"Precision-recall curves. {run.model} has average precision "
            f"{plain(own['average_precision']['value'])}; the base rate is {percent(base)}.",
        )


def roc(run: ReportInput) -> Picture:
    """True-positive against false-positive rate, for all models."""
    own = run.own
    with Canvas("Share of stayers picked (false-positive rate)", "Share of churners picked") as c:
        _per_model(c, run, "roc", "fpr", "tpr")
        c.axes.plot([0, 1], [0, 1], color=MARK, lw=0.9, ls=":", label="chance")
        stayers = own["confusion"]["fp"] + own["confusion"]["tn"]
        _at_threshold(c, own["confusion"]["fp"] / stayers, own["recall"]["value"])
        c.percents("x", "y")
        c.legend(loc="lower right")
        return c.picture(
            "How many stayers are bothered for the churners reached (ROC)",
            "The further above the diagonal, the better; the area under the curve is the chance "
            "that a churner scores above a stayer.",
            f"ROC curves. {run.model} has an area of {plain(own['roc_auc']['value'])}.",
        )


def lift(run: ReportInput) -> Picture:
    """Lift per decile of the model."""
    deciles = run.curves[run.model]["deciles"]
    with Canvas(
        "Tenth of the customers, highest scores first", "Lift (times the overall churn rate)"
    ) as c:
        tenths = [tenth["lift"] for tenth in run.own["deciles"]]
        ends = np.array([[tenth[end] for end in ("low", "high")] for tenth in tenths], np.float64).T
        errors = np.nan_to_num(np.maximum(np.abs(ends - deciles["lift"]), 0))
        bars = c.axes.bar(deciles["part"], deciles["lift"], color=COLOURS[0], width=0.75)
        c.axes.errorbar(deciles["part"], deciles["lift"], errors, fmt="none", ecolor=MARK, lw=1)
        tops = [f"{value:.1f}" for value in deciles["lift"]]
        for bar, top, high in zip(bars, tops, deciles["lift"] + errors[1], strict=True):
            c.axes.annotate(
                top, (bar.get_x() + bar.get_width() / 2, high), (0, 2), fontsize=8, ha="center",
                textcoords="offset points",
            )  # fmt: skip
        c.axes.margins(y=0.1)
        c.axes.axhline(1, color=MARK, lw=0.9, ls=":", label="chance")
        c.axes.set_xticks(deciles["part"])
        c.axes.grid(visible=False, axis="x")
        c.legend()
        return c.picture(
            "Where the churners are: lift of every tenth of the customers",
            "The first bar is the tenth with the highest scores; a bar of 3 means three times the "
            "overall churn rate, bars should fall from left to right, and the thin lines are 95 % "
            "intervals.",
            "Lift per tenth, best first: " + ", ".join(plain(v, 1) for v in deciles["lift"]) + ".",
        )


def gain(run: ReportInput) -> Picture:
    """Share of churners reached against the share contacted, for all models."""
    with Canvas(
        "Share of customers contacted, highest scores first", "Share of churners reached"
    ) as c:
        for i, name in enumerate(run.scores):
            reached = [0.0, *run.curves[name]["deciles"]["gain"]]
            c.axes.plot(np.linspace(0, 1, len(reached)), reached, **_line(i, name))
        c.axes.plot([0, 1], [0, 1], color=MARK, lw=0.9, ls=":", label="chance")
        c.percents("x", "y")
        c.legend(loc="lower right")
        own = run.curves[run.model]["deciles"]["gain"]
        return c.picture(
            "How many churners a campaign of any size would reach (gain)",
            "Pick a campaign size on the horizontal axis and read off the share of all churners "
            "that are among those contacted.",
            f"Cumulated gain. {run.model} reaches {percent(own[0])} of the churners with a tenth "
            f"of the contacts and {percent(own[1])} with a fifth.",
        )


def threshold_sweep(run: ReportInput) -> Picture:
    """Precision, recall and F1 against the threshold."""
    sweep, chosen = run.curves[run.model]["thresholds"], run.own["threshold"]
    with Canvas("Threshold: customers with at least this score are picked", "Share") as c:
        names = {
            "precision": "precision",
            "recall": "recall",
            "f1": "F1",
            "contacted": "customers picked",
        }
        for i, (key, label) in enumerate(names.items()):
            c.axes.plot(sweep["threshold"], sweep[key], **_line(i, label))
        c.axes.axvline(chosen, color=MARK, lw=1, label=f"the threshold: {chosen:.3g}")
        # Beyond the scores of the first few customers the lines only jump.
        few = np.asarray(sweep["contacted"]) >= 20 / run.own["n"]
        top = max(np.asarray(sweep["threshold"])[few].max(initial=0), 1.1 * min(chosen, 0.9))
        c.axes.set_xlim(0, min(1, top))
        c.axes.set_ylim(0, 1.02)
        c.percents("y")
        c.legend()
        return c.picture(
            "What another threshold would give",
            "Moving the threshold right picks fewer customers: precision tends to rise, recall "
            "falls.",
            f"Precision, recall, F1 and share picked against the threshold, which is {chosen:.3g}.",
        )


def confusion(run: ReportInput) -> Picture:
    """Counts of the four outcomes at the threshold."""
    at = run.own["confusion"]
    cells = np.array([[at["tp"], at["fn"]], [at["fp"], at["tn"]]], float)
    rows = cells.sum(axis=1, keepdims=True)
    shares = np.divide(cells, rows, out=np.zeros_like(cells), where=rows > 0)
    with Canvas("Decision", "Outcome") as c:
        c.axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.4, aspect="auto")
        for (i, j), share in np.ndenumerate(shares):
            c.axes.text(
                j,
                i,
                f"{cells[i, j]:,.0f}\n{percent(share)} of row",
                ha="center",
                va="center",
                fontsize=10,
            )
        c.axes.set_xticks([0, 1], ["picked", "left alone"])
        c.axes.set_yticks([0, 1], ["churned", "stayed"])
        c.axes.grid(visible=False)
        return c.picture(
            f"Decisions and outcomes at the threshold of {run.own['threshold']:.3g}",
            f"The threshold was {run.threshold_rule}; good decisions are top left and bottom "
            "right.",
            f"{at['tp']:,} churners picked, {at['fn']:,} churners left alone, {at['fp']:,} stayers "
            f"picked, {at['tn']:,} stayers left alone.",
        )


def calibration(run: ReportInput) -> Picture:
    """Churn rate against mean score in ten bins."""
    bins = {k: np.asarray(v) for k, v in run.curves[run.model]["calibration"].items()}
    with Canvas("Mean score", "Share that churned") as c:
        high = 1.05 * max(bins["high"].max(), bins["predicted"].max())
        c.axes.plot([0, high], [0, high], color=MARK, lw=0.9, ls=":", label="true probabilities")
        errors = [bins["observed"] - bins["low"], bins["high"] - bins["observed"]]
        c.axes.errorbar(
            bins["predicted"],
            bins["observed"],
            np.maximum(errors, 0),
            fmt="o",
            ms=4,
            lw=1,
            color=COLOURS[0],
            label=f"{run.model}, 95 % interval",
        )
        c.percents("x", "y")
        c.legend(loc="upper left")
        return c.picture(
            "Whether a score of 10 % means that 10 % churn (calibration)",
            "Each point is a tenth of the customers; points on the dotted line mean that scores "
            "are true probabilities, points below it that scores promise too much.",
            "Mean score and churn rate per tenth: "
            + ", ".join(
                f"{percent(p)} and {percent(o)}"
                for p, o in zip(bins["predicted"], bins["observed"], strict=True)
            )
            + ".",
        )


def distribution(run: ReportInput) -> Picture:
    """Histogram of the scores per outcome."""
    histogram = run.curves[run.model]["distribution"]
    edges = [*histogram["left"], histogram["right"][-1]]
    with Canvas("Score", "Share of the group per bin") as c:
        for i, (key, label) in enumerate({"churners": "churned", "stayers": "stayed"}.items()):
            c.axes.stairs(histogram[key], edges, fill=True, alpha=0.25, color=COLOURS[1 - i])
            c.axes.stairs(histogram[key], edges, color=COLOURS[1 - i], lw=1.4, label=label)
        c.axes.axvline(run.own["threshold"], color=MARK, lw=1, label="threshold")
        c.axes.set_xlim(edges[0], max(edges[-1], min(1, 1.05 * run.own["threshold"])))
        c.percents("y")
        c.legend()
        return c.picture(
            "Scores of those who churned and those who stayed",
            "The less the two shapes overlap, the easier the picking; each shape adds up to 100 %, "
            "and the last bin also holds all higher scores.",
            "Histograms of the scores of churners and of stayers.",
        )


def profit(run: ReportInput) -> Picture:
    """Cumulated gain in money against the share contacted, for all models."""
    with Canvas(
        "Share of customers contacted, highest scores first",
        "Profit per customer of the table (money)",
    ) as c:
        _per_model(c, run, "profit", "contacted", "profit")
        c.axes.axhline(0, color=MARK, lw=0.9, ls=":")
        own = run.curves[run.model]["profit"]
        # Contacting everybody may cost so much that the peaks could not be seen.
        top = max(max(run.curves[name]["profit"]["profit"]) for name in run.scores)
        if top > 0:
            c.axes.set_ylim(bottom=max(-1.5 * top, min(own["profit"]) - 0.1 * top))
        if run.budget is not None:
            share = min(run.budget / run.own["n"], 1.0)
            c.axes.axvline(share, color=MARK, lw=1, label=f"contact budget ({percent(share)})")
        c.percents("x")
        c.legend()
        best = int(np.argmax(own["profit"]))
        most = (
            f"{run.model} earns most, {own['profit'][best]:.3g} per customer, with "
            f"{percent(own['contacted'][best])} of the customers contacted."
            if best
            else f"With {run.model} no campaign pays at these costs."
        )
        return c.picture(
            "What a campaign of any size would earn",
            f"The peak is the size that earns most; beyond it, further contacts cost more than "
            f"they bring. {most} {run.money}".strip(),
            f"Profit against contacts. {most}",
        )


def _line(i: int, label: str) -> dict[str, Any]:
    """Colour and dashes of the `i`-th line; the first is drawn strongest and on top."""
    k = i % len(COLOURS)
    strong = {"lw": 2.2, "zorder": 5} if i == 0 else {"lw": 1.3}
    return {"color": COLOURS[k], "ls": DASHES[k], "label": label, **strong}


def _per_model(c: Canvas, run: ReportInput, curve: str, x: str, y: str) -> None:
    for i, name in enumerate(run.scores):
        points = run.curves[name][curve]
        c.axes.plot(points[x], points[y], **_line(i, name))


def _at_threshold(c: Canvas, x: float | None, y: float | None) -> None:
    if x is not None and y is not None:
        c.axes.plot(
            x,
            y,
            "o",
            color=COLOURS[0],
            mec="white",
            ms=8,
            zorder=6,
            label="at the threshold",
            ls="none",
        )
