"""From score to action: which customer is contacted with which offer through which channel.

Modules in the order of the work: ``suppression`` (who must not be contacted), ``conditions`` and
``eligibility`` (who may get what), ``options`` (offers, channels and rules as a config),
``values`` and ``shrinkage`` (what a contact is worth), ``limits``, ``margins``, ``dual`` and
``integral`` (the plan as a linear programme: its constraints, its choices at given prices, its
prices, its whole numbers), ``draw`` (control group and exploration), ``allocation`` (the plan as a
record), ``allocate`` (the stage), ``promise`` (its value on pilot rows), ``allocation_job``,
``contact_rows`` and ``allocation_page`` (config in; list, log rows and page out).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
