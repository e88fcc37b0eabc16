"""A record comes back from its folder, or is refused."""

from dataclasses import dataclass

import numpy as np
import pytest

from dbnchurn.core.errors import ArtifactError, ConfigError
from dbnchurn.core.records import unpack
from dbnchurn.core.typing import Floats
from dbnchurn.predictor.record_folder import RecordFolder

STORED = RecordFolder("scale", "scales", version=2, most_bytes=10_000)


@dataclass(frozen=True, eq=False)
class Scale:
    centre: Floats
    name: str


def scale_of(folder):
    index, arrays = STORED.load(folder)
    return unpack(Scale, index[STORED.name], arrays)


def test_a_record_comes_back_and_a_later_one_takes_its_place(tmp_path):
    for number in (1.0, 2.0):
        STORED.save(Scale(np.full(3, number), "é"), tmp_path / "s", mkdir=False)
        found = scale_of(tmp_path / "s")
        assert (found.name, found.centre.tolist()) == ("é", [number] * 3)
    assert {path.name for path in (tmp_path / "s").iterdir()} >= {STORED.tree, STORED.arrays}


@pytest.mark.parametrize(
    ("name", "spoil", "message"),
    [
        (STORED.tree, lambda text: text.replace(b"centre", b"center", 1), "same arrays|exactly"),
        (STORED.tree, lambda text: b"{", "scales cannot be read"),
        (STORED.tree, lambda text: text.replace(b'"format": 2', b'"format": 3'), "formats 1 to 2"),
        (STORED.arrays, lambda content: content[:-1], "is damaged"),
        (STORED.arrays, lambda content: content + b"\0" * 10_000, "10000 are allowed"),
    ],
)
def test_what_was_not_written_so_is_refused(tmp_path, name, spoil, message):
    folder = STORED.save(Scale(np.zeros(3), "a"), tmp_path / "s", mkdir=False)
    (folder / name).write_bytes(spoil((folder / name).read_bytes()))
    with pytest.raises(ArtifactError, match=message):
        scale_of(folder)


def test_folders_of_something_else_are_left_alone(tmp_path):
    (tmp_path / "list.txt").touch()
    with pytest.raises(ConfigError, match="holds no scales; choose another"):
        STORED.save(Scale(np.zeros(3), "a"), tmp_path, mkdir=False)
    with pytest.raises(ConfigError, match="does not exist"):
        STORED.save(Scale(np.zeros(3), "a"), tmp_path / "no" / "s", mkdir=False)
    assert [path.name for path in tmp_path.iterdir()] == ["list.txt"]
