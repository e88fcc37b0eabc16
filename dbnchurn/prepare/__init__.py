"""One row per customer → clean, transformed, reduced columns.

Steps are fitted on training rows and replayed frozen; they change values or columns and never drop
a row, so every customer gets a score.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
