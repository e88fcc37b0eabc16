"""A chunk that is scored by a worker: scores and rejected rows keep their cutoffs."""

from datetime import date

import pyarrow as pa
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.spark.exchange import unpacked
from dbnchurn.spark.score_task import FACTS, REJECTED, REJECTED_ROWS, SCORES, ScoreTask


@pytest.fixture
def task(shared_model, customers):
    names = ("customer", *map(str, customers[0].columns))
    files = tuple((f.name, f.read_bytes()) for f in sorted(shared_model.iterdir()))
    return ScoreTask(files, "customers", names, "customer", pa.string(), False)


def rows(customers, ids, days):
    X = customers[0].head(len(ids)).astype({"plan": object}).reset_index(drop=True)
    table = pa.Table.from_pandas(X, preserve_index=False)
    return table.add_column(0, "customer", pa.array(ids)).append_column(
        "cutoff", pa.array(days, pa.date32())
    )


def test_every_row_is_scored_or_rejected_with_its_cutoff(task, customers):
    july, august = date(2024, 7, 1), date(2024, 8, 1)
    ids = [*(f"k{i}" for i in range(59)), "Total"]
    found = {}
    table = rows(customers, ids, [july] * 30 + [august] * 30)
    for record in task.run(iter(table.to_batches())):
        found[record.column("kind")[0].as_py()] = record.column("data")[0]
    assert set(found) == {SCORES, REJECTED, FACTS}
    scores = unpacked(found[SCORES].as_buffer())
    assert scores.schema.names == task.schema.names
    scores = scores.cast(task.schema)
    assert scores.column("id").to_pylist() == ids[:-1]
    assert scores.column("cutoff").to_pylist() == [july] * 30 + [august] * 29
    rejected = unpacked(found[REJECTED].as_buffer()).cast(REJECTED_ROWS)
    assert rejected.select(["id", "cutoff"]).to_pylist() == [{"id": "Total", "cutoff": august}]


def test_a_row_without_a_cutoff_is_refused(task, customers):
    with pytest.raises(DataError, match="customers: 1 rows have no cutoff"):
        task.scored(rows(customers, ["a", "b"], [date(2024, 7, 1), None]))


def test_a_cutoff_all_of_whose_rows_are_rejected_has_no_scores(task, customers):
    july, august = date(2024, 7, 1), date(2024, 8, 1)
    ids = [*(f"k{i}" for i in range(59)), "Total"]
    facts = task.scored(rows(customers, ids, [july] * 59 + [august]))[2]
    assert facts["cutoffs"] == ["2024-07-01", "2024-08-01"]
    assert facts["scored_cutoffs"] == ["2024-07-01"]
