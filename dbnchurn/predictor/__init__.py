"""The scoring job's side: a stored model, loaded safely, that gives the trained probabilities.

Needs neither torch, scikit-learn nor xgboost.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
