"""Rows come out as they were packed, all of them, each for its part."""

import pyarrow as pa
import pytest

from dbnchurn.data.plan import TablePlan
from dbnchurn.spark.exchange import (
    divided,
    gathered,
    packed,
    packed_lines,
    places_of,
    plain_schema,
    unpacked,
)
from dbnchurn.tables.chunks import RejectedRow

TABLE = TablePlan(path="bills.parquet", key="id")
ROWS = pa.table({"id": list(range(100)), "debt": [f"{i}" for i in range(100)]})


def test_rows_and_lines_are_packed_and_unpacked():
    assert unpacked(packed(ROWS)).equals(ROWS)
    (line,) = packed_lines("bills", [RejectedRow(3, None, "too many")], 7)
    assert unpacked(line.column("data")[0].as_py()).to_pylist() == [
        {"row": 3, "id": None, "reason": "too many"}
    ]
    assert list(packed_lines("bills", [], 7)) == []


def test_every_row_goes_to_one_place():
    batches = list(divided("bills", TABLE, ROWS.to_batches(max_chunksize=7), (30, 10, 20)))
    assert {batch.column("place")[0].as_py() for batch in batches} == {10, 20, 30}
    found = [unpacked(batch.column("data")[0].as_py()) for batch in batches]
    assert pa.concat_tables(found).sort_by("id").equals(ROWS)


def test_batches_are_gathered_up_to_a_size():
    batches = ROWS.to_batches(max_chunksize=10)
    sizes = [table.num_rows for table in gathered(batches, size=2 * batches[0].nbytes)]
    assert sum(sizes) == 100
    assert max(sizes) <= 20


def test_dictionaries_are_their_values():
    column = pa.array(["a", "b"]).dictionary_encode()
    assert plain_schema(pa.table({"plan": column}).schema).field("plan").type == pa.string()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_spark_sends_every_place_to_its_part(spark):
    places = places_of(50)
    frame = spark.createDataFrame([(place,) for place in places], "place long")
    there = frame.selectExpr("place", "pmod(hash(place), 50) AS part").collect()
    assert {row["place"]: row["part"] for row in there} == {p: i for i, p in enumerate(places)}
