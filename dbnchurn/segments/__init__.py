"""Offer segments: who says yes, in plain words, with rates that hold on new customers.

In the order in which data meets them: ``columns`` (a table made plain), ``bins`` (columns to
items), ``split`` (rows in three parts), ``counts`` and ``patterns`` (what mining works on),
``boxes`` and ``closed`` (the two modes), ``rates`` and ``select`` (tests and the cover),
``conditions``, ``listing`` and ``measure`` (the result), ``miner`` (all of these as one estimator),
``export`` and ``page`` (files), ``sweep`` (how rates depend on the settings).
"""

from dbnchurn.lazy import attach

__all__ = ["SegmentList", "SegmentMiner"]

__getattr__ = attach(__name__, {"SegmentMiner": "miner", "SegmentList": "listing"})
