"""Offer segments: who says yes, in plain words, with rates that hold on new customers.

In the order in which data meets them: ``columns`` (a table made plain), ``conditions`` (what is
said of one column), ``bins`` (columns to items), ``split`` (rows in three parts), ``coding`` (all
of these), ``counts`` and ``patterns`` (what mining works on), ``boxes`` and ``closed`` (the two
modes), ``rates`` and ``select`` (tests and the cover), ``segment``, ``listing`` and ``measure``
(the result), ``miner`` (the search as one estimator), ``page`` and ``files`` (what is written and
read), ``sweep`` (how rates depend on the settings).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
