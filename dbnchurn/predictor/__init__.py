"""Scoring with a stored model: safe loading, and the same probabilities as after training.

Needs neither torch, scikit-learn nor xgboost.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
