"""What is packed in records comes out as it was."""

import pyarrow as pa
import pytest

from dbnchurn.spark.exchange import packed, record
from dbnchurn.spark.records import RECORD, rows_of

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def test_rows_of_one_kind_are_unpacked(spark):
    rows = pa.table({"a b.c": [1, 2, None], "d": ["x", None, "z"]})

    def made(batches):
        for _ in batches:
            pass
        yield record(0, "", "wanted", packed(rows))
        yield record(0, "", "other", b"nothing that could be unpacked")

    records = spark.range(0, 1, 1, 1).mapInArrow(made, RECORD)
    assert rows_of(records, "wanted", rows.schema).toArrow().to_pydict() == rows.to_pydict()
