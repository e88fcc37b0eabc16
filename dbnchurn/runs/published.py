"""The table of a run in the form papers print it, beside figures that were published elsewhere.

Printed figures can contradict one another. Precision, recall and F1 are tied, and with the share of
churners so is accuracy; :func:`remarks` says what follows from what was printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from dbnchurn.evaluate.registry import METRICS, PRINTED
from dbnchurn.runs.result import MODEL
from dbnchurn.runs.sections import PublishedFigures

ROUNDING = 0.0006  # of two figures printed with two decimals in percent, and a third from them


def f1_of(precision: float, recall: float) -> float:
    """Harmonic mean.

    Examples
    --------
    >>> round(f1_of(0.9908, 0.8811), 4)
    0.9327
    """
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def precision_of(recall: float, f1: float) -> float | None:
    """The precision that goes with a recall and an F1; None if there is none.

    Examples
    --------
    >>> round(precision_of(0.8811, 0.8927), 4)
    0.9046
    >>> precision_of(0.2, 0.9) is None
    True
    """
    below = 2 * recall - f1
    found = f1 * recall / below if below > 0 else 2.0
    return found if found <= 1 else None


def accuracy_of(precision: float, recall: float, base_rate: float) -> float:
    """Share of right decisions, from the share of churners.

    Examples
    --------
    >>> round(accuracy_of(0.9046, 0.8811, 0.0354), 4)
    0.9925
    """
    caught = recall * base_rate
    wrongly = caught * (1 / precision - 1) if precision else 0.0
    return 1 - wrongly - (base_rate - caught)


def remarks(name: str, printed: PublishedFigures) -> Iterator[str]:
    """What follows from printed figures, in sentences."""
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
    """Accuracy, precision, recall and F1 of a run's model and baselines, and of what was printed.

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
    for model, found in {MODEL: metrics["test"], **metrics["baselines"]}.items():
        row: dict[str, Any] = {"model": model}
        for name in PRINTED:
            ends = ("", "value"), ("_low", "low"), ("_high", "high")
            row |= {f"{name}{ending}": found[name][key] for ending, key in ends}
        rows.append(row)
    for source, printed in published.items():
        rows.append({"model": source, **{name: getattr(printed, name) for name in PRINTED}})
    return pd.DataFrame(rows)


def notes(metrics: Mapping[str, Any], published: Mapping[str, PublishedFigures]) -> list[str]:
    """What the reader of the table should know."""
    found = metrics["test"]
    said = [
        f"On {found['n']:,} test customers with their true share of churners, "
        f"{found['base_rate']:.2%}; none of them is repeated. Picking nobody would already have an "
        f"accuracy of {1 - found['base_rate']:.2%}, so accuracy says little here.",
        "Precision, recall and F1 are those of the churners, at the threshold that each model's "
        "validation customers chose; ranges beside are 95 % bootstrap intervals.",
    ]
    for name, printed in published.items():
        said += remarks(name, printed)
    if published:
        said.append(
            "Printed figures are of other customers: they stand beside for their form, and which "
            "is larger says nothing about the methods."
        )
    return said


def markdown(table: pd.DataFrame, said: list[str]) -> str:
    """The table in percent with its notes."""
    heads = ["model", *(METRICS[name].label_in_sentence for name in PRINTED)]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for row in table.to_dict("records"):
        cells = [_cell(row, name) for name in PRINTED]
        lines.append(f"| {row['model']} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", *(f"- {note}" for note in said), ""])


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
    """``table.md`` and ``table.csv`` of a run."""
    table = run_table(metrics, published)
    table.to_csv(folder / "table.csv", index=False)
    text = markdown(table, notes(metrics, published))
    (folder / "table.md").write_text(text, encoding="utf-8")
