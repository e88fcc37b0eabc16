"""How good scores are: functions of labels, scores and weights, nothing else.

``ranking`` (labels behind scores, sorted once), ``metrics``, ``profit``, ``curves``, ``intervals``
(bootstrap and paired differences) and ``summary`` (all of it as plain data).
"""

from dbnchurn.evaluate.curves import all_curves
from dbnchurn.evaluate.profit import Offer, contact_gain
from dbnchurn.evaluate.ranking import Ranking
from dbnchurn.evaluate.summary import compare, evaluate

__all__ = ["Offer", "Ranking", "all_curves", "compare", "contact_gain", "evaluate"]
