from .model import ChurnClassifier as ChurnClassifier
from .predictor import Predictor as Predictor

__version__: str
