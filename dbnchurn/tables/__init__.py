"""One table of customers: read, checked against its contract, split, streamed and written.

In the order in which data meets them:

- ``files``: read one whole CSV or Parquet file, or a sample table.
- ``inspection``: what a table holds and how it would be read, without loading it.
- ``contract``: check the table; take label, id and date apart from the features.
- ``misparsed``: warn of text that is probably numbers or dates.
- ``splitting``: train, validation and test parts.
- ``schema``: name, kind and levels of the feature columns; the arrays they are read into.
- ``reading``: read a frame into these arrays, for training and scoring alike.

For tables that do not fit into memory:

- ``chunks``: the protocol of a source that yields a table chunk by chunk.
- ``streaming``: CSV and Parquet files as such a source.
- ``postgres``: a PostgreSQL table or query as such a source; loading tables into a database.
- ``arrow``: a chunk as the frame that ``reading`` takes.
- ``writing``: write scores as CSV or Parquet.
- ``duckdb``: a temporary DuckDB database with bounded memory.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
