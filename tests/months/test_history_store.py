"""A folder as a store: entries by their names, one process at a time, and clear refusals."""

from datetime import date

import pytest

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.months.history_store import Entry, FolderHistory

JULY = Entry(date(2024, 7, 1), "0a1b")
CAMPAIGNS = Entry(date(2024, 7, 1), "")


def test_what_is_written_is_read_and_what_is_left_stays(tmp_path):
    store = FolderHistory(tmp_path / "history")
    for entry in (JULY, CAMPAIGNS):
        store.update(entry, lambda text: f"after {text}")
    store.update(JULY, lambda text: None if text == "after None" else "wrong")
    assert store.texts() == {JULY: "after None", CAMPAIGNS: "after None"}
    (tmp_path / "history" / "notes.txt").write_text("of no month")
    assert set(store.texts()) == {JULY, CAMPAIGNS}


def test_a_change_that_fails_leaves_the_entry(tmp_path):
    store = FolderHistory(tmp_path)
    store.update(JULY, lambda _: "first")

    def fail(_):
        raise DataError("no month")

    with pytest.raises(DataError, match="no month"):
        store.update(JULY, fail)
    assert store.texts() == {JULY: "first"}


def test_what_cannot_be_a_history_is_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ConfigError, match="is a file; a history is a folder"):
        FolderHistory(file).check({}, {}, mkdir=False)
    with pytest.raises(ConfigError, match="there is no such history"):
        FolderHistory(tmp_path / "none").texts()
    with pytest.raises(ConfigError, match="lies in what is read"):
        FolderHistory(tmp_path).refuse_output(tmp_path / "page.html")
    with pytest.raises(ConfigError, match="same file"):
        FolderHistory(tmp_path).check({"output": tmp_path}, {}, mkdir=False)
    (tmp_path / "2024-13-01.0a1b.json").write_text("{}")
    with pytest.raises(DataError, match="2024-13-01 is no date"):
        FolderHistory(tmp_path).texts()


def test_a_file_that_is_no_text_is_refused_by_its_name(tmp_path):
    (tmp_path / JULY.file).write_bytes(b"\xff")
    with pytest.raises(DataError, match=r"2024-07-01\.0a1b\.json cannot be read"):
        FolderHistory(tmp_path).texts()
