"""How good scores are: functions of labels, scores and weights, nothing else.

``ranking`` (labels behind scores, sorted once), ``metrics``, ``profit``, ``curves``, ``intervals``
(bootstrap and paired differences), ``decisions`` (several thresholds side by side), ``groups`` and
``summary`` (all of it as plain data).
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
