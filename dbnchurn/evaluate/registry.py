"""Every metric, one row each: how it is computed, labelled, bounded, and where it is shown.

``metrics.json``, the report, the terminal, comparisons, tuning and the config's schema all read
:data:`METRICS`, so that a new metric is one new row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, partial
from typing import Literal

from dbnchurn.evaluate import metrics
from dbnchurn.evaluate.metrics import Confusion
from dbnchurn.evaluate.profit import Offer, expected_maximum_profit, profit_at
from dbnchurn.evaluate.ranking import Ranking

PRIMARY = "average_precision"
"""Decides verdicts, and comparisons and tuning that name no other metric."""
PRINTED = ("accuracy", "precision", "recall", "f1")
"""The metrics that papers print, in their order."""
INFINITY = float("inf")
PROPER = ("ROC", "F1", "Brier")  # keep their capital letter inside a sentence


Needed = Literal["contact_share", "gain", "offer"]
"""What a metric may need beside a ranking and a threshold."""


@dataclass(frozen=True, eq=False)
class MetricInput:
    """A ranking with all that a metric may need.

    Parameters
    ----------
    ranking : Ranking
        Of one model; with gains for ``profit``.
    threshold : float
        Customers with a score of at least this are picked.
    contact_share : float, optional
        Share of the customers that can be contacted.
    offer : Offer, optional
        Campaign of the expected maximum profit.
    """

    ranking: Ranking
    threshold: float
    contact_share: float | None = None
    offer: Offer | None = None

    @cached_property
    def confusion(self) -> Confusion:
        """Outcomes at the threshold."""
        return Confusion.of(self.ranking, self.threshold)

    @property
    def contacts(self) -> float:
        """Number of customers that can be contacted."""
        assert self.contact_share is not None
        return self.contact_share * self.ranking.total

    def has(self, needed: Needed | None) -> bool:
        """Whether `needed` is given; True for None."""
        given = {
            "contact_share": self.contact_share,
            "gain": self.ranking.gain,
            "offer": self.offer,
        }
        return needed is None or given[needed] is not None


class MetricTable(IntEnum):
    """Tables with a column per metric, the one with the fewest columns first.

    A metric in one table is in all wider ones.
    """

    REPORT = 1
    """Models side by side in a run's ``report.html``."""
    TERMINAL = 2
    """The result of a run on the terminal."""
    NOTES = 3
    """``comparison.md``."""
    COMPARISON = 4
    """``compare.html`` and ``comparison.csv``: all that runs are compared, and tuned, by."""


@dataclass(frozen=True)
class Metric:
    """One number that judges scores.

    Parameters
    ----------
    name : str
        Key in ``metrics.json`` and in configs.
    label : str
        For readers, as the head of a column.
    compute : callable
        From a :class:`MetricInput` to a float; NaN where the data leave the number undefined.
    higher_is_better : bool, default True
    low, high : float, default 0 and 1
        Bounds of the number.
    needs : {"contact_share", "gain", "offer"}, optional
        What has to be given; without it the number is left out.
    table : MetricTable, optional
        The narrowest table that has a column for it. Without one, runs are not compared by it.
    headline : bool, default False
        Whether it is at the top of the report; the others are in its table of further numbers.
    reads_as : {"number", "percent"}, default "number"
        How the headline is written.
    digits : int, default 3
        Decimals of the headline.
    long_label : str, optional
        Label with a remark, for the table of further numbers; by default the label.

    Examples
    --------
    >>> METRICS["brier"].higher_is_better, METRICS["lift_top_decile"].high
    (False, inf)
    >>> METRICS["roc_auc"].compute(MetricInput(Ranking.of([1, 0], [0.9, 0.2]), threshold=0.5))
    1.0
    """

    name: str
    label: str
    compute: Callable[[MetricInput], float]
    higher_is_better: bool = True
    low: float = 0.0
    high: float = 1.0
    needs: Needed | None = None
    table: MetricTable | None = None
    headline: bool = False
    reads_as: Literal["number", "percent"] = "number"
    digits: int = 3
    long_label: str = ""

    @property
    def label_in_sentence(self) -> str:
        """The label inside a sentence.

        Examples
        --------
        >>> METRICS["average_precision"].label_in_sentence, METRICS["f1"].label_in_sentence
        ('average precision', 'F1')
        """
        if self.label.startswith(PROPER):
            return self.label
        return self.label[0].lower() + self.label[1:]


def _of_ranking(function: Callable[[Ranking], float]) -> Callable[[MetricInput], float]:
    return lambda scored: function(scored.ranking)


def _expected_maximum_profit(scored: MetricInput) -> float:
    assert scored.offer is not None
    return expected_maximum_profit(scored.ranking, scored.offer)


