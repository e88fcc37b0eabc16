"""PostgreSQL tables and queries, read and written through ADBC in Arrow batches.

:class:`Postgres` is the config section; :func:`copy_from_postgres` loads a table into DuckDB,
:class:`PostgresSource` yields one in chunks, and :func:`load_into_postgres` writes tables.

The URL with its password is read from an environment variable when a connection is made, and is
stored nowhere: no plan, run folder, log or message contains it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from dbnchurn.config.from_signatures import Section
from dbnchurn.core.errors import ConfigError, DataError, wants_extra
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.made_by import note_database
from dbnchurn.core.secrets import EXAMPLE, holds_password
from dbnchurn.core.sql import quoted, without_end
from dbnchurn.tables.chunks import Chunk, rechunk
from dbnchurn.tables.database_url import parse_database_url
from dbnchurn.tables.duckdb import Session

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import duckdb
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
else:
    duckdb = LazyModule("duckdb")
    pa = LazyModule("pyarrow")
    pc = LazyModule("pyarrow.compute")
    pq = LazyModule("pyarrow.parquet")

NUMERIC = "numeric"  # PostgreSQL's exact numbers of any length, which Arrow does not have


class Postgres(Section):
    """A table or query of a PostgreSQL database."""

    url: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = Field(
        description="NAME of the environment variable that holds postgresql://…; never the URL."
    )
    table: str | None = Field(default=None, description="Table, with its schema if need be.")
    query: str | None = Field(default=None, description="SQL that the database runs.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Postgres:
        if (self.table is None) == (self.query is None):
            raise ValueError("postgres needs exactly one of 'table' and 'query'")
        return self


@contextmanager
def connected(variable: str) -> Iterator[Any]:
    """Connect to the database whose URL is in an environment variable.

    Parameters
    ----------
    variable : str
        Name of the environment variable.

    Yields
    ------
    connection : adbc_driver_postgresql.dbapi.Connection

    Raises
    ------
    ConfigError
        If the driver is not installed, or the variable is not set or holds no URL that can be
        read.
    DataError
        If the database refuses the connection or drops it.
    """
    url = os.environ.get(variable)
    if not url:
        raise ConfigError(
            f"the environment variable {variable} is not set; it has to hold the database's URL, "
            f"{EXAMPLE}"
        )
    with _connection(url, variable, f"the environment variable {variable}") as connection:
        yield connection


@contextmanager
def connected_to(url: str, name: str) -> Iterator[Any]:
    """Connect to the database of a URL that holds no password.

    Parameters
    ----------
    url : str
    name : str
        What the database is of, for messages.

    Yields
    ------
    connection : adbc_driver_postgresql.dbapi.Connection

    Raises
    ------
    ConfigError, DataError
        As :func:`connected`.
    """
    with _connection(url, name, name) as connection:
        yield connection


@contextmanager
def _connection(url: str, name: str, holder: str) -> Iterator[Any]:
    dbapi, failure = _driver()
    note_database(name)
    parsed = parse_database_url(url, holder)
    try:
        connection = dbapi.connect(parsed.connection_string())
    except failure as error:
        raise DataError(f"the database of {name} refuses: {_reason(error)}") from None
    try:
        yield connection
    except (failure, duckdb.Error, pa.ArrowException, OSError) as error:
        why = _hidden(error, parsed.secrets)
        raise DataError(f"the database of {name} failed or dropped the connection: {why}") from None
    finally:
        _close(connection, failure)


def _driver() -> tuple[Any, type[Exception]]:
    """The driver, and the base of its errors."""
    with wants_extra("db"):
        from adbc_driver_manager import Error
        from adbc_driver_postgresql import dbapi
    return dbapi, Error


def _close(connection: Any, error: type[Exception]) -> None:
    with suppress(error):  # a dropped connection cannot be closed
        connection.close()


REASONS = {  # of a refused connection: sign in the driver's text → words of ours
    r"authentication|password": "authentication failed: its user or password is wrong",
    r"pg_hba": "authentication failed: it takes no connection of this user from this machine",
    r"role .* does not exist": "its user does not exist",
    r"database .* does not exist": "its database does not exist there",
    r"onnection refused": "Connection refused: nothing listens at its host and port",
    r"could not translate host|ervice not known|ddress associated": "its host is not known",
    r"imeout|imed out": "it does not answer in time",
    r"starting up|shutting down": "it is starting or shutting down; try again",
    r"too many": "it has too many connections; try again",
    r"SSL|certificate": "the encrypted connection (SSL) fails; look at sslmode and certificates",
    r"invalid connection option|invalid .* value": "a setting behind the ? of its URL is not known "
    "to it, or has a value that is not allowed",
    r"unreachable|no route": "its host cannot be reached",
    r"closed the connection|reset by peer": "it closed the connection at once",
}


def _reason(error: Exception) -> str:
    """Why a connection is refused, in words of ours: the driver's may hold parts of the URL."""
    text = " ".join(str(error).split())
    for sign, words in REASONS.items():
        if re.search(sign, text):
            return words
    return (
        "the reason is not shown, since the driver's words may hold parts of the URL; try the URL "
        "with psql"
    )


