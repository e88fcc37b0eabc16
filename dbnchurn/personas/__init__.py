"""Personas: customers grouped by what they are like, without their outcome; frozen, in words.

Modules in the order of the work: ``space_record`` and ``space`` (a table as points of a mixed
space), ``code_space_record`` and ``code_space`` (hidden codes in its place), ``score_record``
(points to personas), ``k_means`` and ``mixture`` (the two methods), ``stability`` (how many),
``description`` (in words), ``persona_record`` (all that assigning needs), ``personas`` (the
estimator), ``files`` (a folder), ``customer_ids`` and ``assignment`` (month after month),
``differences``, ``pictures``, ``page`` and ``flow_page``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
