"""Parquet files that the workers read themselves: the same values, for less than rows of Spark.

That is possible for files of a folder that all workers have, with columns of plain types, each of
one type in all files. Others are left to Spark. Nothing here needs Spark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.core.errors import DataError, first_line
from dbnchurn.spark.exchange import plain_schema

BATCH_ROWS = 2**16
TAIL_BYTES = 8  # at the end of every Parquet file: the length of its footer, and four letters
Group = tuple[str, int, str]
"""A file, the number of one of its row groups, and the digest of its footer."""


@dataclass(frozen=True)
class Footer:
    """What the end of a Parquet file says of it: columns, row groups and where they lie.

    Parameters
    ----------
    file : Path
    schema : Arrow schema
    groups : int
        Number of row groups.
    digest : str
        Of these bytes and the size of the file: another one is of a file that was changed.
    """

    file: Path
    schema: pa.Schema
    groups: int
    digest: str


def footers_of(files: Iterable[Path]) -> list[Footer] | None:
    """The footers of files, each read once; None where one cannot be read.

    Parameters
    ----------
    files : iterable of Path

    Returns
    -------
    list of Footer or None
    """
    footers = []
    for file in files:
        try:
            with file.open("rb") as opened:
                digest = _digest(opened)
                with pq.ParquetFile(opened, pre_buffer=False) as parquet:
                    schema, groups = parquet.schema_arrow, parquet.num_row_groups
        except (OSError, pa.ArrowException):
            return None
        footers.append(Footer(file, schema, groups, digest))
    return footers


def _digest(opened: BinaryIO) -> str:
    """Digest of the footer of a file and of its size."""
    size = opened.seek(0, 2)
    opened.seek(max(size - TAIL_BYTES, 0))
    length = int.from_bytes(opened.read(4), "little")
    opened.seek(max(size - TAIL_BYTES - length, 0))
    return blake2b(b"%d " % size + opened.read(), digest_size=16).hexdigest()


def shared_schema(footers: Sequence[Footer]) -> pa.Schema | None:
    """The schema of all files together, with every column that one of them has.

    Parameters
    ----------
    footers : sequence of Footer

    Returns
    -------
    Arrow schema or None
        None where a column has other types in other files, a type that is not read alike by
        DuckDB, Arrow and Spark, or a name that differs from another in the case of letters alone.
    """
    found: dict[str, pa.DataType] = {}
    for footer in footers:
        schema = plain_schema(footer.schema)
        for field in schema:
            kind = pa.string() if pa.types.is_large_string(field.type) else field.type
            if not _is_plain(kind) or found.setdefault(field.name, kind) != kind:
                return None
        if len(set(schema.names)) < len(schema):
            return None
    if len({name.lower() for name in found}) < len(found):  # one column to DuckDB and to Spark
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


def groups_of(footers: Iterable[Footer]) -> list[Group]:
    """The row groups of files, each of which is read by one worker."""
    return [
        (str(footer.file.resolve()), group, footer.digest)
        for footer in footers
        for group in range(footer.groups)
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
        If a file cannot be read here, or is another than when its footer was read.
    """
    for file, group, digest in groups:
        try:
            with Path(file).open("rb") as opened:
                if _digest(opened) != digest:
                    raise DataError(
                        f"table {name!r}: {file} was changed while the job ran, so that rows of it "
                        "may be missing; start the job again when nothing writes to the folder"
                    )
                with pq.ParquetFile(opened, pre_buffer=False) as parquet:
                    for batch in parquet.iter_batches(BATCH_ROWS, [group], use_threads=False):
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
