"""One run: config in; model, predictions, metrics and report out, in one folder.

In the order in which a run meets them: ``run_config`` with ``sections``, ``source`` and
``protocol`` (what a config may say), ``unfinished`` and ``folder`` (where the run lies), ``tables``
(its customers), ``beside`` (what is known of them beside features), ``given`` (what is learned
from), ``baselines``, ``trained``; then, from what was trained, ``predictions``, ``diagnostics`` and
``facts``, and from these alone ``measure``, ``drivers``, ``published`` and ``page``. ``run`` is all
of it, ``words`` and ``tracking`` tell of it, ``recompute`` makes it again from its files, ``later``
holds it against customers that came after.

Many runs: ``grid`` (which), ``identity`` (which are finished already), ``one`` in ``processes`` of
its own, ``live`` (how it goes), ``finished``, ``comparison`` and ``comparison_files`` (what came
out); ``series`` is all of it. A search for settings is ``search`` and ``tuning``, one for segments
``segments_run``.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
