"""The scoring job's side: a stored model, loaded safely, that gives the trained probabilities.

Needs neither torch, scikit-learn nor xgboost.
"""

from dbnchurn.lazy import attach

__all__ = ["ModelRecord", "Predictor", "load", "probabilities", "save"]

__getattr__ = attach(
    __name__,
    {
        "ModelRecord": "forward",
        "Predictor": "predictor",
        "load": "artifact",
        "probabilities": "forward",
        "save": "artifact",
    },
)
