"""What the features of neighbours add to a run, and what they do not prove."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import numpy as np

from dbnchurn.core.errors import DataError
from dbnchurn.core.html.format import plain, span
from dbnchurn.evaluate.summary import compare
from dbnchurn.graph.contagion import estimate_contagion
from dbnchurn.model.inputs import LabelledFrame
from dbnchurn.runs.baselines import xgboost
from dbnchurn.runs.config import RunConfig
from dbnchurn.runs.dataset import labelled_frame
from dbnchurn.tables import Customers
from dbnchurn.tables.splitting import Split

log = logging.getLogger(__name__)

WITH, WITHOUT = "with neighbours", "without neighbours"
SHARE = "neighbours_left_share"
NO_PROOF = (
    "That is no proof that leaving spreads: people call whom they resemble, so that those whose "
    "neighbours left may leave for reasons that they share."
)


def neighbour_value(table: Customers, parts: Split, config: RunConfig) -> dict[str, Any] | None:
    """What boosted trees rank better on the test rows with the features of neighbours.

    Two boosters are fitted on the training rows, with and without these features and what is
    divided by them; both are measured on the same test rows, which neither has been trained on.

    Parameters
    ----------
    table : Customers
    parts : Split
    config : RunConfig

    Returns
    -------
    dict or None
        Plain data; None for a run without neighbours.
    """
    columns = neighbour_columns(config, list(table.X.columns))
    if not columns:
        return None
    if len(columns) == table.X.shape[1]:
        log.warning(
            "all columns are of neighbours, so that there is no model without them to compare "
            "with: what they add to other features is not measured"
        )
        return None
    rows = [labelled_frame(table, part) for part in (parts.train, parts.validation, parts.test)]
    scores = {}
    for name, dropped in ((WITH, []), (WITHOUT, columns)):
        train, validation, test = (_without(labelled, dropped) for labelled in rows)
        predict = xgboost(
            train, validation, kinds={k: v for k, v in config.kinds.items() if k not in dropped},
            formats=table.feature_formats, random_state=config.seed, n_threads=config.n_threads,
        )  # fmt: skip
        scores[name] = predict(test.frame)
    test, customers = rows[2], np.asarray(table.ids)
    both = compare(
        test.y, scores, dict.fromkeys(scores, 0.5), sample_weight=test.sample_weight,
        random_state=config.seed,
    )  # fmt: skip
    found: dict[str, Any] = {
        "columns": columns,
        "average_precision": {name: both[name]["average_precision"] for name in scores},
        "difference": both[WITHOUT]["difference"]["average_precision"],
        "contagion": {},
        "no_estimate": {},
    }
    for column in (column for column in columns if column.endswith(SHARE)):
        try:
            estimate = estimate_contagion(
                test.frame[column], test.y, scores[WITHOUT], customers[parts.test]
            )
        except DataError as error:
            found["no_estimate"][column] = str(error)
            continue
        found["contagion"][column] = {
            "value": estimate.coefficient, "low": estimate.low, "high": estimate.high,
            "customers": estimate.groups,
        }  # fmt: skip
    return found


def neighbour_columns(config: RunConfig, columns: list[str]) -> list[str]:
    """The columns of neighbours, and ratios that use them.

    Parameters
    ----------
    config : RunConfig
    columns : list of str
        Of the table.

    Returns
    -------
    list of str
    """
    if config.data is None or not config.data.neighbours:
        return []
    starts = tuple(f"{name}_neighbours" for name in config.data.neighbours)
    own = {column for column in columns if column.startswith(starts)}
    ratios = {name for name, parts in config.data.ratios.items() if own & set(parts)}
    return [column for column in columns if column in own | ratios]


def neighbour_sentence(found: dict[str, Any]) -> str:
    """What :func:`neighbour_value` found, in two or three sentences.

    Examples
    --------
    >>> number = {"value": 0.2, "low": 0.1, "high": 0.3}
    >>> found = {"columns": ["a"], "average_precision": {WITH: number, WITHOUT: number},
    ...          "difference": {"value": 0.0, "low": -0.1, "high": 0.1}, "contagion": {}}
    >>> neighbour_sentence(found).split(": ")[0]
    'No gain by neighbours is shown'
    """
    one, other = (found["average_precision"][name]["value"] for name in (WITH, WITHOUT))
    gain = found["difference"]
    numbers = (
        f"boosted trees have an average precision of {plain(one)} on the test rows with their "
        f"{len(found['columns'])} columns and of {plain(other)} without, a difference of "
        f"{plain(gain['value'])} ({span(gain, signed=True)})"
    )
    low = gain["low"]
    shown = "Neighbours add to the ranking" if low and low > 0 else "No gain by neighbours is shown"
    text = f"{shown}: {numbers}."
    for column, number in found["contagion"].items():
        text += (
            f" Beside the score without them, the log-odds of leaving grow by "
            f"{plain(number['value'], 2)} ({span(number, 2)}) from 0 to 1 of {column}."
        )
    for column, why in found.get("no_estimate", {}).items():
        text += f" How leaving grows with {column} is not known: {why}."
    return f"{text} {NO_PROOF}"


def _without(labelled: LabelledFrame, columns: list[str]) -> LabelledFrame:
    return replace(labelled, frame=labelled.frame.drop(columns=columns)) if columns else labelled
