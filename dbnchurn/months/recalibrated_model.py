"""A model folder with recalibrated probabilities: the champion's records with two numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.files import atomic_folder
from dbnchurn.decide.decide_record import just_below, recalibrated
from dbnchurn.evaluate.outcome_gaps import OutcomeGap
from dbnchurn.months.recalibration import Recalibration
from dbnchurn.predictor.artifact import StoredModel, load_stored, save
from dbnchurn.predictor.card import model_card
from dbnchurn.predictor.model_record import ModelRecord
from dbnchurn.predictor.reference import Reference
from dbnchurn.runs.folder import write_json
from dbnchurn.runs.learned_rows import LEARNED, Digests, add_learned_rows

RECALIBRATION = "recalibration.json"
"""In the run folder of a recalibrated model."""
NOT_METRICS = ("difference",)  # of a comparison, beside the metrics of each model


@dataclass(frozen=True, eq=False)
class Measured:
    """Two numbers, and what they did on customers to whom they were not fitted.

    Parameters
    ----------
    recalibration : Recalibration
    fitted : int
        Customers to whom the numbers were fitted.
    summary : mapping
        Metrics of the recalibrated scores, as :func:`dbnchurn.evaluate.evaluate` gives them.
    before, after : OutcomeGap
        Promised and observed leavers of the same customers, without and with the numbers.
    month : date or None
        Cutoff of these customers; None where it is not known.
    closes : date or None
        First day after their outcome window.
    """

    recalibration: Recalibration
    fitted: int
    summary: Mapping[str, Any]
    before: OutcomeGap
    after: OutcomeGap
    month: date | None = None
    closes: date | None = None

    @property
    def about(self) -> dict[str, Any]:
        """What the model says of it."""
        return {
            **vars(self.recalibration),
            "rows": self.fitted,
            "month": self.month and str(self.month),
            "closes": self.closes and str(self.closes),
            "before": self.before.sentence,
            "after": self.after.sentence,
        }


def recalibrated_record(model: ModelRecord, numbers: Recalibration) -> ModelRecord:
    """The records of a model whose log-odds are recalibrated.

    The weights and the offset of the blend take the two numbers in, so that every version that
    reads the model's format gives the recalibrated probabilities.

    Parameters
    ----------
    model : ModelRecord
    numbers : Recalibration
        With a slope above 0, and the floor of the model.

    Returns
    -------
    ModelRecord
        Its threshold calls the same customers, and its reference has the recalibrated scores.

    Raises
    ------
    ArtifactError
        If the slope is not above 0, or the numbers were fitted above another floor.
    """
    if numbers.slope <= 0:
        raise ArtifactError(f"a slope of {numbers.slope:g} would give all customers one score")
    if numbers.floor != model.decide.floor:
        raise ArtifactError(
            f"the two numbers were fitted above a floor of {numbers.floor:g}, and the model has "
            f"{model.decide.floor:g}"
        )
    return replace(
        model,
        decide=recalibrated(model.decide, numbers.slope, numbers.shift),
        reference=None if model.reference is None else _moved(model.reference, numbers),
    )


def _moved(reference: Reference, numbers: Recalibration) -> Reference:
    score = reference.score
    low, high = numbers.apply([score.low, score.high]).tolist()
    # A score on an edge lies above it, before and after.
    edges = just_below(numbers.apply(score.edges), numbers.floor)
    return replace(reference, score=score.mapped(edges, low, high))


def write_recalibrated(
    champion: Path,
    folder: Path,
    found: Measured,
    *,
    digests: Digests | None = None,
    comparison: Mapping[str, Any] | None = None,
) -> Path:
    """Write a run folder with the recalibrated model, whole or not at all.

    Parameters
    ----------
    champion : Path
        Model folder; it stays as it is.
    folder : Path
        New.
    found : Measured
    digests : uint64 array, optional
        Of the customers to whom the numbers were fitted, which are new customers no longer.
    comparison : mapping, optional
        Plain data of how the numbers were chosen.

    Returns
    -------
    Path
        The model folder in it.

    Raises
    ------
    ArtifactError
        If the champion cannot be read or the numbers do not fit it.
    """
    stored = load_stored(champion)
    record = recalibrated_record(stored.model, found.recalibration)
    metrics = {key: value for key, value in found.summary.items() if key not in NOT_METRICS}
    metrics["threshold"] = record.decide.threshold
    about = _about(stored, record, found, metrics)
    with atomic_folder(folder) as unfinished:
        save(record, unfinished / "model", card=_card(about), about=about)
        write_json(unfinished / "metrics.json", {"test": metrics})
        told = {**about["recalibration"], "comparison": comparison}
        write_json(unfinished / RECALIBRATION, told)
        learned = champion.parent / LEARNED
        if digests is not None or learned.is_file():
            add_learned_rows(unfinished / LEARNED, learned, digests)
    return folder / "model"


def _about(
    stored: StoredModel, record: ModelRecord, found: Measured, metrics: Mapping[str, Any]
) -> dict[str, Any]:
    """The champion's, with what the two numbers changed."""
    about, slope = dict(stored.about), found.recalibration.slope
    about["recalibration"] = {"of": stored.version, "digest": stored.digest, **found.about}
    about["metrics"] = dict(metrics)
    about["measured"] = {"part": "recalibration", "rows": found.fitted}
    if about.get("threshold"):
        about["threshold"] = {**about["threshold"], "value": record.decide.threshold}
    if isinstance(about.get("blend"), list):
        about["blend"] = [
            {**m, "weight": m["weight"] * slope, "spread": m["spread"] * slope}
            for m in about["blend"]
        ]
    return about


def _card(about: Mapping[str, Any]) -> str:
    try:
        return model_card(about)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(
            f"the champion lacks what its card is written from ({error}), so it cannot be "
            "recalibrated; train anew"
        ) from error


def recalibrated_until(about: Mapping[str, Any]) -> date | None:
    """First day of which no outcome has a part in a model's two numbers; None without them.

    Parameters
    ----------
    about : mapping
        Of a stored model.

    Returns
    -------
    date or None

    Raises
    ------
    ArtifactError
        If it is no date.
    """
    closes = (about.get("recalibration") or {}).get("closes")
    if closes is None:
        return None
    try:
        return date.fromisoformat(closes)
    except (TypeError, ValueError) as error:
        raise ArtifactError(
            f"about.recalibration.closes has to be a date, found {closes!r:.60}"
        ) from error
