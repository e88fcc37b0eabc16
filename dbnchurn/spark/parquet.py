"""Parquet files that the workers read themselves: the same values, for less than rows of Spark.

That is possible for files of a folder that all workers have, with columns of plain types, each of
one type in all files. Others are left to Spark. Nothing here needs Spark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.core.errors import DataError, first_line
from dbnchurn.spark.exchange import plain_schema

BATCH_ROWS = 2**16
Group = tuple[str, int]
"""A file, and the number of one of its row groups."""


def shared_schema(files: Sequence[Path]) -> pa.Schema | None:
    """The schema of all files together, with every column that one of them has.

    Parameters
    ----------
    files : sequence of Path

    Returns
    -------
    Arrow schema or None
        None where a column has other types in other files, a type that is not read alike by
        DuckDB, Arrow and Spark, or a file cannot be read.
    """
    found: dict[str, pa.DataType] = {}
    for file in files:
        try:
            schema = plain_schema(pq.read_schema(file))
        except (OSError, pa.ArrowException):
            return None
        for field in schema:
            kind = pa.string() if pa.types.is_large_string(field.type) else field.type
            if not _is_plain(kind) or found.setdefault(field.name, kind) != kind:
                return None
        if len(set(schema.names)) < len(schema):
            return None
    return pa.schema(list(found.items())) if found else None


def _is_plain(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_boolean(kind)
        or types.is_signed_integer(kind)
        or types.is_float32(kind)
        or types.is_float64(kind)
        or types.is_string(kind)
        or types.is_date32(kind)
        or types.is_decimal128(kind)
        or (types.is_timestamp(kind) and kind.unit == "us")
    )


def groups_of(files: Iterable[Path]) -> list[Group]:
    """The row groups of files, each of which is read by one worker."""
    return [
        (str(file.resolve()), group)
        for file in files
        for group in range(pq.read_metadata(file).num_row_groups)
    ]


def rows_of_groups(
    name: str, groups: Iterable[Group], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """The rows of row groups, with all columns of a schema.

    Parameters
    ----------
    name : str
        Of the table, for messages.
    groups : iterable of Group
    schema : Arrow schema
        Of :func:`shared_schema`.

    Yields
    ------
    RecordBatch
        A column that a file lacks has no values.

    Raises
    ------
    DataError
        If a file cannot be read here.
    """
    for file, group in groups:
        try:
            with pq.ParquetFile(file, pre_buffer=False) as opened:
                for batch in opened.iter_batches(BATCH_ROWS, [group], use_threads=False):
                    yield _with_all(batch, schema)
        except (OSError, pa.ArrowException) as error:
            raise DataError(
                f"table {name!r}: {file} cannot be read by a worker: {first_line(error)}; all "
                "workers need the folder as it was when the job began"
            ) from error


def _with_all(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    there = set(batch.schema.names)
    columns = [
        batch.column(field.name).cast(field.type)
        if field.name in there
        else pa.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
