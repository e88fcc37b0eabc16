"""A comparison as files: ``compare.html``, ``comparison.csv``, ``comparison.md``, ``runs.csv``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from dbnchurn.core.errors import ConfigError, did_you_mean
from dbnchurn.core.files import write_whole
from dbnchurn.core.html.format import plain, span
from dbnchurn.core.spreadsheet_text import csv_text
from dbnchurn.evaluate.registry import COMPARED, METRICS, MetricTable, columns
from dbnchurn.experiments.comparison import compare_runs, plain_rows
from dbnchurn.experiments.finished_runs import find_runs
from dbnchurn.report.comparison_content import Comparison, Number
from dbnchurn.report.comparison_page import render_comparison
from dbnchurn.runs.folder import LOCK

SHORT = columns(MetricTable.NOTES)
PAGE = "compare.html"


def compare_folders(paths: Sequence[Path], output: Path, metric: str) -> Comparison:
    """Compare the runs in folders and write the comparison.

    Parameters
    ----------
    paths : sequence of Path
        Run folders, or folders of experiments.
    output : Path
        Folder for the files.
    metric : str
        Decides ranks and verdict.

    Returns
    -------
    Comparison

    Raises
    ------
    ConfigError
        If there is no such metric, or `output` is itself a run.
    DataError
        If a folder holds no finished run.
    """
    if metric not in COMPARED:
        raise ConfigError(f"metric {metric!r}: {did_you_mean(metric, COMPARED)}")
    if (output / "metrics.json").exists() or (output / LOCK).exists():
        raise ConfigError(f"{output} holds a run or an experiment; choose another --output")
    comparison = compare_runs(find_runs(paths), metric=metric, title=output.name)
    write_comparison(output, comparison)
    return comparison


def write_comparison(folder: Path, comparison: Comparison) -> None:
    """Write all four files; each replaces an older one when it is complete.

    ``comparison.csv`` has no times, so that it is the same for the same runs.

    Parameters
    ----------
    folder : Path
    comparison : Comparison
    """
    files = {
        "comparison.csv": csv_text(pd.DataFrame(plain_rows(comparison))),
        "runs.csv": csv_text(pd.DataFrame(list(comparison.runs))),
        "comparison.md": markdown(comparison),
        PAGE: render_comparison(comparison),
    }
    for name, text in files.items():
        write_whole(folder / name, text)


def markdown(comparison: Comparison) -> str:
    """The comparison as a Markdown page."""
    metric = comparison.metric
    lines = [f"# {comparison.title}", "", comparison.verdict, ""]
    lines += [f"- **{warning}**" for warning in comparison.warnings]
    lines += [""] if comparison.warnings else []
    names = [m.label if m.higher_is_better else f"{m.label} ↓" for m in SHORT.values()]
    lines += _table(
        ["model", "runs", "mean rank", *names, "seconds"],
        [
            [
                model.name,
                str(model.runs),
                plain(model.rank, 2),
                *(_cell(model.numbers[key]) for key in SHORT),
                f"{model.seconds:.1f}",
            ]
            for model in comparison.models
        ],
    )
    paired = [model for model in comparison.others if model.difference is not None]
    if paired:
        lines += ["", f"Differences from {comparison.reference.name}:", ""]
        lines += _table(
            ["model", *names, f"by {METRICS[metric].label}"],
            [
                [
                    model.name,
                    *(_cell((model.difference or {})[key], 4) for key in SHORT),
                    f"{comparison.standing(model)} {comparison.reference.name}",
                ]
                for model in paired
            ],
        )
    if any(model.differs for model in comparison.models):
        lines += ["", "What differed:", ""]
        lines += [
            f"- {model.name}: " + "; ".join(f"`{k}: {v}`" for k, v in model.differs.items())
            for model in comparison.models
        ]
    return "\n".join([*lines, "", comparison.method, ""])


def summary_text(folder: Path) -> str:
    """A written comparison as text, and the path of its page."""
    text = (folder / "comparison.md").read_text(encoding="utf-8")
    return f"{text}\npage: {folder / PAGE}"


def _cell(number: Number, digits: int = 3) -> str:
    if number["value"] is None or number["low"] is None:
        return plain(number["value"], digits)
    return f"{plain(number['value'], digits)} [{span(number, digits)}]"


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        "|" + "---|" * len(head),
        *(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows),
    ]
