"""URLs of databases: read in one way or refused, and no word of a password in any message."""

import logging
from urllib.parse import quote

import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.tables.database_url import parse_database_url
from dbnchurn.tables.postgres import PostgresSource, connected

HOLDER = "the environment variable CRM"
# Halves that stand around the sign; neither may be in a message.
LEFT, RIGHT = "geh", "eim"
SIGNS = [
    "", "@", "/", "[", "]", "&", " ", "%zz", "%", "é", "€", "#", "?", "'", "\\", ":", "=", '"',
    "\n", "\t", "%00", "x@y:9/", "%FF",
]  # fmt: skip
REFUSED = {"@", "/", " ", "%zz", "%", "\n", "\t", "%00", "x@y:9/", "%FF"}


@pytest.mark.parametrize("sign", SIGNS)
def test_a_password_as_it_is_is_read_or_refused_without_a_word_of_it(sign):
    url = f"postgresql://tester:{LEFT}{sign}{RIGHT}@db.example:5433/crm"
    if sign not in REFUSED:
        found = parse_database_url(url, HOLDER)
        assert found.settings == {
            "host": "db.example", "port": "5433", "user": "tester", "dbname": "crm",
            "password": LEFT + sign + RIGHT,
        }  # fmt: skip
        assert LEFT not in repr(found)
        return
    with pytest.raises(ConfigError, match="environment variable CRM cannot be read") as refused:
        parse_database_url(url, HOLDER)
    assert LEFT not in str(refused.value)
    assert RIGHT not in str(refused.value)


@pytest.mark.parametrize("sign", SIGNS)
def test_every_password_can_be_written_with_percent_signs(sign):
    password = LEFT + sign + RIGHT
    url = f"postgresql://tester:{quote(password, safe='')}@db/crm"
    assert parse_database_url(url, HOLDER).settings["password"] == password


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("form", ["postgresql://tester:{}@127.0.0.1:1/crm", "host=x password={}"])
def test_no_driver_shows_a_part_of_a_password(monkeypatch, caplog, sign, form):
    pytest.importorskip("adbc_driver_postgresql", reason="needs the extra 'db'")
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("CRM", form.format(LEFT + sign + RIGHT))
    with pytest.raises((ConfigError, DataError), match="CRM") as refused, connected("CRM"):
        pass
    assert LEFT not in str(refused.value) + caplog.text
    assert RIGHT not in str(refused.value) + caplog.text
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("", {}),
        ("/crm", {"dbname": "crm"}),
        ("me@", {"user": "me"}),
        ("db", {"host": "db"}),
        ("[::1]:5433/crm", {"host": "::1", "port": "5433", "dbname": "crm"}),
        ("a:1,b:2/crm", {"host": "a,b", "port": "1,2", "dbname": "crm"}),
        ("%2Ftmp/crm", {"host": "/tmp", "dbname": "crm"}),
        (
            "db/crm?sslmode=require&password=a%26b",
            {"host": "db", "dbname": "crm", "sslmode": "require", "password": "a&b"},
        ),
    ],
)
def test_parts_of_a_url(rest, expected):
    for scheme in ("postgresql", "postgres"):
        assert parse_database_url(f"{scheme}://{rest}", HOLDER).settings == expected


def test_every_form_of_a_password_counts_as_a_secret():
    found = parse_database_url("postgresql://me:a%26b@db/crm", HOLDER)
    assert set(found.secrets) == {"a&b", "a%26b"}
    found = parse_database_url("postgresql://me@db/crm?password=a%26b", HOLDER)
    assert set(found.secrets) == {"a&b", "a%26b"}


def test_a_connection_string_quotes_what_it_holds():
    found = parse_database_url("postgresql://me:a'b%5Cc@db", HOLDER)
    assert r"password='a\'b\\c'" in found.connection_string()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://me:geheim@db", "written as postgresql://USER:PASSWORD@HOST/NAME"),
        ("geheim", "written as postgresql"),
        ("postgresql://me:geheim", "where the port is a number"),
        ("postgresql://me:x@db/a/geheim", "too many behind its host"),
        ("postgresql://me:x@db?geheim", "name=value"),
        ("postgresql://me:\udce9geheim@db", "not UTF-8"),
    ],
)
def test_what_is_no_url_is_refused(url, message):
    with pytest.raises(ConfigError, match=message) as refused:
        parse_database_url(url, HOLDER)
    assert "geheim" not in str(refused.value)


def test_neither_name_nor_query_of_a_job_may_hold_a_password():
    for variable, wanted, message in (
        ("postgresql://me:geheim@db", "customers", "never the URL itself"),
        ("CRM", "SELECT * FROM dblink('password=geheim', 'SELECT 1')", "seems to hold a password"),
    ):
        with pytest.raises(ConfigError, match=message) as refused:
            PostgresSource(variable, wanted)
        assert "geheim" not in str(refused.value)
