"""The folder of models: whole copies, both kept, and one champion."""

import os
import shutil

import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ConfigError
from dbnchurn.months.folder_registry import Champion, FolderRegistry


def test_both_models_are_kept_and_the_champion_is_named(month_by_month, shared_model, tmp_path):
    registry = FolderRegistry(tmp_path / "models")
    old, new = month_by_month / "model", shared_model
    with pytest.raises(ConfigError, match="no model was promoted"):
        registry.champion()
    place = registry.promote(new, Champion(old, old))
    assert registry.champion() == place
    assert (registry.folder / "champion").read_text() == f"{Predictor.load(new).version}/model\n"
    for model in (old, new):
        version = Predictor.load(model).version
        assert Predictor.load(registry.folder / version / "model").version == version
    before = sorted(path.name for path in registry.folder.iterdir())
    assert registry.promote(old, Champion(place, place)) == registry.folder / registry.keep(old)
    assert sorted(path.name for path in registry.folder.iterdir()) == before
    assert Predictor.load(registry.champion()).version == Predictor.load(old).version


def test_a_champion_outside_of_the_registry_is_refused(shared_model, tmp_path):
    registry = FolderRegistry(tmp_path / "models")
    registry.keep(shared_model)
    (registry.folder / "champion").write_text("../../model\n")
    with pytest.raises(ConfigError, match="no model of the registry"):
        registry.champion()


@pytest.fixture
def runs(fitted, tmp_path):
    """Model folders of two runs whose models score alike and are not the same."""

    def make(name, about):
        fitted.save(tmp_path / name / "model", about={"id": about}, mkdir=True)
        return tmp_path / name / "model"

    return make("old", "id"), make("new", "customer")


def named(registry):
    """What the two files name."""
    files = {name: registry.folder / name for name in ("champion", "previous")}
    return {name: f.read_text().strip() for name, f in files.items() if f.is_file()}


def test_a_model_with_other_files_has_a_folder_of_its_own(runs, tmp_path, caplog):
    old, new = runs
    registry, version = FolderRegistry(tmp_path / "models"), Predictor.load(new).version
    assert registry.promote(old) == registry.folder / version / "model"
    # What scores is the same, and what the model knows of its tables is not.
    assert registry.promote(new) == registry.folder / f"{version}-2" / "model"
    assert Predictor.load(registry.champion()).about["id"] == "customer"
    # Rows that it learned from arrive, and are not lost where a bare copy is promoted.
    shutil.copytree(new, tmp_path / "bare" / "model")
    (new.parent / "learned_rows.parquet").write_bytes(b"rows")
    assert registry.promote(new) == registry.folder / f"{version}-3" / "model"
    assert (registry.champion().parent / "learned_rows.parquet").read_bytes() == b"rows"
    shutil.rmtree(registry.folder / f"{version}-2" / "model")
    assert registry.keep(tmp_path / "bare" / "model") == f"{version}-3/model"
    # A copy whose files are gone or damaged is none, and that is said.
    (registry.folder / f"{version}-3" / "model" / "card.md").write_text("other")
    for _ in range(2):
        assert registry.promote(new) == registry.folder / f"{version}-4" / "model"
    assert f"a whole copy is kept as {registry.folder / version}-4" in caplog.text
    assert "card.md is damaged" in caplog.text
    assert Predictor.load(registry.champion()).digest == Predictor.load(new).digest


def test_previous_is_what_the_champion_was(runs, month_by_month, tmp_path):
    old, new = runs
    registry, version = FolderRegistry(tmp_path / "models"), Predictor.load(new).version
    registry.promote(month_by_month / "model")
    assert "previous" not in named(registry)
    registry.promote(old)
    for _ in range(2):
        registry.promote(new)
        assert named(registry)["previous"] == f"{version}/model"
    # Compared with the first, it takes the place of the champion all the same.
    registry.promote(month_by_month / "model", Champion(old, old))
    assert named(registry)["previous"] == f"{version}-2/model"


def test_killed_at_any_step_and_run_again_it_gives_the_same(
    runs, shared_model, tmp_path, monkeypatch
):
    steps = 0

    def promoted(name, dies_at=None):
        nonlocal steps
        registry, steps = FolderRegistry(tmp_path / name), 0
        if not registry.folder.exists():
            registry.promote(shared_model)
            registry.keep(runs[0])

        def counted(function):
            def call(*args, **more):
                nonlocal steps
                steps += 1
                if steps == dies_at:
                    raise KeyboardInterrupt
                return function(*args, **more)

            return call

        with monkeypatch.context() as patched:
            for function in ("mkdir", "rename", "replace"):
                patched.setattr(f"os.{function}", counted(getattr(os, function)))
            patched.setattr("shutil.copyfile", counted(shutil.copyfile))
            registry.promote(runs[1], Champion(runs[0], runs[0]))
        return contents(registry.folder)

    whole = promoted("whole")
    assert steps > 6
    for number in range(1, steps + 1):
        with pytest.raises(KeyboardInterrupt):
            promoted(f"killed{number}", number)
        assert promoted(f"killed{number}") == whole


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
