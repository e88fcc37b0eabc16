"""The summary of a finished run on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from dbnchurn.evaluate.registry import MetricTable, columns
from dbnchurn.predictor.model_files import digest_of_folder
from dbnchurn.runs.all_test_rows import all_test_sentence
from dbnchurn.runs.facts import FACTS
from dbnchurn.runs.folder import read_json
from dbnchurn.runs.neighbour_value import neighbour_sentence
from dbnchurn.runs.result import MODEL
from dbnchurn.runs.stored_model import stored_sentence

SHOWN = tuple(columns(MetricTable.TERMINAL))


def result_table(metrics: Mapping[str, Any]) -> Table:
    """The model and its baselines on the test customers, as a table for a terminal.

    Parameters
    ----------
    metrics : mapping
        As ``metrics.json`` has them.

    Examples
    --------
    >>> unknown = {name: {"value": None, "low": None, "high": None} for name in SHOWN}
    >>> result_table({"test": {"n": 5} | unknown, "baselines": {"xgboost": unknown}}).row_count
    2
    """
    table = Table(title=f"Test: {metrics['test']['n']} customers that no model was trained on")
    table.add_column("model", no_wrap=True)
    for name in SHOWN:
        table.add_column(name.replace("_", " "), justify="right")
    for model, numbers in {MODEL: metrics["test"], **metrics["baselines"]}.items():
        table.add_row(model, *(_interval(numbers[name]) for name in SHOWN))
    return table


def summary_text(folder: Path, metrics: Mapping[str, Any]) -> str:
    """Who left, what was measured and stored, threshold, paths of report and model, and its digest.

    Parameters
    ----------
    folder : Path
        Of the run.
    metrics : mapping
        As ``metrics.json`` has them.

    Returns
    -------
    str
        Up to eight lines.
    """
    threshold = metrics["threshold"]
    origin = f"rule {threshold['rule']}, chosen on {threshold['chosen_on']}"
    if threshold["chosen_on"] is None:
        origin = "fixed in the config"
    facts = read_json(folder / FACTS) if (folder / FACTS).exists() else {}
    outcome = [facts["outcome"]] if "outcome" in facts else []
    stored = [stored_sentence(facts["stored"])] if "stored" in facts else []
    if "all_test" in metrics:
        stored.append(all_test_sentence(metrics))
    if "neighbours" in facts:
        stored.append(neighbour_sentence(facts["neighbours"]))
    lines = [
        *outcome,
        *stored,
        f"threshold {threshold['value']:.4f} ({origin}); brackets are 95 % intervals",
    ]
    if (folder / "report.html").exists():
        lines.append(f"report: {folder / 'report.html'}")
    lines.append(f"model:  {folder / 'model'}")
    if (folder / "model").is_dir():
        lines.append(f"digest: {digest_of_folder(folder / 'model')}")
    return "\n".join(lines)


def _interval(number: Mapping[str, float | None]) -> str:
    if number["value"] is None:
        return "–"
    return f"{number['value']:.3f} [{number['low']:.3f}, {number['high']:.3f}]"
