"""What a stored model promised and what newly labelled customers gave, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.core.html.format import percent, plain, span
from dbnchurn.core.typing import Floats, Ints
from dbnchurn.evaluate.outcome_gaps import OutcomeGap, gap_lines
from dbnchurn.evaluate.registry import COMPARED, METRICS, PRIMARY, Metric
from dbnchurn.runs.learned_rows import Digests

Number = Mapping[str, Any]
RANKING = "roc_auc"  # does not depend on the share who leave
REVERSED = (
    "the scores rank these customers the other way round (the ROC AUC lies below 0.5 with its "
    "whole interval), as where the label is turned: look at it, or say --positive."
)


def is_reversed(measured: Mapping[str, Any]) -> bool:
    """Whether scores rank customers the other way round, beyond chance.

    Examples
    --------
    >>> is_reversed({"roc_auc": {"value": 0.2, "low": 0.1, "high": 0.3}})
    True
    """
    high = measured.get("roc_auc", {}).get("high")
    return high is not None and high < 0.5


@dataclass(frozen=True, eq=False)
class Backtest:
    """Promised and new metrics of a model.

    Parameters
    ----------
    model : str
    promised : mapping of metric → value, low, high
        Empty where the folder of the model is not in its run folder with ``metrics.json``.
    measured : mapping
        On the new customers, as :func:`dbnchurn.evaluate.evaluate` gives it.
    left_out : int
        Rows of the table that broke the contract or have no outcome yet.
    outcome : str
        Who counts as having left, and what share of the new customers.
    warning : str or None
        Where most of them count as having left.
    allowed : tuple of str
        Sentences about columns that changed since the training, and were allowed to.
    learned : int
        Rows that the model learned from, so that they are no new customers.
    feedback : tuple of str
        What was done to the labels because of campaigns.
    gaps : tuple of OutcomeGap
        Promised and observed leavers of all customers, then by risk tier and by the columns that
        were asked for; empty where the model learned from some of the customers, or where they are
        weighted because of campaigns.
    scores, outcomes : arrays of shape (n,)
        Of the customers measured.
    version : str
        Of the model.
    ids : array of shape (n,), or None
        None where the table has no column of ids.
    digests : uint64 array of shape (n,), or None
        Of customers and values; None where they were not asked for.
    """

    model: str
    promised: Mapping[str, Number]
    measured: Mapping[str, Any]
    left_out: int = 0
    outcome: str = ""
    warning: str | None = None
    allowed: tuple[str, ...] = ()
    learned: int = 0
    feedback: tuple[str, ...] = ()
    gaps: tuple[OutcomeGap, ...] = ()
    scores: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    outcomes: Ints = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)
    version: str = ""
    ids: npt.NDArray[Any] | None = field(default=None, repr=False)
    digests: Digests | None = field(default=None, repr=False)

    def standing(self, metric: str) -> str:
        """Where the new number lies: ``inside``, ``below`` or ``above`` the promised interval.

        ``, near`` is added where it is outside, but its own interval overlaps the promised one;
        ``–`` stands for a number that is undefined or was not promised or measured.
        """
        old, new = self.promised.get(metric), self.measured.get(metric)
        if old is None or old["low"] is None or new is None or new["value"] is None:
            return "–"
        if old["low"] <= new["value"] <= old["high"]:
            return "inside"
        side = "below" if new["value"] < old["low"] else "above"
        overlaps = (
            new["low"] is not None and new["low"] <= old["high"] and new["high"] >= old["low"]
        )
        return f"{side}, near" if overlaps else side

    @property
    def verdict(self) -> str:
        """The result in a sentence."""
        new, old = self.measured[PRIMARY], self.promised.get(PRIMARY)
        customers = (
            f"{self.measured['n']:,} newly labelled customers, of whom "
            f"{percent(self.measured['base_rate'], 2)} left"
        )
        if new["value"] is None:
            return f"{customers}: nothing can be said, as all have one outcome."
        label = METRICS[PRIMARY].label_in_sentence
        measured = _capital(f"{label} {plain(new['value'])} ({span(new)}) on {customers}")
        if self.learned:
            return (
                f"{measured}; but the model learned from {self.learned:,} of these customers, so "
                "the numbers say nothing of new ones: name a table of later customers."
            )
        if is_reversed(self.measured):
            return f"{measured}, but {REVERSED}"
        standing = self.standing(PRIMARY)
        if old is None or standing == "–":
            return f"{measured}; there is no promise to hold it against."
        return f"{measured}, {self._held(standing, old)}"

    def _held(self, standing: str, promised: Number) -> str:
        """What the standing of the headline says, beside that of the order of the customers."""
        interval = f"the interval that training gave, {span(promised)}"
        order = self.standing(RANKING)
        where = f"lies {'inside' if standing == 'inside' else 'outside'} {interval}"
        apart = (
            f"{where}; but {METRICS[RANKING].label_in_sentence}, which does not depend on the "
            "share who leave, lies"
        )
        if standing.endswith("near"):
            return f"{where}, but so few customers leave it open: the two intervals overlap."
        if order == "below" and standing != "below":
            return f"{apart} below its own: the order of the customers is worse than promised."
        if standing == "inside":
            return f"{where}: the model holds its promise."
        if order == "inside":
            return (
                f"{apart} inside its own: over all customers the order is as good as promised; "
                "look at the lift of the first tenth."
            )
        change = "worse" if standing == "below" else "better"
        return f"{where}: the model does {change} than promised."

    @property
    def calibration(self) -> str:
        """Predicted and observed share of churners, in a sentence."""
        if self.gaps:
            return self.gaps[0].sentence
        gap, rate = self.measured["calibration_in_the_large"], self.measured["base_rate"]
        sentence = (
            f"Scores promised {percent(rate + gap['value'], 2)} leavers, {percent(rate, 2)} came"
        )
        if gap["low"] is None or self.learned or self.feedback:
            return f"{sentence}."
        agrees = gap["low"] <= 0 <= gap["high"]
        return f"{sentence}: {'within' if agrees else 'beyond'} what chance explains."

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Metric, promised and new number, and where the new one lies, as text."""
        return [
            (
                metric.label,
                _number(self.promised[key]) if key in self.promised else "–",
                _number(self.measured[key]),
                self.judged(metric),
            )
            for key, metric in COMPARED.items()
        ]

    def judged(self, metric: Metric) -> str:
        """The standing of a metric, and whether that is better or worse.

        Parameters
        ----------
        metric : Metric

        Returns
        -------
        str
        """
        standing = self.standing(metric.name)
        if standing in ("inside", "–"):
            return standing
        better = standing.startswith("above") == metric.higher_is_better
        return f"{standing}: {'better' if better else 'worse'}"

    def to_text(self) -> str:
        """Verdict, table of the metrics and calibration, as Markdown."""
        table = [
            "| number | promised | on the new customers | the new value lies |",
            "|---|---|---|---|",
            *(f"| {' | '.join(row)} |" for row in self.rows()),
        ]
        changed = [f"changed, and allowed: {sentence}" for sentence in self.allowed]
        lines = [*changed, self.verdict, "", *table, "", self.calibration]
        if groups := gap_lines(self.gaps[1:]):
            lines += ["", *groups, ""]
        lines += [f"Feedback: {note}." for note in self.feedback]
        lines += [line for line in (self.outcome and f"{self.outcome}.", self.warning) if line]
        if self.left_out:
            lines.append(f"{self.left_out} rows were left out: no outcome, or a broken contract.")
        return "\n".join(lines)

    def plain(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {
            "model": self.model,
            "verdict": self.verdict,
            "calibration": self.calibration,
            "allowed": list(self.allowed),
            "feedback": list(self.feedback),
            "promised": {key: dict(self.promised[key]) for key in COMPARED if key in self.promised},
            "found": dict(self.measured),
            "gaps": [gap.plain() for gap in self.gaps],
            "standing": {key: self.standing(key) for key in COMPARED},
            "left_out": self.left_out,
            "learned": self.learned,
            "outcome": self.outcome,
            "warnings": [] if self.warning is None else [self.warning],
        }


def _number(number: Number) -> str:
    if number["value"] is None:
        return "–"
    return plain(number["value"]) + (f" ({span(number)})" if number["low"] is not None else "")


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
