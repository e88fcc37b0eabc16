"""Champion and challenger on the same customers, and which of them the rule takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.errors import DataError
from dbnchurn.core.html.format import percent, plain, span, thousands
from dbnchurn.core.lazy import LazyModule
from dbnchurn.evaluate import compare
from dbnchurn.evaluate.bootstrap import RESAMPLES
from dbnchurn.evaluate.outcome_gaps import OutcomeGap, outcome_gap
from dbnchurn.evaluate.registry import METRICS
from dbnchurn.months.estimate import ranking_p
from dbnchurn.months.recalibration import Recalibration
from dbnchurn.months.recalibration_trial import CALIBRATION, recalibration_objections
from dbnchurn.runs.sections import RetrainingSection

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = LazyModule("scipy.stats")

NAMES = ("challenger", "champion", "recalibrated")


@dataclass(frozen=True, eq=False)
class Challenge:
    """A comparison of models that have seen none of the customers.

    Parameters
    ----------
    rule : RetrainingSection
    rows, left : int
    summaries : mapping
        ``challenger``, ``champion`` and ``recalibrated`` champion → as
        :func:`dbnchurn.evaluate.compare` gives it, with paired differences.
    gaps : mapping
        The same names → promised and observed leavers.
    recalibration : Recalibration
        Fitted to other rows.
    list_size, list_changes : int
        Customers at the top of the list, and those of them whom the challenger replaces. Where
        the rule's list would be more than half of the customers, a tenth of them.
    correlation : float
        Of the ranks of all scores.
    ranking_p : float or None
        Probability of an area under the champion's curve as low as measured if its scores were
        true; None where nothing can be expected.
    """

    rule: RetrainingSection
    rows: int
    left: int
    summaries: Mapping[str, Mapping[str, Any]]
    gaps: Mapping[str, OutcomeGap]
    recalibration: Recalibration
    list_size: int
    list_changes: int
    correlation: float
    ranking_p: float | None

    def difference(self, name: str, metric: str) -> Mapping[str, Any]:
        """Challenger minus another model, with the paired interval; positive where it is better.

        Parameters
        ----------
        name : str
            ``champion`` or ``recalibrated``.
        metric : str

        Returns
        -------
        mapping
            ``value``, ``low`` and ``high``.
        """
        found = self.summaries[name]["difference"][metric]
        if METRICS[metric].higher_is_better:
            return dict(found)
        turned = {"value": found["value"], "low": found["high"], "high": found["low"]}
        return {key: None if end is None else -end for key, end in turned.items()}

    @property
    def objections(self) -> tuple[str, ...]:
        """What the rule holds against the challenger."""
        rule, found = self.rule, self.difference("champion", self.rule.metric)
        label = METRICS[rule.metric].label_in_sentence
        said = []
        if found["low"] is None or found["low"] <= rule.margin:
            said.append(
                f"{label} has to be better by more than {rule.margin:g} for certain, and the "
                f"difference is {plain(found['value'])} ({span(found)})"
            )
        if not self.gaps["challenger"].by_chance:
            said.append(f"its scores are off: {self.gaps['challenger'].sentence}")
        changed = self.list_changes / self.list_size
        if rule.max_list_change is not None and changed > rule.max_list_change:
            said.append(
                f"it would replace {percent(changed)} of the list, and {rule.max_list_change:.0%} "
                "are allowed"
            )
        return tuple(said)

    @property
    def promoted(self) -> bool:
        """Whether the rule takes the challenger."""
        return not self.objections

    @property
    def recalibration_helps(self) -> bool:
        """Whether two numbers mend the champion's scores on these rows, and its ranking holds."""
        return not recalibration_objections(
            self.recalibration, self.summaries, self.gaps, self.ranking_p
        )

    @property
    def verdict(self) -> str:
        """The decision in a sentence."""
        if self.promoted:
            return (
                "The challenger is promoted: it is better than the champion, and chance explains "
                "the difference between its promised and observed leavers."
            )
        kept = f"The champion stays: {'; '.join(self.objections)}."
        if self.recalibration_helps:
            kept += (
                f" Recalibration alone mends its scores: log-odds times "
                f"{self.recalibration.slope:.3f} plus {self.recalibration.shift:.3f}."
            )
        return kept

    def to_text(self) -> str:
        """Verdict and numbers, as Markdown."""
        metrics = list(dict.fromkeys((self.rule.metric, "roc_auc", "brier", CALIBRATION)))
        lines = [
            self.verdict,
            "",
            f"Compared on {thousands(self.rows)} customers that neither model learned from, of "
            f"whom {thousands(self.left)} left.",
            "",
            "| number | champion | recalibrated | challenger | challenger is better by |",
            "|---|---|---|---|---|",
        ]
        for metric in metrics:
            order = ("champion", "recalibrated", "challenger")
            values = [plain(self.summaries[name][metric]["value"]) for name in order]
            found = self.difference("champion", metric)
            better = f"{plain(found['value'])} ({span(found)})"
            lines.append(f"| {METRICS[metric].label} | {' | '.join(values)} | {better} |")
        lines += [""] + [f"{n.capitalize()}: {self.gaps[n].sentence}" for n in NAMES]
        lines.append(
            f"Of the {thousands(self.list_size)} customers with the highest scores, the challenger "
            f"replaces {thousands(self.list_changes)}{self._shorter}; the ranks of all "
            f"scores correlate by {self.correlation:.2f}."
        )
        return "\n".join(lines)

    @property
    def _shorter(self) -> str:
        if self.list_size == self.rule.list_size:
            return ""
        return f" (a tenth, as a list of {thousands(self.rule.list_size)} is too long for these)"

    def plain(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "promoted": self.promoted,
            "verdict": self.verdict,
            "objections": list(self.objections),
            "rule": self.rule.model_dump(mode="json"),
            "summaries": {name: dict(found) for name, found in self.summaries.items()},
            "gaps": {name: gap.plain() for name, gap in self.gaps.items()},
            "recalibration": vars(self.recalibration),
            "recalibration_helps": self.recalibration_helps,
            "list": {"size": self.list_size, "changes": self.list_changes},
            "correlation": self.correlation,
            "ranking_p": self.ranking_p,
        }


