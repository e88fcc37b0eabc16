"""Packed values as rows of Spark, and the rows that are packed in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from inspect import signature
from typing import TYPE_CHECKING
from uuid import uuid4

import pyarrow as pa

from dbnchurn.spark.exchange import unpacked

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

RECORD = "place long, name string, kind string, data binary"
"""Spark's schema of :data:`dbnchurn.spark.exchange.RECORDS`."""


def arrow_schema(frame: DataFrame) -> pa.Schema:
    """The schema of the batches that workers get of a data frame."""
    from pyspark.sql.pandas.types import to_arrow_schema

    if "timezone" not in signature(to_arrow_schema).parameters:  # older pyspark: UTC
        schema: pa.Schema = to_arrow_schema(frame.schema)
        return schema
    # Times with a zone are instants, whatever zone they are shown in.
    zone = frame.sparkSession.conf.get("spark.sql.session.timeZone")
    schema = to_arrow_schema(frame.schema, timezone=zone)
    return schema


def kept_records(
    frame: DataFrame, run: Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]
) -> DataFrame:
    """What a function makes of a data frame, kept on the disks of the workers.

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
    run : function
        From batches of rows to records.

    Returns
    -------
    pyspark.sql.DataFrame
        Of the schema RECORD; to be unpersisted by the caller.
    """
    from pyspark import StorageLevel

    name = uuid4().hex

    def own(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        # Spark takes equal functions of equal sources for one, and would give the kept rows of an
        # earlier job although the files of the source are others by now.
        if name:
            yield from run(batches)

    return frame.mapInArrow(own, RECORD).persist(StorageLevel.DISK_ONLY)


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
