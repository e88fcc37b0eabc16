"""The folder of models: whole copies, both kept, and one champion."""

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
