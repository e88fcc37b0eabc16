"""A history in a database: the same entries as in a folder, whenever a job ends, and no secret."""

import re
from contextlib import contextmanager
from datetime import date

import duckdb
import pytest

from dbnchurn.core.errors import ConfigError, DataError, ResourceError
from dbnchurn.months import postgres_history
from dbnchurn.months.history import add_month, outcome_facts, read_history
from dbnchurn.months.history_store import Entry, FolderHistory
from dbnchurn.months.postgres_history import TABLE, PostgresHistory
from tests.data import postgres_server
from tests.months.made_months import draw, measured, scored

JULY, AUGUST = date(2024, 7, 1), date(2024, 8, 1)
PLACE = "postgresql:TEST_HISTORY"
MACROS = (
    "CREATE MACRO to_regclass(x) AS (SELECT max(table_name) FROM duckdb_tables() "
    "WHERE table_name = x)",
    "CREATE MACRO has_schema_privilege(x, y) AS true",
    "CREATE MACRO has_table_privilege(x, y) AS true",
    "CREATE MACRO pg_advisory_xact_lock(x) AS TABLE SELECT x",
)


class Cursor:
    """A cursor of DuckDB that passes over settings of PostgreSQL, and may end at a statement."""

    def __init__(self, connection, ends_at):
        self.connection, self.ends_at = connection, ends_at

    def execute(self, statement, parameters=None):
        if re.match(self.ends_at or "$^", statement):
            raise KeyboardInterrupt
        if not statement.startswith("SET "):
            self.connection.execute(statement, parameters)

    def fetchone(self):
        return self.connection.fetchone()

    def fetchall(self):
        return self.connection.fetchall()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class Database:
    """The statements of a history on DuckDB, each connection a transaction that may be lost."""

    ends_at = None

    def __init__(self):
        self.connection = duckdb.connect()
        for macro in MACROS:
            self.connection.execute(macro)

    @contextmanager
    def connected(self, _):
        self.connection.begin()
        try:
            yield self
        finally:
            self.connection.rollback()

    def cursor(self):
        return Cursor(self.connection, self.ends_at)

    def commit(self):
        if self.ends_at == "commit":
            raise KeyboardInterrupt
        self.connection.commit()
        self.connection.begin()


@pytest.fixture
def database(monkeypatch):
    made = Database()
    monkeypatch.setattr(postgres_history, "connected", made.connected)
    return made


@pytest.fixture(scope="module")
def steps():
    """Scores and outcomes of a month, and scores of the next."""
    scores, y = draw(0, n=300)
    facts = scored(scores), outcome_facts(measured(scores, y))
    later = scored(draw(1, n=300)[0])
    return [
        (JULY, "0a1b", "scores", facts[0]),
        (JULY, "0a1b", "outcomes", facts[1]),
        (AUGUST, "0a1b", "scores", later),
    ]


def law_of_order(place, folder, steps):
    """Both stores hold the same texts, in whatever order and however often months are added."""
    for step in steps:
        add_month(folder, *step)
    for step in [*reversed(steps), *steps]:
        add_month(place, *step)
    PostgresHistory(place).update(Entry(JULY, ""), lambda _: "campaigns")
    FolderHistory(folder).update(Entry(JULY, ""), lambda _: "campaigns")
    assert PostgresHistory(place).texts() == FolderHistory(folder).texts()
    assert read_history(place) == read_history(folder)
    assert "the same" in add_month(place, *steps[0])


def test_a_table_holds_what_a_folder_holds(database, tmp_path, steps):
    law_of_order(PLACE, tmp_path / "history", steps)


@pytest.mark.parametrize("ends_at", ["SELECT 1", "CREATE", "SELECT content", "INSERT", "commit"])
def test_ended_at_any_point_and_run_again_it_is_the_same(database, steps, ends_at):
    for begun in (0, 1):  # before the table is there, and with a month in it
        before = PostgresHistory(PLACE).texts() if begun else None
        database.ends_at = ends_at
        with pytest.raises(KeyboardInterrupt):
            PostgresHistory(PLACE).update(Entry(JULY, "x"), lambda _: "text")
        database.ends_at = None
        if begun:
            assert PostgresHistory(PLACE).texts() == before
        PostgresHistory(PLACE).update(Entry(JULY, "x"), lambda _: "text")
        assert PostgresHistory(PLACE).texts() == {Entry(JULY, "x"): "text"}


def test_a_lock_that_is_not_to_be_had_keeps_the_work(database, monkeypatch):
    class Waited(Exception):
        sqlstate = "55P03"

    def refuse(self, statement, parameters=None):
        if "lock(" in statement:
            raise Waited

    monkeypatch.setattr(Cursor, "execute", refuse)
    with pytest.raises(ResourceError, match="another process has been writing the history"):
        PostgresHistory(PLACE).update(Entry(JULY, "x"), lambda _: "text")


def test_no_table_is_no_history(database):
    with pytest.raises(ConfigError, match=f"no table {TABLE}"):
        read_history(PLACE)


def test_a_row_that_was_edited_is_refused_by_its_name(database):
    PostgresHistory(PLACE).update(Entry(JULY, "0a1b"), lambda _: "{}")
    with pytest.raises(DataError, match=r"TEST_HISTORY.*month 2024-07-01, model 0a1b"):
        read_history(PLACE)


@pytest.mark.parametrize(
    "place",
    ["postgresql://me:hush@db/crm", "postgresql://db/crm?password=hush", "postgres://:hush@db/crm"],
)
def test_a_password_is_refused_and_shown_nowhere(place):
    with pytest.raises(ConfigError, match="an environment variable") as refused:
        read_history(place)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("place", ["postgresql:", "postgresql:my history", "postgresql:/x"])
def test_what_names_no_database_is_refused(place):
    with pytest.raises(ConfigError, match="postgresql:NAME"):
        read_history(place)


needs_server = pytest.mark.skipif(
    postgres_server.binaries() is None, reason="PostgreSQL's server is not installed here"
)


@pytest.fixture(scope="module")
def server():
    pytest.importorskip("adbc_driver_postgresql", reason="needs the extra 'db'")
    with postgres_server.server() as running:
        yield running


@pytest.mark.slow
@needs_server
def test_a_server_holds_what_a_folder_holds(server, monkeypatch, tmp_path, steps):
    monkeypatch.setenv("TEST_HISTORY", server.url)
    with pytest.raises(ConfigError, match=f"no table {TABLE}"):
        read_history(PLACE)
    PostgresHistory(PLACE).check({}, {}, mkdir=False)
    law_of_order(PLACE, tmp_path / "history", steps)
    server.run("CREATE ROLE reader LOGIN PASSWORD 'hush'", f"GRANT SELECT ON {TABLE} TO reader")
    rest = server.url.partition("@")[2]
    monkeypatch.setenv("TEST_HISTORY", f"postgresql://reader:hush@{rest}")
    assert len(read_history(PLACE)) == 2
    with pytest.raises(ConfigError, match="may not read and write") as refused:
        add_month(PLACE, *steps[0])
    assert "hush" not in str(refused.value)
    monkeypatch.setenv("PGPASSWORD", postgres_server.PASSWORD)
    without = f"postgresql://tester@{rest}"
    assert "the same" in add_month(without, *steps[0])
    monkeypatch.setattr(postgres_history, "BEGIN", ("SET LOCAL lock_timeout = 50",))
    with pytest.raises(ResourceError, match="another process"):
        PostgresHistory(without).update(
            Entry(JULY, "0a1b"),
            lambda _: PostgresHistory(without).update(Entry(AUGUST, "0a1b"), lambda _: None),
        )
