"""Scoring jobs: a table of any size in, a table with scores out.

``job`` reads the table in chunks (or builds it with ``month``), ``scorer`` scores a chunk,
``work_folder`` keeps finished chunks, ``outputs`` writes the files of the job to the
``output_paths``, among them the ``campaign`` list. The ``result`` says how it came out, with the
``drift`` since training; ``summary_text`` prints it.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
