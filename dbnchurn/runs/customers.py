"""A run's customers: from one table or several, checked before anything is trained."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dbnchurn.core.errors import ConfigError, DataError
from dbnchurn.core.typing import Floats
from dbnchurn.data.build import QUARANTINE, Built, build, load
from dbnchurn.data.leakage import find_leaks, refuse_leaks, shared_customers
from dbnchurn.data.lookahead import can_look_ahead, find_lookahead
from dbnchurn.data.plan import DataPlan
from dbnchurn.data.quality_page import write_quality
from dbnchurn.data.simulate.truth import attainable
from dbnchurn.evaluate.registry import METRICS
from dbnchurn.runs.folder import write_json
from dbnchurn.runs.side_columns import cost_columns, set_beside
from dbnchurn.tables.contract import Contract, Customers, apply_contract
from dbnchurn.tables.misparsed import misparsed_columns
from dbnchurn.tables.splitting import Split

log = logging.getLogger(__name__)

QUALITY = "data_quality.html"
PARDONED = (
    "Leakage check passed over: {}. If this was not known at the time of scoring, the numbers on "
    "this page are too good to be true."
)


def read_customers(config: Any, work: Path) -> tuple[Customers, Built | None]:
    """The customers of a config, with what is no feature set beside the features.

    Parameters
    ----------
    config : RunConfig
    work : Path
        Folder for the table of features that several source tables are joined to.

    Returns
    -------
    customers : Customers
    built : Built or None
        How several tables became one.

    Raises
    ------
    DataError
        If the tables cannot be used.
    """
    if config.data is None:
        return set_beside(config, load_customers(config)), None
    built = build(config.data, work / "tables", n_threads=config.n_threads)
    return set_beside(config, load(built)), built


def load_customers(config: Any) -> Customers:
    """The one table of the config, held to its contract."""
    columns = config.columns
    contract = Contract(
        label=columns.label,
        id=columns.id,
        date=columns.date,
        positive=columns.positive,
        drop=[name for name in columns.drop if name not in config.report.groups],
        max_quarantine=columns.max_quarantine,
    )
    table = apply_contract(config.source.read(columns.id, cost_columns(config)), contract)
    log.info(
        "%d customers, %d columns, %.2f %% left; %d more without an outcome; "
        "%d rows in quarantine", len(table), table.X.shape[1], 100 * table.y.mean(),
        len(table.unlabelled), len(table.quarantine),
    )  # fmt: skip
    notes = misparsed_columns(table.X, columns.kinds)
    for note in notes:
        log.warning("%s", note)
    return replace(table, notes=(*table.notes, *notes))


def check_leakage(config: Any, table: Customers, parts: Split, built: Built | None) -> Customers:
    """Stop if features know the outcome; returns the table with a note for each pardoned one."""
    train = parts.train
    leaks = find_leaks(
        table.X.iloc[train],
        table.y[train],
        ids=table.ids[train] if table.id is not None else None,
        cutoffs=table.dates[train] if table.dates is not None else None,
        auc=config.leakage.auc,
    )
    if table.id is not None:
        for part in (parts.validation, parts.test):
            leaks += shared_customers(table.ids, table.dates, train, part)
    if built is not None and built.plan.windows is not None and can_look_ahead(built.plan):
        leaks += find_lookahead(built, max(built.plan.windows.cutoffs), n_threads=config.n_threads)
    passed = refuse_leaks(leaks, config.leakage.allow)
    notes = [PARDONED.format(sentence) for sentence in passed]
    return replace(table, notes=(*table.notes, *notes))


def true_probabilities(config: Any, table: Customers, test: Any) -> Floats:
    """True probabilities of the test rows of simulated tables.

    Parameters
    ----------
    config : RunConfig
        With ``data.truth``.
    table : Customers
    test : int array
        Row numbers.

    Raises
    ------
    DataError
        If they cannot be read, or some are missing.
    """
    try:
        truth = pq.read_table(config.data.truth).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{config.data.truth}: not readable as Parquet: {error}") from error
    key = config.data.tables[config.data.base].key
    rows = pd.DataFrame({key: table.ids[test]})
    on = [key]
    if table.dates is not None:
        rows["cutoff"], on = table.dates[test], [key, "cutoff"]
        truth["cutoff"] = pd.to_datetime(truth["cutoff"])
        rows["cutoff"] = rows["cutoff"].astype(truth["cutoff"].dtype)
    p = rows.merge(truth, on=on, how="left")["probability"].to_numpy()
    if np.isnan(p).any():
        raise DataError(f"{config.data.truth} lacks {int(np.isnan(p).sum())} of the test customers")
    return np.asarray(p, np.float64)


def shares_attained(p: Floats, own: dict[str, Any]) -> dict[str, dict[str, float]]:
    """What share of the attainable a model with the metrics `own` has, where `p` is the truth."""
    best = attainable(p)
    found = {}
    for name in ("average_precision", "f1", "brier"):
        value, limit = own[name]["value"], getattr(best, name)
        share = value / limit if METRICS[name].higher_is_better else limit / value
        found[name] = {"best": limit, "value": value, "share": share}
    return found


def write_tables(folder: Path, built: Built) -> None:
    """Put what a run should keep of its tables into the run folder."""
    if (built.folder / QUARANTINE).exists():
        shutil.copytree(built.folder / QUARANTINE, folder / QUARANTINE)
    facts = {
        "tables": {name: asdict(checked) for name, checked in built.tables.items()},
        "joins": [asdict(join) for join in built.joins],
    }
    write_json(folder / "tables.json", facts)


def stored_plan(built: Built) -> dict[str, Any]:
    """The plan as plain data, for the model; secrets are not in it."""
    plan: dict[str, Any] = built.plan.model_dump(mode="json", include=set(DataPlan.model_fields))
    return plan


def prepare_tables(config: Any, folder: Path, cutoffs: Sequence[date] | None = None) -> Built:
    """Build the table of features of a config, with the page about its quality.

    Parameters
    ----------
    config : RunConfig
        With ``data``.
    folder : Path
        New.
    cutoffs : sequence of date, optional
        Instead of those of the config; the outcome is then not looked at.

    Raises
    ------
    ConfigError
        If the config has one table only.
    """
    if config.data is None:
        raise ConfigError("the config names one table, so there is nothing to build; see 'data'")
    labelled = config.data.label is not None and cutoffs is None
    built = build(
        config.data, folder, cutoffs=cutoffs, labelled=labelled, n_threads=config.n_threads
    )
    if labelled:
        write_quality(folder / QUALITY, load(built), built)
    return built
