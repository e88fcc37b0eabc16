"""The features of a scoring month, built from the raw tables as training built its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from dbnchurn.core.errors import ArtifactError, ConfigError, did_you_mean
from dbnchurn.core.places import check_places
from dbnchurn.data.build import Built, build, places
from dbnchurn.data.plan import DataPlan
from dbnchurn.predictor.predictor import Predictor


def trained_plan(model: str | Path, predictor: Predictor | None = None) -> DataPlan:
    """The data plan that a model was trained with.

    Parameters
    ----------
    model : path
        Model folder.
    predictor : Predictor, optional
        That model, if it is loaded already.

    Returns
    -------
    DataPlan

    Raises
    ------
    ArtifactError
        If the model has no plan, or one that cannot be read.
    """
    stored = (predictor or Predictor.load(model)).about.get("data")
    if stored is None:
        raise ArtifactError(
            f"{model}: the model was trained from one table, so there is nothing to build; score "
            "that month's table directly"
        )
    try:
        return DataPlan.model_validate_json(json.dumps(stored), strict=True)
    except ValidationError as error:
        raise ArtifactError(f"{model}: its data plan cannot be read: {error}") from error


def build_month(
    model: str | Path,
    cutoff: date | None,
    output: str | Path,
    *,
    paths: Mapping[str, str] | None = None,
    n_threads: int | None = None,
    predictor: Predictor | None = None,
    allow_stale: str | None = None,
    mkdir: bool = False,
) -> Built:
    """Build the feature table of a scoring month from the raw tables.

    Parameters
    ----------
    model : path
        Model folder.
    cutoff : date or None
        Features are computed from records before it. Needed where the tables have dates.
    output : path
        New folder; ``features.parquet`` in it is what ``dbnchurn score`` reads.
    paths : mapping of table → path, optional
        Present places of the tables, where they differ from those of the training.
    n_threads : int, optional
        By default what suits the size of the tables.
    predictor : Predictor, optional
        The model, if it is loaded already; it is then not loaded again.
    allow_stale : str, optional
        The reason why the month is built from tables that do not reach over its windows.
    mkdir : bool, default False
        Make the folder above `output` if it is not there.

    Returns
    -------
    Built

    Raises
    ------
    ArtifactError
        If the model cannot be read.
    ConfigError
        If `cutoff` is missing, `paths` names an unknown table, or `output` lies in the model
        folder or in a table.
    DataError
        If the tables break their contract, or do not reach over the windows of the cutoff.
    """
    plan = placed_plan(trained_plan(model, predictor), paths)
    if plan.windows is not None and cutoff is None:
        raise ConfigError("the tables have dates, so a cutoff is needed, such as 2024-09-01")
    check_places({"output": output}, {"model": [model], "tables": places(plan)}, mkdir=mkdir)
    return build(
        plan,
        output,
        cutoffs=[cutoff] if plan.windows is not None and cutoff is not None else [],
        labelled=False,
        n_threads=n_threads,
        allow_stale=allow_stale,
        mkdir=mkdir,
    )


def placed_plan(plan: DataPlan, paths: Mapping[str, str] | None) -> DataPlan:
    """A plan with the present places of its tables.

    Parameters
    ----------
    plan : DataPlan
    paths : mapping of table → path, or None
        Tables that are no longer where the plan says.

    Returns
    -------
    DataPlan

    Raises
    ------
    ConfigError
        If `paths` names an unknown table.
    """
    tables = dict(plan.tables)
    for name, path in (paths or {}).items():
        if name not in tables:
            raise ConfigError(f"there is no table {name!r}: {did_you_mean(name, tables)}")
        tables[name] = tables[name].model_copy(
            update={"path": path, "query": None, "postgres": None}
        )
    return plan.model_copy(update={"tables": tables})
