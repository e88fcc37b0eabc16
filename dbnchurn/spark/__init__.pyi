from .counts import binned_scores as binned_scores
from .features import PreparedFeatures as PreparedFeatures
from .features import prepare as prepare
from .scored_table import ScoredTable as ScoredTable
from .scored_table import score_table as score_table
from .scores import score as score
from .training import train as train
