"""Preparation of the columns: clean, transform, reduce.

Steps are fitted on the training rows and applied unchanged to all others; they change values or
columns and never drop a row, so that every customer gets a score.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
