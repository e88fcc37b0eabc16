"""How good scores are: functions of labels, scores and weights, nothing else.

``ranking``
    Labels and weights by score, sorted once: what every metric and curve is computed from.
``metrics``, ``profit``
    One function per metric.
``registry``
    Every metric in one row: computation, label, direction, bounds, where it is shown.
``bootstrap``, ``corrected_t``
    Intervals and paired differences, over customers and over divisions of one table.
``summary``, ``groups``, ``threshold_table``, ``curves``
    All metrics of one or several models, of groups of customers and of several thresholds, and
    the points of curves, as plain data.
"""

from dbnchurn.evaluate.curves import all_curves
from dbnchurn.evaluate.groups import by_group
from dbnchurn.evaluate.profit import Offer, contact_gain
from dbnchurn.evaluate.ranking import Ranking
from dbnchurn.evaluate.summary import compare, evaluate
from dbnchurn.evaluate.threshold_table import at_thresholds

__all__ = [
    "Offer",
    "Ranking",
    "all_curves",
    "at_thresholds",
    "by_group",
    "compare",
    "contact_gain",
    "evaluate",
]
