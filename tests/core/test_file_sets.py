"""Files that are replaced as one: whatever fails, a reader gets all of before or all of after."""

import hashlib
import os

import pytest

from dbnchurn.core.file_sets import content_of, read_as_one, replace_files, waiting_name

OLD, NEW = {"a": b"old a", "b": b"old b"}, {"a": b"new a", "b": b"new b"}


def whole(files):
    """The files with an index of their hashes, one a line."""
    lines = [f"{name} {hashlib.sha256(data).hexdigest()}" for name, data in files.items()]
    return {**files, "index": "\n".join(lines).encode()}


def read(folder):
    """The files as a reader takes them."""

    def once():
        found = {}
        for line in (folder / "index").read_text().splitlines():
            name, digest = line.split()
            data, right = content_of(folder, name, digest, lambda n: (folder / n).read_bytes())
            if not right:
                raise ValueError(f"{name} is damaged")
            found[name] = data
        return found

    return read_as_one(folder, "index", once)


def replaced(folder, files):
    replace_files(folder, whole(files), "index")


@pytest.mark.parametrize("function", ["replace", "fsync", "open", "unlink"])
@pytest.mark.parametrize("number", range(1, 10))
def test_a_call_that_fails_leaves_the_old_or_the_new(tmp_path, monkeypatch, function, number):
    replaced(tmp_path, OLD)
    real, calls = getattr(os, function), []

    def fail(*args, **options):
        calls.append(1)
        if len(calls) == number:
            raise OSError(5, "Input/output error")
        return real(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, function, fail)
        try:
            replaced(tmp_path, NEW)
        except OSError:
            assert len(calls) >= number
    assert read(tmp_path) in (OLD, NEW)
    replaced(tmp_path, NEW)
    assert read(tmp_path) == NEW
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "index"}


def test_files_that_wait_for_their_place_are_read_and_then_settled(tmp_path):
    """As after a kill between the renaming of the index and that of the others."""
    replaced(tmp_path, OLD)
    for name, data in NEW.items():
        (tmp_path / waiting_name(name, hashlib.sha256(data).hexdigest())).write_bytes(data)
    (tmp_path / waiting_name("a", "0" * 64)).write_bytes(b"of a write that was not finished")
    (tmp_path / "index").write_bytes(whole(NEW)["index"])
    assert read(tmp_path) == NEW
    replaced(tmp_path, OLD)
    assert read(tmp_path) == OLD
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "index"}


def test_damage_is_damage(tmp_path):
    replaced(tmp_path, OLD)
    (tmp_path / "a").write_bytes(b"old A")
    with pytest.raises(ValueError, match="a is damaged"):
        read(tmp_path)


def test_a_reader_that_is_always_late_keeps_writers_out(tmp_path):
    replaced(tmp_path, OLD)
    attempts = []

    def late():
        attempts.append(1)
        if len(attempts) <= 5:
            replaced(tmp_path, NEW if len(attempts) % 2 else OLD)
            raise ValueError("a mixture")
        return "whole"

    assert read_as_one(tmp_path, "index", late) == "whole"
