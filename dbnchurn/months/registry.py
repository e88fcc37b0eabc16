"""Where models are kept and one is the champion: a folder, or a registered model of MLflow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from dbnchurn.months.folder_registry import CHAMPION, Champion, FolderRegistry
from dbnchurn.months.mlflow_registry import MlflowRegistry, is_registered_model
from dbnchurn.predictor.model_files import NAMES


class Registry(Protocol):
    """Models, each kept once, of which one is the champion."""

    def check(self, champion: Path, *, mkdir: bool) -> None:
        """Refuse, before any work, a registry that cannot be written.

        Parameters
        ----------
        champion : Path
            Model folder.
        mkdir : bool
            Whether folders above it are made.
        """

    def promote(self, model: str | Path, over: Champion | None = None) -> str | Path:
        """Make a model folder the champion, and keep the champion that it takes the place of.

        Parameters
        ----------
        model : path
        over : Champion, optional

        Returns
        -------
        path or str
            The champion, as :func:`champion_at` takes it.
        """


def registry_at(place: str | Path, uri: str | None = None) -> Registry:
    """The registry of a name.

    Parameters
    ----------
    place : path or str
        A folder, or ``models:/NAME``, a registered model of MLflow (extra ``mlflow``).
    uri : str, optional
        Of MLflow's registry; by default what its environment variables say.

    Returns
    -------
    Registry

    Raises
    ------
    ConfigError
        If MLflow is named and not installed, or nothing says where its registry is.
    """
    if isinstance(place, str) and is_registered_model(place):
        return MlflowRegistry(place, uri)
    return FolderRegistry(place)


@contextmanager
def champion_at(place: str | Path, uri: str | None = None) -> Iterator[Champion]:
    """A model in use, for as long as its folder is read.

    Parameters
    ----------
    place : path or str
        A model folder, a folder of models that names one, or ``models:/NAME`` with ``@ALIAS`` or
        ``/VERSION``, by default the alias ``champion``.
    uri : str, optional
        As :func:`registry_at` takes it.

    Yields
    ------
    Champion
        Of MLflow its folder is a copy that is gone afterwards.

    Raises
    ------
    ConfigError, ArtifactError
        If there is no such model, or it is not what was registered.
    """
    if isinstance(place, str) and is_registered_model(place):
        with MlflowRegistry(place, uri).champion() as found:
            yield found
        return
    model = Path(place)
    if not _is_model(model):
        model = FolderRegistry(model).champion()
    yield Champion(model, model)


def _is_model(place: Path) -> bool:
    """Whether a path is to be loaded as a model, and no folder of models is meant."""
    if (place / CHAMPION).is_file():
        return False
    parts = (*NAMES, "model")  # a run is refused with the place of its model
    return place.is_file() or any((place / part).exists() for part in parts)
