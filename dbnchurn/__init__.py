"""Predict which customers will leave, with boosting leaves and a deep belief network.

The packages, each of which imports only those above it: ``core`` (errors, files, records,
statistics, pages), ``config`` (typed YAML), ``dbn`` (Boltzmann machines and networks), ``decide``
(calibration and threshold), ``evaluate`` (metrics and intervals), ``segments`` (offer segments),
``tables`` (one table read, checked and divided), ``report`` (the page of a run), ``data`` (several
tables to one row per customer), ``prepare`` (cleaning), ``features`` (visible units and leaves),
``predictor`` (the stored model), ``model`` (the classifier), ``exports`` (a model elsewhere),
``runs`` (one training run), ``scoring`` (batch jobs), ``spark`` (tables joined on Spark),
``experiments`` (many runs) and ``cli``.
"""

import lazy_loader

__version__ = "0.2.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__.append("__version__")
