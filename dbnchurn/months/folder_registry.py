"""A plain folder of models, each under its version, and files that name champion and previous."""

from __future__ import annotations

import logging
import os
import shutil
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from dbnchurn.core.errors import ArtifactError, ConfigError
from dbnchurn.core.files import atomic_folder, write_whole
from dbnchurn.core.locks import folder_lock
from dbnchurn.core.places import check_places, make_folder
from dbnchurn.months.kept_model import check_copy, copy_beside, file_digests, holds
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.tables.unused_columns import say

CHAMPION, PREVIOUS = "champion", "previous"
"""The model in use, and the one before: files of one line, a place within the registry."""
NONE_YET = (
    "no model was promoted there yet; give the folder of the model in use, such as "
    "runs/NAME/model, and the first promotion names a champion there"
)
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
        """Copy a model into the folder, unless all its files are there.

        Parameters
        ----------
        model : Path
            Model folder; of its run, the metrics and digests of learned rows are kept too.

        Returns
        -------
        str
            The place of the model folder within the registry: that of its version, with a number
            behind it where the version has other files there.

        Raises
        ------
        ArtifactError, ConfigError
            If it cannot be read, or the registry cannot be written.
        """
        check_places({"registry": self.folder}, {"model": [model]})
        version, files = Predictor.load(model).version, file_digests(model)
        self.folder.mkdir(exist_ok=True)
        with folder_lock(self.folder, WAIT):
            unlike = []
            for number in count(1):
                place = self.folder / (version if number == 1 else f"{version}-{number}")
                if not os.path.lexists(place):
                    break
                if holds(place / "model", files):
                    return f"{place.name}/model"
                unlike.append(place / "model")
            with atomic_folder(place) as unfinished:
                shutil.copytree(model, unfinished / "model")
                copy_beside(model, unfinished)
                check_copy(unfinished / "model", files, model)
            _say_damaged(unlike, place)
        return f"{place.name}/model"

    def promote(self, model: str | Path, over: Champion | None = None) -> Path:
        """Make a model the champion; the one before is kept too, and named as previous.

        Parameters
        ----------
        model : path
            Model folder.
        over : Champion, optional
            The one that it was compared with, which is kept; it is the previous one where the
            registry had no champion.

        Returns
        -------
        Path
            The model folder of the new champion.

        Raises
        ------
        ArtifactError, ConfigError
            As :meth:`keep`.
        """
        compared = None
        if over is not None:
            inside = over.model.parent.parent.resolve() == self.folder.resolve()
            names = over.model.parent.name, over.model.name
            compared = "/".join(names) if inside else self.keep(over.model)
        now = self.keep(Path(model))
        with folder_lock(self.folder, WAIT):
            before = self._named(CHAMPION) or compared
            if before not in (None, now):  # the same again where a killed process got so far
                write_whole(self.folder / PREVIOUS, f"{before}\n")
            write_whole(self.folder / CHAMPION, f"{now}\n")
        return self.folder / now

    def _named(self, name: str) -> str:
        """What one of the files names; empty where there is none."""
        file = self.folder / name
        return file.read_text(encoding="utf-8").strip() if file.is_file() else ""

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
        if not (named := self._named(CHAMPION)):
            there = "" if self.folder.exists() else "does not exist, so "
            raise ConfigError(f"{self.folder}{' ' if there else ': '}{there}{NONE_YET}")
        place = self.folder / named
        if not place.is_dir() or self.folder.resolve() not in place.resolve().parents:
            file = self.folder / CHAMPION
            raise ConfigError(f"{file} names {place}, which is no model of the registry")
        return place


def _say_damaged(models: list[Path], place: Path) -> None:
    """Say which of these kept models cannot be loaded, and what is used instead."""
    for model in models:
        try:
            Predictor.load(model)
        except ArtifactError as error:
            say([f"{error}; a whole copy is kept as {place}"], logging.WARNING)
