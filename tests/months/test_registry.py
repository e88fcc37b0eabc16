"""The folder of models: whole copies, both kept, and one champion."""

import pytest

from dbnchurn import Predictor
from dbnchurn.core.errors import ConfigError
from dbnchurn.months.registry import champion_of, keep, promote


def test_both_models_are_kept_and_the_champion_is_named(month_by_month, shared_model, tmp_path):
    registry, old, new = tmp_path / "models", month_by_month / "model", shared_model
    with pytest.raises(ConfigError, match="no model was promoted"):
        champion_of(tmp_path)
    place = promote(registry, old, new)
    assert champion_of(registry) == place
    assert (registry / "champion").read_text() == f"{Predictor.load(new).version}/model\n"
    for model in (old, new):
        version = Predictor.load(model).version
        assert Predictor.load(registry / version / "model").version == version
    before = sorted(path.name for path in registry.iterdir())
    assert promote(registry, place, old) == registry / keep(registry, old)
    assert sorted(path.name for path in registry.iterdir()) == before
    assert Predictor.load(champion_of(registry)).version == Predictor.load(old).version


def test_a_champion_outside_of_the_registry_is_refused(shared_model, tmp_path):
    keep(tmp_path / "models", shared_model)
    (tmp_path / "models" / "champion").write_text("../../model\n")
    with pytest.raises(ConfigError, match="no model of the registry"):
        champion_of(tmp_path / "models")
