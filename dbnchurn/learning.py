"""All stages fitted one after another: stopped by validation rows, or for as long as they said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, clone

from dbnchurn.compute import Compute
from dbnchurn.dbn import Branch
from dbnchurn.decide.decide_record import log_odds
from dbnchurn.errors import ConfigError
from dbnchurn.features import Encode, Leaves, Oversample
from dbnchurn.features.oversample import Sample
from dbnchurn.features.views import BoosterViews
from dbnchurn.intake import Balance, Labelled, Labels, Part
from dbnchurn.prepare import Prepare
from dbnchurn.progress import stage
from dbnchurn.schema import Schema, Table, infer, read, stacked
from dbnchurn.visible import Visible

Floats = npt.NDArray[np.float64]
Stage = TypeVar("Stage", bound=BaseEstimator)
Seen = Visible | BoosterViews
HeldOut = tuple[Table, Labels, Floats]


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
    branches : dict of name → Branch
        ``dbn`` comes first and sees columns and leaves; the others see the columns alone.
    """

    kinds: Mapping[str, str] | None
    prepare: Prepare
    encode: Encode
    oversample: Oversample
    leaves: Leaves | None
    skip: bool
    branches: dict[str, Branch]

    def as_long_as(self, learned: Learned) -> Stages:
        """The same with as many trees and epochs as were best there."""
        leaves = None
        if self.leaves is not None and learned.leaves is not None:
            trees = np.mean([forest.trees for forest in learned.leaves.record_.forests])
            leaves = _fresh(self.leaves).set_params(trees=round(float(trees)))
        branches = {
            name: _fresh(self.branches[name]).set_params(
                finetune__epochs=best_epoch(branch.finetune_curve_)
            )
            for name, branch in learned.branches.items()
        }
        return replace(self, leaves=leaves, branches=branches)


@dataclass(frozen=True, eq=False)
class Learned:
    """Fitted stages.

    Parameters
    ----------
    schema : Schema
    train : Part
        The training rows as read.
    prepare : Prepare
    encode : Encode
    leaves : Leaves or None
    branches : dict of name → Branch
    balance : Balance
    seconds : dict of stage → wall seconds
    """

    schema: Schema
    train: Part
    prepare: Prepare
    encode: Encode
    leaves: Leaves | None
    branches: dict[str, Branch]
    balance: Balance
    seconds: dict[str, float]

    @property
    def curves(self) -> dict[str, Any]:
        """Per-epoch records of machines and fine-tuning, and the boosters' losses."""
        deep = self.branches["dbn"]
        boosters = {} if self.leaves is None else {"leaves": self.leaves.curves_}
        return {"rbm": deep.curves_, "finetune": deep.finetune_curve_, **boosters}


