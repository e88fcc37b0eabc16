"""All stages fitted one after another: stopped by validation rows, or for as long as they said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, clone

from dbnchurn.compute import Compute, at_once, limited_threads
from dbnchurn.dbn import Branch
from dbnchurn.decide.decide_record import log_odds
from dbnchurn.errors import ConfigError
from dbnchurn.features import Encode, Leaves, Oversample
from dbnchurn.features.oversample import Sample
from dbnchurn.features.stretches import CHUNK, Narrow, Room
from dbnchurn.features.views import BoosterViews
from dbnchurn.intake import Balance, Labelled, Labels, Part
from dbnchurn.prepare import Prepare
from dbnchurn.progress import stage, tell_epoch
from dbnchurn.reading import read
from dbnchurn.scale import Scale, some
from dbnchurn.schema import Schema, Table, infer, stacked
from dbnchurn.stored import Shelf
from dbnchurn.visible import Visible

Floats = npt.NDArray[np.float64]
Stage = TypeVar("Stage", bound=BaseEstimator)
Encoded = Visible | Narrow
Seen = Encoded | BoosterViews
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
    scale : Scale
        Its rules for the boosters are applied already.
    """

    kinds: Mapping[str, str] | None
    prepare: Prepare
    encode: Encode
    oversample: Oversample
    leaves: Leaves | None
    skip: bool
    branches: dict[str, Branch]
    scale: Scale

    def as_long_as(self, learned: Learned) -> Stages:
        """The same with as many trees and epochs as were best there."""
        leaves = None
        if self.leaves is not None and learned.leaves is not None:
            trees = np.mean([forest.trees for forest in learned.leaves.record_.forests])
            leaves = _fresh(self.leaves).set_params(trees=round(float(trees)))
        branches = {
            name: _fresh(self.branches[name]).set_params(
                finetune__until=best_epoch(branch.finetune_curve_)
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
    fold : int64 array of shape (n,)
        Which of them each booster has not seen; zeros without boosters.
    prepare : Prepare
    encode : Encode
    leaves : Leaves or None
    branches : dict of name → Branch
    balance : Balance
    seconds : dict of stage → wall seconds
    """

    schema: Schema
    train: Part
    fold: npt.NDArray[np.int64]
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
    shelf: Shelf = Shelf(),
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
    shelf : Shelf, optional
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
        table = prepare.transform(part.table)
        encode = _fresh(stages.encode).fit(table)
        sample = _sample(stages, table, part, compute)
        balance = Balance(part.prior, sample.prior)
        held_out = None
        if part_val is not None:
            kept = some(part_val.y, stages.scale.stop_rows, compute.generator)
            part_val = part_val.take(kept)
            table_val = prepare.transform(part_val.table)
            held_out = (table_val, part_val.y, balance.weigh(part_val))
        more = None if unlabelled is None else prepare.transform(read(schema, unlabelled)[0])
    leaves = None
    if stages.leaves is not None:
        with stage("leaves", seconds):
            leaves = _fit_leaves(stages.leaves, sample, held_out, compute, shelf)
    lanes, threads = compute.shared_by(len(stages.branches))
    with stage("encode", seconds):
        material = _Material.of(
            sample, table, part.weight, more, held_out, balance, encode, leaves, stages.scale,
            compute,
        )  # fmt: skip
    fits = [
        partial(
            _fit_branch,
            name,
            branch,
            material if name == "dbn" else replace(material, leaves=None),
            skip=stages.skip,
            device=compute.device,
            seed=compute.seed(),
            checkpoints=shelf.part(name).folder,
        )
        for name, branch in stages.branches.items()
    ]
    with limited_threads(threads):
        branches = dict(zip(stages.branches, at_once(fits, lanes), strict=True))
    for name, branch in branches.items():
        spent = branch.seconds_
        seconds |= spent if name == "dbn" else {name: sum(spent.values())}
    fold = sample.fold[: len(part.y)]
    return Learned(schema, part, fold, prepare, encode, leaves, branches, balance, seconds)


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
    leaves: Leaves, sample: Sample, held_out: HeldOut | None, compute: Compute, shelf: Shelf
) -> Leaves:
    lanes, threads = compute.shared_by(int(sample.fold.max()) + 1)
    return _fresh(leaves).fit(
        sample.table,
        sample.y,
        weight=sample.counted,
        fold=sample.fold,
        validation=held_out,
        generator=compute.generator,
        device=compute.device,
        n_threads=threads,
        lanes=lanes,
        shelf=shelf,
    )


@dataclass(frozen=True, eq=False)
class _Material:
    """What the networks are fitted on: rows encoded once for all of them, and who looks how.

    Training rows are `sample`'s; those of pretraining are real customers alone, those without an
    outcome among them, and of very many a part.
    """

    sample: Sample
    rows: Encoded
    held_out: HeldOut | None
    rows_val: Encoded | None
    customers: Table
    customers_fold: npt.NDArray[np.int64]
    customers_weight: Floats
    same: bool
    balance: Balance
    encode: Encode
    leaves: Leaves | None
    room: Room
    threads: int

    @classmethod
    def of(
        cls,
        sample: Sample,
        table: Table,
        weight: Floats,
        more: Table | None,
        held_out: HeldOut | None,
        balance: Balance,
        encode: Encode,
        leaves: Leaves | None,
        scale: Scale,
        compute: Compute,
    ) -> _Material:
        room = Room(scale.memory)
        fold = sample.fold[: len(table)]
        customers = table
        if more is not None:
            fold = np.concatenate([fold, np.arange(len(more)) % (fold.max() + 1)])
            weight = np.concatenate([weight, np.ones(len(more))])
            customers = stacked(table, more)
        kept = some(fold, scale.pretrain_rows, compute.generator)
        same = len(kept) == len(sample.table) and customers is table
        if len(kept) < len(customers):
            customers, fold, weight = customers.take(kept), fold[kept], weight[kept]
        return cls(
            sample,
            _encoded(encode, sample.table, room),
            held_out,
            None if held_out is None else _encoded(encode, held_out[0], room),
            customers,
            fold,
            weight,
            same,
            balance,
            encode,
            leaves,
            room,
            compute.threads,
        )

    def see(self, base: Encoded, table: Table, fold: npt.NDArray[np.int64] | None = None) -> Seen:
        """Each row through one booster: that of its fold or, without folds, each in turn."""
        if self.leaves is None:
            return base
        record = self.leaves.record_
        if fold is None:
            fold = np.arange(len(table)) % len(record.forests)
        return BoosterViews.of(base, record, table, fold, self.threads, self.room)

    def training(self) -> Seen:
        """Rows of fine-tuning."""
        return self.see(self.rows, self.sample.table, self.sample.fold)

    def pretraining(self, rows: Seen) -> tuple[Seen, Floats]:
        """Rows of pretraining, with their weights."""
        if self.same:
            return rows, self.customers_weight
        base = _encoded(self.encode, self.customers, self.room)
        return self.see(base, self.customers, self.customers_fold), self.customers_weight

    def validation(self) -> tuple[Seen, Labels, Floats] | None:
        """Rows that stop the training."""
        if self.held_out is None or self.rows_val is None:
            return None
        return self.see(self.rows_val, self.held_out[0]), *self.held_out[1:]


def _encoded(encode: Encode, table: Table, room: Room) -> Encoded:
    """Encoded rows; of a large table in few bytes."""
    return Narrow.of(encode, table, room) if len(table) > CHUNK else encode.transform(table)


def _leaf_values(rows: Seen) -> npt.NDArray[np.float32] | None:
    """What every level adds to the logit at first: the boosters' leaf values."""
    if not isinstance(rows, BoosterViews):
        return None
    columns = np.zeros(sum(rows.base.sizes), np.float32)
    return np.concatenate([columns, rows.record.leaf_values])


def _fit_branch(
    name: str,
    branch: Branch,
    material: _Material,
    *,
    skip: bool,
    device: Literal["cpu", "cuda"],
    seed: int,
    checkpoints: Path | None,
) -> Branch:
    """A fitted copy of one network."""
    sample = material.sample
    rows = material.training()
    try:
        with stage(name):
            return _fresh(branch).fit(
                rows,
                sample.y,
                sample_weight=sample.weight,
                draw=sample.draw,
                validation=material.validation(),
                pretrain_on=material.pretraining(rows) if branch.pretrain else None,
                bias=log_odds(material.balance.trained_prior),
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
