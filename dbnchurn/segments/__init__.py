"""Offer segments: groups of customers with a high rate of yeses, with rates on fresh rows.

Modules in the order of the work: ``columns`` (a table as numpy columns), ``conditions`` (on one
column), ``bins`` (columns to items), ``row_parts`` (rows in three parts), ``coded_table`` (all of
these), ``counts`` and ``patterns`` (data of mining), ``boxes`` and ``closed_sets`` (the two modes),
``rates`` and ``selection`` (tests and the cover), ``segment``, ``segment_list`` and ``measurement``
(the result), ``miner`` (the search as an estimator), ``page``, ``pictures`` and ``files`` (output),
``sweep`` (rates by setting).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
