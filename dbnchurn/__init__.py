"""Predict which customers will leave, with boosting leaves and a deep belief network.

The parts, in the order in which data meets them: ``data`` (tables to one row per customer),
``prepare`` (cleaning), ``features`` (the visible layer and the leaves), ``dbn`` (the Boltzmann
machines and the network), ``decide`` (true probabilities and the threshold), ``classifier`` (all of
these as one estimator), ``predictor`` (the scoring job's side), ``segments`` (who says yes, in
words), ``evaluate``, ``config``, ``experiment``, ``report``, ``scoring`` and ``cli``.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__.append("__version__")
