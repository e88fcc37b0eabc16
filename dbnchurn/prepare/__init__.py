"""One row per customer → clean, transformed, reduced columns.

Steps are fitted on training rows and replayed frozen; they change values or columns and never drop
a row, so every customer gets a score.
"""

from typing import TYPE_CHECKING

from dbnchurn.lazy import attach

if TYPE_CHECKING:
    from dbnchurn.prepare.prepare import Prepare as Prepare
    from dbnchurn.prepare.record import PrepareRecord as PrepareRecord

__all__ = ["Prepare", "PrepareRecord"]

__getattr__ = attach(__name__, {"Prepare": "prepare", "PrepareRecord": "record"})
