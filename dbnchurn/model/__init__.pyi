from .classifier import ChurnClassifier as ChurnClassifier
from .large_tables import Scale as Scale
