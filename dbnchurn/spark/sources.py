"""The tables of a plan as data frames of Spark, and lookups as the rows that every part has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from dbnchurn.core.errors import ConfigError, DataError, first_line, listed
from dbnchurn.data.open import open_table, raw_name
from dbnchurn.data.plan import DataPlan, TablePlan
from dbnchurn.spark.exchange import divided, packed, packed_lines
from dbnchurn.spark.parquet import footers_of, groups_of, rows_of_groups, shared_schema
from dbnchurn.spark.records import RECORD, arrow_schema
from dbnchurn.spark.session import reads_own_files, table_of
from dbnchurn.tables.chunks import RejectedRow
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.files import ENDINGS, find_files, kind_of_file
from dbnchurn.tables.streaming import CsvSource
from dbnchurn.tables.unused_columns import say

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

URL = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
CHUNK_ROWS = 2**17
LOOKUP_BYTES = 64 * 2**20
Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class Source:
    """One table: its rows divided among parts, or all of them.

    Parameters
    ----------
    schema : Arrow schema
        Of the raw rows.
    divide : function, optional
        Number that stands for each part → data frame of packed rows.
    rows : bytes, optional
        All rows of a lookup, packed.
    lines : tuple of RejectedRow, default ()
        Lines of the files of a lookup that are no rows.
    text : bool, default False
        Whether every value is text, as in CSV files.
    notes : tuple of str, default ()
        What was assumed or left out when its files were opened.
    """

    schema: pa.Schema
    divide: Callable[[tuple[int, ...]], DataFrame] | None = None
    rows: bytes | None = None
    lines: tuple[RejectedRow, ...] = ()
    text: bool = False
    notes: tuple[str, ...] = ()

    @property
    def stand_in(self) -> dict[str, str | None]:
        """The keys of a table whose rows come from elsewhere: the worker reads no files."""
        path = "part.csv" if self.text else "part.parquet"
        return {"path": path, "table": None}


def sources_of(spark: SparkSession, plan: DataPlan) -> dict[str, Source]:
    """All tables of a plan.

    Parameters
    ----------
    spark : SparkSession
    plan : DataPlan

    Returns
    -------
    dict of table → Source

    Raises
    ------
    ConfigError
        With every table that cannot be divided among workers.
    DataError
        If a table cannot be read.
    """
    if wrong := list(_undivided(plan)):
        raise ConfigError("; ".join(wrong))
    return {name: _source(spark, name, table) for name, table in plan.tables.items()}


def _undivided(plan: DataPlan) -> Iterator[str]:
    for name, table in plan.tables.items():
        kind = _kind(table)
        if table.query is not None:
            yield (
                f"table {name!r} is a query, which may bring rows of different customers together; "
                "make it a view of the catalog and name that with table:"
            )
        elif table.postgres is not None:
            yield (
                f"table {name!r} lies in PostgreSQL; copy it, or make it a table of the catalog "
                "and name that with table:"
            )
        elif kind == "excel" and table.rows != "lookup":
            yield f"table {name!r}: a spreadsheet may only be a lookup here; save it as Parquet"
        elif kind == "csv" and URL.match(table.path or ""):
            yield (
                f"table {name!r}: CSV files are read by the workers themselves, so {table.path} "
                "has to be a folder that all of them have; copy it there, or save it as Parquet"
            )
        elif kind == "csv" and not table.columns and table.rows != "lookup":
            yield (
                f"table {name!r}: what the columns of CSV files are is found out from all rows, "
                "which no worker has; write them under columns, as 'dbnchurn infer' proposes"
            )


def _kind(table: TablePlan) -> str | None:
    if table.path is None:
        return None
    if URL.match(table.path):
        return "csv" if table.path.lower().endswith(ENDINGS["csv"]) else "parquet"
    place = Path(table.path)
    if (place.is_dir() or "*" in table.path) and (files := _files(table.path)):
        return kind_of_file(files[0])
    return kind_of_file(place) or "parquet"


def _files(path: str) -> list[Path]:
    try:
        return find_files(path, "")
    except DataError:  # it may be a path of another file system, which Spark reads
        return []


def _source(spark: SparkSession, name: str, table: TablePlan) -> Source:
    kind = _kind(table)
    if table.rows == "lookup":
        lines: tuple[RejectedRow, ...] = ()
        notes: tuple[str, ...] = ()
        if kind in ("csv", "excel"):
            rows, lines, notes = _local(name, table)
        else:
            rows = _collected(spark, name, table)
        data = packed(rows)
        if len(data) > LOOKUP_BYTES:
            raise DataError(
                f"table {name!r}: a lookup goes to every worker, and this one has "
                f"{len(data) >> 20} MB packed, more than {LOOKUP_BYTES >> 20}; join it beforehand"
            )
        return Source(rows.schema, rows=data, lines=lines, text=kind == "csv", notes=notes)
    if kind == "csv":
        return _csv(spark, name, table)
    if (source := _parquet(spark, name, table)) is not None:
        return source
    frame = _frame(spark, name, table)
    _check_key(name, table, frame.columns)
    given, names = table, list(frame.columns)
    numbered = frame.toDF(*(f"c{i}" for i in range(len(names))))  # names may have ` and dots

    def divide(places: tuple[int, ...]) -> DataFrame:
        def pack(batches: Batches) -> Batches:
            named = (pa.RecordBatch.from_arrays(batch.columns, names=names) for batch in batches)
            yield from divided(name, given, named, places)

        return numbered.mapInArrow(pack, RECORD)

    return Source(arrow_schema(frame), divide)


def _check_key(name: str, table: TablePlan, columns: list[str]) -> None:
    if table.key not in columns:
        raise DataError(
            f"table {name!r} has no key column {table.key!r}: it has {listed(columns, limit=20)}"
        )


def _frame(spark: SparkSession, name: str, table: TablePlan) -> DataFrame:
    """The rows of a table of the catalog, or of Parquet files of the session's file systems."""
    try:
        if table.table is not None:
            return table_of(spark, table.table)
        if table.path is None:
            raise DataError(f"table {name!r} has no source; name a table or a path")
        place = Path(table.path)
        nested = place.is_dir() and not any("=" in child.name for child in place.iterdir())
        reader = spark.read.option("mergeSchema", "true")
        return reader.option("recursiveFileLookup", str(nested).lower()).parquet(table.path)
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"table {name!r} cannot be read by Spark: {first_line(error)}") from error


