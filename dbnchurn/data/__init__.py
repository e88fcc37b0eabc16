"""Source tables → one row per customer: read, hold to the contract, join, check, divide.

For one table: ``sources``, ``contract``, ``samples``. For several, in the order of their work:
``plan`` and ``windows`` (what is wanted), ``relations`` and ``postgres`` (open), ``enforce`` (hold
to contracts), ``integrate`` and ``outcome`` (one row per customer and cutoff), ``build`` (all of
it), ``leakage``, ``foresight`` and ``quality`` (what is wrong with it). ``infer`` proposes
contracts, ``simulate`` draws a telecom whose truth is known.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
