"""Finished runs in an MLflow store: settings, numbers, curves, report and model.

Everything is read from the run folder, so a run can also be logged afterwards. Nothing is sent
anywhere: the store is a SQLite file, and MLflow's own usage reports are turned off.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dbnchurn.config.yaml import parse
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.flattening import flatten
from dbnchurn.exports.mlflow import SQLITE, client_of, experiment_of, silence_mlflow
from dbnchurn.runs.folder import read_json
from dbnchurn.runs.sections import TrackingSection

LONGEST = 6000  # characters of a parameter
AT_ONCE = 100  # parameters in one call; 1,000 numbers


def require_mlflow() -> None:
    """Refuse to begin without MLflow, so that nothing is trained in vain.

    Raises
    ------
    ConfigError
        If MLflow is not there.
    """
    if importlib.util.find_spec("mlflow") is None:
        raise ConfigError(
            "tracking needs the extra 'mlflow': pip install 'dbnchurn[mlflow]', or set "
            "tracking: null"
        )


def track(folder: Path, section: TrackingSection, tags: Mapping[str, str] | None = None) -> str:
    """Log a finished run.

    Parameters
    ----------
    folder : Path
        The run folder; it is logged as it is, as artifacts.
    section : TrackingSection
        Which store, and the name of the experiment in it.
    tags : mapping, optional
        Such as the variant of an experiment.

    Returns
    -------
    str
        MLflow's identifier of the run.

    Raises
    ------
    ConfigError
        If MLflow is not there, or the store cannot be opened.
    """
    require_mlflow()
    silence_mlflow()
    from mlflow.entities import Metric, Param

    client, run = _new_run(section, folder.name, tags or {})
    params = [Param(name, value) for name, value in _params(folder)]
    for first in range(0, len(params), AT_ONCE):
        client.log_batch(run, params=params[first : first + AT_ONCE])
    numbers = [Metric(name, value, 0, step) for name, value, step in _numbers(folder)]
    for first in range(0, len(numbers), 10 * AT_ONCE):
        client.log_batch(run, metrics=numbers[first : first + 10 * AT_ONCE])
    client.log_artifacts(run, str(folder))
    client.set_terminated(run)
    return run


def _new_run(section: TrackingSection, name: str, tags: Mapping[str, str]) -> tuple[Any, str]:
    """A client of the store, and the identifier of a new run in the experiment."""
    from mlflow.exceptions import MlflowException

    database = Path(section.uri.removeprefix(SQLITE)).absolute()
    uri = f"{SQLITE}{database}"
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        client = client_of(uri)
        experiment = experiment_of(client, uri, section.experiment)
        return client, client.create_run(experiment, run_name=name, tags=dict(tags)).info.run_id
    except (MlflowException, OSError) as error:
        raise ConfigError(f"tracking: {section.uri} cannot be opened: {error}") from error


def _params(folder: Path) -> Iterator[tuple[str, str]]:
    config = parse((folder / "config.yaml").read_text(encoding="utf-8")).data
    for path, value in flatten(config, lists="nested"):
        yield _name(path), str(value)[:LONGEST]


def _numbers(folder: Path) -> Iterator[tuple[str, float, int]]:
    """Name, value and step of every number and of every curve."""
    metrics = read_json(folder / "metrics.json")
    for path, value in flatten(metrics, lists="nested"):
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield _allowed(_name(path).removesuffix(".value")), float(value), 0
    curves = read_json(folder / "curves.json")
    for path, value in flatten(curves, lists="nested"):
        if isinstance(value, int | float) and path[-1] != "epoch" and math.isfinite(value):
            *curve, step, key = path
            yield _allowed(_name(("curve", *curve, key))), float(value), int(step) + 1


def _name(path: tuple[str | int, ...]) -> str:
    """A dotted name; list indices count from 0."""
    return ".".join(map(str, path))


def _allowed(name: str) -> str:
    """A name with the characters that MLflow takes."""
    return "".join(c if c.isalnum() or c in "_-. /" else "_" for c in name)
