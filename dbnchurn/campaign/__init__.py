"""From score to action: who was contacted, what it did, and what the next campaign may bring.

``source`` reads a table of a campaign, ``log`` is the table of who was contacted or held out, and
``outcomes`` joins what became of them. ``effect`` holds the statistics of two arms, ``measure``
puts them together for a campaign, ``power`` says how many customers an effect needs, and ``plan``
what a campaign may cost and bring. ``lift_page`` and ``plan_page`` are the pages.

``assignments``, ``outcome_models``, ``learners`` and ``uplift`` learn the effect of every option on
every customer; ``policy_value``, ``qini`` and ``learner_choice`` measure that on other rows.
``feedback`` weighs the labels of months in which a campaign ran.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
