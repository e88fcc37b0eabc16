"""Passwords are masked in every message of ours, and recognised where a text would be stored."""

import pytest

from dbnchurn.core.errors import ArtifactError, ConfigError, DataError, ResourceError
from dbnchurn.core.secrets import EXAMPLE, holds_password, masked

PASSWORDS = ("plain", "a@b", "a/b", "a[b", "a&b", "a b", "a%zzb", "é€", "it's", 'a"b', "a:b@c", "")


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("error", [ArtifactError, ConfigError, DataError, ResourceError])
def test_no_error_shows_a_url_with_a_password(password, error):
    text = f"no file 'postgresql://me:top{password}secret@db/crm' there\nsecond line"
    message = str(error(text))
    assert message.startswith("no file '***")
    assert message.endswith("\nsecond line")
    assert "secret" not in message
    cut = str(error(text[:30]))  # as messages cut long values
    assert "top" not in cut


def test_other_texts_are_left_as_they_are():
    for text in (
        "a:b@c", "https://example.org/x", "http://localhost:5000/a", f"write {EXAMPLE}",
        "C:/data/x.csv", "me@example.org: who is that",
    ):  # fmt: skip
        assert masked(text) == text
    assert masked("mysql://me:secret@db/x") != "mysql://me:secret@db/x"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("postgresql://me:secret@db/crm", True),
        ("postgresql://me@db/crm?password=secret", True),
        ("https://me:secret@host/file.csv", True),
        ("host=db user=me password=secret", True),
        ("SELECT * FROM postgres_scan('host=db password=secret', 'public', 't')", True),
        ("SELECT * FROM dblink('password=secret', 'SELECT 1')", True),
        ("CREATE SECRET (TYPE postgres, PASSWORD 'secret')", True),
        ("SELECT * FROM users WHERE password = 'x' AND host = 'a'", False),
        ("SELECT has_password = 1 FROM 'customers.csv'", False),
        ("data/customers.csv", False),
        ("https://host:8080/file.csv", False),
        ("CRM_DATABASE", False),
    ],
)
def test_what_seems_to_hold_a_password(text, found):
    assert holds_password(text) is found
