"""Rows are divided among workers without loss, and prepared as on the driver."""

import numpy as np

from dbnchurn.features.leaves_record import booster_matrix
from dbnchurn.spark.booster_task import FOLD, WEIGHT, Y, shards
from dbnchurn.spark.exchange import unpacked
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
