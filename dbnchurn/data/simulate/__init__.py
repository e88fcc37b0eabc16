"""A telecom with known truth: the paper's three tables, and who would leave with what probability.

``world`` draws customers and their months, ``hazard`` says how likely each leaves given what is
recorded, ``dirt`` spoils the records, ``write`` puts them into files chunk by chunk, ``truth``
says how good any model could be.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
