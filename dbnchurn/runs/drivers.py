"""What drives the scores of a run: columns, example customers, and how faithful the reasons are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.errors import ConfigError, did_you_mean
from dbnchurn.core.typing import Floats, Rows
from dbnchurn.predictor.explain.contributions import Explainer
from dbnchurn.predictor.explain.faithfulness import agreement, fall, leading, occluded, spread
from dbnchurn.predictor.explain.reason_codes import PARTS, describe, schema_order
from dbnchurn.predictor.model_record import ModelRecord
from dbnchurn.runs.dependence import partial_dependences
from dbnchurn.runs.result import MODEL, RunResult
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Column, Table

SAMPLE = 1_000  # test customers whose contributions are averaged
EXAMPLES = 6
REASONS = 3  # per customer
DRAWS = 10  # values that a column is replaced by
MEASURED = 60  # customers on whom literal occlusion is run
BUDGET = 15_000  # rows scored for that: a wide table gets fewer customers
CLEAR = 0.3  # absolute rank correlation from which on a column has one direction


def check_display_names(names: Mapping[str, str], columns: Collection[str]) -> None:
    """Refuse display names of columns that are not there.

    Parameters
    ----------
    names : mapping of column → display name
    columns : collection of str

    Raises
    ------
    ConfigError
        If a column is not among `columns`; the message proposes a similar one.
    """
    for name in names:
        if name not in columns:
            raise ConfigError(
                f"display_names names the column {name!r}: {did_you_mean(name, map(str, columns))}"
            )


def find_drivers(
    trained: RunResult, display_names: Mapping[str, str], random_state: int
) -> dict[str, Any]:
    """The entry ``reasons`` of ``training.json``, measured on test customers.

    Parameters
    ----------
    trained : RunResult
    display_names : mapping of column → text
        What reports call a column.
    random_state : int
        Chooses the test customers, at most 1,000, and the values of the occlusion.

    Returns
    -------
    dict
        ``columns``: mean absolute contribution and direction of every column, largest first;
        ``examples``: customers with their reasons; ``dependence``: the mean score by the value of
        leading columns, and that of the first example; ``faithfulness``: agreement with occlusion.
    """
    generator = np.random.default_rng(random_state)
    model, test = trained.classifier.record_, trained.parts.test
    scores = trained.scores[MODEL]["test"]
    explainer = Explainer(model)
    positions = schema_order(model.schema)
    sample = np.sort(generator.permutation(len(test))[:SAMPLE])
    frame = trained.customers.X.iloc[test[sample]]
    table, _ = read(model.schema, frame)
    contributions = explainer.contributions(table)
    drivers: list[dict[str, Any]] = [
        {
            "column": column.name,
            "label": display_names.get(column.name, column.name),
            "mean_absolute": float(np.abs(contributions[:, position]).mean()),
            "direction": _direction(column, table, position, contributions[:, position]),
        }
        for column, position in zip(model.schema.used, positions, strict=True)
    ]
    drivers.sort(key=lambda driver: -driver["mean_absolute"])
    shown = _examples(scores[sample])
    reasons = describe(
        model.schema,
        frame.iloc[shown],
        table.take(shown),
        contributions[np.ix_(shown, positions)],
        REASONS,
        dict(display_names),
    )
    ids = trained.customers.ids[test[sample[shown]]]
    return {
        "customers": len(sample),
        "columns": drivers,
        "examples": [
            {"id": str(id), "probability": float(p), "reasons": _reasons(row)}
            for id, p, (_, row) in zip(ids, scores[sample[shown]], reasons.iterrows(), strict=True)
        ],
        "dependence": partial_dependences(
            model,
            table.take(np.random.default_rng(random_state).permutation(len(table))),
            [driver["column"] for driver in drivers],
            display_names,
            table.take(shown[:1]),
        ),
        "faithfulness": _faithfulness(
            explainer, model, table, scores[sample], contributions, generator
        ),
    }


def _direction(column: Column, table: Table, position: int, contribution: Floats) -> str:
    """Which values of a column raise the risk, as text; empty where it has one value."""
    p = table.numbers.shape[1]
    if column.kind == "category":
        codes = table.codes[:, position - p]
        means = {
            level: contribution[codes == code].mean()
            for code, level in enumerate(column.levels)
            if (codes == code).any()
        }
        if len(means) < 2:
            return ""
        top, bottom = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
        return f"highest for {top}, lowest for {bottom}"
    values = table.numbers[:, position]
    present = ~np.isnan(values)
    if len(np.unique(values[present])) < 2 or not contribution.any():
        return ""
    correlation = pd.Series(values[present]).corr(
        pd.Series(contribution[present]), method="spearman"
    )
    if abs(correlation) < CLEAR:
        return "no single direction"
    higher = {"flag": "yes", "date": "a later date"}.get(column.kind, "a higher value")
    return f"{higher} {'raises' if correlation > 0 else 'lowers'} the risk"


def _examples(scores: Floats) -> Rows:
    """Row numbers of the four highest scores, the one a quarter down the ranking, and the last."""
    order = np.argsort(-scores, kind="stable")
    third = EXAMPLES // 3
    quarter = len(order) // 4  # about where campaign lists end
    chosen = [order[: 2 * third], order[quarter : quarter + 1], order[-1:]]
    return np.array(list(dict.fromkeys(np.concatenate(chosen).tolist())), np.int64)


def _reasons(row: pd.Series[Any]) -> list[dict[str, Any]]:
    """The reasons of one customer as plain data."""
    ranks = [{part: row[f"{part}_{rank}"] for part in PARTS} for rank in range(1, REASONS + 1)]
    return [
        {part: None if pd.isna(value) else value for part, value in reason.items()}
        for reason in ranks
        if not pd.isna(reason["reason"])
    ]


def _faithfulness(
    explainer: Explainer,
    model: ModelRecord,
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
    measured, reasons = table.take(rows), contributions[rows]
    truth = occluded(model, measured, draws)
    noise = generator.permuted(reasons, axis=1)
    orders = {"reasons": reasons, "occlusion": truth, "random columns": noise}
    return {
        "customers": n,
        "values": DRAWS,
        "reasons": REASONS,
        **asdict(agreement(reasons, truth, REASONS)),
        "random": asdict(agreement(noise, truth, REASONS)),
        "fall": {
            name: fall(model, measured, leading(by, columns), draws, REASONS)
            for name, by in orders.items()
        },
    }
