"""A temporary DuckDB database for one job, with bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from dbnchurn.core.errors import DataError, ResourceError, first_line
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.scratch import ScratchFolder
from dbnchurn.core.sql import text_literals, without_end
from dbnchurn.tables.counts import ONCE, TALLY, Counts, Record

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import duckdb
    import pyarrow as pa
else:
    duckdb = LazyModule("duckdb")
    pa = LazyModule("pyarrow")

Result = TypeVar("Result")
DISK_FULL = "no space left"
REPEATED = 0.1  # seconds after which a query that has not stopped is told again


@dataclass(frozen=True)
class Reach:
    """The only places outside of a session that its statements may touch.

    Parameters
    ----------
    files : tuple of Path
        Files that may be read.
    folders : tuple of Path, default ()
        Folders within which everything may be read and written.

    Examples
    --------
    >>> Reach((Path("bills.parquet"),)).folders
    ()
    """

    files: tuple[Path, ...]
    folders: tuple[Path, ...] = ()


class Session:
    """A context manager around a temporary DuckDB database, whose tables may exceed memory.

    Everything, data spilled from memory included, is in a scratch folder that is removed when the
    context ends, also after an error, and by the next session if the process was killed. No
    extension is ever downloaded, no variable of Python is taken for a table, and no statement can
    change the settings. A session computes in the process that made it, not in forks of it.

    Parameters
    ----------
    memory : str, default "2GB"
        Memory that DuckDB may use before it writes to disk.
    n_threads : int, optional
        By default the number that DuckDB chooses.
    reach : Reach, optional
        The files and folders that statements may touch; by default all that the user may.
    counts : Counts, optional
        Where the tables are one part of larger ones; by default they are the whole.

    Attributes
    ----------
    notes : list of str
        What was assumed, converted or left out when the tables of the session were read.

    Examples
    --------
    >>> with Session() as session:
    ...     session.rows("SELECT 1 + 1")
    [(2,)]
    """

    def __init__(
        self,
        memory: str = "2GB",
        n_threads: int | None = None,
        reach: Reach | None = None,
        counts: Counts | None = None,
    ) -> None:
        self.counts = counts
        self.notes: list[str] = []
        self._thread = ThreadPoolExecutor(1)  # begins with the first query
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
        self.run("SET enable_progress_bar = false")  # it would write over the terminal's own
        if reach is not None:
            self._restrict(reach)
        with suppress(duckdb.CatalogException):  # not a setting of every version
            self.run("SET python_enable_replacements = false")
        self.run("SET lock_configuration = true")

    def _restrict(self, reach: Reach) -> None:
        """Close everything but some files and folders, and what is spilled from memory."""
        files = [path.absolute() for path in reach.files]
        folders = [path.absolute() for path in (self.folder, *reach.folders)]
        try:
            self.run(f"SET allowed_paths = {_list(files)}")
            self.run(f"SET allowed_directories = {_list(folders)}")
            self.run("SET enable_external_access = false")
        except duckdb.CatalogException as error:
            self.__exit__(None, None, None)
            raise DataError(
                f"DuckDB {duckdb.__version__} cannot be held to the named files, which building a "
                "month from a stored model needs; install duckdb 1.2 or later"
            ) from error

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._thread.shutdown()
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

    def define(self, sql: str) -> None:
        """Run a statement that says what the result of a build is, alike in all parts."""
        if self.counts is not None:
            self.counts.define(sql)
        self.run(sql)

    def total(self, sql: str, fold: str, *, once: bool = False, about: str = "") -> tuple[Any, ...]:
        """The row of plain values that a query has over the whole of its tables.

        Parameters
        ----------
        sql : str
            Gives one row.
        fold : str
            How columns of parts are added up: ``sum``, ``min`` or ``max`` for each, with spaces.
        once : bool, default False
            Whether every part has the whole of its tables.
        about : str, default ""
            What made its tables, where these were made for this question.

        Returns
        -------
        tuple
        """
        if self.counts is None:
            return self.row(sql)
        question, how = sql + about, ONCE if once else fold
        return self.counts.of_whole(question, how, lambda: self._plain(sql))[0]

    def tally(self, sql: str, *, once: bool = False, about: str = "") -> list[tuple[Any, ...]]:
        """The rows that a query has over the whole of its tables, one for each key.

        Parameters
        ----------
        sql : str
            Gives the key, text or a number, and whole numbers that are added up; in the order of
            the keys.
        once : bool, default False
            Whether every part has the whole of its tables.
        about : str, default ""
            What made its tables, where these were made for this question.

        Returns
        -------
        list of tuple
        """
        if self.counts is None:
            return self.rows(sql)
        question, fold = sql + about, ONCE if once else TALLY
        return list(self.counts.of_whole(question, fold, lambda: self._plain(sql)))

    def number(self, question: str, own: int) -> int:
        """A number of the whole that does not come from a query, by that of this part.

        Parameters
        ----------
        question : str
            What is counted, alike in all parts.
        own : int

        Returns
        -------
        int
        """
        if self.counts is None:
            return own
        return int(self.counts.of_whole(question, "sum", lambda: [(own,)])[0][0] or 0)

    def refuse(self, message: str) -> None:
        """Raise an error about the tables; in one part of several, the whole decides later.

        Raises
        ------
        DataError
            With the message.
        """
        if self.counts is None or self.counts.alone:
            raise DataError(message)

    def _plain(self, sql: str) -> list[Record]:
        return [tuple(row) for row in self.rows(sql)]

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

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """The result of a query, so many rows at a time, never all of them in memory.

        Parameters
        ----------
        sql : str
        rows : int

        Yields
        ------
        RecordBatch
        """
        with _resource_errors():
            reader = self.connection.sql(sql).to_arrow_reader(rows)
            yield from reader

    def columns(self, relation: str) -> dict[str, str]:
        """Name → SQL type of the columns of a table, view or other relation."""
        return {name: kind for name, kind, *_ in self.rows(f"DESCRIBE SELECT * FROM {relation}")}

    def _computed(self, query: Callable[[], Result]) -> Result:
        """The result of a query, computed in a thread so that signals are heard meanwhile."""
        with _resource_errors():
            if threading.current_thread() is not threading.main_thread():
                return query()
            result = self._thread.submit(query)
            try:
                return result.result()
            except BaseException:
                while not result.done():  # a signal came, perhaps before DuckDB has begun
                    self.connection.interrupt()
                    wait([result], REPEATED)
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


def _list(paths: Sequence[Path]) -> str:
    """Paths as an SQL list."""
    return f"[{text_literals(paths)[1:-1]}]"


def one_query(sql: str, name: str) -> str:
    """The text of a single query, without the semicolon and comments at its end.

    Parameters
    ----------
    sql : str
    name : str
        What it is for, for messages.

    Returns
    -------
    str

    Raises
    ------
    DataError
        If it is no SQL, several statements, or one that does not only read.

    Examples
    --------
    >>> one_query("SELECT 1;", "table 'bills'")
    'SELECT 1'
    """
    try:
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise DataError(f"{name}: the query is no SQL: {first_line(error)}") from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise DataError(f"{name}: a query is one SELECT, and this is something else; give one")
    return without_end(sql)
