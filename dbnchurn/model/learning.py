"""Learning: stages fitted, calibrated on rows set aside, and fitted again on all rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import pandas as pd
from sklearn.base import clone

from dbnchurn.core.checkpoints import CheckpointStore
from dbnchurn.core.progress import stage
from dbnchurn.features import Plausibility
from dbnchurn.model.compute import Compute
from dbnchurn.model.decision import CalibratedModel, calibrate, transfer_decision
from dbnchurn.model.inputs import FitInputs, LabelledFrame
from dbnchurn.model.pipeline import fit_stages
from dbnchurn.model.stages import Stages


@dataclass(frozen=True, eq=False)
class HeldOutFit:
    """A model that rows set aside have stopped and calibrated, and the stages it was asked for.

    Parameters
    ----------
    stages : Stages
        Unfitted.
    model : CalibratedModel
    """

    stages: Stages
    model: CalibratedModel

    def refitted(
        self,
        rows: LabelledFrame,
        unlabelled: pd.DataFrame | None,
        classes: npt.NDArray[Any],
        compute: Compute,
        store: CheckpointStore,
    ) -> CalibratedModel:
        """The model learned anew from `rows`, with the lengths and the decision of this fit.

        Parameters
        ----------
        rows : LabelledFrame
            All labelled customers, those set aside among them.
        unlabelled : DataFrame or None
            Customers that join the pretraining alone.
        classes : array of two labels
        compute : Compute
        store : CheckpointStore
            Of finished boosters and epochs.

        Returns
        -------
        CalibratedModel
        """
        stages = self.stages.with_lengths_of(self.model.stages)
        fitted = fit_stages(stages, rows, None, unlabelled, compute, store)
        return transfer_decision(self.model, fitted, classes, compute.n_threads)


def learn(
    stages: Stages,
    inputs: FitInputs,
    unlabelled: pd.DataFrame | None,
    compute: Compute,
    store: CheckpointStore,
    *,
    restraint: float,
    refit: bool,
    seconds: dict[str, float],
) -> tuple[CalibratedModel, dict[str, Any]]:
    """Fit all stages, decide on the validation rows and, where asked to, fit again on all rows.

    Parameters
    ----------
    stages : Stages
    inputs : FitInputs
    unlabelled : DataFrame or None
        Customers that join the pretraining alone.
    compute : Compute
    store : CheckpointStore
        Of finished boosters and epochs.
    restraint : float
        As :class:`ChurnClassifier` takes it.
    refit : bool
        Whether validation rows that were set aside are learned from in the end.
    seconds : dict of stage → wall seconds
        Gets those of every stage.

    Returns
    -------
    model : CalibratedModel
    curves : dict
        Losses by epoch and tree of the fit that chose the lengths.
    """
    fitted = fit_stages(
        stages, inputs.train, inputs.validation, unlabelled, compute, store.part("model")
    )
    seconds |= fitted.seconds
    with stage("decide", seconds):
        model = calibrate(
            fitted,
            inputs.classes,
            restraint=restraint,
            threshold=stages.threshold,
            n_threads=compute.n_threads,
        )
    if refit and inputs.all_rows is not None:
        with stage("refit", seconds):
            held_out = HeldOutFit(stages, model)
            model = held_out.refitted(
                inputs.all_rows, unlabelled, inputs.classes, compute, store.part("refit")
            )
    return model, fitted.curves


def fit_plausibility(
    machine: Plausibility, model: CalibratedModel, compute: Compute
) -> Plausibility:
    """A fitted copy of the machine of plausibility, on the training rows of a model.

    Parameters
    ----------
    machine : Plausibility
    model : CalibratedModel
    compute : Compute

    Returns
    -------
    Plausibility
    """
    copy: Plausibility = clone(machine)
    return copy.fit(
        model.stages.train.table,
        generator=compute.generator,
        device=compute.device,
        n_threads=compute.n_threads,
    )
