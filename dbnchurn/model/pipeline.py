"""All stages fitted one after another: stopped by validation rows, or for as long as they said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from dbnchurn.core.checkpoints import NOWHERE, CheckpointStore
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.parallel import run_parallel
from dbnchurn.core.progress import stage, tell_epoch
from dbnchurn.core.typing import Floats32, Ints
from dbnchurn.dbn import NetworkStage
from dbnchurn.decide import Threshold
from dbnchurn.decide.decide_record import log_odds
from dbnchurn.features import Encode, Leaves, Oversample
from dbnchurn.features.compact_rows import LeafRows
from dbnchurn.model.compute import Compute, limited_threads
from dbnchurn.model.inputs import ClassPriors, LabelledFrame, LabelledTable
from dbnchurn.model.large_tables import LargeTableRules, stratified_subsample
from dbnchurn.model.training_rows import PreparedRows, TrainingRows, VisibleRows
from dbnchurn.prepare import Prepare
from dbnchurn.tables.reading import read
from dbnchurn.tables.schema import Schema, Table, infer

Stage = TypeVar("Stage", bound=BaseEstimator)


@dataclass(frozen=True, eq=False)
class Stages:
    """What is to be learned; none of the stages is changed.

    Parameters
    ----------
    kinds : mapping of column → kind, or None
    prepare : Prepare
    encode : Encode
    oversample : Oversample
    leaves : Leaves or None
    skip : bool
        Whether the first network starts at the boosters' leaf values.
    networks : dict of name → NetworkStage
        ``network`` comes first and sees columns and leaves; the others see the columns alone.
    threshold : Threshold
    large_tables : LargeTableRules
        Its rules for the boosters are applied already.
    """

    kinds: Mapping[str, str] | None
    prepare: Prepare
    encode: Encode
    oversample: Oversample
    leaves: Leaves | None
    skip: bool
    networks: dict[str, NetworkStage]
    threshold: Threshold
    large_tables: LargeTableRules

    def as_long_as(self, learned: FittedStages) -> Stages:
        """The same with as many trees and epochs as were best there."""
        leaves = None
        if self.leaves is not None and learned.leaves is not None:
            trees = np.mean([forest.trees for forest in learned.leaves.record_.forests])
            leaves = _fresh(self.leaves).set_params(n_trees=round(float(trees)))
        networks = {
            name: _fresh(self.networks[name]).set_params(
                finetune__until=best_epoch(network.finetune_curve_)
            )
            for name, network in learned.networks.items()
        }
        return replace(self, leaves=leaves, networks=networks)


@dataclass(frozen=True, eq=False)
class FittedStages:
    """Fitted stages.

    Parameters
    ----------
    schema : Schema
    train : LabelledTable
        The training rows as read.
    val : LabelledTable or None
        The validation rows as read, all of them.
    fold : int64 array of shape (n,)
        Which of them each booster has not seen; zeros without boosters.
    prepare : Prepare
    encode : Encode
    leaves : Leaves or None
    networks : dict of name → NetworkStage
    balance : ClassPriors
    seconds : dict of stage → wall seconds
    """

    schema: Schema
    train: LabelledTable
    val: LabelledTable | None
    fold: Ints
    prepare: Prepare
    encode: Encode
    leaves: Leaves | None
    networks: dict[str, NetworkStage]
    balance: ClassPriors
    seconds: dict[str, float]

    @property
    def curves(self) -> dict[str, Any]:
        """Per-epoch records of machines and fine-tuning, and the boosters' losses."""
        deep = self.networks["network"]
        boosters = {} if self.leaves is None else {"leaves": self.leaves.curves_}
        return {"rbm": deep.curves_, "finetune": deep.finetune_curve_, **boosters}


def fit_stages(
    stages: Stages,
    train: LabelledFrame,
    val: LabelledFrame | None,
    unlabelled: pd.DataFrame | None,
    compute: Compute,
    store: CheckpointStore = NOWHERE,
) -> FittedStages:
    """Fit all stages on the training rows.

    Parameters
    ----------
    stages : Stages
    train : LabelledFrame
    val : LabelledFrame or None
        Rows that stop boosters and networks; without them all trees and epochs are used.
    unlabelled : DataFrame or None
        Customers who join the pretraining.
    compute : Compute
    store : CheckpointStore, optional
        Keeps finished boosters and the networks' training after every epoch; what is there already
        is taken from there.

    Raises
    ------
    DataError
        If a table cannot be read, or holds nothing to learn from.
    ConfigError
        If settings do not fit together.
    """
    seconds: dict[str, float] = {}
    with stage("prepare", seconds):
        schema = infer(train.frame, stages.kinds)
        part, part_val = train.read(schema), None if val is None else val.read(schema)
        prepare = _fresh(stages.prepare).fit(part.table)
        more = None if unlabelled is None else prepare.transform(read(schema, unlabelled)[0])
        prepared = _prepared(stages, prepare, part, part_val, more, compute)
    leaves = None
    if stages.leaves is not None:
        with stage("leaves", seconds):
            leaves = _fit_leaves(stages.leaves, prepared, compute, store)
    with stage("encode", seconds):
        material = TrainingRows.of(prepared, leaves, stages.large_tables, compute)
    networks = _fit_networks(stages, material, compute, store)
    for name, network in networks.items():
        spent = network.seconds_
        seconds |= spent if name == "network" else {name: sum(spent.values())}
    return FittedStages(
        schema=schema,
        train=part,
        val=part_val,
        fold=prepared.sample.fold[: len(part.y)],
        prepare=prepare,
        encode=prepared.encode,
        leaves=leaves,
        networks=networks,
        balance=prepared.balance,
        seconds=seconds,
    )


