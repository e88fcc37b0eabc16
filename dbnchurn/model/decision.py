"""Calibrated models: prior correction, blend and threshold chosen on validation rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.provenance import fingerprint, versions
from dbnchurn.core.typing import Floats
from dbnchurn.decide import DecideRecord, Threshold
from dbnchurn.decide.calibration import fit_floored_blend
from dbnchurn.decide.decide_record import correct_prior, decide, lowered, raised
from dbnchurn.decide.threshold import Choice
from dbnchurn.model.inputs import LabelledTable
from dbnchurn.model.labels import label_type
from dbnchurn.model.reference_scores import expected_scores, out_of_fold_scores, shrinkage
from dbnchurn.model.stages import FittedStages
from dbnchurn.predictor.model_record import ModelRecord, logits
from dbnchurn.tables.unused_columns import empty_columns

Classes = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class CalibratedModel:
    """Fitted stages with true probabilities and a threshold.

    Parameters
    ----------
    stages : FittedStages
    rule : Threshold
        Chose the threshold.
    validation : LabelledTable
        The rows that blend and threshold were chosen on, as read.
    record : ModelRecord
        Without a reference.
    choice : Choice
    spread : float64 array of shape (members,)
        Standard deviation over the validation rows of what every member adds to the logit.
    reference_scores : float64 array
        Probabilities of customers that the model was not trained on, or an estimate of their
        distribution; see :mod:`dbnchurn.model.reference_scores`.
    codes : dict or None
        What the fit that chose everything decided on hidden codes, see
        :class:`~dbnchurn.model.code_columns.CodedBoosters`.
    """

    stages: FittedStages
    rule: Threshold
    validation: LabelledTable
    record: ModelRecord
    choice: Choice
    spread: Floats
    reference_scores: Floats
    codes: dict[str, Any] | None

    def about(self) -> dict[str, Any]:
        """Plain facts that are stored beside the model."""
        train, validation = self.stages.train, self.validation
        return {
            "training": {
                "rows": len(train.y),
                "validation_rows": len(validation.y),
                "refit": self.stages.validation is None,
                "prior": train.prior,
                "fingerprint": fingerprint(
                    array
                    for rows in (train, validation)
                    for array in (rows.table.numbers, rows.table.codes, rows.y)
                ),
            },
            "columns": {
                "used": len(self.stages.schema.used),
                "dropped": empty_columns(self.stages.schema) | self.stages.prepare.dropped_,
            },
            "threshold": {
                "rule": self.rule.rule,
                "target": self.rule.target,
                **self.choice.facts(),
            },
            "blend": [
                {"member": name, "weight": float(weight), "spread": float(spread)}
                for name, weight, spread in zip(
                    self.stages.members, self.record.decide.weights, self.spread, strict=True
                )
            ],
            "floor": self.record.decide.floor,
            "networks": [
                network.learned() | {"member": name}
                for name, network in self.stages.networks.items()
            ],
            **({} if self.codes is None else {"codes": self.codes}),
            "versions": versions(),
        }


def calibrate(
    stages: FittedStages,
    classes: Classes,
    *,
    restraint: float,
    threshold: Threshold,
    n_threads: int,
) -> CalibratedModel:
    """Correct the prior, blend the members and choose the threshold, on validation rows.

    Parameters
    ----------
    stages : FittedStages
        Fitted with validation rows.
    classes : array of two labels
    restraint : float
        See :func:`~dbnchurn.decide.calibration.fit_floored_blend`.
    threshold : Threshold
    n_threads : int

    Returns
    -------
    CalibratedModel

    Raises
    ------
    DataError
        If no threshold reaches what its rule asks for; the message says what to change.
    """
    validation = stages.validation
    assert validation is not None
    priors, n_members = stages.priors, len(stages.members)
    equal = np.full(n_members, 1 / n_members)
    uncalibrated = DecideRecord(**asdict(priors), weights=equal, offset=0.0, threshold=0.5)
    record = _record(stages, uncalibrated, classes)
    outputs = logits(record, validation.table, n_threads)
    corrected = correct_prior(outputs, priors.trained_prior, priors.prior)
    weights, offset, floor = fit_floored_blend(
        corrected, validation.y, validation.sample_weight, restraint
    )
    blended = replace(uncalibrated, weights=weights, offset=offset, floor=floor)
    scores = decide(blended, outputs)
    choice = threshold.choose(validation.y, scores, validation.sample_weight)
    record = replace(record, decide=replace(blended, threshold=choice.threshold))
    spread = weights * corrected.std(axis=0)
    return CalibratedModel(
        stages, threshold, validation, record, choice, spread, scores, stages.codes
    )


def transfer_decision(
    first: CalibratedModel, refitted: FittedStages, classes: Classes, n_threads: int
) -> CalibratedModel:
    """Blend and threshold of a model with validation rows, for one refitted on all rows.

    The refitted model has no rows left to choose them on, nor to show how its scores are spread;
    see :mod:`dbnchurn.model.reference_scores`.

    Parameters
    ----------
    first : CalibratedModel
    refitted : FittedStages
    classes : array of two labels
    n_threads : int

    Returns
    -------
    CalibratedModel
    """
    record = _record(refitted, replace(first.record.decide, **asdict(refitted.priors)), classes)
    own = out_of_fold_scores(first.record, first.stages, n_threads)
    floor = first.record.decide.floor
    factor = shrinkage(lowered(first.reference_scores, floor), lowered(own, floor))
    own = lowered(out_of_fold_scores(record, refitted, n_threads), floor)
    scores = raised(expected_scores(own, refitted.fold, factor), floor)
    codes = first.codes
    if codes is not None and codes["kept"] and refitted.codes is not None:
        # The comparison is that of the first fit, and the machines are those that are stored.
        codes = codes | {name: refitted.codes[name] for name in ("machines", "remarks")}
    return replace(first, stages=refitted, record=record, reference_scores=scores, codes=codes)


def _record(stages: FittedStages, decision: DecideRecord, classes: Classes) -> ModelRecord:
    """All that scoring needs, of all stages."""
    networks = tuple(network.network_.record() for network in stages.networks.values())
    if stages.linear is not None:
        networks += (stages.linear.record_,)
    return ModelRecord(
        schema=stages.schema,
        prepare=stages.prepare.record_,
        encode=stages.encode.record_,
        leaves=None if stages.leaves is None else stages.leaves.record_,
        networks=networks,
        extra_trees=None if stages.extra_trees is None else stages.extra_trees.record_,
        decide=decision,
        labels=tuple(str(label) for label in classes),
        label_type=label_type(classes),
        reference=None,
        plausibility=None,
        codes=stages.machines,
    )
