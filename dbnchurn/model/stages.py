"""The stages of one fit: unfitted as the parameters name them, and fitted with their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, TypeVar

import numpy as np
from sklearn.base import BaseEstimator, clone

from dbnchurn.core.typing import Ints
from dbnchurn.data.leakage_warning import Action
from dbnchurn.dbn import Linear, NetworkStage
from dbnchurn.dbn.network_record import NetworkRecord
from dbnchurn.decide import Threshold
from dbnchurn.features import Encode, ExtraTrees, Leaves, Oversample
from dbnchurn.model.inputs import ClassPriors, LabelledTable
from dbnchurn.model.large_tables import LargeTableRules
from dbnchurn.prepare import Prepare
from dbnchurn.tables.schema import Schema

UseCodes = bool | Literal["auto"]
Stage = TypeVar("Stage", bound=BaseEstimator)
MAIN = "network"  # of the networks, the one on columns and leaves


@dataclass(frozen=True, eq=False)
class Stages:
    """Unfitted stages of one fit; none of them is changed by it.

    Parameters
    ----------
    kinds : mapping of column → kind, or None
        Kinds that are not to be inferred.
    prepare : Prepare
    encode : Encode
    oversample : Oversample
    leaves : Leaves or None
        None for a model without boosters.
    skip : bool
        Whether the logit of the first network starts at the boosters' leaf values.
    networks : dict of name → NetworkStage
        ``network`` comes first and is fitted on columns and leaves; the others on the columns
        alone.
    linear : Linear or None
    extra_trees : ExtraTrees or None
    threshold : Threshold
    large_tables : LargeTableRules
        Its rules for the boosters are applied already.
    leakage : {"error", "warn", "off"}
        What happens if a column reveals the outcome.
    formats : mapping of column → format, optional
        How numbers and dates in text are written.
    codes : bool or "auto", default False
        Whether the boosters are given hidden codes beside the columns.
    """

    kinds: Mapping[str, str] | None
    prepare: Prepare
    encode: Encode
    oversample: Oversample
    leaves: Leaves | None
    skip: bool
    networks: dict[str, NetworkStage]
    linear: Linear | None
    extra_trees: ExtraTrees | None
    threshold: Threshold
    large_tables: LargeTableRules
    leakage: Action
    formats: Mapping[str, str] | None = None
    codes: UseCodes = False

    @classmethod
    def of(cls, parameters: Mapping[str, Any], rows: int) -> Stages:
        """The stages that a classifier's parameters name.

        Parameters
        ----------
        parameters : mapping of name → value
            Of :class:`ChurnClassifier`, without open defaults.
        rows : int
            How many rows they are to be fitted on.

        Returns
        -------
        Stages
        """
        own = {"leaves", "networks", "linear", "extra_trees"}
        given = {f.name: parameters[f.name] for f in fields(cls) if f.name not in own}
        given["codes"] = "auto" if given["codes"] == "auto" else bool(given["codes"])  # or numpy's
        rules: LargeTableRules = parameters["large_tables"]
        leaves = rules.leaves(parameters["leaves"], rows) if parameters["use_leaves"] else None
        names = ("network", "companion") if parameters["use_companion"] else ("network",)
        return cls(
            **given,
            leaves=leaves,
            networks={name: parameters[name] for name in names},
            linear=parameters["linear"] if parameters["use_linear"] else None,
            extra_trees=parameters["extra_trees"] if parameters["use_extra_trees"] else None,
        )

    def with_lengths_of(self, fitted: FittedStages) -> Stages:
        """The same stages with what was chosen in `fitted`: trees, codes, epochs, penalty."""
        leaves = None
        if self.leaves is not None and fitted.leaves is not None:
            n_trees = np.mean([forest.trees for forest in fitted.leaves.record_.forests])
            leaves = fresh(self.leaves).set_params(n_trees=round(float(n_trees)))
        networks = {
            name: fresh(self.networks[name]).set_params(
                finetune__until=best_epoch(network.finetune_curve_),
                **({} if network.penalty_ is None else {"penalties": (network.penalty_,)}),
            )
            for name, network in fitted.networks.items()
        }
        linear = None
        if self.linear is not None and fitted.linear is not None:
            linear = fresh(self.linear).set_params(C=(fitted.linear.C_,))
        return replace(
            self,
            leaves=leaves,
            codes=fitted.machines is not None,
            networks=networks,
            linear=linear,
            leakage="off",
        )


@dataclass(frozen=True, eq=False)
class FittedStages:
    """Fitted stages and the rows they were fitted on.

    Parameters
    ----------
    schema : Schema
    train : LabelledTable of n rows
        The training rows as read.
    validation : LabelledTable or None
        The validation rows as read, all of them.
    fold : int64 array of shape (n,)
        Fold index: the row was kept from the booster of that number; zeros without boosters.
    prepare : Prepare
    encode : Encode
    leaves : Leaves or None
    machines : NetworkRecord or None
        Whose hidden codes the boosters test beside the columns.
    codes : dict or None
        What was decided on codes, see :class:`~dbnchurn.model.code_columns.CodedBoosters`.
    networks : dict of name → NetworkStage
    linear : Linear or None
    extra_trees : ExtraTrees or None
    priors : ClassPriors
    seconds : dict of stage → wall seconds
    """

    schema: Schema
    train: LabelledTable
    validation: LabelledTable | None
    fold: Ints
    prepare: Prepare
    encode: Encode
    leaves: Leaves | None
    machines: NetworkRecord | None
    codes: dict[str, Any] | None
    networks: dict[str, NetworkStage]
    linear: Linear | None
    extra_trees: ExtraTrees | None
    priors: ClassPriors
    seconds: dict[str, float]

    @property
    def members(self) -> list[str]:
        """What the blend combines, in the order of the logits of the model record."""
        linear = [] if self.linear is None else ["linear"]
        trees = [] if self.extra_trees is None else ["extra trees"]
        return [*self.networks, *linear, *trees]

    @property
    def curves(self) -> dict[str, Any]:
        """Per-epoch records of machines and fine-tuning, and the boosters' losses."""
        network = self.networks[MAIN]
        boosters = {} if self.leaves is None else {"leaves": self.leaves.curves_}
        return {"rbm": network.curves_, "finetune": network.finetune_curve_, **boosters}


def best_epoch(curve: Sequence[Mapping[str, float]]) -> int:
    """The epoch with the smallest validation loss, counted from 1; 0 if the start was better.

    Examples
    --------
    >>> best_epoch([{"validation_loss": 0.7}, {"validation_loss": 0.4}, {"validation_loss": 0.5}])
    2
    """
    if not curve:
        return 0
    losses = [curve[0].get("validation_loss_before", np.inf)]
    return int(np.argmin(losses + [record["validation_loss"] for record in curve]))


def fresh(stage: Stage) -> Stage:
    """An unfitted copy of a stage."""
    copy: Stage = clone(stage)
    return copy
