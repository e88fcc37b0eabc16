"""The scoring job's side: a stored model, loaded safely, that gives the trained probabilities.

Needs neither torch, scikit-learn nor xgboost.
"""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.predictor.artifact import load as load
    from dbnchurn.predictor.artifact import save as save
    from dbnchurn.predictor.forward import ModelRecord as ModelRecord
    from dbnchurn.predictor.forward import probabilities as probabilities
    from dbnchurn.predictor.predictor import Predictor as Predictor
    from dbnchurn.predictor.scored import Oddities as Oddities
    from dbnchurn.predictor.scored import Scored as Scored

__all__ = ["ModelRecord", "Oddities", "Predictor", "Scored", "load", "probabilities", "save"]

__getattr__ = attach(
    __name__,
    {
        "ModelRecord": "forward",
        "Oddities": "scored",
        "Predictor": "predictor",
        "Scored": "scored",
        "load": "artifact",
        "probabilities": "forward",
        "save": "artifact",
    },
)
