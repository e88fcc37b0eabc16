"""One run: config in; model, predictions, metrics and report out, in one folder.

In the order in which a run meets them: ``config`` with ``sections`` and ``protocol`` (what a config
may say), ``unfinished`` and ``folder`` (the folder of the run), ``side_columns`` (columns that are
no features) and ``customers`` (the table), ``dataset`` (what is fitted on), ``baselines`` and
``result``; then, from what was trained, ``predictions``, ``diagnostics``, ``drivers`` and
``facts``, and from these alone ``metrics``, ``published`` and ``report``. ``training`` is all of
it; ``summary_text`` and ``tracking`` show a finished run, ``recompute`` makes it again from its
files, and ``backtest`` evaluates its model on customers that came later. ``segments`` is a run of
another kind: a search for segments.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
