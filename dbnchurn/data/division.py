"""Divide the rows of source tables by customer, so that each part can be built alone.

A row goes where the hash of its key says, read as the build reads keys: ``7``, ``7.0`` and 7 are in
one part, and so are equal texts, whichever kind of keys the build decides for. Rows without a key
are spread, for they only go to quarantine.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa

from dbnchurn.core.sql import quoted
from dbnchurn.data.plan import TablePlan
from dbnchurn.data.typed import exact_integer, present
from dbnchurn.tables.text_column import PERHAPS_MISSING


def part_of_key(table: TablePlan, kind: str, parts: int) -> str:
    """SQL of the number of the part that a raw row belongs to, NULL if it has no key.

    Parameters
    ----------
    table : TablePlan
    kind : str
        SQL type of the raw key.
    parts : int

    Returns
    -------
    str
    """
    cell = present(table.key, kind, (*table.missing, *PERHAPS_MISSING))
    return (
        f"SELECT {part_of_present('key', kind, parts)} AS part, key IS NULL AS unknown "
        f"FROM (SELECT {cell} AS key FROM incoming)"
    )


def part_of_present(key: str, kind: str, parts: int) -> str:
    """SQL of the number of the part of a key without spaces around it, raw or clean.

    Parameters
    ----------
    key : str
        SQL expression.
    kind : str
        Its SQL type.
    parts : int

    Returns
    -------
    str
    """
    text = f"coalesce(CAST({exact_integer(key, kind)} AS VARCHAR), CAST({key} AS VARCHAR))"
    return f"CAST(hash({text}) % {parts} AS INTEGER)"


class Division:
    """Divides rows of one table among parts.

    Parameters
    ----------
    table : TablePlan
    parts : int
        How many.

    Examples
    --------
    >>> table = TablePlan(path="bills.csv", key="id")
    >>> rows = pa.table({"id": ["7", "7.0", " 7", "8"]})
    >>> sorted(part.num_rows for _, part in Division(table, 1000).divide(rows))
    [1, 3]
    """

    def __init__(self, table: TablePlan, parts: int) -> None:
        self._table, self._parts = table, parts
        # Rows keep their order: part numbers are matched to rows by position.
        config: dict[str, str | bool | int | float | list[str]] = {
            "threads": 1,
            "preserve_insertion_order": True,
        }
        self._connection = duckdb.connect(config=config)
        self._spread = 0

    def divide(self, rows: pa.Table) -> Iterator[tuple[int, pa.Table]]:
        """The rows of every part that has some.

        Parameters
        ----------
        rows : Arrow table
            Raw, with the table's key.

        Yields
        ------
        part : int
        rows : Arrow table
        """
        connection = self._connection
        connection.register("incoming", rows.select([self._table.key]))
        described = connection.execute(f"DESCRIBE SELECT {quoted(self._table.key)} FROM incoming")
        kind = described.fetchall()[0][1]
        found = connection.execute(part_of_key(self._table, kind, self._parts)).fetchnumpy()
        connection.unregister("incoming")
        unknown = np.asarray(found["unknown"], bool)
        part = np.ma.filled(found["part"], 0).astype(np.int64)
        count = int(unknown.sum())
        part[unknown] = (self._spread + np.arange(count)) % self._parts
        self._spread += count
        order = np.argsort(part, kind="stable")
        sorted_rows = rows.take(pa.array(order))
        numbers, starts = np.unique(part[order], return_index=True)
        for number, start, end in zip(numbers, starts, [*starts[1:], len(order)], strict=True):
            yield int(number), sorted_rows.slice(int(start), int(end - start))
