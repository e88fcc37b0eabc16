"""Who calls whom: measures of the graph, and the key users through whom word gets around.

``call_table`` holds a table of calls to what a graph needs, ``reading`` makes a ``call_graph`` of
it, and ``hubs`` are cut out. ``measures`` are core numbers, PageRank and clustering; ``reach``
chooses seeds by expected reach and simulates cascades. ``key_users`` is the result;
``key_users_text``, ``key_users_page`` and ``key_users_job`` show and write it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
