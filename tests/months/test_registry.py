"""Where models are kept, by its name; and the model in use, by its own."""

import sys

import pytest

from dbnchurn.core.errors import ConfigError
from dbnchurn.months.folder_registry import FolderRegistry
from dbnchurn.months.registry import champion_at, registry_at


def test_a_path_is_a_folder_and_its_champion_is_read(shared_model, tmp_path):
    registry = registry_at(tmp_path / "models")
    assert isinstance(registry, FolderRegistry)
    with champion_at(shared_model) as champion:
        assert (champion.model, champion.place) == (shared_model, shared_model)
    place = registry.promote(shared_model)
    with champion_at(str(tmp_path / "models")) as champion:
        assert champion.model == place


def test_a_registry_without_a_champion_says_what_to_do(shared_model, tmp_path):
    registry = FolderRegistry(tmp_path / "models")
    for said in (r"models does not exist, so no model was promoted", "models: no model was promo"):
        with (
            pytest.raises(ConfigError, match=rf"{said}.*give the folder of the model in use"),
            champion_at(registry.folder),
        ):
            pass
        registry.keep(shared_model)
    # What is a model, or a run, is none of these, whatever it lacks.
    (tmp_path / "run" / "model").mkdir(parents=True)
    (tmp_path / "run" / "model" / "card.md").touch()
    for place in (tmp_path / "run", tmp_path / "run" / "model"):
        with champion_at(place) as champion:
            assert champion.model == place


def test_a_registered_model_without_the_extra_is_refused_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    for refuse in (registry_at, lambda *args: champion_at(*args).__enter__()):
        with pytest.raises(ConfigError, match=r"pip install 'dbnchurn\[mlflow\]'"):
            refuse("models:/churn", "sqlite:///x.db")


def test_what_names_no_registered_model_or_no_registry_is_refused(monkeypatch):
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
        monkeypatch.delenv(name, raising=False)
    for place in ("models:/", "models:/a/b", "models:/a@b/3", "models:/a'b"):
        with pytest.raises(ConfigError, match="names no registered model"):
            registry_at(place, "sqlite:///x.db")
    with pytest.raises(ConfigError, match="nothing says where this registry is"):
        registry_at("models:/churn")
    with pytest.raises(ConfigError, match="holds a password") as refused:
        registry_at("models:/churn", "https://me:hush@mlflow.example.org")
    assert "hush" not in str(refused.value)
