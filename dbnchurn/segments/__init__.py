"""Offer segments: who says yes, in plain words, with rates that hold on new customers.

In the order in which data meets them: ``columns`` (a table made plain), ``conditions`` (what is
said of one column), ``bins`` (columns to items), ``split`` (rows in three parts), ``coding`` (all
of these), ``counts`` and ``patterns`` (what mining works on), ``boxes`` and ``closed`` (the two
modes), ``rates`` and ``select`` (tests and the cover), ``segment``, ``listing`` and ``measure``
(the result), ``miner`` (the search as one estimator), ``page`` and ``files`` (what is written and
read), ``sweep`` (how rates depend on the settings).
"""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.segments.files import load as load
    from dbnchurn.segments.files import save as save
    from dbnchurn.segments.listing import SegmentList as SegmentList
    from dbnchurn.segments.miner import SegmentMiner as SegmentMiner

__all__ = ["SegmentList", "SegmentMiner", "load", "save"]

__getattr__ = attach(
    __name__,
    {"SegmentList": "listing", "SegmentMiner": "miner", "load": "files", "save": "files"},
)
