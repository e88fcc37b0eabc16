"""What is written appears whole or not at all; what one process holds, no other gets."""

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.files import atomic_folder, atomic_write
from dbnchurn.core.locks import lock


def test_a_file_is_replaced_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "scores.csv"
    with atomic_write(path) as unfinished:
        unfinished.write_text("first")
        assert not path.exists()

    def fail():
        with atomic_write(path) as unfinished:
            unfinished.write_text("sec")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert path.read_text() == "first"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_appears_when_it_is_whole(tmp_path):
    folder = tmp_path / "runs" / "tv"

    def stop():
        with atomic_folder(folder) as aside:
            (aside / "metrics.json").write_text("{")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert list(folder.parent.iterdir()) == []
    with atomic_folder(folder) as aside:
        (aside / "metrics.json").write_text("{}")
        assert not folder.exists()
    assert [path.name for path in folder.iterdir()] == ["metrics.json"]
    assert list(folder.parent.iterdir()) == [folder]


def test_what_a_killed_process_left_aside_is_not_part_of_the_folder(tmp_path):
    (tmp_path / "aside").mkdir()
    (tmp_path / "aside" / "half").write_text("")
    with atomic_folder(tmp_path / "folder", tmp_path / "aside") as aside:
        (aside / "whole").write_text("")
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["whole"]


def test_only_one_holds_a_file(tmp_path):
    other = lock(tmp_path / "lock", "another is at work")
    with lock(tmp_path / "lock", ""), pytest.raises(ConfigError, match="another is at work"):
        other.__enter__()
    with lock(tmp_path / "lock", "another is at work"):
        pass
