from .classifier import ChurnClassifier as ChurnClassifier
from .large_tables import LargeTableRules as LargeTableRules
