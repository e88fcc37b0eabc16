from .counts import binned_scores as binned_scores
from .features import PreparedFeatures as PreparedFeatures
from .features import prepare as prepare
from .scores import score as score
from .training import train as train
