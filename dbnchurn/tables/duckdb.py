"""A temporary DuckDB database for one job, with bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from dbnchurn.core.errors import ResourceError
from dbnchurn.core.scratch import ScratchFolder

Result = TypeVar("Result")
DISK_FULL = "no space left"


class Session:
    """A context manager around a temporary DuckDB database, whose tables may exceed memory.

    Everything, data spilled from memory included, is in a scratch folder that is removed when the
    context ends, also after an error, and by the next session if the process was killed. No
    extension is ever downloaded.

    Parameters
    ----------
    memory : str, default "2GB"
        Memory that DuckDB may use before it writes to disk.
    n_threads : int, optional
        By default the number that DuckDB chooses.

    Examples
    --------
    >>> with Session() as session:
    ...     session.rows("SELECT 1 + 1")
    [(2,)]
    """

    def __init__(self, memory: str = "2GB", n_threads: int | None = None) -> None:
        self._scratch = ScratchFolder()
        self.folder = self._scratch.path
        config: dict[str, Any] = {
            "memory_limit": memory,
            "temp_directory": str(self.folder / "spill"),
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        if n_threads is not None:
            config["threads"] = n_threads
        self.connection = duckdb.connect(config=config)
        self.run("SET TimeZone = 'UTC'")

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()
        self._scratch.remove()

    def run(self, sql: str) -> None:
        """Run a statement."""
        self._computed(lambda: self.connection.execute(sql))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of the result of a query."""
        rows: list[tuple[Any, ...]] = self._computed(
            lambda: self.connection.execute(sql).fetchall()
        )
        return rows

    def row(self, sql: str) -> tuple[Any, ...]:
        """The first row of the result of a query."""
        return self.rows(sql)[0]

    def store(self, relation: str, batches: pa.RecordBatchReader) -> None:
        """Make a table of the rows of a reader.

        Parameters
        ----------
        relation : str
            Its SQL name, quoted.
        batches : RecordBatchReader
        """
        self.connection.register("incoming", batches)
        try:
            self.run(f"CREATE TABLE {relation} AS SELECT * FROM incoming")
        finally:
            self.connection.unregister("incoming")

    def arrow(self, sql: str) -> pa.Table:
        """The result of a query as an Arrow table."""
        return self._computed(lambda: self.connection.sql(sql).to_arrow_table())

    def columns(self, relation: str) -> dict[str, str]:
        """Name → SQL type of the columns of a table, view or other relation."""
        return {name: kind for name, kind, *_ in self.rows(f"DESCRIBE SELECT * FROM {relation}")}

    def _computed(self, query: Callable[[], Result]) -> Result:
        """The result of a query, computed in a thread so that signals are heard meanwhile."""
        with _resource_errors():
            if threading.current_thread() is not threading.main_thread():
                return query()
            with ThreadPoolExecutor(1) as thread:
                result = thread.submit(query)
                try:
                    return result.result()
                except BaseException:
                    if not result.done():  # a signal came
                        self.connection.interrupt()
                    raise


@contextmanager
def _resource_errors() -> Iterator[None]:
    """Re-raise a full disk, and memory that does not suffice, as a ResourceError.

    Raises
    ------
    ResourceError
        In place of an error of DuckDB.
    """
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise ResourceError(
            f"memory does not suffice for a query ({error}); free some, or allow more"
        ) from error
    except duckdb.Error as error:
        if DISK_FULL in str(error).lower():
            raise ResourceError(f"the disk is full ({error}): free some space") from error
        raise