def _hidden(error: Exception, secrets: Sequence[str]) -> str:
    """The message of an error; none of it if it holds a password, which a gap would betray."""
    message = " ".join(str(error).split())
    if any(secret in message for secret in secrets):
        return "the reason is not shown, since the driver's words hold the password"
    return message


@contextmanager
def rows_of(
    source: Postgres, columns: Sequence[str] = (), *, limit: int | None = None
) -> Iterator[tuple[pa.RecordBatchReader, list[str]]]:
    """Stream the rows of a table or query.

    Parameters
    ----------
    source : Postgres
    columns : sequence of str, optional
        By default all.
    limit : int, optional
        Rows at most.

    Yields
    ------
    batches : RecordBatchReader
        Values of types that Arrow does not have are text or bytes.
    numeric : list of str
        Columns whose text is an exact number of any length (``numeric``).

    Raises
    ------
    ConfigError, DataError
        As :func:`connected`.
    """
    rows = without_end(source.query) if source.query else None
    relation = f"({rows}) AS rows" if rows else _quoted_parts(source.table or "")
    wanted = ", ".join(quoted(column) for column in columns) or "*"
    at_most = "" if limit is None else f" LIMIT {limit}"
    with connected(source.url) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT {wanted} FROM {relation}{at_most}")
        reader = cursor.fetch_record_batch()
        yield (
            _without_extension_types(reader),
            [f.name for f in reader.schema if _extension_name(f) == NUMERIC],
        )


def _extension_name(field: pa.Field) -> str | None:
    """The database's name of a type that Arrow does not have, None for other types."""
    return getattr(field.type, "type_name", None) if hasattr(field.type, "storage_type") else None


def _without_extension_types(reader: pa.RecordBatchReader) -> pa.RecordBatchReader:
    """The same batches with values of types that Arrow does not have as text or bytes."""
    fields = [
        pa.field(f.name, f.type.storage_type if hasattr(f.type, "storage_type") else f.type)
        for f in reader.schema
    ]
    schema = pa.schema(fields)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            arrays = [getattr(column, "storage", column) for column in batch.columns]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return pa.RecordBatchReader.from_batches(schema, batches())


def _quoted_parts(table: str) -> str:
    return ".".join(quoted(part) for part in table.split("."))


def copy_from_postgres(
    session: Session, target: str, source: Postgres, columns: Sequence[str]
) -> None:
    """Copy a table or the result of a query into a table of a DuckDB session.

    Parameters
    ----------
    session : Session
    target : str
        Name of the new table, quoted as in SQL. Exact numbers become DOUBLE.
    source : Postgres
    columns : sequence of str
        Columns to copy; all if empty.

    Raises
    ------
    ConfigError, DataError
        As :func:`connected`.
    """
    with rows_of(source, columns) as (reader, numeric):
        session.connection.register("incoming", reader)
        try:
            casts = "".join(f", {quoted(c)}::DOUBLE AS {quoted(c)}" for c in numeric)
            others = f"* EXCLUDE ({', '.join(map(quoted, numeric))})" if numeric else "*"
            # Two steps, so that the columns keep their order.
            session.run(f"CREATE TABLE {target} AS SELECT {others}{casts} FROM incoming")
        finally:
            session.connection.unregister("incoming")


