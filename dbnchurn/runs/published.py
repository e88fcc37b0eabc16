"""The table of a run in the form papers print it, with figures that were published elsewhere.

Printed figures can contradict one another. Precision, recall and F1 are tied, and with the share of
churners so is accuracy; :func:`remarks` states what follows from the printed ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from dbnchurn.core.files import write_whole
from dbnchurn.core.spreadsheet_text import csv_text
from dbnchurn.evaluate.registry import METRICS, PRINTED
from dbnchurn.runs.result import MODEL
from dbnchurn.runs.sections import PublishedFigures

ROUNDING = 0.0006  # error of an F1 from two figures that are rounded to two decimals in percent


def f1_of(precision: float, recall: float) -> float:
    """Harmonic mean of precision and recall.

    Parameters
    ----------
    precision, recall : float
        Between 0 and 1.

    Returns
    -------
    float
        0 where both are 0.

    Examples
    --------
    >>> round(f1_of(0.9908, 0.8811), 4)
    0.9327
    """
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def precision_of(recall: float, f1: float) -> float | None:
    """The precision that a recall and an F1 imply.

    Parameters
    ----------
    recall, f1 : float
        Between 0 and 1.

    Returns
    -------
    float or None
        None if no precision up to 1 gives that F1.

    Examples
    --------
    >>> round(precision_of(0.8811, 0.8927), 4)
    0.9046
    >>> precision_of(0.2, 0.9) is None
    True
    """
    denominator = 2 * recall - f1
    if denominator <= 0 or f1 * recall > denominator:
        return None
    return f1 * recall / denominator


def accuracy_of(precision: float, recall: float, base_rate: float) -> float:
    """Share of right decisions.

    Parameters
    ----------
    precision, recall : float
        Between 0 and 1.
    base_rate : float
        Share of churners.

    Returns
    -------
    float

    Examples
    --------
    >>> round(accuracy_of(0.9046, 0.8811, 0.0354), 4)
    0.9925
    """
    caught = recall * base_rate
    wrongly = caught * (1 / precision - 1) if precision else 0.0
    return 1 - wrongly - (base_rate - caught)


def remarks(name: str, printed: PublishedFigures) -> Iterator[str]:
    """Sentences about printed figures that contradict one another.

    Parameters
    ----------
    name : str
        Source of the figures.
    printed : PublishedFigures

    Yields
    ------
    str
        None where the figures agree, or precision, recall or F1 was not printed.
    """
    precision, recall, f1 = printed.precision, printed.recall, printed.f1
    if precision is None or recall is None or f1 is None:
        return
    implied = f1_of(precision, recall)
    if abs(implied - f1) <= ROUNDING:
        return
    yield (
        f"{name}: its figures cannot all hold: a precision of {precision:.2%} and a recall of "
        f"{recall:.2%} make an F1 of {implied:.2%}, not {f1:.2%}."
    )
    needed = precision_of(recall, f1)
    if needed is None or printed.base_rate is None:
        return
    accuracy = accuracy_of(needed, recall, printed.base_rate)
    yield (
        f"{name}: recall and F1 together need a precision of {needed:.2%}, and with "
        f"{printed.base_rate:.2%} churners that is an accuracy of {accuracy:.2%}. So its "
        f"{precision:.2%}, {abs(accuracy - precision) * 100:.2f} points from that, is read as the "
        "accuracy, which is what nearly fits."
    )


def run_table(
    metrics: Mapping[str, Any], published: Mapping[str, PublishedFigures]
) -> pd.DataFrame:
    """Accuracy, precision, recall and F1 of a run's model and baselines, and the published ones.

    Parameters
    ----------
    metrics : mapping
        As in ``metrics.json``.
    published : mapping of source → PublishedFigures

    Returns
    -------
    DataFrame with columns ``model`` and, for each number, ``…``, ``…_low`` and ``…_high``
    """
    rows: list[dict[str, Any]] = []
    for model, numbers in {MODEL: metrics["test"], **metrics["baselines"]}.items():
        row: dict[str, Any] = {"model": model}
        for name in PRINTED:
            ends = ("", "value"), ("_low", "low"), ("_high", "high")
            row |= {f"{name}{ending}": numbers[name][key] for ending, key in ends}
        rows.append(row)
    for source, printed in published.items():
        rows.append({"model": source, **{name: getattr(printed, name) for name in PRINTED}})
    return pd.DataFrame(rows)


def notes(metrics: Mapping[str, Any], published: Mapping[str, PublishedFigures]) -> list[str]:
    """Sentences below the table.

    Parameters
    ----------
    metrics : mapping
        As in ``metrics.json``.
    published : mapping of source → PublishedFigures

    Returns
    -------
    list of str
    """
    test = metrics["test"]
    sentences = [
        f"On {test['n']:,} test customers with their true share of churners, "
        f"{test['base_rate']:.2%}; none of them is repeated. Picking nobody would already have an "
        f"accuracy of {1 - test['base_rate']:.2%}, so accuracy says little here.",
        "Precision, recall and F1 are those of the churners, at the threshold that each model's "
        "validation customers chose; ranges beside are 95 % bootstrap intervals.",
    ]
    for name, printed in published.items():
        sentences += remarks(name, printed)
    if published:
        sentences.append(
            "Printed figures are of other customers: they stand beside for their form, and which "
            "is larger says nothing about the methods."
        )
    return sentences


def markdown(table: pd.DataFrame, sentences: list[str]) -> str:
    """The table in percent with its notes.

    Parameters
    ----------
    table : DataFrame
        As :func:`run_table` gives it.
    sentences : list of str
        As :func:`notes` gives them.

    Returns
    -------
    str
        Markdown.
    """
    heads = ["model", *(METRICS[name].label_in_sentence for name in PRINTED)]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for row in table.to_dict("records"):
        cells = [_cell(row, name) for name in PRINTED]
        lines.append(f"| {row['model']} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *(f"- {sentence}" for sentence in sentences), ""])


def _cell(row: Mapping[Any, Any], name: str) -> str:
    if pd.isna(row[name]):
        return "–"
    low, high = (row.get(f"{name}_{end}") for end in ("low", "high"))
    ends = ""
    if low is not None and high is not None and not pd.isna(low):
        ends = f" [{100 * low:.2f}, {100 * high:.2f}]"
    return f"{100 * float(row[name]):.2f}{ends}"


def write_table(
    folder: Path, metrics: Mapping[str, Any], published: Mapping[str, PublishedFigures]
) -> None:
    """Write ``table.md`` and ``table.csv`` of a run.

    Parameters
    ----------
    folder : Path
    metrics : mapping
        As in ``metrics.json``.
    published : mapping of source → PublishedFigures
    """
    table = run_table(metrics, published)
    write_whole(folder / "table.csv", csv_text(table))
    write_whole(folder / "table.md", markdown(table, notes(metrics, published)))