def best_epoch(curve: Sequence[Mapping[str, float]]) -> int:
    """The epoch with the smallest validation loss, counted from 1.

    Examples
    --------
    >>> best_epoch([{"validation_loss": 0.7}, {"validation_loss": 0.4}, {"validation_loss": 0.5}])
    2
    """
    return int(np.argmin([record["validation_loss"] for record in curve])) + 1


def _prepared(
    stages: Stages,
    prepare: Prepare,
    train: LabelledTable,
    val: LabelledTable | None,
    unlabelled: Table | None,
    compute: Compute,
) -> PreparedRows:
    """Training rows prepared and sampled, and the validation rows that stop the training."""
    table, fold = prepare.transform(train.table), None
    # Folds on the original rows first, so that oversampling can keep to them.
    if stages.leaves is not None:
        fold = stages.leaves.assign(train.y, train.groups, compute.generator)
    sample = stages.oversample.sample(
        table, train.y, sample_weight=train.sample_weight, fold=fold, generator=compute.generator
    )
    balance = ClassPriors(train.prior, sample.prior)
    held_out = None
    if val is not None:
        stopping = val.take(
            stratified_subsample(val.y, stages.large_tables.stop_rows, compute.generator)
        )
        sample_weight = balance.weigh(stopping)
        held_out = LabelledTable(prepare.transform(stopping.table), stopping.y, sample_weight)
    encode = _fresh(stages.encode).fit(table)
    return PreparedRows(table, train.sample_weight, sample, balance, encode, held_out, unlabelled)


def _fit_leaves(
    leaves: Leaves, prepared: PreparedRows, compute: Compute, store: CheckpointStore
) -> Leaves:
    sample, held_out = prepared.sample, prepared.held_out
    n_jobs, n_threads = compute.shared_by(int(sample.fold.max()) + 1)
    return _fresh(leaves).fit(
        sample.table,
        sample.y,
        sample_weight=sample.counted,
        fold=sample.fold,
        validation=None
        if held_out is None
        else (held_out.table, held_out.y, held_out.sample_weight),
        generator=compute.generator,
        device=compute.device,
        n_threads=n_threads,
        n_jobs=n_jobs,
        store=store,
    )


def _fit_networks(
    stages: Stages, material: TrainingRows, compute: Compute, store: CheckpointStore
) -> dict[str, NetworkStage]:
    """Fitted copies of all networks, side by side where there are threads for that."""
    n_jobs, n_threads = compute.shared_by(len(stages.networks))
    fits = [
        partial(
            _fit_network,
            name,
            network,
            material if name == "network" else replace(material, leaves=None),
            skip=stages.skip,
            device=compute.device,
            seed=compute.seed(),
            checkpoints=store.part(name).folder,
        )
        for name, network in stages.networks.items()
    ]
    with limited_threads(n_threads):
        return dict(zip(stages.networks, run_parallel(fits, n_jobs), strict=True))


def _leaf_values(rows: VisibleRows) -> Floats32 | None:
    """What every level adds to the logit at first: the boosters' leaf values."""
    if not isinstance(rows, LeafRows):
        return None
    columns = np.zeros(sum(rows.base.sizes), np.float32)
    return np.concatenate([columns, rows.record.leaf_values])


def _fit_network(
    name: str,
    network: NetworkStage,
    material: TrainingRows,
    *,
    skip: bool,
    device: Literal["cpu", "cuda"],
    seed: int,
    checkpoints: Path | None,
) -> NetworkStage:
    """A fitted copy of one network."""
    sample, balance = material.prepared.sample, material.prepared.balance
    rows = material.training()
    try:
        with stage(name):
            return _fresh(network).fit(
                rows,
                sample.y,
                sample_weight=sample.sample_weight,
                draw=sample.draw,
                validation=material.validation(),
                pretrain_on=material.pretraining(rows) if network.pretrain else None,
                bias=log_odds(balance.trained_prior),
                skip=_leaf_values(rows) if skip else None,
                device=device,
                seed=seed,
                on_epoch=lambda curve, record: tell_epoch(f"{name} {curve}", record),
                checkpoints=checkpoints,
            )
    except ValueError as error:  # the rows are ours, so a setting is wrong
        raise ConfigError(f"{name}: {error}") from error


def _fresh(stage: Stage) -> Stage:
    """An unfitted copy."""
    copy: Stage = clone(stage)
    return copy
