"""Finished pieces: whole or not there, and never made twice."""

import errno
from pathlib import Path

import numpy as np
import pytest

from dbnchurn.core.checkpoints import CheckpointStore, load, save


def test_what_is_loaded_is_what_was_saved(tmp_path):
    arrays = {"a/b": np.arange(6, dtype=np.uint8).reshape(2, 3), "empty": np.empty((0, 4))}
    facts = {"curve": [{"loss": 0.1 + 0.2}], "state": np.arange(3, dtype=np.uint64)}
    save(tmp_path / "deep" / "piece.npz", arrays, facts)
    found, told = load(tmp_path / "deep" / "piece.npz")
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    assert told == {"curve": [{"loss": 0.1 + 0.2}], "state": [0, 1, 2]}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["piece.npz"]


@pytest.mark.parametrize("keep", [0, 4, 40, -1])
def test_a_damaged_file_is_refused(tmp_path, keep):
    path = tmp_path / "piece.npz"
    save(path, {"a": np.arange(100)}, {})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"piece\.npz is not a checkpoint that can be read"):
        load(path)


def test_nothing_is_unpickled(tmp_path):
    np.savez(tmp_path / "piece.npz", facts=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="not a checkpoint"):
        load(tmp_path / "piece.npz")


def test_a_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "piece.npz"
    save(path, {"a": np.zeros(3)}, 1)
    monkeypatch.setattr(np, "savez", lambda *_, **__: Path("/dev/full").write_bytes(b"0"))
    with pytest.raises(OSError, match="No space left") as full:
        save(path, {"a": np.ones(10_000)}, 2)
    assert full.value.errno == errno.ENOSPC
    assert load(path)[1] == 1


def test_a_shelf_makes_a_piece_once(tmp_path):
    made = []

    def make():
        made.append(1)
        return {"a": np.full(2, len(made))}, {"times": len(made)}

    store = CheckpointStore(tmp_path).part("inner")
    assert not store.kept
    first, again = store.get_or_compute("piece", make), store.get_or_compute("piece", make)
    assert first[1] == again[1] == {"times": 1}
    assert store.kept
    assert CheckpointStore(tmp_path).kept


def test_without_a_folder_nothing_is_kept():
    made = []
    for _ in range(2):
        CheckpointStore().part("inner").get_or_compute(
            "piece", lambda: made.append(1) or ({}, None)
        )
    assert len(made) == 2
    assert not CheckpointStore().kept
