"""From score to action: what a contact changes, for whom, and what a plan is worth.

- ``assignments``: who got what, and with which probability that was drawn.
- ``outcome_models``, ``learners``, ``uplift``: the effect of every option on every customer.
- ``policy_value``, ``qini``: what a plan or a ranking brings, on rows that did not make it.
- ``learner_choice``: the learner that is worth most.
- ``feedback``: labels of months in which a campaign ran, for training and evaluation.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
