"""No file is in two roles, and no folder is made that nobody asked for."""

import os

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.places import absent_folders, check_places, conflicts, make_folder


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "t.csv").write_text("id\n1\n")
    (tmp_path / "out").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "other", ["out/s.csv", "./out/../out/s.csv", "out/s.CSV", "{}/out/s.csv", "link/s.csv"]
)
def test_two_names_of_one_file_are_a_conflict_before_it_exists(place, other):
    (place / "link").symlink_to(place / "out")
    written = {"output": "out/s.csv", "campaign": other.format(place)}
    assert conflicts(written, {}) == ["output and campaign are the same file: out/s.csv"]
    assert conflicts({**written, "campaign": "out/c.csv"}, {}) == []


@pytest.mark.parametrize("how", ["symlink", "link"])
def test_links_to_an_input_are_the_input(place, how):
    getattr(os, how)(place / "in" / "t.csv", place / "out" / "s.csv")
    (found,) = conflicts({"output": "out/s.csv"}, {"input": ["in/t.csv"]})
    assert found == "output and input are the same file: out/s.csv"


@pytest.mark.parametrize("source", ["in", "in/", "in/*.csv", "{}/in"])
def test_nothing_is_written_into_what_is_read(place, source):
    source = source.format(place)
    files = {"output": "in/s.csv", "summary": "in/s.job.json"}
    (found,) = conflicts(files, {"input": [source]})  # one sentence for files side by side
    assert found == f"output: in/s.csv lies in what is read (input {source})"
    assert conflicts({"output": "out/s.csv"}, {"input": [source]}) == []
    assert conflicts({"output": "in/s.parquet"}, {"input": ["in/*.csv"]}) == []


def test_a_folder_whose_contents_are_replaced_holds_no_input(place):
    read = {"input": ["in/t.csv"]}
    (found,) = conflicts({"quarantine": "in"}, read, emptied=["quarantine"])
    assert found == "quarantine: in is replaced, and input in/t.csv lies in it"
    assert conflicts({"quarantine": "in"}, read) == []


def test_all_faults_are_told_at_once_and_nothing_is_made(place):
    written = {"output": "in/t.csv", "campaign": "oot/c.csv", "rejected": None}
    with pytest.raises(ConfigError) as told:
        check_places(written, {"input": ["in/t.csv"]}, mkdir=True)
    assert str(told.value) == ("output and input are the same file: in/t.csv; write somewhere else")
    with pytest.raises(ConfigError) as told:
        check_places(written, {"input": ["in/t.csv"]})
    assert str(told.value) == (
        "output and input are the same file: in/t.csv; write somewhere else; campaign oot/c.csv: "
        "the folder oot does not exist (there is out); make it, or let it be made with --mkdir (in "
        "Python mkdir=True)"
    )
    assert not (place / "oot").exists()


def test_folders_may_be_absent_where_they_will_be_made(place):
    check_places({"output": "new/er/s.csv", "campaign": "new/c.csv"}, mkdir=True)
    assert not (place / "new").exists()  # a job that is refused later leaves nothing
    make_folder(place / "new" / "er", "output")
    assert (place / "new" / "er").is_dir()
    with pytest.raises(ConfigError, match=r"output in/t.csv/s.csv: in/t.csv is a file, not a fol"):
        check_places({"output": "in/t.csv/s.csv"}, mkdir=True)
    with pytest.raises(ConfigError, match=r"output: .* cannot be made"):
        make_folder(place / "in" / "t.csv" / "new", "output")


def test_a_folder_is_told_once(place):
    (found,) = absent_folders({"output": "no/s.csv", "campaign": "no/c.csv", "rejected": None})
    assert found == "output no/s.csv: the folder no does not exist"
    assert absent_folders({"output": "s.csv"}) == []
