"""The scores of a run, with all columns that its metrics are computed from; a row per customer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.typing import Floats
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.customers import true_probabilities
from dbnchurn.runs.result import MODEL, RunResult
from dbnchurn.runs.side_columns import gains, months, report_groups

SCORED = ("validation", "test")
GROUP = "group "


def predictions(trained: RunResult, config: RunConfig) -> pd.DataFrame:
    """One row per customer that was not trained on.

    Parameters
    ----------
    trained : RunResult
    config : RunConfig

    Returns
    -------
    DataFrame
        ``id``, ``part``, ``label`` and ``score``; ``score NAME`` of every baseline; ``gain``, what
        contacting the customer gains; ``month``, where there are dates; ``group NAME`` for the
        groups of the report; ``weight``, where rows differ in
        that; ``truth``, the true probability of simulated customers (test only).
    """
    table, parts = trained.customers, trained.parts
    which = np.concatenate([getattr(parts, part) for part in SCORED])
    columns: dict[str, Any] = {
        "id": table.ids[which],
        "part": np.repeat(SCORED, [len(getattr(parts, part)) for part in SCORED]),
        "label": table.y[which],
    }
    for model, scores in trained.scores.items():
        columns[score_column(model)] = np.concatenate([scores[part] for part in SCORED])
    columns["gain"] = gains(config.campaign, table)[which]
    if table.sample_weight is not None:
        columns["weight"] = table.sample_weight[which]
    if table.dates is not None:
        columns["month"] = months(table.dates[which])
    for name, of_rows in report_groups(
        config.report, table, parts.train, which, trained.strength
    ).items():
        columns[GROUP + name] = of_rows
    frame = pd.DataFrame(columns)
    if config.data is not None and config.data.truth is not None:
        frame["truth"] = np.nan
        truth = true_probabilities(config.data, table, parts.test)
        frame.loc[frame["part"] == "test", "truth"] = truth
    return frame


def weights(frame: pd.DataFrame) -> Floats | None:
    """How much each row counts; None where all count the same."""
    return frame["weight"].to_numpy(np.float64) if "weight" in frame else None


def score_column(model: str) -> str:
    """Column with the scores of a model."""
    return "score" if model == MODEL else f"score {model}"


def models(frame: pd.DataFrame) -> list[str]:
    """Models that have scores, the classifier first."""
    names = [str(column) for column in frame]
    return [MODEL, *(n.removeprefix("score ") for n in names if n.startswith("score "))]
