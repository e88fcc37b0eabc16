"""Sentences on the numbers of a run: the verdict, the headlines and cautions."""

from __future__ import annotations

from dataclasses import dataclass

from dbnchurn.core.html.format import Number, joined, percent, percents, plain, span
from dbnchurn.evaluate.registry import METRICS, PRIMARY, Metric
from dbnchurn.report.report_input import ReportInput

FEW_CHURNERS = 100  # in the test part; with fewer the page warns


@dataclass(frozen=True)
class Headline:
    """One number at the top of the page, as text.

    Parameters
    ----------
    name, value : str
    range : str
        Its 95 % interval.
    meaning : str
        What it counts, in a few words.
    """

    name: str
    value: str
    range: str
    meaning: str


def verdict(run: ReportInput) -> str:
    """What the highest scores find, in a sentence."""
    own = run.own
    if own[PRIMARY]["value"] is None or own["roc_auc"]["value"] is None:
        return "The test customers are all of one outcome, so nothing can be said of the model."
    lift = own["lift_top_decile"]
    return (
        f"Among the tenth of the {own['n']:,} test customers with the highest scores, churners are "
        f"{plain(lift['value'], METRICS['lift_top_decile'].digits)} times as frequent as among all "
        f"({percent(own['base_rate'])})."
    )


def standing(run: ReportInput) -> str:
    """The result against the baselines in a sentence.

    A difference counts only if its paired 95 % interval of average precision leaves out zero.
    """
    own = run.own
    if own[PRIMARY]["value"] is None or own["roc_auc"]["value"] is None:
        return ""
    if not run.peers:
        return f"There is no baseline to compare {run.model} with."
    by_standing: dict[str, list[str]] = {
        "better than": [],
        "not told apart from": [],
        "worse than": [],
    }
    for name in run.peers:
        by_standing[_standing(run.metrics[name]["difference"][PRIMARY])].append(
            f"{name} ({_gap(run.metrics[name]['difference'][PRIMARY])})"
        )
    phrases = [f"{how} {joined(names)}" for how, names in by_standing.items() if names]
    return f"By {METRICS[PRIMARY].label_in_sentence}, {run.model} is {'; '.join(phrases)}."


def _standing(difference: Number) -> str:
    if difference["low"] is None or difference["low"] <= 0 <= difference["high"]:
        return "not told apart from"
    return "better than" if difference["low"] > 0 else "worse than"


def _gap(difference: Number) -> str:
    return f"by {difference['value']:+.3f}; {span(difference, signed=True)}".replace("-", "−")


def headlines(run: ReportInput) -> list[Headline]:
    """Precision, recall, F1, average precision, ROC AUC and lift of the run's own model."""
    own, counts = run.own, run.own["confusion"]
    picked = counts["tp"] + counts["fp"]
    churners = counts["tp"] + counts["fn"]

    meanings = {
        "precision": f"{counts['tp']:,} of the {picked:,} customers picked churned",
        "recall": f"{counts['tp']:,} of the {churners:,} churners were picked",
        "f1": "harmonic mean of precision and recall",
        "average_precision": (
            f"mean precision over all thresholds; chance gives {plain(own['base_rate'])}"
        ),
        "roc_auc": "chance that a churner scores above a stayer; chance gives 0.5",
        "lift_top_decile": "churn rate of the best tenth over that of all",
    }
    return [_headline(METRICS[name], own[name], meaning) for name, meaning in meanings.items()]


def _headline(metric: Metric, number: Number, meaning: str) -> Headline:
    if metric.reads_as == "percent":
        value, ends = percent(number["value"], metric.digits), percents(number, metric.digits)
    else:
        value, ends = plain(number["value"], metric.digits), span(number, metric.digits)
    return Headline(metric.label, value, ends, meaning)


def cautions(run: ReportInput) -> list[str]:
    """Warnings that follow from the numbers: few churners, no contacts, bias, better baselines."""
    own, counts = run.own, run.own["confusion"]
    churners, picked = counts["tp"] + counts["fn"], counts["tp"] + counts["fp"]
    sentences = []
    if churners < FEW_CHURNERS:
        sentences.append(
            f"The test part has only {churners:,} churners: intervals are wide and small "
            "differences cannot be seen."
        )
    if not picked:
        sentences.append("No test customer reaches the threshold, so precision is undefined.")
    gap = own["calibration_in_the_large"]
    if gap["low"] is not None and not gap["low"] <= 0 <= gap["high"]:
        direction = "more" if gap["value"] > 0 else "fewer"
        sentences.append(
            f"Scores promise {direction} churners than came: "
            f"{percent(own['base_rate'] + gap['value'])} on average, "
            f"{percent(own['base_rate'])} in truth."
        )
    worse = [
        name
        for name in run.baselines
        if _standing(run.metrics[name]["difference"][PRIMARY]) == "worse than"
    ]
    if worse:
        sentences.append(f"{joined(worse)} ranks customers better than {run.model}.")
    return sentences
