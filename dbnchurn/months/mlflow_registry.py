"""A registered model of MLflow as the registry: models are its versions, two have an alias."""

from __future__ import annotations

import logging
import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from dbnchurn.core.errors import ArtifactError, ConfigError, DataError, first_line
from dbnchurn.core.places import check_places, make_folder
from dbnchurn.core.scratch import ScratchFolder
from dbnchurn.core.secrets import holds_password
from dbnchurn.exports.mlflow import (
    SQLITE,
    client_of,
    experiment_of,
    model_in,
    require_mlflow,
    save_model,
)
from dbnchurn.months.folder_registry import CHAMPION, NONE_YET, PREVIOUS, Champion
from dbnchurn.months.kept_model import check_copy, copy_beside, file_digests, holds
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.tables.unused_columns import say

SCHEME = "models:/"
NAMED = re.compile(r"models:/(?P<name>[^/@:'\"`]+)(?:@(?P<alias>[^/@]+)|/(?P<version>[1-9]\d*))?")
VERSION, DIGEST = "dbnchurn.version", "dbnchurn.digest"
"""Tags of a version: of what scores, and of every byte of the model."""
TRACKING_URI, REGISTRY_URI = "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"
PORTS = {"http": 80, "https": 443}
PATIENCE = 5.0  # seconds for a connection
FILES = "churn"  # folder of a run's artifacts with the pyfunc model
THERE, NOT_THERE = "RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"
UNKNOWN_ALIAS = "INVALID_PARAMETER_VALUE"


