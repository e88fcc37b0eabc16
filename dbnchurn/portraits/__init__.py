"""Portraits: what is known of a customer, with dates, beside the persona and everyone.

Modules in the order of the work: ``config`` names the tables, ``customer_keys`` makes their ids
comparable, ``raw_tables`` reads them, ``typed_tables`` holds them to what a portrait needs,
``private_names`` stay inside, ``columns`` are what is shown, ``figures`` compares, each figure
beside the SQL query that gives it again, ``remarks`` are what has to be known beforehand, and
``portraits`` is all of this, open. ``profiles`` are JSON lines for a CRM, ``customer_page`` and
``persona_pages`` show, ``portrait_job`` writes.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
