"""A plain folder of models: each under its version, and a file that names the champion."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from dbnchurn.core.errors import ConfigError
from dbnchurn.core.files import atomic_folder, write_whole
from dbnchurn.core.locks import folder_lock
from dbnchurn.core.places import check_places, make_folder
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.runs.learned_rows import LEARNED

CHAMPION = "champion"
"""The file; it holds one line, the place of the model folder within the registry."""
BESIDE = ("metrics.json", LEARNED)
"""Files of a run that are kept beside its model."""
WAIT = 60.0


@dataclass(frozen=True)
class Champion:
    """A model in use.

    Parameters
    ----------
    model : Path
        Model folder.
    place : path or str
        What it is called: its folder, or ``models:/NAME/VERSION``.
    """

    model: Path
    place: str | Path


class FolderRegistry:
    """Whole copies of models, and one champion.

    Parameters
    ----------
    folder : path
        Made when the first model is kept; the folder above it has to exist.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def check(self, champion: Path, *, mkdir: bool) -> None:
        """Refuse, before any work, a folder that cannot be made or lies in the champion's.

        Parameters
        ----------
        champion : Path
            Model folder.
        mkdir : bool
            Whether folders above it are made.

        Raises
        ------
        ConfigError
            If models cannot be kept there.
        """
        check_places({"registry": self.folder}, {"model": [champion]}, mkdir=mkdir)
        if mkdir:
            make_folder(self.folder.parent, "registry")

    def keep(self, model: Path) -> str:
        """Copy a model into the folder, unless it is there.

        Parameters
        ----------
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
        check_places({"registry": self.folder}, {"model": [model]})
        version = Predictor.load(model).version
        place = self.folder / version
        self.folder.mkdir(exist_ok=True)
        with folder_lock(self.folder, WAIT):
            if not place.exists():
                with atomic_folder(place) as unfinished:
                    shutil.copytree(model, unfinished / "model")
                    for name in BESIDE:
                        if (model.parent / name).is_file():
                            shutil.copyfile(model.parent / name, unfinished / name)
        return f"{version}/model"

    def promote(self, model: str | Path, over: Champion | None = None) -> Path:
        """Make a model the champion; the one before is kept too.

        Parameters
        ----------
        model : path
            Model folder.
        over : Champion, optional
            The one whose place it takes.

        Returns
        -------
        Path
            The model folder of the new champion.

        Raises
        ------
        ArtifactError, ConfigError
            As :meth:`keep`.
        """
        if over is not None and over.model.parent.parent.resolve() != self.folder.resolve():
            self.keep(over.model)
        place = self.keep(Path(model))
        write_whole(self.folder / CHAMPION, f"{place}\n")
        return self.folder / place

    def champion(self) -> Path:
        """The model folder of the champion.

        Returns
        -------
        Path

        Raises
        ------
        ConfigError
            If the registry names none.
        """
        file = self.folder / CHAMPION
        if not file.is_file():
            raise ConfigError(
                f"{self.folder}: no model was promoted there yet; name a model folder"
            )
        place = self.folder / file.read_text(encoding="utf-8").strip()
        if not place.is_dir() or self.folder.resolve() not in place.resolve().parents:
            raise ConfigError(f"{file} names {place}, which is no model of the registry")
        return place
