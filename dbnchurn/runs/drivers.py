"""What drives the scores of a run: columns, example customers, and whether to believe it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.errors import ConfigError, did_you_mean
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.predictor.explain.contributions import Explainer
from dbnchurn.predictor.explain.faithfulness import agreement, fall, leading, occluded, spread
from dbnchurn.predictor.explain.reason_codes import PARTS, describe, schema_order
from dbnchurn.runs.result import MODEL, RunResult
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Column, Table

SAMPLE = 1_000  # test customers whose contributions are averaged
EXAMPLES = 6
REASONS = 3  # per customer
DRAWS = 10  # values that a column is replaced by
MEASURED = 60  # customers on whom literal occlusion is run
BUDGET = 15_000  # rows scored for that: a wide table gets fewer customers
CLEAR = 0.3  # rank correlation from which a column has one direction


def check_labels(labels: Mapping[str, str], columns: Collection[str]) -> None:
    """Refuse labels of columns that are not there.

    Raises
    ------
    ConfigError
    """
    for name in labels:
        if name not in columns:
            raise ConfigError(
                f"labels names the column {name!r}: {did_you_mean(name, map(str, columns))}"
            )


def find_drivers(trained: RunResult, config: Any) -> dict[str, Any]:
    """What ``training.json`` says about reasons; all of it on test customers.

    Returns
    -------
    dict
        ``columns``: mean absolute contribution and direction of every column, largest first;
        ``examples``: customers with their reasons; ``faithfulness``: agreement with occlusion.
    """
    generator = np.random.default_rng(config.seed)
    model, test = trained.classifier.record_, trained.parts.test
    scores = trained.scores[MODEL]["test"]
    explainer = Explainer(model)
    places = schema_order(model.schema)
    some = np.sort(generator.permutation(len(test))[:SAMPLE])
    frame = trained.customers.X.iloc[test[some]]
    table, _ = read(model.schema, frame)
    contributions = explainer.contributions(table)
    labels = dict(config.display_names)
    drivers = [
        {
            "column": column.name,
            "label": labels.get(column.name, column.name),
            "mean_absolute": float(np.abs(contributions[:, place]).mean()),
            "direction": _direction(column, table, place, contributions[:, place]),
        }
        for column, place in zip(model.schema.used, places, strict=True)
    ]
    drivers.sort(key=lambda driver: -driver["mean_absolute"])
    shown = _examples(scores[some])
    reasons = describe(
        model.schema,
        frame.iloc[shown],
        table.take(shown),
        contributions[np.ix_(shown, places)],
        REASONS,
        labels,
    )
    ids = trained.customers.ids[test[some[shown]]]
    return {
        "customers": len(some),
        "columns": drivers,
        "examples": [
            {"id": str(id), "probability": float(p), "reasons": _plain(row)}
            for id, p, (_, row) in zip(ids, scores[some[shown]], reasons.iterrows(), strict=True)
        ],
        "faithfulness": _measure(explainer, model, table, scores[some], contributions, generator),
    }


def _direction(column: Column, table: Table, place: int, contribution: Floats) -> str:
    """What raises the risk, in words."""
    p = table.numbers.shape[1]
    if column.kind == "category":
        codes = table.codes[:, place - p]
        means = {
            level: contribution[codes == code].mean()
            for code, level in enumerate(column.levels)
            if (codes == code).any()
        }
        if len(means) < 2:
            return ""
        top, bottom = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
        return f"highest for {top}, lowest for {bottom}"
    values = table.numbers[:, place]
    present = ~np.isnan(values)
    if len(np.unique(values[present])) < 2 or not contribution.any():
        return ""
    found = pd.Series(values[present]).corr(pd.Series(contribution[present]), method="spearman")
    if abs(found) < CLEAR:
        return "no single direction"
    more = {"flag": "yes", "date": "a later date"}.get(column.kind, "a higher value")
    return f"{more} {'raises' if found > 0 else 'lowers'} the risk"


def _examples(scores: Floats) -> Ints:
    """Places of the highest scores, the middle of the ranking, and the lowest."""
    order = np.argsort(-scores, kind="stable")
    third = EXAMPLES // 3
    middle = len(order) // 4  # about where lists end
    chosen = [order[: 2 * third], order[middle : middle + 1], order[-1:]]
    return np.array(list(dict.fromkeys(np.concatenate(chosen).tolist())), np.int64)


def _plain(row: pd.Series[Any]) -> list[dict[str, Any]]:
    """The reasons of one customer as plain data."""
    ranks = [{part: row[f"{part}_{rank}"] for part in PARTS} for rank in range(1, REASONS + 1)]
    return [
        {part: None if pd.isna(value) else value for part, value in found.items()}
        for found in ranks
        if not pd.isna(found["reason"])
    ]


def _measure(
    explainer: Explainer,
    model: Any,
    table: Table,
    scores: Floats,
    contributions: Floats,
    generator: np.random.Generator,
) -> dict[str, Any]:
    """Agreement with literal occlusion by values of other test customers.

    Half of the customers have the highest scores, half are any.
    """
    columns = contributions.shape[1]
    n = min(len(table), MEASURED, max(10, BUDGET // (columns * DRAWS)))
    order = np.argsort(-scores, kind="stable")
    rest = generator.permutation(order[n // 2 :])[: n - n // 2]
    rows = np.concatenate([order[: n // 2], rest])
    draws = spread(table, DRAWS, generator)
    measured, found = table.take(rows), contributions[rows]
    truth = occluded(model, measured, draws)
    noise = generator.permuted(found, axis=1)
    paths = {"reasons": found, "occlusion": truth, "random columns": noise}
    return {
        "customers": n,
        "values": DRAWS,
        "reasons": REASONS,
        **asdict(agreement(found, truth, REASONS)),
        "random": asdict(agreement(noise, truth, REASONS)),
        "fall": {
            name: fall(model, measured, leading(by, columns), draws, REASONS)
            for name, by in paths.items()
        },
    }
