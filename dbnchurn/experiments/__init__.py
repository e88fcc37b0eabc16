"""Many runs: variants over seeds and folds, their comparison, and the search for settings.

In the order in which an experiment meets them: ``grid`` (which runs), ``fingerprints`` (which of
them are finished already), ``worker`` in the processes of ``worker_pool`` (one run each),
``progress_board`` (how far it is), ``finished_runs``, ``comparison`` and ``comparison_files`` (the
result); ``experiment`` is all of it. A search for settings is ``search`` (its trials) and
``tuning``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
