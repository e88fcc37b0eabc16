"""Learning: stages fitted, calibrated on rows set aside, and fitted again on all rows."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dbnchurn.core.checkpoints import CheckpointStore
from dbnchurn.core.progress import stage
from dbnchurn.model.compute import Compute
from dbnchurn.model.decision import CalibratedModel, calibrate, transfer_decision
from dbnchurn.model.inputs import FitInputs
from dbnchurn.model.pipeline import fit_stages
from dbnchurn.model.stages import Stages


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
            again = fit_stages(
                stages.with_lengths_of(fitted),
                inputs.all_rows,
                None,
                unlabelled,
                compute,
                store.part("refit"),
            )
            model = transfer_decision(model, again, inputs.classes, compute.n_threads)
    return model, fitted.curves
