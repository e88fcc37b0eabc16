"""The features of a scoring month, built from the raw tables as training built its own."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from dbnchurn.core.errors import ArtifactError, ConfigError
from dbnchurn.core.places import check_places
from dbnchurn.data.build import Built, build, places
from dbnchurn.data.plan import DataPlan
from dbnchurn.data.stored_plan import StoredPlan, read_stored_plan
from dbnchurn.predictor.predictor import Predictor
from dbnchurn.scoring.sources import Sources, placed_plan, read_sources, source_notes
from dbnchurn.tables.unused_columns import say


def trained_plan(model: str | Path, predictor: Predictor | None = None) -> StoredPlan:
    """The data plan that a model was trained with, as far as a model holds it.

    Parameters
    ----------
    model : path
        Model folder.
    predictor : Predictor, optional
        That model, if it is loaded already.

    Returns
    -------
    StoredPlan

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
        return read_stored_plan(stored)
    except ArtifactError as error:
        raise ArtifactError(f"{model}: {error}") from error


def month_plan(
    model: str | Path,
    predictor: Predictor,
    *,
    paths: Mapping[str, str] | None = None,
    sources: str | Path | Sources | None = None,
    trust_sources: bool = False,
) -> DataPlan:
    """The plan of a scoring month; what it reads by the model's word is said.

    Parameters
    ----------
    model : path
        Model folder, for messages.
    predictor : Predictor
        That model.
    paths : mapping of table → path, optional
    sources : path or Sources, optional
        YAML file, see :func:`dbnchurn.scoring.sources.read_sources`.
    trust_sources : bool, default False
        Whether the paths that the model holds may be read.

    Returns
    -------
    DataPlan

    Raises
    ------
    ArtifactError
        If the model has no plan, or one that cannot be read.
    ConfigError
        If a table is unknown, or its source is neither named nor confirmed.
    """
    given = read_sources(sources) if isinstance(sources, str | Path) else sources
    stored = trained_plan(model, predictor)
    plan = placed_plan(stored, paths, given, trust=trust_sources)
    say(source_notes(stored, plan, paths, given), logging.WARNING)
    return plan


def build_month(
    model: str | Path,
    cutoff: date | None,
    output: str | Path,
    *,
    paths: Mapping[str, str] | None = None,
    sources: str | Path | Sources | None = None,
    trust_sources: bool = False,
    n_threads: int | None = None,
    allow_stale: str | None = None,
    mkdir: bool = False,
    expect: str | None = None,
    public_key: str | Path | None = None,
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
        Places of the tables.
    sources : path or Sources, optional
        YAML file that names sources, see :func:`dbnchurn.scoring.sources.read_sources`.
    trust_sources : bool, default False
        Whether tables that are not named may be read where the model says.
    n_threads : int, optional
        By default what suits the size of the tables.
    allow_stale : str, optional
        The reason why the month is built from tables that do not reach over its windows.
    mkdir : bool, default False
        Make the folder above `output` if it is not there.
    expect, public_key : optional
        As :meth:`Predictor.load` takes them.

    Returns
    -------
    Built

    Raises
    ------
    ArtifactError
        If the model cannot be read, or is another than expected.
    ConfigError
        If `cutoff` is missing, a source is neither named nor confirmed, a named table is unknown,
        or `output` lies in the model folder or in a table.
    DataError
        If the tables break their contract, or do not reach over the windows of the cutoff.
    """
    predictor = Predictor.load(model, expect=expect, public_key=public_key)
    plan = month_plan(model, predictor, paths=paths, sources=sources, trust_sources=trust_sources)
    return built_month(
        plan,
        cutoff,
        output,
        model=model,
        n_threads=n_threads,
        allow_stale=allow_stale,
        mkdir=mkdir,
    )


def built_month(
    plan: DataPlan,
    cutoff: date | None,
    output: str | Path,
    *,
    model: str | Path,
    n_threads: int | None = None,
    allow_stale: str | None = None,
    mkdir: bool = False,
) -> Built:
    """Build the feature table of a scoring month by the plan of :func:`month_plan`.

    Nothing but the sources of the plan can be read meanwhile, except by a query of the caller.

    Parameters
    ----------
    plan : DataPlan
        Every table has a source that the caller named or confirmed.
    cutoff, output, n_threads, allow_stale, mkdir
        As :func:`build_month` takes them.
    model : path
        Model folder, in which nothing may be written.

    Returns
    -------
    Built

    Raises
    ------
    ConfigError, DataError
        As :func:`build_month`.
    """
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
        closed=all(table.query is None for table in plan.tables.values()),
    )
