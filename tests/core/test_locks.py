"""What one process holds, no other gets, also where the file of the lock is removed meanwhile."""

import os
import signal
import threading
import time

import pytest

from dbnchurn.core.errors import ResourceError
from dbnchurn.core.locks import folder_lock, try_lock


def test_a_lock_ends_with_its_process(tmp_path):
    process = os.fork()
    if not process:
        try_lock(tmp_path / "lock")
        (tmp_path / "held").touch()
        time.sleep(60)
        os._exit(0)
    while not (tmp_path / "held").exists():
        time.sleep(0.001)
    assert try_lock(tmp_path / "lock") is None
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    assert try_lock(tmp_path / "lock") is not None


def test_the_lock_on_a_file_that_is_no_longer_there_does_not_count(tmp_path, monkeypatch):
    """The holder removes its file, and gives it back, after another has opened it."""
    path, real = tmp_path / "lock", os.open
    held = try_lock(path)

    def then_remove(*args, **options):
        handle = real(*args, **options)
        monkeypatch.setattr(os, "open", real)
        path.unlink()
        held.release()
        return handle

    monkeypatch.setattr(os, "open", then_remove)
    second = try_lock(path)
    assert second is not None
    assert path.exists()
    assert try_lock(path) is None  # it is the file at the path that is locked
    second.release()


def test_a_file_that_is_not_there_is_not_made_unless_asked_for(tmp_path):
    with pytest.raises(FileNotFoundError):
        try_lock(tmp_path / "lock", create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_locked_by_one_writer_or_several_readers(tmp_path):
    with (
        folder_lock(tmp_path, 0.0, shared=True),
        folder_lock(tmp_path, 0.0, shared=True),
        pytest.raises(ResourceError, match="another process has been writing it for 0 seconds"),
        folder_lock(tmp_path, 0.0),
    ):
        pass
    with folder_lock(tmp_path, 0.0):
        waiting = threading.Thread(target=lambda: folder_lock(tmp_path, 60.0).__enter__())
        waiting.start()
    waiting.join(60)
    assert not waiting.is_alive()
    assert list(tmp_path.iterdir()) == []
