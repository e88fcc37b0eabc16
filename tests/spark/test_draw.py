"""The customers drawn on Spark are those drawn on one machine."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dbnchurn.data.build import build, draw_customers
from dbnchurn.data.draw import DrawRule
from dbnchurn.data.joins import RESULT
from dbnchurn.spark import prepare
from dbnchurn.spark.draw import store_rows
from dbnchurn.tables.duckdb import Session


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_same_customers_as_here(spark, plan, tmp_path):
    rule = DrawRule(40, seed=5)
    here = draw_customers(build(plan, tmp_path / "here"), rule)
    prepared = prepare(plan, spark, parts=2)
    there = prepared.collect(tmp_path / "there", rule=rule)
    assert there.draw == here.draw
    assert 0 < there.rows == here.rows <= 40 < prepared.rows
    assert pq.read_table(there.features).equals(pq.read_table(here.features))
    assert prepared.collect(tmp_path / "all", rule=DrawRule(prepared.rows, 5)).draw is None
    prepared.close()


def test_rows_are_stored_one_table_after_another():
    frame = pd.DataFrame({"id": [1, 2], "label": [0.0, 1.0]})
    tables = [pa.Table.from_pandas(frame), pa.Table.from_pandas(frame.head(1))]
    with Session(n_threads=1) as session:
        assert not store_rows(session, [])
        assert store_rows(session, tables)
        assert session.row(f"SELECT count(*), sum(label) FROM {RESULT}") == (3, 1.0)
