"""Customers of whom nothing is known: what a model is asked with before there are any."""

from __future__ import annotations

import numpy as np

from dbnchurn.schema import Schema, Table


def no_evidence(schema: Schema, rows: int) -> Table:
    """A table as read, of so many rows without any value.

    Parameters
    ----------
    schema : Schema
    rows : int

    Examples
    --------
    >>> from dbnchurn.schema import Column
    >>> schema = Schema((Column("plan", "category", ("A", "B")), Column("debt", "number")))
    >>> table = no_evidence(schema, 1)
    >>> table.number_names, table.code_names, table.sizes, table.numbers, table.codes
    (('debt',), ('plan',), (2,), array([[nan]]), array([[-1]], dtype=int32))
    """
    numbers = [column for column in schema.used if column.kind != "category"]
    categories = [column for column in schema.used if column.kind == "category"]
    return Table(
        np.full((rows, len(numbers)), np.nan),
        np.full((rows, len(categories)), -1, np.int32),
        tuple(column.name for column in numbers),
        tuple(column.name for column in categories),
        tuple(len(column.levels) for column in categories),
    )
