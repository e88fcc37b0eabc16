"""Metrics of all rows of the test months, also of customers who were not drawn.

Where customers are drawn, predictions of the others are a folder of Parquet files. They are counted
in fixed bins, file by file, so they may be more rows than fit into memory.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from dbnchurn.core.typing import Floats, Ints
from dbnchurn.evaluate.binned import BinnedScores, binned_intervals
from dbnchurn.evaluate.summary import numbers_at
from dbnchurn.tables import Customers
from dbnchurn.tables.splitting import Split
from dbnchurn.tables.unused_columns import say

OTHERS = "predictions"
"""Folder of a run: id, cutoff, label and score of the test rows of customers not drawn."""

WEIGHTED = (
    "rows are weighted by what campaigns did (feedback), and those of customers who were not drawn "
    "have no weight: all metrics are of customers who were drawn"
)
SHOWN = ("average_precision", "roc_auc", "precision", "recall")


def unseen_cutoffs(table: Customers, parts: Split) -> list[str]:
    """Cutoffs of the test rows, if predictions of customers who were not drawn can be counted.

    They cannot where rows are weighted, which is logged, for the others have no weights.

    Parameters
    ----------
    table : Customers
    parts : Split

    Returns
    -------
    list of str
        Empty also where rows have no dates, and where a cutoff was trained and tested: others of it
        may have been learned from, and without them the remaining cutoffs would count too much.
    """
    if table.dates is None:
        return []
    if table.sample_weight is not None:
        say([WEIGHTED], logging.WARNING)
        return []
    days = table.dates.astype("datetime64[D]")
    tested = np.unique(days[parts.test])
    return [] if np.isin(tested, days[parts.train]).any() else [str(day) for day in tested]


def all_test_metrics(
    frame: pd.DataFrame,
    others: Path | None,
    threshold: float,
    *,
    resamples: int,
    random_state: int,
) -> dict[str, Any]:
    """Metrics of the test rows of a run and of others, counted together.

    Parameters
    ----------
    frame : DataFrame
        As :func:`dbnchurn.runs.predictions.predictions` gives it.
    others : Path or None
        Folder of Parquet files with ``label`` and ``score``.
    threshold : float
    resamples : int
    random_state : int

    Returns
    -------
    dict
        ``all_test`` with ``rows``, ``churners``, ``not_drawn`` and each metric with its interval;
        empty without a folder.
    """
    if others is None or not others.is_dir():
        return {}
    test = frame[frame["part"] == "test"]
    total = BinnedScores.of(test["label"].to_numpy(), test["score"].to_numpy(), cut=threshold)
    not_drawn = 0
    for labels, scores in _rows(others):
        total += BinnedScores.of(labels, scores, cut=threshold)
        not_drawn += len(labels)
    found = binned_intervals(
        total,
        lambda ranking: numbers_at(ranking, threshold),
        resamples=resamples,
        random_state=random_state,
    )
    return {
        "all_test": {
            "rows": len(test) + not_drawn,
            "churners": int(total.churners.sum()),
            "not_drawn": not_drawn,
            **{name: number.plain() for name, number in found.items()},
        }
    }


def _rows(folder: Path) -> Iterator[tuple[Ints, Floats]]:
    for file in sorted(folder.glob("*.parquet")):
        rows = pq.read_table(file, columns=["label", "score"])
        yield rows.column("label").to_numpy(), rows.column("score").to_numpy()


def all_test_sentence(metrics: Mapping[str, Any]) -> str:
    """What was measured on all test rows.

    Parameters
    ----------
    metrics : mapping
        As ``metrics.json`` has them, with ``all_test``.

    Returns
    -------
    str
    """
    told = metrics["all_test"]
    numbers = ", ".join(
        f"{name.replace('_', ' ')} {_number(told[name])}" for name in SHOWN if name in told
    )
    return (
        f"all {told['rows']} rows of the test months, {told['not_drawn']} of them of customers who "
        f"were not drawn, counted in bins: {numbers}"
    )


def _number(number: Mapping[str, float | None]) -> str:
    if number["value"] is None:
        return "undefined"
    if number["low"] is None or number["high"] is None:
        return f"{number['value']:.3f}"
    return f"{number['value']:.3f} [{number['low']:.3f}, {number['high']:.3f}]"