class MlflowRegistry:
    """One registered model. A model with the same files is one version, however often promoted.

    The champion and the one before have the aliases ``champion`` and ``previous``.

    Parameters
    ----------
    place : str
        ``models:/NAME``; with ``@ALIAS`` or ``/VERSION`` one version of it.
    uri : str, optional
        Of the registry and of the store of its files; by default what the environment variables
        ``MLFLOW_TRACKING_URI`` and ``MLFLOW_REGISTRY_URI`` say.

    Raises
    ------
    ConfigError
        If the name is none, nothing says where the registry is, or MLflow is not installed.
    """

    def __init__(self, place: str, uri: str | None = None) -> None:
        if (named := NAMED.fullmatch(place)) is None:
            raise ConfigError(
                f"{place!r} names no registered model of MLflow; write models:/NAME, and of one "
                "version models:/NAME@ALIAS or models:/NAME/VERSION"
            )
        self.name, self.alias, self.version = named["name"], named["alias"], named["version"]
        if uri is not None and holds_password(uri):
            raise ConfigError(
                "retraining.registry_uri holds a password; leave it to MLFLOW_TRACKING_USERNAME "
                "and MLFLOW_TRACKING_PASSWORD, or the URI to MLFLOW_TRACKING_URI"
            )
        registry = uri or os.environ.get(REGISTRY_URI) or os.environ.get(TRACKING_URI)
        if registry is None:
            raise ConfigError(
                f"{place}: nothing says where this registry is; give retraining.registry_uri, such "
                f"as sqlite:///models/mlflow.db, or set {TRACKING_URI}"
            )
        self._registry, self._tracking = registry, uri or os.environ.get(TRACKING_URI) or registry
        require_mlflow()

    @cached_property
    def _client(self) -> Any:
        """Made when it is first needed, as MLflow makes a store that is not there."""
        for uri in dict.fromkeys((self._tracking, self._registry)):
            _check_server(uri)
        return client_of(self._tracking, self._registry)

    @contextmanager
    def _answers(self, what: str) -> Iterator[None]:
        """Say in one sentence that the registry refused or did not answer."""
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except (MlflowException, SQLAlchemyError, OSError) as error:
            raise ConfigError(f"MLflow: {what}: {first_line(error)}") from error
        except ModuleNotFoundError as error:
            raise ConfigError(
                f"MLflow: {what}: the package {error.name!r}, which this store needs, is not "
                "installed; install it, or give a SQLite file or the address of a server"
            ) from error

    def check(self, champion: Path, *, mkdir: bool) -> None:
        """Refuse, before any work, a registry that does not answer.

        Parameters
        ----------
        champion : Path
        mkdir : bool
            Whether the folder of a registry that is a SQLite file is made.

        Raises
        ------
        ConfigError
            If versions cannot be registered there.
        """
        if self.alias is not None or self.version is not None:
            raise ConfigError(
                f"a registry is given as {SCHEME}{self.name}, without version and alias"
            )
        for place in self._files():
            if mkdir:
                make_folder(place.parent, "registry")
            check_places({"registry": place})
        with self._answers(f"the model {self.name} cannot be registered"):
            experiment_of(self._client, self._tracking, self.name)

    def _files(self) -> list[Path]:
        """The SQLite files of the registry and of its store."""
        uris = dict.fromkeys((self._tracking, self._registry))
        return [Path(uri.removeprefix(SQLITE)) for uri in uris if uri.startswith(SQLITE)]

    def keep(self, model: Path) -> str:
        """Register a model as a new version, unless one has all its files.

        Parameters
        ----------
        model : Path
            Model folder; of its run, the metrics and digests of learned rows are kept too.

        Returns
        -------
        str
            Number of its version.

        Raises
        ------
        ArtifactError, ConfigError
            If it cannot be read, or the registry refuses.
        """
        predictor = Predictor.load(model)
        # As it is loaded from the registry, which takes the files of a model and no others.
        Predictor.load(model, expect=predictor.digest)
        files = file_digests(model)
        with self._answers(f"the model {self.name} cannot be registered"), ScratchFolder() as aside:
            self._make_registered()
            if (there := self._number_of(predictor.digest, files, aside)) is not None:
                return there
            whole = aside / FILES
            save_model(model, whole)
            copied = model_in(whole)
            copy_beside(model, copied.parent)
            check_copy(copied, files, model)
            tags = {VERSION: predictor.version, DIGEST: predictor.digest}
            experiment = experiment_of(self._client, self._tracking, self.name)
            run = self._client.create_run(experiment, run_name=predictor.version, tags=tags).info
            self._client.log_artifacts(run.run_id, str(whole), FILES)
            self._client.set_terminated(run.run_id)
            # Last, and with its tags: what a killed process leaves is no version.
            source = f"{run.artifact_uri}/{FILES}"
            made = self._client.create_model_version(self.name, source, run.run_id, tags=tags)
        return str(made.version)

    def _number_of(self, digest: str, files: Mapping[str, str], aside: Path) -> str | None:
        """The first version with these files; versions that are damaged are said."""
        wanted = f"name = '{self.name}' and tags.`{DIGEST}` = '{digest}'"
        found = self._client.search_model_versions(wanted)
        for version in sorted(found, key=lambda version: int(version.version)):
            folder = aside / str(version.version)
            folder.mkdir()
            try:
                if holds(self._fetched(version, folder), files):
                    return str(version.version)
            except (ArtifactError, ConfigError) as error:
                say([f"{error}; a whole copy is registered"], logging.WARNING)
        return None

    def promote(self, model: str | Path, over: Champion | None = None) -> str:
        """Give a model the alias ``champion``, and the one that had it ``previous``.

        Parameters
        ----------
        model : path
            Model folder.
        over : Champion, optional
            The one that it was compared with; unless it is a version of this registry, it is
            registered too. It is the previous one where the registry had no champion.

        Returns
        -------
        str
            The new champion as ``models:/NAME/VERSION``.

        Raises
        ------
        ArtifactError, ConfigError
            As :meth:`keep`.
        """
        compared = None
        if over is not None:
            compared = self._number_in(over.place) or self.keep(over.model)
        now = self.keep(Path(model))
        with self._answers(f"the alias {CHAMPION} of {self.name} cannot be moved"):
            held = self._aliased(CHAMPION)
            before = compared if held is None else str(held.version)
            if before not in (None, now):  # the same again where a killed process got so far
                self._client.set_registered_model_alias(self.name, PREVIOUS, before)
            self._client.set_registered_model_alias(self.name, CHAMPION, now)
        return self._place(now)

    def _number_in(self, place: str | Path) -> str | None:
        """The number of a version of this registered model; None for any other place."""
        named = NAMED.fullmatch(str(place))
        return None if named is None or named["name"] != self.name else named["version"]

    def _place(self, number: str) -> str:
        return f"{SCHEME}{self.name}/{number}"

    @contextmanager
    def champion(self) -> Iterator[Champion]:
        """A copy of the version that is named, by default of the champion.

        Yields
        ------
        Champion
            Its model folder is gone afterwards; beside it lies what was kept of its run.

        Raises
        ------
        ConfigError
            If there is no such version.
        ArtifactError
            If it has other bytes than when it was registered, or is no model of dbnchurn.
        """
        for file in self._files():
            if not file.is_file():
                raise ConfigError(f"MLflow: {file} does not exist, so {NONE_YET}")
        with self._answers(f"{self.name} cannot be read"):
            found = self._version()
        with ScratchFolder() as folder:
            yield Champion(self._fetched(found, folder), self._place(str(found.version)))

    def _fetched(self, version: Any, folder: Path) -> Path:
        """The model folder of a version in a copy, which has the bytes that were registered."""
        from mlflow.artifacts import download_artifacts

        place = self._place(str(version.version))
        with self._answers(f"{place} cannot be read"):
            source = self._client.get_model_version_download_uri(self.name, version.version)
            whole = download_artifacts(
                artifact_uri=source, dst_path=str(folder), tracking_uri=self._tracking
            )
        try:
            model = model_in(Path(whole))
            Predictor.load(model, expect=version.tags.get(DIGEST))
        except (ArtifactError, DataError) as error:
            raise ArtifactError(str(error).replace(str(folder), place)) from error
        return model

    def _version(self) -> Any:
        """The version that is named."""
        alias = self.alias or CHAMPION
        found = self._aliased(alias) if self.version is None else self._numbered(self.version)
        if found is None:
            what = f"version {self.version}" if self.version else f"version with the alias {alias}"
            todo = "name a model folder, or a version that is there"
            if what.endswith(f" {CHAMPION}"):
                todo = NONE_YET
            raise ConfigError(f"MLflow: the registered model {self.name} has no {what}; {todo}")
        return found

    def _numbered(self, number: str) -> Any:
        """The version of a number; None where there is none."""
        with _none_there():
            return self._client.get_model_version(self.name, number)
        return None

    def _aliased(self, alias: str) -> Any:
        """The version that has an alias; None where there is none."""
        with _none_there():
            return self._client.get_model_version_by_alias(self.name, alias)
        return None

    def _make_registered(self) -> None:
        """Make the registered model, unless it is there."""
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(self.name)
        except MlflowException as error:
            if error.error_code != THERE:
                raise