def challenge(
    y: npt.ArrayLike,
    champion: npt.ArrayLike,
    challenger: npt.ArrayLike,
    recalibration: Recalibration,
    rule: RetrainingSection,
    *,
    threshold: float = 0.5,
    challenger_threshold: float | None = None,
    resamples: int = RESAMPLES,
) -> Challenge:
    """Compare two models on customers that neither learned from.

    Parameters
    ----------
    y : array of shape (n,)
        1 for those who left.
    champion, challenger : array of shape (n,)
        Their probabilities.
    recalibration : Recalibration
        Of the champion, fitted to other customers.
    rule : RetrainingSection
    threshold : float, default 0.5
        From which on the champion calls customers, for metrics that need one. Recalibrated, it
        calls the same customers.
    challenger_threshold : float, optional
        From which on the challenger calls them; by default the same.
    resamples : int, default 500

    Returns
    -------
    Challenge

    Raises
    ------
    DataError
        If all customers have one outcome.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> p = generator.beta(1, 9, 4000)
    >>> y, none = generator.random(4000) < p, Recalibration(1.0, 0.0)
    >>> found = challenge(y, np.full(4000, 0.1), p, none, RetrainingSection(), resamples=50)
    >>> found.promoted, found.list_size
    (True, 500)
    """
    left = np.asarray(y, np.int64)
    if len(np.unique(left)) < 2:
        raise DataError(
            f"all {len(left)} customers that both models are compared on have one outcome; compare "
            "on more, or on a later month"
        )
    scores = {
        "challenger": np.asarray(challenger, np.float64),
        "champion": np.asarray(champion, np.float64),
    }
    scores["recalibrated"] = recalibration.apply(scores["champion"])
    limits = {
        "challenger": threshold if challenger_threshold is None else challenger_threshold,
        "champion": threshold,
        "recalibrated": recalibration.threshold(threshold),
    }
    summaries = compare(left, scores, limits, resamples=resamples)
    size = rule.list_size if 2 * rule.list_size <= len(left) else max(1, len(left) // 10)
    tops = [set(np.argsort(-scores[name], kind="stable")[:size]) for name in NAMES[:2]]
    return Challenge(
        rule,
        len(left),
        int(left.sum()),
        summaries,
        {name: outcome_gap(left, scores[name]) for name in NAMES},
        recalibration,
        size,
        len(tops[0] - tops[1]),
        _rank_correlation(scores["champion"], scores["challenger"]),
        ranking_p(scores["champion"], summaries["champion"]["roc_auc"]["value"]),
    )


def _rank_correlation(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """Spearman's; 0 where one model gives everybody the same score."""
    ranks = [stats.rankdata(values) for values in (one, other)]
    if any(rank.std() == 0 for rank in ranks):
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
