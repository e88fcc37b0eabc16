"""All stages of the classifier fitted one after another, from labelled rows to networks."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from dbnchurn.core.checkpoints import NOWHERE, CheckpointStore
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.parallel import run_parallel
from dbnchurn.core.progress import report_epoch, stage
from dbnchurn.core.random_state import stratified_subsample
from dbnchurn.core.typing import Floats32
from dbnchurn.data.leakage_warning import warn_of_leaks
from dbnchurn.dbn import Linear, NetworkStage
from dbnchurn.decide.decide_record import log_odds
from dbnchurn.features import ExtraTrees, Leaves
from dbnchurn.features.compact_rows import LeafRows
from dbnchurn.features.folds import assign_folds
from dbnchurn.features.wide_tables import wide_sentence
from dbnchurn.model.booster_fitter import RowPreparation, current_fitter
from dbnchurn.model.code_columns import CodedBoosters, check_codes, fit_coded
from dbnchurn.model.compute import Compute, limited_threads
from dbnchurn.model.inputs import ClassPriors, LabelledFrame, LabelledTable
from dbnchurn.model.stages import MAIN, FittedStages, Stages, fresh
from dbnchurn.model.training_rows import PreparedRows, TrainingRows, VisibleRows
from dbnchurn.prepare import Prepare
from dbnchurn.tables.doubtful_values import doubtful_values, serial_notes
from dbnchurn.tables.model_columns import ModelColumns
from dbnchurn.tables.reading import read
from dbnchurn.tables.reading_rules import form_of
from dbnchurn.tables.schema import Column, Table, text
from dbnchurn.tables.time_offsets import offset_note, zone_note
from dbnchurn.tables.unused_columns import ignored_columns, say

FOLDS = 5  # of extra trees without boosters, which have folds of their own


def fit_stages(
    stages: Stages,
    train: LabelledFrame,
    validation: LabelledFrame | None,
    unlabelled: pd.DataFrame | None,
    compute: Compute,
    store: CheckpointStore = NOWHERE,
) -> FittedStages:
    """Fit all stages on the training rows.

    Parameters
    ----------
    stages : Stages
    train : LabelledFrame
    validation : LabelledFrame or None
        Rows that stop boosters and networks; without them all trees and epochs are used.
    unlabelled : DataFrame or None
        Customers without a known outcome, who join the pretraining.
    compute : Compute
    store : CheckpointStore, optional
        Keeps finished boosters and the networks' training after every epoch; what is there already
        is taken from there. By default nothing is kept.

    Returns
    -------
    FittedStages

    Raises
    ------
    DataError
        If a table cannot be read, no column is left to learn from, or a column reveals the outcome
        and that is not allowed.
    ConfigError
        If settings do not fit together.
    """
    check_codes(stages.codes, stages.leaves)
    seconds: dict[str, float] = {}
    with stage("prepare", seconds):
        columns = _columns_of(stages, train)
        schema = columns.schema
        if stages.leakage != "off":  # from here, for the warning names the line that called `fit`
            warn_of_leaks(columns, train.y, stages.leakage, ids=train.groups)
        train_table = train.read(schema)
        validation_table = None if validation is None else validation.read(schema)
        prepare = fresh(stages.prepare)
        further = None if unlabelled is None else read(schema, unlabelled)[0]
        prepared = _prepared_rows(stages, prepare, train_table, validation_table, further, compute)
    if validation is not None:  # fitted anew on all rows, it would be said twice
        say(wide_sentence(*prepared.table.numbers.shape), logging.WARNING)
    boosters = CodedBoosters()
    if stages.leaves is not None:
        rows_of = RowPreparation(schema, prepare)
        fit = partial(_fit_leaves, stages.leaves, train, rows_of, seconds)
        rules = stages.large_tables
        boosters = fit_coded(stages.codes, fit, prepared, rules, compute, store, seconds)
    leaves, machines = boosters.leaves, boosters.machines
    with stage("encode", seconds):
        rows = TrainingRows.of(prepared, leaves, stages.large_tables, compute, machines)
    networks = _fit_networks(stages, rows, compute, store, seconds)
    if validation is not None:  # fitted anew on all rows, they would be said twice
        say(_unlearned(networks), logging.WARNING)
        say(boosters.remarks(), logging.WARNING)
        say(boosters.decision())
    linear = _fit_linear(stages.linear, rows, compute, seconds)
    extra_trees = _fit_extra_trees(stages.extra_trees, prepared, compute, seconds)
    return FittedStages(
        schema=schema,
        train=train_table,
        validation=validation_table,
        fold=prepared.training.fold[: len(train_table.y)],
        prepare=prepare,
        encode=prepared.encode,
        leaves=leaves,
        machines=machines,
        codes=boosters.facts,
        networks=networks,
        linear=linear,
        extra_trees=extra_trees,
        priors=prepared.priors,
        seconds=seconds,
    )


def _columns_of(stages: Stages, train: LabelledFrame) -> ModelColumns:
    """The columns that are learned from; what is doubtful is said."""
    columns = ModelColumns.of(train.frame, stages.kinds, stages.formats)
    columns = columns.without_empty(stages.kinds or ())
    if stages.leakage != "off":
        _say_doubts(columns, stages)
    return columns


def _say_doubts(columns: ModelColumns, stages: Stages) -> None:
    """Say which columns are ignored, and of which it is in doubt what they are."""
    say(ignored_columns(columns.schema), logging.WARNING)
    say(_doubts(columns, {*(stages.kinds or ()), *(stages.formats or ())}), logging.WARNING)


def _prepared_rows(
    stages: Stages,
    prepare: Prepare,
    train: LabelledTable,
    validation: LabelledTable | None,
    unlabelled: Table | None,
    compute: Compute,
) -> PreparedRows:
    """Fit `prepare`; the training rows prepared and resampled, and the rows that stop training."""
    table, fold = prepare.fit_transform(train.table), None
    # Folds are drawn on the original rows, so that oversampling can keep to them.
    if stages.leaves is not None:
        fold = stages.leaves.assign(train.y, train.groups, compute.generator)
    elif stages.extra_trees is not None:
        fold = assign_folds(train.y, FOLDS, train.groups, compute.generator)
    training = stages.oversample.sample(
        table, train.y, sample_weight=train.sample_weight, fold=fold, generator=compute.generator
    )
    priors = ClassPriors(train.prior, training.prior)
    stopping = None
    if validation is not None:
        kept = validation.take(
            stratified_subsample(validation.y, stages.large_tables.stop_rows, compute.generator)
        )
        stopping = LabelledTable(prepare.transform(kept.table), kept.y, priors.weigh(kept))
    return PreparedRows(
        table=table,
        sample_weight=train.sample_weight,
        training=training,
        priors=priors,
        encode=fresh(stages.encode).fit(table),
        stopping=stopping,
        unlabelled=None if unlabelled is None else prepare.transform(unlabelled),
    )


def _fit_leaves(
    leaves: Leaves,
    train: LabelledFrame,
    rows_of: RowPreparation,
    seconds: dict[str, float],
    prepared: PreparedRows,
    compute: Compute,
    store: CheckpointStore,
) -> Leaves:
    """Fitted boosters, by the fitter of the run where it has one."""
    with stage("leaves", seconds):
        if (fitter := current_fitter()) is not None:
            generator = np.random.default_rng(compute.seed())
            return fitter.fit(fresh(leaves), train, rows_of, prepared, generator)
        training, stopping = prepared.training, prepared.stopping
        n_jobs, n_threads = compute.shared_by(int(training.fold.max()) + 1)
        return fresh(leaves).fit(
            training.table,
            training.y,
            sample_weight=training.counted,
            fold=training.fold,
            validation=(
                None if stopping is None else (stopping.table, stopping.y, stopping.sample_weight)
            ),
            generator=compute.generator,
            device=compute.device,
            n_threads=n_threads,
            n_jobs=n_jobs,
            store=store,
        )


def _fit_linear(
    linear: Linear | None, rows: TrainingRows, compute: Compute, seconds: dict[str, float]
) -> Linear | None:
    """A fitted copy of the linear model on the columns."""
    if linear is None:
        return None
    columns, training = replace(rows, leaves=None), rows.prepared.training
    with stage("linear", seconds):
        return fresh(linear).fit(
            columns.fine_tuning_rows(),
            training.y,
            sample_weight=training.counted,
            validation=columns.stopping_rows(),
            random_state=compute.seed(),
        )


def _fit_extra_trees(
    trees: ExtraTrees | None, prepared: PreparedRows, compute: Compute, seconds: dict[str, float]
) -> ExtraTrees | None:
    """Fitted copies of the extra trees, folds side by side where there are threads for that."""
    if trees is None:
        return None
    training = prepared.training
    n_jobs, _ = compute.shared_by(int(training.fold.max()) + 1)
    with stage("extra trees", seconds):
        return fresh(trees).fit(
            training.table,
            training.y,
            sample_weight=training.counted,
            fold=training.fold,
            generator=compute.generator,
            n_jobs=n_jobs,
        )


def _fit_networks(
    stages: Stages,
    rows: TrainingRows,
    compute: Compute,
    store: CheckpointStore,
    seconds: dict[str, float],
) -> dict[str, NetworkStage]:
    """Fitted copies of all networks, side by side where there are threads for that."""
    n_jobs, n_threads = compute.shared_by(len(stages.networks))
    fits = [
        partial(
            _fit_network,
            name,
            network,
            rows if name == MAIN else replace(rows, leaves=None),
            skip=stages.skip,
            device=compute.device,
            random_state=compute.seed(),
            checkpoints=store.part(name).folder,
        )
        for name, network in stages.networks.items()
    ]
    with limited_threads(n_threads):
        networks = dict(zip(stages.networks, run_parallel(fits, n_jobs), strict=True))
    for name, network in networks.items():
        spent = network.seconds_
        seconds |= spent if name == MAIN else {name: sum(spent.values())}
    return networks


def _fit_network(
    name: str,
    network: NetworkStage,
    rows: TrainingRows,
    *,
    skip: bool,
    device: Literal["cpu", "cuda"],
    random_state: int,
    checkpoints: Path | None,
) -> NetworkStage:
    """A fitted copy of one network."""
    training, priors = rows.prepared.training, rows.prepared.priors
    visible, validation = rows.fine_tuning_rows(), rows.stopping_rows()
    columns = rows if network.all_units else replace(rows, leaves=None)
    given = visible if network.all_units else columns.fine_tuning_rows()
    pretrain_validation = columns.stopping_rows()
    try:
        with stage(name):
            return fresh(network).fit(
                visible,
                training.y,
                sample_weight=training.sample_weight,
                draw=training.draw,
                validation=validation,
                pretrain_on=columns.pretraining_rows(given) if network.pretrain else None,
                pretrain_validation=(
                    None if pretrain_validation is None else pretrain_validation[0]
                ),
                hidden_groups=len(given.sizes),
                bias=log_odds(priors.trained_prior),
                skip=_leaf_values(visible) if skip else None,
                device=device,
                random_state=random_state,
                on_epoch=lambda curve, record: report_epoch(f"{name} {curve}", record),
                checkpoints=checkpoints,
            )
    except ValueError as error:  # the rows were made here, so a setting is wrong
        raise ConfigError(f"{name}: {error}") from error


def _unlearned(networks: Mapping[str, NetworkStage]) -> list[str]:
    """Sentences about machines that learned nothing, by network."""
    return [f"{name}: {why}" for name, network in networks.items() for why in network.unlearned()]


def _leaf_values(rows: VisibleRows) -> Floats32 | None:
    """Initial contribution of every level to the logit: the boosters' leaf values."""
    if not isinstance(rows, LeafRows):
        return None
    columns: npt.NDArray[np.float32] = np.zeros(sum(rows.base.sizes), np.float32)
    return np.concatenate([columns, rows.record.leaf_values])


def _doubts(columns: ModelColumns, told: Collection[str]) -> Iterator[str]:
    """Sentences about values such as -999 and 9999-12-31, and about numbers that may be dates."""
    for column in columns.schema.used:
        name, values = column.name, columns.frame[column.name]
        yield from filter(None, [zone_note(name, values), _text_offsets(column, values)])
        for note in doubtful_values(name, values):
            yield f"{note} in a config; in Python make it NaN"
        yield from serial_notes({name: values}, told)


def _text_offsets(column: Column, values: pd.Series[Any]) -> str:
    """The sentence about times with an offset in a column of text; empty of other columns."""
    if column.kind != "date" or not column.format:
        return ""
    counts = text(values).value_counts()
    rows = np.asarray(counts.to_numpy(), np.int64)
    return offset_note(column.name, form_of(column.format), list(counts.index), rows)
