"""A history that is a table of a PostgreSQL database: one row for every entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dbnchurn.core.errors import ConfigError, ResourceError
from dbnchurn.core.places import check_places
from dbnchurn.core.secrets import holds_password
from dbnchurn.months.history_store import WAIT, Change, Entry
from dbnchurn.tables.postgres import connected, connected_to

SCHEMES = ("postgresql:", "postgres:")
TABLE = "dbnchurn_history"
"""Its ``content`` is the text of the file in a folder; ``model`` is empty for campaigns."""
CREATE = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} (month date NOT NULL, model text NOT NULL, "
    "content text NOT NULL, PRIMARY KEY (month, model))"
)
WRITE = (
    f"INSERT INTO {TABLE} (month, model, content) VALUES ($1, $2, $3) "
    "ON CONFLICT (month, model) DO UPDATE SET content = EXCLUDED.content"
)
READ = f"SELECT content FROM {TABLE} WHERE month = $1 AND model = $2"
THERE = f"SELECT to_regclass('{TABLE}') IS NOT NULL"
WRITABLE = (
    f"SELECT CASE WHEN to_regclass('{TABLE}') IS NULL "
    "THEN has_schema_privilege(current_schema(), 'CREATE') "
    f"ELSE has_table_privilege('{TABLE}', 'SELECT') AND has_table_privilege('{TABLE}', 'INSERT') "
    f"AND has_table_privilege('{TABLE}', 'UPDATE') END"
)
LOCKED = "SELECT 1 FROM pg_advisory_xact_lock(7236828021)"  # any number that others do not use
BEGIN = (
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",  # what a wait for the lock let others write
    f"SET LOCAL lock_timeout = {int(WAIT * 1000)}",
)
WAITED = "55P03"  # the code of a lock that was not to be had in time


class PostgresHistory:
    """The table ``dbnchurn_history`` of a database, made when the first entry is written.

    Parameters
    ----------
    place : str
        ``postgresql:NAME``, where NAME is an environment variable that holds the URL, or a URL
        without a password, ``postgresql://host/name``, whose password libpq finds elsewhere
        (``~/.pgpass``, ``PGPASSWORD``).

    Raises
    ------
    ConfigError
        If it is neither.

    Examples
    --------
    >>> PostgresHistory("postgresql:CRM_HISTORY").database
    'the database of CRM_HISTORY'
    """

    def __init__(self, place: str) -> None:
        wanted = place.partition(":")[2]
        self._url = place if wanted.startswith("//") else None
        if self._url is None and not (wanted.isascii() and wanted.isidentifier()):
            raise ConfigError(
                "a history in a database is given as postgresql:NAME, where NAME is the "
                "environment variable that holds its URL, or as a URL that begins with the scheme "
                "postgresql and holds no password"
            )
        if holds_password(place):
            raise ConfigError(
                "the URL of the history holds a password, which lists of processes and logs would "
                "show: put the URL into an environment variable, and give --history "
                "postgresql:NAME; or leave the password to ~/.pgpass"
            )
        self._variable = wanted
        self.database = "the database of the history"
        if self._url is None:
            self.database = f"the database of {wanted}"

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        connection = (
            connected(self._variable)
            if self._url is None
            else connected_to(self._url, "the history")
        )
        with connection as open_connection, open_connection.cursor() as cursor:
            yield cursor
            open_connection.commit()

    def where(self, entry: Entry) -> str:
        """The row as messages name it."""
        model = f"model {entry.model}" if entry.model else "campaigns"
        return f"{self.database}, table {TABLE}, month {entry.month}, {model}"

    def check(
        self, written: Mapping[str, Path], read: Mapping[str, Iterable[str | Path]], *, mkdir: bool
    ) -> None:
        """Refuse a database that does not answer or lets its user write no history.

        Parameters
        ----------
        written, read, mkdir
            As :meth:`~dbnchurn.months.history_store.HistoryStore.check` takes them.

        Raises
        ------
        ConfigError, DataError
            If the history cannot be written.
        """
        check_places(written, read, mkdir=mkdir)
        with self._cursor() as cursor:
            allowed = _one(cursor, WRITABLE)
        if not allowed:
            raise ConfigError(
                f"{self.database}: its user may not read and write the table {TABLE}, or make it: "
                "grant SELECT, INSERT and UPDATE on it, or CREATE on the schema"
            )

    def refuse_output(self, output: Path) -> None:
        """Nothing: no file lies in a database."""

    def texts(self) -> dict[Entry, str]:
        """All rows of the table.

        Returns
        -------
        dict of Entry → str

        Raises
        ------
        ConfigError, DataError
            If the database refuses, or there is no such table.
        """
        with self._cursor() as cursor:
            if not _one(cursor, THERE):
                raise ConfigError(
                    f"{self.database} has no table {TABLE}, so there is no such history; "
                    "'dbnchurn score --history' and 'dbnchurn evaluate --history' write one"
                )
            cursor.execute(f"SELECT month, model, content FROM {TABLE} ORDER BY month, model")
            return {Entry(month, model): text for month, model, text in cursor.fetchall()}

    def update(self, entry: Entry, change: Change) -> None:
        """Write the row anew, in one transaction.

        Parameters
        ----------
        entry : Entry
        change : callable
            As :meth:`~dbnchurn.months.history_store.HistoryStore.update` takes it.

        Raises
        ------
        ConfigError, DataError, ResourceError
            If the database refuses or fails, or another process holds the history.
        """
        with self._cursor() as cursor:
            for statement in BEGIN:
                cursor.execute(statement)
            self._lock(cursor)
            cursor.execute(CREATE)
            before = _one(cursor, READ, [entry.month, entry.model])
            if (text := change(before)) is not None:
                cursor.execute(WRITE, [entry.month, entry.model, text])

    def _lock(self, cursor: Any) -> None:
        """Keep other processes from the history up to the end of the transaction."""
        try:
            cursor.execute(LOCKED)
            cursor.fetchall()
        except Exception as error:
            if getattr(error, "sqlstate", None) == WAITED:
                raise ResourceError(
                    f"{self.database}: another process has been writing the history for {WAIT:g} "
                    "seconds; wait for it, or end it, and call again"
                ) from None
            raise


def is_database(place: str | Path) -> bool:
    """Whether a history is named as a table of a database, and not as a folder.

    Examples
    --------
    >>> is_database("postgresql:CRM_HISTORY"), is_database("history")
    (True, False)
    """
    return isinstance(place, str) and place.startswith(SCHEMES)


def _one(cursor: Any, statement: str, parameters: list[object] | None = None) -> Any:
    """The only value of the only row; None without a row."""
    cursor.execute(statement, parameters)
    row = cursor.fetchone()
    return None if row is None else row[0]