@contextmanager
def _none_there() -> Iterator[None]:
    """Pass over the registry's answer that there is no such version."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code not in (NOT_THERE, UNKNOWN_ALIAS):
            raise


def is_registered_model(place: str | Path) -> bool:
    """Whether a registry or model is named as one of MLflow, and not as a folder.

    Examples
    --------
    >>> is_registered_model("models:/churn@champion"), is_registered_model("models")
    (True, False)
    """
    return isinstance(place, str) and place.startswith(SCHEME)


def _check_server(uri: str) -> None:
    """Refuse a server that takes no connection, which MLflow would ask again for minutes.

    Where a proxy stands between, only MLflow itself can tell.
    """
    where = f"look at retraining.registry_uri and {TRACKING_URI}"
    try:
        place = urlsplit(uri)
        port = place.port or PORTS.get(place.scheme)
    except ValueError as error:
        raise ConfigError(f"MLflow: the address cannot be read ({error}); {where}") from error
    if place.scheme not in PORTS or place.hostname is None or place.scheme in getproxies():
        return
    try:
        socket.create_connection((place.hostname, port), PATIENCE).close()
    except OSError as error:
        raise ConfigError(
            f"MLflow: the server {place.hostname} takes no connection ({first_line(error)}); "
            f"{where}"
        ) from error
