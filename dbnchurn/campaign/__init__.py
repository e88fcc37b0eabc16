"""From score to action: who was contacted, what it did, and whom to contact next with what.

``arm_names`` are the words of all; ``source`` reads a table of a campaign, ``log`` is the table of
who was contacted or held out, and ``outcomes`` joins what became of them, by ids that ``id_match``
compares. ``effect`` holds the statistics of two arms, ``breakdown`` those of groups,
``scored_customers`` what was known before, and ``claim`` what may be claimed; ``measurement`` puts
them together, ``power`` says how many customers an effect needs, and ``plan`` what a campaign may
cost and bring. ``lift_page`` and ``plan_page`` are the pages.

Whom to contact: ``suppression``, ``conditions`` and ``eligibility`` (who may get what), ``options``
(offers, channels and rules as a config), ``values`` and ``shrinkage`` (what a contact is worth),
``limits``, ``margins``, ``dual``, ``integral`` and ``mixed_integer`` (the constraints, the best
choices at given prices, the prices, whole numbers, and their solver), ``draw`` and ``arms``
(control group and exploration), ``allocation`` (the result), ``allocate`` (the stage), ``promise``
(its value on pilot rows), ``allocation_job`` and ``allocation_page`` (config in; list, log rows and
page out).

``assignments``, ``outcome_models``, ``learners`` and ``uplift`` learn the effect of every option on
every customer; ``policy_value``, ``qini`` and ``learner_choice`` measure that on other rows.
``feedback`` weighs the labels of months in which a campaign ran: ``contacts_in_windows`` finds whom
it touched, ``kept_share`` measures what it kept, and ``label_weights`` turns that into weights.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
