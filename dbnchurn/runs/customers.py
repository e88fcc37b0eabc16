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

from dbnchurn.core.errors import ConfigError, DataError, listed
from dbnchurn.core.typing import Floats, Rows
from dbnchurn.data.build import QUARANTINE, Built, build, draw_customers, load
from dbnchurn.data.draw import DrawRule
from dbnchurn.data.leakage import find_leaks, refuse_leaks, shared_customers
from dbnchurn.data.lookahead import can_look_ahead, find_lookahead
from dbnchurn.data.quality_page import write_quality
from dbnchurn.data.simulate.truth import attainable
from dbnchurn.data.stored_plan import storable_plan
from dbnchurn.evaluate.registry import METRICS
from dbnchurn.runs.config import DataSection, RunConfig
from dbnchurn.runs.engine import Engine
from dbnchurn.runs.folder import write_json
from dbnchurn.runs.side_columns import cost_columns, separate_side_columns
from dbnchurn.tables.column_names import refuse_absent_private
from dbnchurn.tables.contract import Contract, Customers, apply_contract, with_rejected_lines
from dbnchurn.tables.label import inverted
from dbnchurn.tables.label_classes import left_sentence, majority_warning
from dbnchurn.tables.label_question import Question
from dbnchurn.tables.model_columns import ModelColumns
from dbnchurn.tables.reading import unreadable
from dbnchurn.tables.schema import Schema
from dbnchurn.tables.splitting import Split
from dbnchurn.tables.unused_columns import constant_columns, say, unused_columns

log = logging.getLogger(__name__)

QUALITY = "data_quality.html"
ALLOWED_LEAK = (
    "Leakage check passed over: {}. If this was not known at the time of scoring, the numbers on "
    "this page are too good to be true."
)


def read_customers(
    config: RunConfig, work: Path, engine: Engine | None = None
) -> tuple[Customers, Built | None]:
    """The customers of a config; costs and dropped columns of groups are no features of theirs.

    Parameters
    ----------
    config : RunConfig
    work : Path
        Folder for the table of features that several source tables are joined to.
    engine : Engine, optional
        What builds it; by default this machine does.

    Returns
    -------
    customers : Customers
    built : Built or None
        How several tables became one.

    Raises
    ------
    DataError
        If the tables cannot be used.
    ConfigError
        If there is nothing to build for another engine.
    """
    if config.data is None:
        if engine is not None:
            raise ConfigError(
                "another engine joins the tables of 'data', and the config names one table, which "
                "this machine reads; leave --engine out"
            )
        table, built = load_customers(config), None
    else:
        rule = DrawRule(config.data.most_rows, config.seed)
        if engine is not None:
            built = engine.build(config.data, work / "tables", rule)
        else:
            whole = build(config.data, work / "tables", n_threads=config.n_threads)
            built = draw_customers(whole, rule)
        if built.draw is not None:
            log.warning("%s", built.draw.sentence)
        there = (name for source in built.tables.values() for name in source.columns)
        refuse_absent_private(config.private, there)
        table = load(built)
    table = replace(table, notes=_without_private(table.notes, config.private))
    return separate_side_columns(config, _with_outcome(table, config)), built


def _without_private(notes: Sequence[str], private: Sequence[str]) -> tuple[str, ...]:
    """The notes without those of how a private column is read, which have examples of values."""
    kept = [note for note in notes if not any(repr(name) in note for name in private)]
    if private:
        kept.append(f"private, and in no note: {listed(private)}")
    return tuple(kept)


def _with_outcome(table: Customers, config: RunConfig) -> Customers:
    """Log who counts as having left; a note of the table where they are most of them."""
    condition, share = condition_of(table, config), float(table.y.mean())
    log.info("%s", left_sentence(condition, share, len(table)))
    turn = "see data.label" if table.meaning is None else inverted(table.meaning, Question())
    if warning := majority_warning(condition, share, turn):
        log.warning("%s", warning)
        return replace(table, notes=(*table.notes, warning))
    return table


def condition_of(table: Customers, config: RunConfig) -> str:
    """Who counts as having left, in words.

    Parameters
    ----------
    table : Customers
    config : RunConfig
        Its ``data.label`` says it, where several tables became one.

    Returns
    -------
    str
        Such as ``Churn = 'Yes'``.
    """
    if table.meaning is not None:
        return table.meaning.condition
    label = None if config.data is None else config.data.label
    return "label = 1" if label is None else label.condition