class PostgresSource:
    """A table or query of a database as a :class:`~dbnchurn.tables.chunks.ChunkSource`.

    Parameters
    ----------
    variable : str
        Environment variable with the URL.
    wanted : str
        Name of a table, or SQL that the database runs (recognised by its blanks). Without ORDER
        BY a database may return its rows in another order the next time.
    """

    rows: int | None = None

    def __init__(self, variable: str, wanted: str) -> None:
        query = wanted.strip()
        what = {"query": query} if any(c.isspace() for c in query) else {"table": query}
        if not variable.isidentifier():  # not shown: it may be the URL itself, with a password
            raise ConfigError(
                "database is the name of an environment variable that holds the URL, such as "
                "CRM_DATABASE, and never the URL itself"
            )
        if holds_password(query):  # it would be in file names and logs
            raise ConfigError(
                "the query seems to hold a password; leave it to the database, which knows the "
                f"user of {variable}"
            )
        self.source = Postgres.model_validate({"url": variable, **what})
        self.name = f"{variable}: {query}"
        with rows_of(self.source, limit=0) as (reader, _):
            self._schema = reader.schema
        self.columns = {self.name: self._schema.names}

    def identity(self) -> dict[str, Any] | None:
        """None: whether the rows of a database have changed is not known without reading them."""
        return None

    def steps(self, size: int) -> int:
        """Always 1, since the number of rows is not known before reading."""
        return 1

    def id_type(self, name: str) -> pa.DataType:
        """Arrow type of the column; exact numbers of any length are text."""
        kind: pa.DataType = self._schema.field(name).type
        return kind

    def chunks(self, wanted: list[str], size: int, first: int = 0) -> Iterator[Chunk]:
        """Read the rows from a chunk on.

        Parameters
        ----------
        wanted : list of str
            Columns to read.
        size : int
            Rows of a chunk; the last chunk may have fewer.
        first : int, default 0
            Number of the first chunk to yield.

        Yields
        ------
        Chunk
        """
        row = 0
        with rows_of(self.source, wanted) as (reader, numeric):
            for number, table in enumerate(rechunk(reader, size)):
                numbers = np.arange(row, row + table.num_rows)
                row += table.num_rows
                if number >= first:
                    yield Chunk(self.name, 0, numbers, _shortened(table, numeric), steps=0)


def _shortened(table: pa.Table, numeric: list[str]) -> pa.Table:
    """Exact numbers, which are text, without trailing zeros: 7 for 7.00."""
    for name in numeric:
        words = pc.replace_substring_regex(table.column(name), r"(\.\d*?)0+$", r"\1")
        words = pc.replace_substring_regex(words, r"\.$", "")
        words = pc.if_else(pc.equal(words, "NaN"), pa.scalar(None, pa.string()), words)
        table = table.set_column(table.column_names.index(name), name, words)
    return table


def load_into_postgres(variable: str, folder: Path, tables: Sequence[str]) -> dict[str, int]:
    """Write folders of Parquet files into new tables, all in one transaction.

    Parameters
    ----------
    variable : str
        Environment variable with the URL.
    folder : Path
        Holds one folder per table.
    tables : sequence of str
        Names of these folders, and of the new tables.

    Returns
    -------
    dict of table → number of rows

    Raises
    ------
    DataError
        If the database refuses, drops the connection, or has such a table already.
    """
    counts: dict[str, int] = {}
    with connected(variable) as connection, connection.cursor() as cursor:
        for table in tables:
            for number, file in enumerate(sorted((folder / table).glob("*.parquet"))):
                parquet = pq.ParquetFile(file)
                reader = pa.RecordBatchReader.from_batches(
                    _schema_without_dictionaries(parquet.schema_arrow),
                    (_without_dictionaries(batch) for batch in parquet.iter_batches()),
                )
                mode = "create" if number == 0 else "append"
                cursor.adbc_ingest(table, reader, mode=mode)
                counts[table] = counts.get(table, 0) + parquet.metadata.num_rows
        connection.commit()
    return counts


def _schema_without_dictionaries(schema: pa.Schema) -> pa.Schema:
    return pa.schema(
        [
            pa.field(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type)
            for f in schema
        ]
    )


def _without_dictionaries(batch: pa.RecordBatch) -> pa.RecordBatch:
    schema = _schema_without_dictionaries(batch.schema)
    arrays = [c.cast(f.type) for c, f in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)
