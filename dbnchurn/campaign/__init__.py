"""From score to action: who was contacted, what it did, and what the next campaign may bring.

``source`` reads a table of a campaign, ``log`` is the table of who was contacted or held out, and
``outcomes`` joins what became of them, by ids that ``id_match`` compares. ``effect`` holds the
statistics of two arms, ``measure`` puts them together for a campaign, ``power`` says how many
customers an effect needs, and ``plan`` what a campaign may cost and bring. ``lift_page`` and
``plan_page`` are the pages.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