def load_customers(config: RunConfig) -> Customers:
    """The one table of the config, checked against its contract.

    Raises
    ------
    ConfigError
        If the config has several tables.
    """
    source, columns = config.source, config.columns
    if source is None or columns is None:
        raise ConfigError("the config has several tables, so there is no single one to load")
    contract = Contract(
        label=columns.label,
        id=columns.id,
        date=columns.date,
        positive=columns.positive,
        negative=columns.negative,
        drop=[name for name in config.unused if name not in config.report.groups],
        max_quarantine=columns.max_quarantine,
    )
    loaded = source.load(
        id=columns.id,
        label=columns.label,
        kinds=columns.kinds,
        drop=contract.drop,
        costs=cost_columns(config.campaign),
    )
    table = apply_contract(loaded.frame, contract)
    log.info(
        "%d customers, %d columns; %d more without an outcome; %d rows in quarantine",
        len(table), table.X.shape[1], len(table.unlabelled), len(table.quarantine),
    )  # fmt: skip
    for note in (*loaded.notes, *table.notes):
        log.warning("%s", note)
    formats = {
        name: form for name, form in {**source.formats, **loaded.formats}.items() if name in table.X
    }
    table = with_rejected_lines(table, loaded.rejected, contract)
    say(table.set_aside)
    return replace(table, notes=(*table.notes, *loaded.notes), formats=formats)


def check_leakage(
    config: RunConfig,
    table: Customers,
    parts: Split,
    built: Built | None,
) -> Customers:
    """Stop if a feature reveals the outcome or a customer is in two parts.

    Features are judged by the kinds as which the model reads them; columns that it does not use are
    said.

    Parameters
    ----------
    config : RunConfig
        ``leakage`` says which findings stop the run, and which are allowed.
    table : Customers
    parts : Split
        Only training rows of the features are looked at.
    built : Built or None
        How several tables became one, to look for features that change after the cutoff.

    Returns
    -------
    Customers
        The same table, with its columns as the model reads them, and a note for each column that is
        not used and each finding that the config allows.
    """
    train, leakage = parts.train, config.leakage
    columns = ModelColumns.of(table.X, config.kinds, table.feature_formats, train=train)
    unused = unused_columns(columns.schema, dropped=config.unused)
    say(unused)
    _refuse_unreadable(columns.schema, table)
    leaks = find_leaks(
        columns.take(train),
        table.y[train],
        ids=table.ids[train] if table.id is not None else None,
        cutoffs=table.dates[train] if table.dates is not None else None,
        auc=leakage.auc,
    )
    if table.id is not None:
        for part in (parts.validation, parts.test):
            leaks += shared_customers(table.ids, table.dates, train, part)
    if built is not None and built.plan.windows is not None and can_look_ahead(built.plan):
        latest = max(built.plan.windows.cutoffs)
        leaks += find_lookahead(built, latest, n_threads=config.n_threads)
    allowed = refuse_leaks(leaks, leakage.allow)
    notes = [ALLOWED_LEAK.format(sentence) for sentence in allowed]
    return replace(table, columns=columns, notes=(*table.notes, *unused, *notes))


def _refuse_unreadable(schema: Schema, table: Customers) -> None:
    """Refuse values that cannot be read, of all columns and all rows at once."""
    wrong = []
    for column in schema.used:
        # Values that were read have a type; those of a column of objects may be mixed with words.
        if column.kind == "category" or table.X[column.name].dtype != object:
            continue
        one = Schema((column,))
        found = unreadable(one, table.X[[column.name]])
        others = unreadable(one, table.unlabelled[[column.name]])
        if not (found or others):
            continue
        reason = next(iter({**others, **found}.values()))
        where = "a customer without outcome"
        if found:
            row, reason = next(iter(found.items()))
            where = f"row {row}" if table.id is None else f"customer {table.ids[row]!s}"
        count = len(found) + len(others)
        wrong.append(f"{reason} ({where}; {count} {'row' if count == 1 else 'rows'} in all)")
    if wrong:
        raise DataError(
            f"{'; '.join(wrong)}: mend them, or name words that stand for a missing value under "
            "'missing' of the table's source, such as missing: [never]"
        )


