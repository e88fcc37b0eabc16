"""One row per customer → clean, transformed, reduced columns.

Steps are fitted on training rows and replayed frozen; they change values or columns and never drop
a row, so every customer gets a score.
"""

from dbnchurn.lazy import attach

__all__ = ["Prepare", "PrepareRecord"]

__getattr__ = attach(__name__, {"Prepare": "prepare", "PrepareRecord": "record"})