def _collected(spark: SparkSession, name: str, table: TablePlan) -> pa.Table:
    frame = _frame(spark, name, table)
    if hasattr(frame, "toArrow"):
        rows: pa.Table = frame.toArrow()
        return rows
    return pa.Table.from_pandas(frame.toPandas(), preserve_index=False)


def _local(
    name: str, table: TablePlan
) -> tuple[pa.Table, tuple[RejectedRow, ...], tuple[str, ...]]:
    """The rows of a lookup that the driver reads, the lines that are no rows, and notes."""
    with Session(n_threads=1) as session:
        lines = open_table(session, name, table)
        return session.arrow(f"FROM {raw_name(name)}"), tuple(lines), tuple(session.notes)


def _parquet(spark: SparkSession, name: str, table: TablePlan) -> Source | None:
    """Parquet files that the workers read themselves; None for those that Spark has to read."""
    path = table.path or ""
    if not path or URL.match(path) or "=" in path or not reads_own_files(spark):
        return None
    files = _files(path)
    footers = None if any("=" in str(file) for file in files) else footers_of(files)
    if footers is None or (schema := shared_schema(footers)) is None:
        return None
    _check_key(name, table, schema.names)
    groups = groups_of(footers)

    def divide(places: tuple[int, ...]) -> DataFrame:
        def pack(batches: Batches) -> Batches:
            rows = (row for batch in batches for row in batch.to_pylist())
            mine = ((row["file"], row["number"], row["digest"]) for row in rows)
            yield from divided(name, table, rows_of_groups(name, mine, schema), places)

        frame = spark.createDataFrame(groups, "file string, number int, digest string")
        return frame.mapInArrow(pack, RECORD)

    return Source(schema, divide)


def _csv(spark: SparkSession, name: str, table: TablePlan) -> Source:
    """CSV files, each read by one worker with what the driver found out about how it is written."""
    try:
        source = CsvSource(find_files(str(table.path), name), False, table.csv.settings())
    except DataError as error:
        raise DataError(f"table {name!r}: {error}") from error
    columns = list(dict.fromkeys(chain.from_iterable(source.columns.values())))
    _check_key(name, table, columns)
    schema = source.arrow_schema(columns)

    def divide(places: tuple[int, ...]) -> DataFrame:
        def pack(batches: Batches) -> Batches:
            for batch in batches:
                for file in batch.column("file").to_pylist():
                    rejected: list[RejectedRow] = []
                    rows = _csv_rows(source.of_file(Path(file)), schema, rejected)
                    yield from divided(name, table, rows, places)
                    yield from packed_lines(name, rejected, places[0])

        files = [(str(file.resolve()),) for file in source.files]
        named = {str(file.resolve()): file for file in source.files}
        source.dialects = {Path(k): source.dialects[file] for k, file in named.items()}
        source.columns = {k: source.columns[str(file)] for k, file in named.items()}
        return spark.createDataFrame(files, "file string").mapInArrow(pack, RECORD)

    notes = tuple(f"table {name!r}: {sentence}" for sentence in source.notes)
    say(notes)
    return Source(schema, divide, text=True, notes=notes)


def _csv_rows(
    source: CsvSource, schema: pa.Schema, rejected: list[RejectedRow]
) -> Iterator[pa.RecordBatch]:
    """The rows of one file with all columns of a schema; notes the lines that are no rows."""
    own = next(iter(source.columns.values()))
    for chunk in source.chunks(own, CHUNK_ROWS):
        rejected.extend(chunk.rejected)
        rows = chunk.rows
        columns = [
            rows.column(field.name).cast(field.type)
            if field.name in rows.column_names
            else pa.nulls(rows.num_rows, field.type)
            for field in schema
        ]
        yield from pa.table(columns, schema=schema).to_batches()