def true_probabilities(data: DataSection, table: Customers, test: Rows) -> Floats:
    """True probabilities of the test rows of simulated tables.

    Parameters
    ----------
    data : DataSection
        With `truth`.
    table : Customers of n rows
    test : int array of shape (m,)
        Row numbers.

    Returns
    -------
    float64 array of shape (m,)

    Raises
    ------
    DataError
        If they cannot be read, or some are missing.
    """
    try:
        truth = pq.read_table(data.truth).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{data.truth}: not readable as Parquet: {error}") from error
    key = data.tables[data.base].key
    rows = pd.DataFrame({key: table.ids[test]})
    on = [key]
    if table.dates is not None:
        rows["cutoff"], on = table.dates[test], [key, "cutoff"]
        truth["cutoff"] = pd.to_datetime(truth["cutoff"])
        rows["cutoff"] = rows["cutoff"].astype(truth["cutoff"].dtype)
    p = rows.merge(truth, on=on, how="left")["probability"].to_numpy()
    if np.isnan(p).any():
        raise DataError(f"{data.truth} lacks {int(np.isnan(p).sum())} of the test customers")
    return np.asarray(p, np.float64)


def shares_attained(p: Floats, metrics: dict[str, Any]) -> dict[str, dict[str, float]]:
    """What share of the attainable a model has.

    Parameters
    ----------
    p : float array of shape (n,)
        True probabilities of the test rows.
    metrics : dict
        The model's metrics on these rows, as ``metrics.json`` holds them.

    Returns
    -------
    dict
        Average precision, F1 and Brier score → ``best`` (attainable), ``value`` and ``share``.
    """
    best = attainable(p)
    shares = {}
    for name in ("average_precision", "f1", "brier"):
        value, limit = metrics[name]["value"], getattr(best, name)
        share = value / limit if METRICS[name].higher_is_better else limit / value
        shares[name] = {"best": limit, "value": value, "share": share}
    return shares


def write_tables(folder: Path, built: Built) -> None:
    """Write ``tables.json`` and the quarantined rows of the source tables into a run folder.

    Parameters
    ----------
    folder : Path
        Of the run.
    built : Built
        How several tables became one.
    """
    if (built.folder / QUARANTINE).exists():
        shutil.copytree(built.folder / QUARANTINE, folder / QUARANTINE)
    facts = {
        "tables": {name: asdict(checked) for name, checked in built.tables.items()},
        "joins": [asdict(join) for join in built.joins],
        "coverage": asdict(built.coverage),
        "draw": None if built.draw is None else built.draw.as_dict(),
    }
    write_json(folder / "tables.json", facts)


def stored_plan(built: Built) -> dict[str, Any]:
    """The plan of the features as plain data for the model's manifest, without any statement."""
    return storable_plan(built.plan)


def prepare_tables(
    config: RunConfig,
    folder: Path,
    cutoffs: Sequence[date] | None = None,
    *,
    allow_stale: str | None = None,
    mkdir: bool = False,
) -> Built:
    """Build the table of features of a config, with the page about its quality.

    Parameters
    ----------
    config : RunConfig
        With ``data``.
    folder : Path
        New.
    cutoffs : sequence of date, optional
        Instead of those of the config; the outcome is then not read.
    allow_stale : str, optional
        The reason why a month is built from tables that do not reach over its windows.
    mkdir : bool, default False
        Make the folder above `folder` if it is not there.

    Returns
    -------
    Built

    Raises
    ------
    ConfigError
        If the config has one table only.
    """
    if config.data is None:
        raise ConfigError("the config names one table, so there is nothing to build; see 'data'")
    labelled = config.data.label is not None and cutoffs is None
    return build(
        config.data,
        folder,
        cutoffs=cutoffs,
        labelled=labelled,
        n_threads=config.n_threads,
        allow_stale=allow_stale,
        mkdir=mkdir,
        finish=_write_page if labelled else None,
    )


def _write_page(built: Built) -> None:
    """Write the page about the quality of a table that is built, beside it."""
    table = load(built)
    columns = table.model_columns()
    unused = unused_columns(columns.schema, reduced=constant_columns(columns))
    say(unused)
    write_quality(built.folder / QUALITY, replace(table, columns=columns), built, unused)
