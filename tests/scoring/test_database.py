"""Customers in a real PostgreSQL are scored like those in a file, and no secret is told."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.scoring import score_file
from dbnchurn.scoring.scorer import Scorer

pytest.importorskip("adbc_driver_postgresql", reason="needs the extra 'db'")
from tests.data import postgres_server

pytestmark = pytest.mark.skipif(
    postgres_server.binaries() is None,
    reason="PostgreSQL's server is not installed here (Debian: apt-get install postgresql)",
)
ORDERED = "SELECT * FROM customers ORDER BY customer"


@pytest.fixture(scope="module")
def server():
    with postgres_server.server() as running:
        yield running


@pytest.fixture
def database(server, monkeypatch, named):
    from adbc_driver_postgresql import dbapi

    monkeypatch.setenv("TEST_DATABASE", server.url)
    server.run("DROP TABLE IF EXISTS customers")
    frame = named.assign(number=np.arange(len(named)) * 10**15)
    with dbapi.connect(server.url) as connection, connection.cursor() as cursor:
        cursor.adbc_ingest("customers", pa.Table.from_pandas(frame, preserve_index=False))
        cursor.execute("ALTER TABLE customers ALTER age TYPE numeric(12,2)")
        cursor.execute("ALTER TABLE customers ALTER number TYPE numeric(30,2)")
        connection.commit()
    return server


@pytest.mark.parametrize("what", ["customers", "public.customers", ORDERED, ORDERED + ";"])
def test_a_table_or_query_is_scored_like_a_file(model, named, write, tmp_path, database, what):
    score_file(model, write(named, "t.parquet"), tmp_path / "file.csv", id="customer")
    found = score_file(model, what, tmp_path / "s.csv", id="customer", database="TEST_DATABASE")
    assert (tmp_path / "s.csv").read_bytes() == (tmp_path / "file.csv").read_bytes()
    assert found.rows == len(named)
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert postgres_server.PASSWORD.encode() not in file.read_bytes()


def test_exact_numbers_are_exact_ids(model, tmp_path, database):
    query = "SELECT * FROM customers ORDER BY number"
    how = {"id": "number", "database": "TEST_DATABASE"}
    found = score_file(model, query, tmp_path / "s.parquet", **how).read()
    assert found["id"].tolist() == [str(i * 10**15) for i in range(950)]


def test_a_crashed_job_uses_its_chunks_where_the_rows_are_the_same(
    model, tmp_path, database, monkeypatch
):
    real, scored, crash = Scorer.score, [], {"before": 5}

    def score(self, chunk, digest, known=None):
        if len(scored) == crash["before"]:
            raise RuntimeError
        scored.append(int(chunk.row_numbers[0]))
        return real(self, chunk, digest, known)

    monkeypatch.setattr(Scorer, "score", score)
    how = {"id": "customer", "database": "TEST_DATABASE", "chunk_rows": 100}
    with pytest.raises(RuntimeError):
        score_file(model, ORDERED, tmp_path / "s.csv", **how)
    database.run("UPDATE customers SET debt = debt + 1 WHERE customer = 'C0250'")
    scored.clear()
    crash["before"] = None
    score_file(model, ORDERED, tmp_path / "s.csv", **how)
    assert scored == [200, 500, 600, 700, 800, 900]
    score_file(model, ORDERED, tmp_path / "fresh.csv", **how)
    assert (tmp_path / "s.csv").read_bytes() == (tmp_path / "fresh.csv").read_bytes()


def test_rows_that_vanished_are_not_scored(model, tmp_path, database, monkeypatch):
    how = {"id": "customer", "database": "TEST_DATABASE", "chunk_rows": 100}
    real = Scorer.score

    def score(self, chunk, digest, known=None):  # the job crashes before its last chunk
        if chunk.row_numbers[0] == 900:
            raise RuntimeError
        return real(self, chunk, digest, known)

    monkeypatch.setattr(Scorer, "score", score)
    with pytest.raises(RuntimeError):
        score_file(model, ORDERED, tmp_path / "s.csv", **how)
    assert len(list((tmp_path / "s.csv.parts").glob("*.parquet"))) == 9
    database.run("DELETE FROM customers WHERE customer >= 'C0320'")
    job = score_file(model, ORDERED, tmp_path / "s.csv", **how)
    assert job.read()["id"].tolist() == [f"C{i:04d}" for i in range(320)]


def test_words_among_numbers_are_rejected(model, tmp_path, database):
    query = "SELECT *, CASE customer WHEN 'C0007' THEN 'much' ELSE debt::text END AS debt2 " \
            "FROM customers ORDER BY customer"  # fmt: skip
    query = f"SELECT age, plan, tv, since, customer, debt2 AS debt FROM ({query}) AS inner_rows"
    how = {"id": "customer", "database": "TEST_DATABASE"}
    job = score_file(model, query, tmp_path / "s.csv", **how)
    rejected = pd.read_csv(job.rejected)
    assert rejected["id"].tolist() == ["C0007"]
    assert rejected["row"].tolist() == [7]


@pytest.mark.parametrize(
    ("what", "error", "message"),
    [
        ("lost", DataError, 'relation "lost" does not exist'),
        ("SELECT * FROM customers WHERE", DataError, "syntax error"),
        ("SELECT customer FROM customers", DataError, "lacks 5 of 5 columns"),
        ("SELECT * FROM customers LIMIT 0", DataError, "has 7 columns but no rows"),
    ],
)
def test_what_the_database_refuses_is_told(model, tmp_path, database, what, error, message):
    with pytest.raises(error, match=message) as told:
        score_file(model, what, tmp_path / "s.csv", database="TEST_DATABASE")
    assert postgres_server.PASSWORD not in str(told.value)
    assert [p.name for p in tmp_path.iterdir()] == ["model"]


def test_the_variable_has_to_be_set(model, tmp_path, database, monkeypatch):
    monkeypatch.delenv("TEST_DATABASE")
    with pytest.raises(ConfigError, match="variable TEST_DATABASE is not set"):
        score_file(model, "customers", tmp_path / "s.csv", database="TEST_DATABASE")
    with pytest.raises(ConfigError, match="and never the URL itself") as told:
        score_file(model, "customers", tmp_path / "s.csv", database="postgresql://me:pw@host/x")
    assert "pw" not in str(told.value)


def test_the_summary_holds_no_secret(model, tmp_path, database):
    score_file(model, "customers", tmp_path / "s.csv", database="TEST_DATABASE")
    text = json.dumps(json.loads((tmp_path / "s.csv.job.json").read_text()))
    assert "postgresql://" not in text
