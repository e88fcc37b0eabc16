"""Prior correction: what oversampling did to the scores, undone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from dbnchurn.errors import ArtifactError

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DecideRecord:
    """How a logit becomes a probability and a probability a decision.

    Parameters
    ----------
    prior : float
        Share of churners among the customers that the model learned from.
    trained_prior : float
        Their share after oversampling, as the network saw it.
    threshold : float
        Customers with at least this probability are called churners.
    """

    prior: float
    trained_prior: float
    threshold: float

    def audit(self) -> None:
        """Refuse shares and thresholds outside their range."""
        if not (0 < self.prior < 1 and 0 < self.trained_prior < 1 and 0 <= self.threshold <= 1):
            raise ArtifactError(f"decide record: a share or the threshold is out of range: {self}")


def log_odds(share: float) -> float:
    """ln(p / (1 - p)).

    Examples
    --------
    >>> log_odds(0.5)
    0.0
    """
    return float(np.log(share) - np.log1p(-share))


def correct_prior(logits: npt.ArrayLike, trained_prior: float, prior: float) -> Floats:
    """Probabilities at `prior` from logits learned at `trained_prior`.

    Oversampling multiplies the odds of every customer by one constant, so subtracting its
    logarithm restores them (Elkan, 2001; King and Zeng, 2001).

    Examples
    --------
    >>> correct_prior([0.0], trained_prior=0.5, prior=0.05).round(3)
    array([0.05])
    """
    shift = log_odds(trained_prior) - log_odds(prior)
    return np.asarray(expit(np.asarray(logits, np.float64) - shift))


def decide(record: DecideRecord, logits: npt.ArrayLike) -> Floats:
    """Probability of leaving, shape (n,)."""
    return correct_prior(logits, record.trained_prior, record.prior)
