"""What stopped processes have left is found, told and removed; what is in use stays."""

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.scratch import LOCK, ScratchFolder
from dbnchurn.scoring.leftovers import clean, leftovers
from dbnchurn.scoring.work_folder import WorkFolder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Outputs with a dead scratch folder, a live one, a stopped job, one at work, and a run."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    outputs = tmp_path / "outputs"
    dead = outputs / "deep" / ".s.csv.0123456789ab.unfinished"
    spilled = tmp_path / "tmp" / "dbnchurn-0123456789ab"
    for place in (dead, spilled):
        place.mkdir(parents=True)
        (place / LOCK).touch()
        (place / "customers.csv").write_text("7,Smith")
    for name, file in (("s.csv.parts", "job.json"), ("tv.unfinished", "config.yaml")):
        (outputs / name).mkdir()
        (outputs / name / file).write_text("{}")
    (outputs / "mine.unfinished").mkdir()
    with ScratchFolder(outputs, "t.csv"), WorkFolder(outputs / "t.csv.parts", {}):
        yield outputs


def test_dead_folders_go_and_others_stay(folder):
    kinds = {(left.folder.name, left.kind, left.resumable) for left in leftovers(folder)}
    assert kinds == {
        (".s.csv.0123456789ab.unfinished", "scratch folder", False),
        ("dbnchurn-0123456789ab", "spilled data", False),
        ("s.csv.parts", "unfinished scoring job", True),
        ("tv.unfinished", "unfinished run", True),
    }
    there = sorted(folder.rglob("*"))
    assert clean(folder, dry_run=True).endswith("2 folders with 14 bytes would be removed")
    assert sorted(folder.rglob("*")) == there
    said = clean(folder)
    assert said.endswith("2 folders with 14 bytes removed")
    assert (
        f"kept: {folder / 's.csv.parts'}: unfinished scoring job, 2 bytes; can be gone on" in said
    )
    assert clean(folder, unfinished=True).endswith("2 folders with 4 bytes removed")
    assert leftovers(folder) == []
    names = {path.name for path in folder.iterdir()}
    assert {"deep", "mine.unfinished", "t.csv.parts"} < names
    assert len(names) == 4  # and the scratch folder in use


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="there is no such folder"):
        clean(tmp_path / "nowhere")
