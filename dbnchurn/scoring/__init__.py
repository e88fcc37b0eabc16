"""Scoring jobs: a table of any size in, a table with scores out.

``job`` reads chunks (``files``, ``database``), scores them (``frames``, ``rows``), keeps what is
done (``parts``) and writes the whole (``finish``), with ``drift`` and, on request, ``campaign``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
