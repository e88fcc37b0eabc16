"""The plan of a table of features as a stored model holds it: structure, and never a statement.

A model says which columns its tables have, how these are written, and which windows and aggregates
became features. It holds no SQL, no database and no bound of memory, so that a model from elsewhere
cannot make a job run or read anything. Where the training read files, their paths are kept, as
what a job may be asked to confirm.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from dbnchurn.config.messages import sentences
from dbnchurn.core.errors import ArtifactError, listed
from dbnchurn.data.neighbours import ALWAYS
from dbnchurn.data.plan import STORED, DataPlan

STATEMENTS = ("query", "postgres", "table")
"""Keys of a table's source that a model does not hold."""

MOST_FEATURES = 50_000
SHOWN_SENTENCES = 3
SHOWN_LETTERS = 300


@dataclass(frozen=True)
class StoredPlan:
    """What a model holds of the plan that it was trained with.

    Parameters
    ----------
    plan : DataPlan
        Its tables have the path of the training's files, or no source.
    dropped : tuple of str, default ()
        Tables whose query or database an older model holds, which is passed over.

    Examples
    --------
    >>> table = {"query": "SELECT 1 AS id, 2 AS debt", "key": "id"}
    >>> stored = read_stored_plan({"tables": {"bills": table}, "base": "bills"})
    >>> stored.dropped, stored.plan.tables["bills"].query
    (('bills',), None)
    """

    plan: DataPlan
    dropped: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        """What of the model is passed over, in a sentence; empty if nothing is."""
        if not self.dropped:
            return []
        return [
            f"the model holds SQL or a database for {listed(self.dropped)}, which is never run: "
            "the job has to name what is read"
        ]


def storable_plan(plan: DataPlan) -> dict[str, Any]:
    """A plan as plain data for a model: without queries, databases and the bound of memory.

    Examples
    --------
    >>> table = {"query": "SELECT 1 AS id", "key": "id"}
    >>> stored = storable_plan(DataPlan(tables={"bills": table}, base="bills"))
    >>> stored["tables"]["bills"]["path"], "query" in stored["tables"]["bills"]
    (None, False)
    """
    fields = set(DataPlan.model_fields) - {"memory"}
    stored: dict[str, Any] = plan.model_dump(mode="json", include=fields)
    for table in stored["tables"].values():
        for key in STATEMENTS:
            del table[key]
    return stored


def read_stored_plan(stored: object) -> StoredPlan:
    """Read the plan of a model.

    Parameters
    ----------
    stored : plain data
        Of this version, or of an older one, which may hold queries and databases.

    Returns
    -------
    StoredPlan

    Raises
    ------
    ArtifactError
        If it is no plan, or one that makes more features than a model can have.
    """
    if not isinstance(stored, Mapping):
        raise ArtifactError("its data plan cannot be read: it is no mapping")
    plain = {key: value for key, value in stored.items() if key != "memory"}
    dropped: list[str] = []
    if isinstance(tables := plain.get("tables"), Mapping):
        plain["tables"] = {name: _structure(name, t, dropped) for name, t in tables.items()}
    try:
        plan = DataPlan.model_validate_json(json.dumps(plain), strict=True, context=STORED)
    except ValidationError as error:
        found = list(sentences(error, plain, DataPlan).values())
        told = "; ".join(sentence[:SHOWN_LETTERS] for sentence in found[:SHOWN_SENTENCES])
        raise ArtifactError(f"its data plan cannot be read: {told}") from error
    except (ValueError, RecursionError) as error:
        told = str(error)[:SHOWN_LETTERS]
        raise ArtifactError(f"its data plan cannot be read: {told}") from error
    if (count := features_count(plan)) > MOST_FEATURES:
        raise ArtifactError(
            f"its data plan makes {count} features, at most {MOST_FEATURES} are allowed"
        )
    return StoredPlan(plan, tuple(dropped))


def _structure(name: str, table: object, dropped: list[str]) -> object:
    """The entry of a table without SQL and database; notes whether it had one."""
    if not isinstance(table, Mapping):
        return table
    if any(table.get(key) is not None for key in STATEMENTS):
        dropped.append(name)
    return {key: value for key, value in table.items() if key not in STATEMENTS}


def features_count(plan: DataPlan) -> int:
    """How many features a plan makes at most.

    Examples
    --------
    >>> bills = {"path": "b.csv", "key": "id", "date": "day"}
    >>> plan = DataPlan(
    ...     tables={"bills": bills},
    ...     base="bills",
    ...     windows={"cutoffs": ["2024-08-01"]},
    ...     features={"bills": {"window": {"sum": ["debt"]}, "month": {"mean": ["debt"]}}},
    ... )
    >>> features_count(plan)
    4
    """
    months = (plan.windows.months or 0) if plan.windows is not None else 0
    count = len(plan.ratios)
    for neighbours in plan.neighbours.values():
        count += len(ALWAYS) + sum(map(len, neighbours.usage.values()))
    for name, features in plan.features.items():
        table = plan.tables[name]
        count += len(table.columns) if features.values == "all" else len(features.values)
        for aggregates, times in ((features.window, 1), (features.month, months)):
            for aggregate, columns in aggregates:
                rules = [table.columns.get(column) for column in columns]
                levels = sum(len(rule.levels) for rule in rules if rule is not None)
                count += times * (levels if aggregate == "levels" else len(columns))
    return count
