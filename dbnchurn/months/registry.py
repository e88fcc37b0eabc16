"""A plain folder of models: each under its version, and a file that names the champion."""

from __future__ import annotations

import shutil
from pathlib import Path

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.files import atomic_folder, write_whole
from dbnchurn.core.locks import folder_lock
from dbnchurn.core.places import check_places
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.runs.learned_rows import LEARNED

CHAMPION = "champion"
"""The file; it holds one line, the place of the model folder within the registry."""
BESIDE = ("metrics.json", LEARNED)
WAIT = 60.0


def keep(registry: Path, model: Path) -> str:
    """Copy a model into a registry, unless it is there.

    Parameters
    ----------
    registry : Path
        Made if it is not there; the folder above it has to exist.
    model : Path
        Model folder; of its run, the metrics and digests of learned rows are kept too.

    Returns
    -------
    str
        The place of the model folder within the registry.

    Raises
    ------
    ArtifactError, ConfigError
        If it cannot be read, or the registry cannot be written.
    """
    check_places({"registry": registry}, {"model": [model]})
    version = Predictor.load(model).version
    place = registry / version
    registry.mkdir(exist_ok=True)
    with folder_lock(registry, WAIT):
        if not place.exists():
            with atomic_folder(place) as unfinished:
                shutil.copytree(model, unfinished / "model")
                for name in BESIDE:
                    if (model.parent / name).is_file():
                        shutil.copyfile(model.parent / name, unfinished / name)
    return f"{version}/model"


def promote(registry: Path, champion: Path, challenger: Path) -> Path:
    """Make the challenger the champion; both are kept.

    Parameters
    ----------
    registry, champion, challenger : Path

    Returns
    -------
    Path
        The model folder of the new champion.

    Raises
    ------
    ArtifactError, ConfigError
        As :func:`keep`.
    """
    if champion.parent.parent.resolve() != registry.resolve():
        keep(registry, champion)
    place = keep(registry, challenger)
    write_whole(registry / CHAMPION, f"{place}\n")
    return registry / place


def champion_of(registry: Path) -> Path:
    """The model folder of the champion.

    Raises
    ------
    ConfigError
        If the registry names none.
    """
    file = registry / CHAMPION
    if not file.is_file():
        raise ConfigError(f"{registry}: no model was promoted there yet; name a model folder")
    place = registry / file.read_text(encoding="utf-8").strip()
    if not place.is_dir() or registry.resolve() not in place.resolve().parents:
        raise ConfigError(f"{file} names {place}, which is no model of the registry")
    return place
