"""From the networks' logits to one probability: prior correction, blend and calibration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import ArtifactError
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Floats

if TYPE_CHECKING:
    from scipy import special
else:
    special = LazyModule("scipy.special")

SMALLEST_SHARE = 1e-12  # nearer to 0 or 1, odds and risk tiers run into one another
SMALLEST_SCORE = 1e-15  # whose log-odds are still used
BELOW = 1 - 1e-9  # for limits that scores may reach exactly, so that rounding changes no side
LARGEST = 1e6  # of weights and offset; at a logit of 40 the probability is 1 already


@dataclass(frozen=True, eq=False)
class DecideRecord:
    """All that turns logits into probabilities, and probabilities into decisions.

    Parameters
    ----------
    prior : float
        Share of churners among the training rows.
    trained_prior : float
        Their share after oversampling, on which the networks were trained.
    weights : float64 array of shape (members,)
        Weights of the members' prior-corrected logits.
    offset : float
        Added to the weighted sum.
    threshold : float
        Customers with at least this probability are called churners.
    floor : float, default 0
        Smallest probability: the share that leaves whatever the columns say.

    Examples
    --------
    >>> record = DecideRecord(
    ...     prior=0.05, trained_prior=0.5, weights=np.array([1.0]), offset=0.0, threshold=0.2
    ... )
    >>> record.audit()
    """

    prior: float
    trained_prior: float
    weights: Floats
    offset: float
    threshold: float
    floor: float = 0.0

    def audit(self) -> None:
        """Check shares, weights and threshold.

        Raises
        ------
        ArtifactError
            If one of them is outside its range.
        """
        shares = (self.prior, self.trained_prior)
        inside = all(SMALLEST_SHARE <= share <= 1 - SMALLEST_SHARE for share in shares)
        if not inside or not 0 <= self.threshold <= 1:
            raise ArtifactError(f"decide record: a share or the threshold is out of range: {self}")
        if not 0 <= self.floor <= 0.5:  # at most half the share of churners of its rows
            raise ArtifactError(f"decide record: the floor is not between 0 and 0.5: {self}")
        if self.weights.ndim != 1 or not len(self.weights) or (self.weights < 0).any():
            raise ArtifactError("decide record: the weights of the networks are not a list ≥ 0")
        if (self.weights > LARGEST).any() or abs(self.offset) > LARGEST:
            raise ArtifactError(f"decide record: a weight or the offset is beyond {LARGEST:.0e}")


def log_odds(share: float) -> float:
    """ln(p / (1 - p)).

    Examples
    --------
    >>> log_odds(0.5)
    0.0
    """
    return float(np.log(share) - np.log1p(-share))


def correct_prior(logits: npt.ArrayLike, trained_prior: float, prior: float) -> Floats:
    """Logits of the customers' own prior, from logits of an oversampled table.

    Oversampling multiplies the odds of every customer by one constant, so subtracting its
    logarithm restores them (Elkan, 2001; King and Zeng, 2001).

    Parameters
    ----------
    logits : array
        Of networks trained with a share of churners of `trained_prior`.
    trained_prior, prior : float
        Shares of churners after and before oversampling, between 0 and 1.

    Returns
    -------
    float64 array of the shape of `logits`

    Examples
    --------
    >>> special.expit(correct_prior([0.0], trained_prior=0.5, prior=0.05)).round(3)
    array([0.05])
    """
    return np.asarray(logits, np.float64) - (log_odds(trained_prior) - log_odds(prior))


def raised(probability: npt.ArrayLike, floor: float) -> Floats:
    """Probabilities above a floor, of which `floor` leave in any case.

    Parameters
    ----------
    probability : array
    floor : float

    Returns
    -------
    float64 array of the shape of `probability`

    Examples
    --------
    >>> raised([0.0, 0.5, 1.0], 0.02)
    array([0.02, 0.51, 1.  ])
    """
    probability = np.asarray(probability, np.float64)
    return np.asarray(floor + (1 - floor) * probability) if floor else probability


def lowered(probability: npt.ArrayLike, floor: float) -> Floats:
    """The inverse of :func:`raised`; 0 for a probability below the floor.

    Parameters
    ----------
    probability : array
    floor : float
        Below 1.

    Returns
    -------
    float64 array of the shape of `probability`

    Examples
    --------
    >>> lowered([0.02, 0.51, 1.0], 0.02)
    array([0. , 0.5, 1. ])
    """
    return np.clip((np.asarray(probability, np.float64) - floor) / (1 - floor), 0.0, 1.0)


def recalibrated(record: DecideRecord, slope: float, shift: float) -> DecideRecord:
    """The same decisions from log-odds times a slope plus a shift; the floor stays.

    Parameters
    ----------
    record : DecideRecord
    slope : float
        Above 0, so that the order of the customers stays.
    shift : float

    Returns
    -------
    DecideRecord
        Its threshold calls the same customers.

    Examples
    --------
    >>> record = DecideRecord(
    ...     prior=0.05, trained_prior=0.05, weights=np.array([1.0]), offset=0.0, threshold=0.5
    ... )
    >>> found = recalibrated(record, 1.0, np.log(2))  # the odds double
    >>> decide(found, np.array([[0.0]])).round(3), round(found.threshold, 3)
    (array([0.667]), 0.667)
    """
    return replace(
        record,
        weights=record.weights * slope,
        offset=record.offset * slope + shift,
        threshold=recalibrated_threshold(record.threshold, slope, shift, record.floor),
    )


def recalibrated_threshold(
    threshold: float, slope: float, shift: float, floor: float = 0.0
) -> float:
    """The threshold that calls, of recalibrated scores, whom `threshold` calls of the scores.

    Parameters
    ----------
    threshold, slope, shift : float
    floor : float, default 0

    Returns
    -------
    float
        `threshold` itself where it calls everybody, or is above 1 and calls nobody.

    Examples
    --------
    >>> round(recalibrated_threshold(0.5, 1.0, np.log(2)), 3)
    0.667
    """
    if not floor < threshold <= 1:
        return threshold
    return float(just_below(recalibrated_scores(threshold, slope, shift, floor), floor))


def just_below(limits: npt.ArrayLike, floor: float = 0.0) -> Floats:
    """Limits so little lower that scores reach them in spite of rounding, but not below a floor.

    Parameters
    ----------
    limits : array
        Probabilities, not below the floor.
    floor : float, default 0
        At which many scores may lie.

    Returns
    -------
    float64 array of the shape of `limits`

    Examples
    --------
    >>> bool(0.02 < just_below(0.02 + 1e-12, floor=0.02) < 0.02 + 1e-12)
    True
    """
    values = np.asarray(limits, np.float64)
    return np.asarray(np.maximum(values * BELOW, (values + floor) / 2), np.float64)


def recalibrated_scores(
    scores: npt.ArrayLike, slope: float, shift: float, floor: float = 0.0
) -> Floats:
    """Probabilities with log-odds, above a floor, of those of `scores` times a slope plus a shift.

    Parameters
    ----------
    scores : array
        Probabilities.
    slope, shift, floor : float

    Returns
    -------
    float64 array of the shape of `scores`

    Examples
    --------
    >>> recalibrated_scores([0.02, 0.51], 1.0, 0.0, floor=0.02).round(3)
    array([0.02, 0.51])
    """
    above = np.clip(lowered(scores, floor), SMALLEST_SCORE, 1 - SMALLEST_SCORE)
    return raised(special.expit(slope * special.logit(above) + shift), floor)


def decide(record: DecideRecord, logits: Floats) -> Floats:
    """Probability of leaving.

    Parameters
    ----------
    record : DecideRecord
    logits : float64 array of shape (n, members)
        Outputs of networks and other members.

    Returns
    -------
    probabilities : float64 array of shape (n,)

    Examples
    --------
    >>> equal = np.array([0.5, 0.5])
    >>> record = DecideRecord(
    ...     prior=0.05, trained_prior=0.5, weights=equal, offset=0.0, threshold=0.2
    ... )
    >>> decide(record, np.array([[0.0, 0.0], [3.0, 1.0]])).round(2)
    array([0.05, 0.28])
    """
    corrected = correct_prior(logits, record.trained_prior, record.prior)
    # Summed column by column: a matrix product may round a row alone otherwise than in a batch.
    blended = sum(w * corrected[:, j] for j, w in enumerate(record.weights)) + record.offset
    return raised(special.expit(blended), record.floor)
