"""A real PostgreSQL server: streamed in and out, refused, dropped, and no secret told."""

import logging
import socket
import threading
from contextlib import suppress
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.data.infer import write_inferred_contracts
from dbnchurn.data.simulate import simulate
from dbnchurn.data.simulate.write import load_tables
from dbnchurn.tables.duckdb import Session
from dbnchurn.tables.postgres import Postgres, copy_from_postgres
from tests.data.small_crm import crm

pytest.importorskip("adbc_driver_postgresql", reason="needs the extra 'db'")
from tests.data import postgres_server

pytestmark = pytest.mark.skipif(
    postgres_server.binaries() is None,
    reason="PostgreSQL's server is not installed here (Debian: apt-get install postgresql)",
)
PASSWORD = postgres_server.PASSWORD


@pytest.fixture(scope="module")
def server():
    with postgres_server.server() as running:
        yield running


@pytest.fixture
def database(server, monkeypatch):
    monkeypatch.setenv("TEST_DATABASE", server.url)
    return server


SOURCES = {
    name: {"path": None, "postgres": {"url": "TEST_DATABASE", "table": f"public.{name}"}}
    for name in ("basic", "calls", "leavers")
}


def fill(server, tables):
    """Load frames, times as timestamps and sums of money as numeric."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(server.url) as connection, connection.cursor() as cursor:
        for name, frame in tables.items():
            cursor.execute(f"DROP TABLE IF EXISTS {name}")
            cursor.adbc_ingest(name, pa.Table.from_pandas(frame, preserve_index=False))
        cursor.execute("ALTER TABLE basic ALTER gb TYPE numeric(12,2)")
        connection.commit()


def test_tables_from_the_database_give_the_features_of_files(make, database):
    tables = crm()
    fill(database, tables)
    files = pd.read_parquet(make(tables).features)
    found = make({}, {"tables": SOURCES})
    pd.testing.assert_frame_equal(pd.read_parquet(found.features), files)
    query = {"url": "TEST_DATABASE", "query": "SELECT * FROM calls WHERE minutes >= 0;"}
    found = make({}, {"tables": {**SOURCES, "calls": {"path": None, "postgres": query}}})
    pd.testing.assert_frame_equal(pd.read_parquet(found.features), files)


def test_types_that_arrow_lacks_come_as_numbers_and_text(database):
    database.run(
        "DROP TABLE IF EXISTS odd",
        "CREATE TABLE odd (money numeric(10,2), id uuid, note text, at timestamptz)",
        "INSERT INTO odd VALUES (12.34, '00000000-0000-0000-0000-000000000007', 'é', now()), "
        "(NULL, NULL, NULL, NULL)",
    )
    with Session() as session:
        copy_from_postgres(session, "odd", Postgres(url="TEST_DATABASE", table="odd"), [])
        rows = session.rows("SELECT money, note FROM odd ORDER BY money")
        assert session.columns("odd")["money"] == "DOUBLE"
        assert [(round(Decimal(m or 0), 2), note) for m, note in rows] == [
            (Decimal("12.34"), "é"),
            (0, None),
        ]


def test_simulated_tables_load_and_their_contracts_are_inferred(database, tmp_path):
    database.run("DROP TABLE IF EXISTS basic", "DROP TABLE IF EXISTS complaints")
    folder = simulate(tmp_path / "crm", customers=400)
    text = load_tables(folder, "TEST_DATABASE")
    assert text.startswith("loaded into the database of TEST_DATABASE: basic (")
    with Session() as session:
        source = Postgres(url="TEST_DATABASE", query="SELECT count(*) AS n FROM basic")
        copy_from_postgres(session, "n", source, [])
        assert session.row("SELECT n FROM n")[0] == pq.read_table(tmp_path / "crm/basic").num_rows
    write_inferred_contracts(["basic"], tmp_path / "contract.yaml", database="TEST_DATABASE")
    text = (tmp_path / "contract.yaml").read_text()
    assert "url: TEST_DATABASE" in text
    assert "postgresql://" not in text
    with pytest.raises(DataError, match="already exists"):
        load_tables(simulate(tmp_path / "again", customers=10), "TEST_DATABASE")


def no_secret_in(text):
    assert PASSWORD not in text
    assert PASSWORD.replace("&", "%26") not in text


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://tester:{wrong}@127.0.0.1:{port}/postgres", "refuses: .*authentication"),
        ("postgresql://tester:{right}@127.0.0.1:{port}/nowhere", "refuses: .*does not exist"),
        ("postgresql://tester:{right}@127.0.0.1:1/postgres", "refuses: .*[Cc]onnection refused"),
    ],
)
def test_a_database_that_refuses(make, server, monkeypatch, tmp_path, caplog, url, message):
    caplog.set_level(logging.DEBUG)
    secret = PASSWORD.replace("&", "%26")
    url = url.format(wrong=secret + "x", right=secret, port=server.port)
    monkeypatch.setenv("TEST_DATABASE", url)
    with pytest.raises(DataError, match=f"the database of TEST_DATABASE {message}") as refused:
        make({}, {"tables": SOURCES})
    no_secret_in(str(refused.value))
    no_secret_in(caplog.text)
    assert not [p for p in tmp_path.rglob("*") if "out" in p.name]


def test_a_missing_table_and_an_unset_variable(make, database, monkeypatch):
    fill(database, crm())
    lost = {"path": None, "postgres": {"url": "TEST_DATABASE", "table": "lost"}}
    with pytest.raises(DataError, match='relation "lost" does not exist'):
        make({}, {"tables": {**SOURCES, "calls": lost}})
    monkeypatch.delenv("TEST_DATABASE")
    with pytest.raises(ConfigError, match="variable TEST_DATABASE is not set"):
        make({}, {"tables": SOURCES})


class Cut:
    """A way to the server that breaks after so many bytes."""

    def __init__(self, port, after):
        self.after = after
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.target))
            threading.Thread(target=self.pump, args=(client, server, None), daemon=True).start()
            threading.Thread(
                target=self.pump, args=(server, client, self.after), daemon=True
            ).start()

    @staticmethod
    def pump(source, target, limit):
        sent = 0
        try:
            while data := source.recv(65536):
                sent += len(data)
                if limit is not None and sent > limit:
                    break
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def test_a_database_that_drops_mid_stream_leaves_nothing(make, server, monkeypatch, tmp_path):
    tables = crm()
    tables["calls"] = pd.concat([tables["calls"]] * 200)
    fill(server, tables)
    way = Cut(server.port, after=1_000_000)
    monkeypatch.setenv("TEST_DATABASE", server.url.replace(str(server.port), str(way.port)))
    with pytest.raises(DataError, match="failed or dropped the connection") as dropped:
        make({}, {"tables": SOURCES})
    no_secret_in(str(dropped.value))
    assert not [p for p in tmp_path.rglob("*") if "out" in p.name]
    way.listener.close()
