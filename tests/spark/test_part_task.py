"""A part gives its features and its counts, and says why it could not."""

import json

import pandas as pd
import pyarrow as pa
import pytest

from dbnchurn.data.build import build
from dbnchurn.data.part import Task
from dbnchurn.data.plan import DataPlan
from dbnchurn.spark.exchange import GIVEN, divided, packed, unpacked
from dbnchurn.spark.part_task import COUNTS, FEATURES, QUARANTINE, PartTask
from dbnchurn.tables.counts import folded
from tests.data.test_neighbours import crm
from tests.data.test_neighbours import plan as neighbours_plan

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


def in_rounds(plan, tables, parts):
    """The features of all parts, built one after another in this process; and the rounds."""
    places = tuple(range(10, 10 + parts))
    rows = {
        name: pa.Table.from_pandas(frame, preserve_index=False) for name, frame in tables.items()
    }
    schemas = {name: packed(table.slice(0, 0)) for name, table in rows.items()}
    came = [
        batch
        for name, table in rows.items()
        for batch in divided(name, plan.tables[name], table.to_batches(), places)
    ]
    known, given = {}, {}
    for number in range(1, 9):
        part_task = PartTask(
            Task(plan, tuple(plan.windows.cutoffs), labelled=True),
            schemas, {}, known, places=places, given=given,
        )  # fmt: skip
        made = [
            list(part_task.run(part, [b for b in came if b.column("place")[0].as_py() == place]))
            for part, place in enumerate(places)
        ]
        told = [json.loads(part[-1].column("data")[0].as_py()) for part in made]
        assert not any(one["failed"] for one in told)
        kinds = {kind: [b for part in made for b in part if b.column("kind")[0].as_py() == kind]
                 for kind in (GIVEN, FEATURES)}  # fmt: skip
        if known == (known := folded([one["own"] for one in told])) and not kinds[GIVEN]:
            return pa.concat_tables(
                unpacked(b.column("data")[0].as_py()) for b in kinds[FEATURES]
            ).to_pandas(), number  # fmt: skip
        given |= {name: bytes.fromhex(data) for name, data in told[0]["given"].items()}
        came += kinds[GIVEN]
    raise AssertionError("the rounds do not end")


@pytest.mark.parametrize(
    ("parts", "directions"),
    [(1, "out"), (4, "both"), pytest.param(7, "out", marks=pytest.mark.long)],
)
def test_features_of_neighbours_are_those_of_one_machine(tmp_path, parts, directions):
    tables = crm(5, n=40, rows=600)
    plan = neighbours_plan(tmp_path, tables, ("2024-07-01", "2024-08-01"), directions=directions)
    found, rounds = in_rounds(plan, tables, parts)
    here = pd.read_parquet(build(plan, tmp_path / "here", n_threads=1).features)
    order = ["cutoff", "id"]
    found = found.sort_values(order, ignore_index=True)[here.columns]
    pd.testing.assert_frame_equal(found, here, check_exact=True)
    assert here["calls_neighbours_left"].sum() > 10
    assert rounds <= 5


def test_a_part_gives_rows_of_the_calls_that_concern_others(tmp_path):
    tables = crm(n=20, rows=60)
    plan = neighbours_plan(tmp_path, tables)
    calls = pa.Table.from_pandas(tables["calls"], preserve_index=False)
    schemas = {
        name: packed(pa.Table.from_pandas(frame.head(0), preserve_index=False))
        for name, frame in tables.items()
    }
    task = Task(plan, tuple(plan.windows.cutoffs), labelled=True)
    part_task = PartTask(task, schemas, {}, {}, places=(5, 6, 7))
    mine = [b for b in divided("calls", plan.tables["calls"], calls.to_batches(), (5, 6, 7))
            if b.column("place")[0].as_py() == 6]  # fmt: skip
    *given, told = part_task.run(1, mine)
    told = json.loads(told.column("data")[0].as_py())
    assert {batch.column("kind")[0].as_py() for batch in given} == {GIVEN}
    assert {batch.column("place")[0].as_py() for batch in given} == {5, 6, 7}
    assert {batch.column("name")[0].as_py() for batch in given} == set(told["given"])
    assert told["rows"] == 0