def learn(
    stages: Stages,
    train: Labelled,
    val: Labelled | None,
    unlabelled: pd.DataFrame | None,
    compute: Compute,
) -> Learned:
    """Fit all stages on the training rows.

    Parameters
    ----------
    stages : Stages
    train : Labelled
    val : Labelled or None
        Rows that stop boosters and networks; without them all trees and epochs are used.
    unlabelled : DataFrame or None
        Customers who join the pretraining.
    compute : Compute

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
        table = prepare.transform(part.table)
        encode = _fresh(stages.encode).fit(table)
        sample = _sample(stages, table, part, compute)
        balance = Balance(part.prior, sample.prior)
        held_out = None
        if part_val is not None:
            held_out = (
                prepare.transform(part_val.table),
                part_val.y,
                balance.weigh(part_val),
            )
    leaves = None
    if stages.leaves is not None:
        with stage("leaves", seconds):
            leaves = _fit_leaves(stages.leaves, sample, held_out, compute)
    more = None if unlabelled is None else prepare.transform(read(schema, unlabelled)[0])
    branches: dict[str, Branch] = {}
    for name, branch in stages.branches.items():
        eyes = _Eyes(encode, None if branches else leaves)
        rows = eyes.see(sample.table, sample.fold)
        with stage(name, seconds if branches else None):
            branches[name] = _fit_branch(
                name,
                branch,
                rows,
                sample,
                compute,
                validation=held_out and (eyes.see(held_out[0]), *held_out[1:]),
                pretrain_on=_customers(eyes, table, part.weight, sample.fold, more),
                bias=log_odds(balance.trained_prior),
                skip=_leaf_values(rows) if stages.skip else None,
            )
    seconds |= branches["dbn"].seconds_
    return Learned(schema, part, prepare, encode, leaves, branches, balance, seconds)


def best_epoch(curve: Sequence[Mapping[str, float]]) -> int:
    """The epoch with the smallest validation loss, counted from 1.

    Examples
    --------
    >>> best_epoch([{"validation_loss": 0.7}, {"validation_loss": 0.4}, {"validation_loss": 0.5}])
    2
    """
    return int(np.argmin([record["validation_loss"] for record in curve])) + 1


def _sample(stages: Stages, table: Table, part: Part, compute: Compute) -> Sample:
    """Folds on the original rows first, so that oversampling can keep to them."""
    fold = None
    if stages.leaves is not None:
        fold = stages.leaves.assign(part.y, part.groups, compute.generator)
    return stages.oversample.sample(
        table, part.y, weight=part.weight, fold=fold, generator=compute.generator
    )


def _fit_leaves(
    leaves: Leaves, sample: Sample, held_out: HeldOut | None, compute: Compute
) -> Leaves:
    return _fresh(leaves).fit(
        sample.table,
        sample.y,
        weight=sample.counted,
        fold=sample.fold,
        validation=held_out,
        generator=compute.generator,
        device=compute.device,
        n_threads=compute.threads,
    )


@dataclass(frozen=True, eq=False)
class _Eyes:
    """How a network sees prepared tables: encoded columns, with the boosters' leaves or without."""

    encode: Encode
    leaves: Leaves | None

    def see(self, table: Table, fold: npt.NDArray[np.int64] | None = None) -> Seen:
        """Each row through one booster: that of its fold or, without folds, each in turn."""
        base = self.encode.transform(table)
        if self.leaves is None:
            return base
        record = self.leaves.record_
        if fold is None:
            fold = np.arange(len(table)) % len(record.forests)
        return BoosterViews.of(base, record, table, fold)


def _customers(
    eyes: _Eyes, table: Table, weight: Floats, fold: Labels, more: Table | None
) -> tuple[Seen, Floats]:
    """Rows of pretraining: real customers alone, those without an outcome among them."""
    fold = fold[: len(table)]
    if more is None:
        return eyes.see(table, fold), weight
    turns = np.arange(len(more)) % (fold.max() + 1)
    both = eyes.see(stacked(table, more), np.concatenate([fold, turns]))
    return both, np.concatenate([weight, np.ones(len(more))])


def _leaf_values(rows: Seen) -> npt.NDArray[np.float32] | None:
    """What every level adds to the logit at first: the boosters' leaf values."""
    if not isinstance(rows, BoosterViews):
        return None
    columns = np.zeros(sum(rows.base.sizes), np.float32)
    return np.concatenate([columns, rows.record.leaf_values])


def _fit_branch(
    name: str, branch: Branch, rows: Seen, sample: Sample, compute: Compute, **known: Any
) -> Branch:
    """A fitted copy of one network."""
    try:
        return _fresh(branch).fit(
            rows,
            sample.y,
            sample_weight=sample.weight,
            draw=sample.draw,
            device=compute.device,
            seed=compute.seed(),
            **known,
        )
    except ValueError as error:  # the rows are ours, so a setting is wrong
        raise ConfigError(f"{name}: {error}") from error


def _fresh(stage: Stage) -> Stage:
    """An unfitted copy."""
    copy: Stage = clone(stage)
    return copy
