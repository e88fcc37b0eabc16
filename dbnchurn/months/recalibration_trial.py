"""Whether two numbers alone mend a model: fitted to half of a month, measured on the other half."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError
from dbnchurn.core.html.format import plain, thousands
from dbnchurn.core.typing import Rows
from dbnchurn.evaluate import compare
from dbnchurn.evaluate.bootstrap import RESAMPLES
from dbnchurn.evaluate.outcome_gaps import OutcomeGap, outcome_gap
from dbnchurn.months.estimate import ranking_p
from dbnchurn.months.month_state import LEVEL
from dbnchurn.months.recalibration import Recalibration, fit_recalibration

NAMES = ("champion", "recalibrated")
CALIBRATION = "log_loss"  # judges whether two numbers suffice


@dataclass(frozen=True, eq=False)
class RecalibrationTrial:
    """A champion with and without two numbers, on customers to whom neither was fitted.

    Parameters
    ----------
    recalibration : Recalibration
    fitted : int array of shape (m,)
        Places of the customers to whom the two numbers were fitted.
    tested : int array of shape (n,)
        Places of the customers that are measured.
    left : int
        Those of the measured who left.
    summaries : mapping
        ``champion`` and ``recalibrated`` → as :func:`dbnchurn.evaluate.compare` gives it.
    gaps : mapping
        The same names → promised and observed leavers.
    ranking_p : float or None
        Probability of an area under the curve as low as measured if the champion's scores were
        true; None where nothing can be expected.
    """

    recalibration: Recalibration
    fitted: Rows
    tested: Rows
    left: int
    summaries: Mapping[str, Mapping[str, Any]]
    gaps: Mapping[str, OutcomeGap]
    ranking_p: float | None

    @property
    def objections(self) -> tuple[str, ...]:
        """Why two numbers alone are not taken."""
        return recalibration_objections(
            self.recalibration, self.summaries, self.gaps, self.ranking_p
        )

    @property
    def suffices(self) -> bool:
        """Whether the champion is off, two numbers mend it, and its ranking is as expected."""
        return not self.objections

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        numbers = (
            f"log-odds times {self.recalibration.slope:.3f} plus {self.recalibration.shift:.3f}"
        )
        if self.suffices:
            return f"Recalibration alone mends the champion's scores: {numbers}."
        return f"Recalibration alone is not taken ({numbers}): {'; '.join(self.objections)}."

    def to_text(self) -> str:
        """Verdict and numbers, as Markdown."""
        losses = [plain(self.summaries[name][CALIBRATION]["value"]) for name in NAMES]
        return "\n".join(
            [
                self.verdict,
                f"The two numbers were fitted to {thousands(len(self.fitted))} customers of the "
                f"newest month and measured on the other {thousands(len(self.tested))}; log loss "
                f"{losses[0]} before, {losses[1]} after.",
                *(f"{name.capitalize()}: {self.gaps[name].sentence}" for name in NAMES),
            ]
        )

    def plain(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "suffices": self.suffices,
            "verdict": self.verdict,
            "objections": list(self.objections),
            "recalibration": vars(self.recalibration),
            "fitted": len(self.fitted),
            "tested": len(self.tested),
            "left": self.left,
            "summaries": {name: dict(found) for name, found in self.summaries.items()},
            "gaps": {name: gap.plain() for name, gap in self.gaps.items()},
            "ranking_p": self.ranking_p,
        }


def recalibration_objections(
    recalibration: Recalibration,
    summaries: Mapping[str, Mapping[str, Any]],
    gaps: Mapping[str, OutcomeGap],
    p: float | None,
) -> tuple[str, ...]:
    """Why two numbers do not mend a champion's scores; empty where they do.

    Parameters
    ----------
    recalibration : Recalibration
    summaries : mapping
        ``champion`` and ``recalibrated`` → metrics on customers to whom neither was fitted.
    gaps : mapping
        The same names → promised and observed leavers of these customers.
    p : float or None
        Of the champion's ranking, see :func:`~dbnchurn.months.estimate.ranking_p`.

    Returns
    -------
    tuple of str
    """
    before, after = (summaries[name][CALIBRATION]["value"] for name in NAMES)
    said = []
    if gaps["champion"].by_chance:
        said.append("chance explains the gap between its promised and observed leavers")
    if not gaps["recalibrated"].by_chance:
        said.append("recalibrated, its scores are still off")
    if recalibration.slope <= 0:
        said.append("its scores do not rise with the share that left")
    if not after < before:
        said.append("the log loss does not fall")
    if p is not None and p < LEVEL / 2:
        said.append("its ranking is worse than the scores let expect, which no recalibration mends")
    return tuple(said)


def try_recalibration(
    y: npt.ArrayLike,
    scores: npt.ArrayLike,
    *,
    floor: float = 0.0,
    threshold: float = 0.5,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> RecalibrationTrial:
    """Fit two numbers to a half of the customers, and measure them on the other half.

    Parameters
    ----------
    y : array of shape (n,)
        1 for those who left.
    scores : array of shape (n,)
        Of a model that has not learned from these customers.
    floor : float, default 0
        The model's smallest probability.
    threshold : float, default 0.5
        From which on customers are called.
    seed : int, default 0
        Of the halves.
    resamples : int, default 500

    Returns
    -------
    RecalibrationTrial

    Raises
    ------
    DataError
        If all customers of a half have one outcome.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> p = generator.beta(1, 9, 20_000)
    >>> true = Recalibration(1.0, 0.7).apply(p)
    >>> found = try_recalibration(generator.random(20_000) < true, p, resamples=20)
    >>> found.suffices, round(found.recalibration.shift, 1)
    (True, 0.7)
    """
    left, p = np.asarray(y, np.int64), np.asarray(scores, np.float64)
    order = np.random.default_rng(seed).permutation(len(left))
    fitted, tested = (np.sort(half) for half in np.array_split(order, 2))
    if any(len(np.unique(left[half])) < 2 for half in (fitted, tested)):
        raise DataError(
            f"{len(left)} customers, {int(left.sum())} of whom left, are too few to fit two "
            "numbers to one half and measure them on the other"
        )
    numbers = fit_recalibration(p[fitted], left[fitted], floor=floor)
    both = {"champion": p[tested], "recalibrated": numbers.apply(p[tested])}
    limits = {"champion": threshold, "recalibrated": numbers.threshold(threshold)}
    summaries = compare(left[tested], both, limits, resamples=resamples)
    return RecalibrationTrial(
        numbers,
        fitted,
        tested,
        int(left[tested].sum()),
        summaries,
        {name: outcome_gap(left[tested], values) for name, values in both.items()},
        ranking_p(p[tested], summaries["champion"]["roc_auc"]["value"]),
    )
