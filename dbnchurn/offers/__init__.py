"""What to offer whom next: from what customers hold, or from what they bought when.

``purchases`` are the arrays that all others read; ``purchase_table`` and ``holding_table`` make
them of tables, and hold these to what an offer needs. ``item_weights`` say which items go with
which, ``acceptance`` makes probabilities of them, and ``next_offer_record`` is what remains of
both. ``eligibility`` is who may get what. ``time_split`` and ``hidden_holdings`` measure lists on
rows that made none of it, by ``list_quality``; ``rules`` are associations in words, and
``new_items`` ranks customers for what nobody has. ``next_offer`` brings them together;
``offer_table``, ``offer_summary`` and ``offers_page`` show the result.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
