"""Customers in PostgreSQL: a table or the answer to a query, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dbnchurn.data.plan import Postgres
from dbnchurn.data.postgres import rows_of
from dbnchurn.errors import ConfigError
from dbnchurn.scoring.chunks import Chunk, sized


class Query:
    """Rows of a database.

    Parameters
    ----------
    variable : str
        Environment variable that holds the URL.
    wanted : str
        Name of a table, or SQL that the database runs (recognised by its blanks). Without ORDER
        BY a database may give its rows in another order the next time.
    """

    text = False
    rows: int | None = None

    def __init__(self, variable: str, wanted: str) -> None:
        query = wanted.strip()
        what = {"query": query} if any(c.isspace() for c in query) else {"table": query}
        if not variable.isidentifier():  # not shown: it may be the URL itself, with a password
            raise ConfigError(
                "database is the name of an environment variable that holds the URL, such as "
                "CRM_DATABASE, and never the URL itself"
            )
        self.source = Postgres.model_validate({"url": variable, **what})
        self.name = f"{variable}: {query}"
        with rows_of(self.source, limit=0) as (reader, _):
            self._schema = reader.schema
        self.columns = {self.name: self._schema.names}

    def identity(self) -> dict[str, Any] | None:
        """Nothing: a database does not tell whether its rows have changed."""
        return None

    def steps(self, size: int) -> int:
        """One: the number of rows is not known beforehand."""
        return 1

    def id_type(self, name: str) -> pa.DataType:
        """Exact numbers of any length are text."""
        found: pa.DataType = self._schema.field(name).type
        return found

    def chunks(self, wanted: list[str], size: int, first: int = 0) -> Iterator[Chunk]:
        """See :class:`~dbnchurn.scoring.chunks.Source`."""
        place = 0
        with rows_of(self.source, wanted) as (reader, numeric):
            for number, table in enumerate(sized(reader, size)):
                places = np.arange(place, place + table.num_rows)
                place += table.num_rows
                if number >= first:
                    yield Chunk(self.name, 0, places, _shortened(table, numeric), steps=0)


def _shortened(table: pa.Table, numeric: list[str]) -> pa.Table:
    """Exact numbers, which come as text, as short as they can be written: 7 for 7.00."""
    for name in numeric:
        words = pc.replace_substring_regex(table.column(name), r"(\.\d*?)0+$", r"\1")
        words = pc.replace_substring_regex(words, r"\.$", "")
        words = pc.if_else(pc.equal(words, "NaN"), pa.scalar(None, pa.string()), words)
        table = table.set_column(table.column_names.index(name), name, words)
    return table
