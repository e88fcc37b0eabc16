"""A part gives its features and its counts, and says why it could not."""

import json

import pyarrow as pa
import pytest

from dbnchurn.data.part import Task
from dbnchurn.data.plan import DataPlan
from dbnchurn.spark.exchange import divided, packed, unpacked
from dbnchurn.spark.part_task import COUNTS, FEATURES, QUARANTINE, PartTask

ROWS = pa.table({"id": [1, 2, 2, None], "debt": [1.5, 2.0, 3.0, 4.0]})


@pytest.fixture
def part_task():
    tables = {"bills": {"path": "part.parquet", "key": "id", "max_quarantine": 1}}
    features = {"bills": {"values": "all"}}
    plan = DataPlan.model_validate({"tables": tables, "base": "bills", "features": features})
    task = Task(plan, (), labelled=False)
    return PartTask(task, {"bills": packed(ROWS.slice(0, 0))}, {}, {})


def test_a_part_gives_counts_features_and_rows_set_aside(part_task):
    batches = divided("bills", part_task.task.plan.tables["bills"], ROWS.to_batches(), (5,))
    found = list(part_task.run(0, batches))
    kinds = [batch.column("kind")[0].as_py() for batch in found]
    assert set(kinds) == {COUNTS, FEATURES, QUARANTINE}
    features = unpacked(found[kinds.index(FEATURES)].column("data")[0].as_py())
    assert sorted(features["id"].to_pylist()) == [1, 2]
    told = json.loads(found[kinds.index(COUNTS)].column("data")[0].as_py())
    assert told["own"]
    assert told["failed"] == ""


def test_a_part_without_rows_gives_counts_alone_and_fails_with_words(part_task):
    (told,) = [
        json.loads(batch.column("data")[0].as_py())
        for batch in part_task.run(1, [])
        if batch.column("kind")[0].as_py() == COUNTS
    ]
    assert told["failed"] == ""
    changed = part_task.task.plan.tables["bills"].model_copy(update={"key": "nobody"})
    plan = part_task.task.plan.model_copy(update={"tables": {"bills": changed}})
    failing = PartTask(Task(plan, (), labelled=False), part_task.schemas, {}, {})
    (batch,) = failing.run(0, [])
    assert "has no key column 'nobody'" in json.loads(batch.column("data")[0].as_py())["failed"]
