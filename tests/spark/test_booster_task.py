"""Rows are divided among workers without loss, and prepared as on the driver."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.data.build import build, load
from dbnchurn.data.draw import Draw, DrawRule
from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.model.booster_fitter import RowPreparation
from dbnchurn.prepare import Prepare
from dbnchurn.spark.booster_task import FOLD, WEIGHT, ShardTask, Y, shards
from dbnchurn.spark.exchange import packed, plain_schema, record, unpacked
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.model_columns import ModelColumns
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Table


def test_every_row_goes_to_one_worker():
    generator = np.random.default_rng(0)
    numbers = generator.normal(size=(11, 2))
    numbers[4, 1] = np.nan
    codes = generator.integers(-1, 3, (11, 1)).astype(np.int32)
    table = Table(numbers, codes, ("a", "b"), ("c",), (3,))
    y, fold = generator.integers(0, 2, 11), generator.integers(0, 3, 11)
    weight = generator.random(11)
    found = list(shards(table, y, weight, fold, (17, 4)))
    assert [place for place, *_ in found] == [17, 4]
    rows = [unpacked(data) for *_, data in found]
    assert [part.num_rows for part in rows] == [6, 5]
    matrix = booster_matrix(table)
    for worker, part in enumerate(rows):
        mine = slice(worker, None, 2)
        for column in range(3):
            np.testing.assert_array_equal(part.column(column).to_numpy(), matrix[mine, column])
        for name, values in ((Y, y), (WEIGHT, weight), (FOLD, fold)):
            np.testing.assert_array_equal(part.column(name).to_numpy(), values[mine])


def test_rows_of_other_customers_are_prepared_as_on_the_driver(plan, tmp_path):
    built = build(plan, tmp_path / "built", n_threads=1)
    table, rule = load(built), DrawRule(40, seed=0)
    schema = ModelColumns.of(table.X, None, None).schema
    prepare = Prepare()
    matrix = booster_matrix(prepare.fit_transform(read(schema, table.X)[0]))
    rows = pq.read_table(built.features)
    with Session(n_threads=1) as session:
        session.connection.register("features", rows)
        draw = Draw.of(rule.slot_counts(session, "features", "id"), rule)
        drawn = session.connection.sql(rule.drawn_rows("features", "id", draw)).df()["id"]
    task = ShardTask(
        plan=built.plan,
        categories=tuple(built.categories),
        draw=draw,
        cutoffs=["2024-07-01"],
        preparation=RowPreparation(schema, prepare),
        weights=(1.0, 2.5),
        folds=3,
        seed=1,
        places=(17, 4),
    )
    shuffled = rows.take(pa.array(np.random.default_rng(0).permutation(rows.num_rows)))
    shuffled = shuffled.cast(plain_schema(shuffled.schema))
    (found,) = task.run(iter([record(3, "", "features", packed(shuffled))]))
    assert found.column("place").to_pylist() == [4]  # the second of two workers has part 3
    shard = unpacked(found.column("data")[0].as_buffer())
    others = ~np.isin(table.ids, drawn) & (table.dates == pd.Timestamp("2024-07-01"))
    assert 0 < others.sum() == shard.num_rows
    y = table.y[others]
    np.testing.assert_array_equal(shard.column(Y).to_numpy(), y)
    np.testing.assert_array_equal(shard.column(WEIGHT).to_numpy(), np.where(y, 2.5, 1.0))
    assert set(shard.column(FOLD).to_pylist()) == {0, 1, 2}
    for column in range(matrix.shape[1]):
        values = shard.column(column).to_numpy()
        np.testing.assert_array_equal(values, matrix[others, column])
