"""From source tables to one row of features per customer and cutoff, with checks.

In the order in which data meets them:

- ``simulate``: a telecom whose true churn probabilities are known.
- ``infer``: contracts inferred from the rows of tables, to edit.
- ``plan``, ``windows``: config sections of tables, contracts, label, features and time windows.
- ``open``: the raw rows of a source in DuckDB.
- ``ambiguous``: refuse keys and dates that can be read in two ways.
- ``typed``, ``contracts``: types and rules of every column; quarantine of rows that break them.
- ``aggregates``, ``label``, ``joins``: features and label as SQL, joined to one row per customer.
- ``build``: all of these, from a plan to a Parquet file.
- ``leakage``, ``lookahead``: features that reveal the outcome.
- ``quality``: a page about the finished table.

One table alone is read by :mod:`dbnchurn.tables`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
