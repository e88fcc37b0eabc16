"""Scratch folders: gone at the end, and after a kill with the next one; those in use stay."""

import os
import signal

import pytest

from dbnchurn.core.scratch import LOCK, PATTERN, ScratchFolder, remains, remove_remains


def killed_with(parent, name):
    """A process that makes a scratch folder, spills into it, and is killed."""
    process = os.fork()
    if not process:
        scratch = ScratchFolder(parent, name)
        folder = scratch.path
        (folder / "deep").mkdir()
        (folder / "deep" / "customers.csv").write_text("7,Smith")
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(process, 0)


@pytest.mark.parametrize("name", ["s.csv", "é" * 200, "a.0123456789ab.unfinished"])
def test_what_a_killed_process_left_is_removed_by_the_next_one(tmp_path, name):
    killed_with(tmp_path, name)
    (left,) = remains(tmp_path)
    assert (left / "deep" / "customers.csv").exists()
    with ScratchFolder(tmp_path, name) as folder:
        assert list(tmp_path.iterdir()) == [folder]
        assert remains(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_use_or_something_else_stays(tmp_path):
    other = tmp_path / ".mine.0123456789ab.unfinished"
    other.mkdir()
    (other / "precious.txt").write_text("mine")
    with ScratchFolder(tmp_path, "a") as first, ScratchFolder(tmp_path, "b") as second:
        assert {*tmp_path.iterdir()} == {first, second, other}
        assert remains(tmp_path) == []
    assert (other / "precious.txt").exists()


@pytest.mark.parametrize("with_lock", [False, True])
def test_a_process_killed_before_it_had_its_lock_leaves_nothing_either(tmp_path, with_lock):
    folder = tmp_path / ".s.csv.0123456789ab.unfinished"
    folder.mkdir()
    if with_lock:
        (folder / LOCK).touch()
    assert remains(tmp_path) == [folder]
    remove_remains(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_fork_does_not_remove_the_folder_of_its_parent(tmp_path):
    scratch = ScratchFolder(tmp_path, "s.csv")
    process = os.fork()
    if not process:
        scratch.remove()
        os._exit(0)
    os.waitpid(process, 0)
    assert scratch.path.exists()
    scratch.remove()
    assert not scratch.path.exists()


def test_names_say_what_they_are_for():
    assert PATTERN.fullmatch(".s.csv.0123456789ab.unfinished")
    assert not PATTERN.fullmatch("s.unfinished")
    assert not PATTERN.fullmatch(".s.csv.unfinished")
