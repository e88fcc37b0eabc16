"""What a page says of its command: words, version, and the bytes of what was read."""

import hashlib
import json
from pathlib import Path

import pytest

from dbnchurn.core.html.page_content import PageContent
from dbnchurn.core.html.plain_page import plain_page
from dbnchurn.core.made_by import (
    CHANGED,
    Command,
    Input,
    input_of,
    inputs_of,
    made_by,
    note_database,
    note_read,
    running,
    stand_in,
)
from dbnchurn.core.places import check_places


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_bytes(b"id\n1\n")
    return "t.csv"


def said(command):
    with running(command):
        return json.loads(made_by())


def test_words_inputs_and_databases_are_named_and_pages_numbered(table):
    command = Command(["inspect", "a<b>.csv"])
    with running(command):
        check_places({"output": "p.html"}, {"input": [table]})
        note_database("CRM_URL")
        page = plain_page("A page", "", [])
    found = PageContent.of(page).made_by
    assert "a<b>" not in page
    assert found["command"] == ["inspect", "a<b>.csv"]
    assert found["databases"] == ["CRM_URL"]
    assert inputs_of(found) == {table: Input(hashlib.sha256(b"id\n1\n").hexdigest(), 5)}
    assert (found["page"], said(command)["page"]) == (1, 2)


def test_without_a_command_nothing_is_named(table):
    note_read([table])
    note_database("CRM_URL")
    assert json.loads(made_by()) == {"command": None}
    assert stand_in(table) == table


def test_words_with_a_password_are_not_written():
    found = said(Command(["prepare", "--sources", "postgresql://me:secret@db/crm"]))
    assert found == {"command": None}


def test_an_input_that_changes_before_the_page_is_made_has_no_digest(table):
    command = Command(["inspect", table])
    with running(command):
        note_read([table])
    Path(table).write_bytes(b"id\n1\n2\n")
    assert inputs_of(said(command))[table] == Input(CHANGED, 7)


def test_a_folder_has_one_digest_of_its_names_and_bytes(table):
    folder = Path("tables", "deep")
    folder.mkdir(parents=True)
    (folder / "a.csv").write_bytes(b"1")
    before = input_of("tables")
    assert before == input_of("tables")
    assert input_of("*.csv").size == 5
    (folder / ".a.csv.0123456789ab.unfinished").mkdir()
    (folder / ".a.csv.0123456789ab.unfinished" / "a.csv").write_bytes(b"2")
    assert input_of("tables") == before
    (folder / "a.csv").rename(folder / "b.csv")
    assert input_of("tables").digest != before.digest
    assert input_of("tables").size == before.size


def test_a_stand_in_is_read_in_the_place_of_a_file(table, tmp_path):
    command = Command(["lift"], {table: tmp_path / "first.csv"})
    with running(command):
        assert stand_in("other.csv") == "other.csv"
        assert command.stood_in == set()
        assert stand_in(table) == str(tmp_path / "first.csv")
    assert command.stood_in == {table}
