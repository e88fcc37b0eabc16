"""How a learned model decides: prior, blend and threshold, and the scores to be expected of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.provenance import fingerprint, versions
from dbnchurn.core.typing import Floats
from dbnchurn.decide import DecideRecord, Threshold
from dbnchurn.decide.calibration import fit_blend
from dbnchurn.decide.decide_record import correct_prior, decide
from dbnchurn.decide.threshold import Choice
from dbnchurn.model.inputs import LabelledTable
from dbnchurn.model.labels import label_type
from dbnchurn.model.pipeline import FittedStages
from dbnchurn.model.reference_scores import expected_scores, out_of_fold_scores, shrinkage
from dbnchurn.predictor.model_record import ModelRecord, logits

Classes = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class CalibratedModel:
    """A learned model that decides.

    Parameters
    ----------
    learned : FittedStages
    rule : Threshold
        Chose the threshold.
    val : LabelledTable
        The rows that the decision was made on, as read.
    record : ModelRecord
        Without a reference.
    choice : Choice
    scores : float64 array
        Probabilities of customers whom the model has not seen, or as theirs are to be expected.
    """

    learned: FittedStages
    rule: Threshold
    val: LabelledTable
    record: ModelRecord
    choice: Choice
    scores: Floats

    def about(self) -> dict[str, Any]:
        """Plain facts that are stored beside the model."""
        train, val = self.learned.train, self.val
        return {
            "training": {
                "rows": len(train.y),
                "validation_rows": len(val.y),
                "refit": self.learned.val is None,
                "prior": train.prior,
                "fingerprint": fingerprint(
                    array for p in (train, val) for array in (p.table.numbers, p.table.codes, p.y)
                ),
            },
            "columns": {
                "used": len(self.learned.schema.used),
                "dropped": self.learned.prepare.dropped_,
            },
            "threshold": {
                "rule": self.rule.rule,
                "target": self.rule.target,
                **self.choice.facts(),
            },
            "versions": versions(),
        }


def calibrate(
    learned: FittedStages,
    classes: Classes,
    *,
    restraint: float,
    threshold: Threshold,
    n_threads: int,
) -> CalibratedModel:
    """Correct the prior, blend the networks and choose the threshold, on validation rows.

    Parameters
    ----------
    learned : FittedStages
        Stopped by validation rows.
    classes : array of two labels
    restraint : float
        See :func:`~dbnchurn.decide.calibration.fit_blend`.
    threshold : Threshold
    n_threads : int

    Raises
    ------
    DataError
        If no threshold reaches what its rule asks for; the message says what to change.
    """
    val = learned.val
    assert val is not None
    balance, networks = learned.balance, len(learned.networks)
    equal = np.full(networks, 1 / networks)
    undecided = DecideRecord(**asdict(balance), weights=equal, offset=0.0, threshold=0.5)
    record = _record(learned, undecided, classes)
    found = logits(record, val.table, n_threads)
    corrected = correct_prior(found, balance.trained_prior, balance.prior)
    weights, offset = fit_blend(corrected, val.y, val.sample_weight, restraint)
    blended = replace(undecided, weights=weights, offset=offset)
    scores = decide(blended, found)
    choice = threshold.choose(val.y, scores, val.sample_weight)
    record = replace(record, decide=replace(blended, threshold=choice.threshold))
    return CalibratedModel(learned, threshold, val, record, choice, scores)


def transfer_decision(
    first: CalibratedModel, learned: FittedStages, classes: Classes, n_threads: int
) -> CalibratedModel:
    """The decision of a model that some rows were kept from, for one that has learned from all.

    It has no rows left to decide on, nor to see how its scores are spread; see
    :mod:`dbnchurn.model.reference_scores`.

    Parameters
    ----------
    first : CalibratedModel
        The earlier model.
    learned : FittedStages
        Of all rows.
    classes : array of two labels
    n_threads : int
    """
    record = _record(learned, replace(first.record.decide, **asdict(learned.balance)), classes)
    shrink = shrinkage(first.scores, out_of_fold_scores(first.record, first.learned, n_threads))
    own = out_of_fold_scores(record, learned, n_threads)
    scores = expected_scores(own, learned.fold, shrink)
    return replace(first, learned=learned, record=record, scores=scores)


def _record(learned: FittedStages, decided: DecideRecord, classes: Classes) -> ModelRecord:
    """All that scoring needs, of all stages."""
    return ModelRecord(
        schema=learned.schema,
        prepare=learned.prepare.record_,
        encode=learned.encode.record_,
        leaves=None if learned.leaves is None else learned.leaves.record_,
        networks=tuple(network.network_.record() for network in learned.networks.values()),
        decide=decided,
        labels=tuple(str(label) for label in classes),
        label_type=label_type(classes),
        reference=None,
    )
