"""Packed values as rows of Spark, and the rows that are packed in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

from dbnchurn.spark.exchange import unpacked

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

RECORD = "place long, name string, kind string, data binary"
"""Spark's schema of :data:`dbnchurn.spark.exchange.RECORDS`."""


def rows_of(records: DataFrame, kind: str, schema: pa.Schema) -> DataFrame:
    """The rows that are packed in the records of one kind.

    Parameters
    ----------
    records : pyspark.sql.DataFrame
        Of the schema RECORD.
    kind : str
    schema : Arrow schema
        Of the rows.

    Returns
    -------
    pyspark.sql.DataFrame
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    def unpack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for data in batch.column("data"):
                yield from unpacked(data.as_buffer()).cast(schema).to_batches()

    spark_schema = from_arrow_schema(schema, prefer_timestamp_ntz=True)
    return records.filter(f"kind = '{kind}'").mapInArrow(unpack, spark_schema)