ROWS = (
    Metric(
        "average_precision",
        "Average precision",
        _of_ranking(metrics.average_precision),
        table=MetricTable.REPORT,
        headline=True,
    ),
    Metric(
        "roc_auc",
        "ROC AUC",
        _of_ranking(metrics.roc_auc),
        table=MetricTable.REPORT,
        headline=True,
    ),
    Metric(
        "precision",
        "Precision",
        lambda scored: scored.confusion.precision,
        table=MetricTable.REPORT,
        headline=True,
        reads_as="percent",
        digits=1,
    ),
    Metric(
        "recall",
        "Recall",
        lambda scored: scored.confusion.recall,
        table=MetricTable.REPORT,
        headline=True,
        reads_as="percent",
        digits=1,
    ),
    Metric(
        "f1",
        "F1",
        lambda scored: scored.confusion.f1,
        table=MetricTable.REPORT,
        headline=True,
    ),
    Metric(
        "accuracy",
        "Accuracy",
        lambda scored: scored.confusion.accuracy,
        table=MetricTable.NOTES,
        long_label="Accuracy (picking nobody: see base rate)",
    ),
    Metric(
        "balanced_accuracy",
        "Balanced accuracy",
        lambda scored: scored.confusion.balanced_accuracy,
    ),
    Metric(
        "lift_top_decile",
        "Lift, top tenth",
        _of_ranking(partial(metrics.lift, share=0.1)),
        high=INFINITY,
        table=MetricTable.COMPARISON,
        headline=True,
        digits=1,
    ),
    Metric(
        "brier",
        "Brier score",
        _of_ranking(metrics.brier),
        higher_is_better=False,
        table=MetricTable.TERMINAL,
        long_label="Brier score (lower is better)",
    ),
    Metric(
        "log_loss",
        "Log loss (nats)",
        _of_ranking(metrics.log_loss),
        higher_is_better=False,
        high=INFINITY,
        table=MetricTable.COMPARISON,
        long_label="Log loss, nats (lower is better)",
    ),
    Metric(
        "calibration_error",
        "Calibration error",
        _of_ranking(metrics.calibration_error),
        higher_is_better=False,
        table=MetricTable.COMPARISON,
        long_label="Expected calibration error (above 0 by chance too)",
    ),
    Metric(
        "calibration_in_the_large",
        "Mean score minus churn rate",
        _of_ranking(metrics.calibration_in_the_large),
        low=-1.0,
    ),
    Metric(
        "precision_at_budget",
        "Precision within the contact budget",
        lambda scored: metrics.precision_at(scored.ranking, scored.contacts),
        needs="contact_share",
    ),
    Metric(
        "recall_at_budget",
        "Recall within the contact budget",
        lambda scored: metrics.recall_at(scored.ranking, scored.contacts),
        needs="contact_share",
    ),
    Metric(
        "profit",
        "Profit per customer at the threshold",
        lambda scored: profit_at(scored.ranking, scored.threshold),
        low=-INFINITY,
        high=INFINITY,
        needs="gain",
    ),
    Metric(
        "expected_maximum_profit",
        "Expected maximum profit per customer",
        _expected_maximum_profit,
        high=INFINITY,
        needs="offer",
    ),
)


METRICS: dict[str, Metric] = {metric.name: metric for metric in ROWS}
"""Name → metric, in the order of ``metrics.json`` and of every table."""


def columns(table: MetricTable) -> dict[str, Metric]:
    """The metrics that have a column in a table, by name.

    Examples
    --------
    >>> list(columns(MetricTable.REPORT))
    ['average_precision', 'roc_auc', 'precision', 'recall', 'f1']
    """
    return {
        name: metric
        for name, metric in METRICS.items()
        if metric.table is not None and metric.table <= table
    }


COMPARED = columns(MetricTable.COMPARISON)
"""The metrics that runs can be compared and tuned by."""


def compute(scored: MetricInput, names: Sequence[str] | None = None) -> dict[str, float]:
    """Metrics of one model by name.

    Parameters
    ----------
    scored : MetricInput
        What they need.
    names : sequence of str, optional
        The metrics to compute; by default all.

    Returns
    -------
    dict of str → float
        In the order given; without the metrics that need what `scored` does not have.

    Examples
    --------
    >>> scored = MetricInput(Ranking.of([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), threshold=0.35)
    >>> compute(scored, ["recall", "profit"])
    {'recall': 1.0}
    """
    chosen = METRICS if names is None else {name: METRICS[name] for name in names}
    return {
        name: metric.compute(scored) for name, metric in chosen.items() if scored.has(metric.needs)
    }
