"""Predict which customers will leave, with boosting leaves and a deep belief network.

The parts, in the order in which data meets them: ``data`` (tables to one row per customer),
``prepare`` (cleaning), ``features`` (the visible layer and the leaves), ``dbn`` (the Boltzmann
machines and the network), ``decide`` (true probabilities and the threshold), ``classifier`` (all of
these as one estimator), ``predictor`` (the scoring job's side), ``segments`` (who says yes, in
words), ``evaluate``, ``config``, ``experiment``, ``report``, ``scoring`` and ``cli``.
"""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.classifier import ChurnClassifier as ChurnClassifier
    from dbnchurn.predictor import Predictor as Predictor

__version__ = "0.1.0"
__all__ = ["ChurnClassifier", "Predictor", "__version__"]

__getattr__ = attach(
    __name__,
    {"ChurnClassifier": "classifier", "Predictor": "predictor"},
)
