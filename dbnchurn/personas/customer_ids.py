"""Ids of customers who are to have one persona each: all there, none twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.errors import DataError
from dbnchurn.tables.empty_rows import TOTAL


def refuse_ids(ids: pd.Series[Any], column: str, where: str) -> None:
    """Refuse rows that name no customer, and customers that have several rows.

    Parameters
    ----------
    ids : Series of n texts
        Missing where a row names no customer.
    column : str
        Their column.
    where : str
        The table, for messages.

    Raises
    ------
    DataError
        With both numbers.

    Examples
    --------
    >>> refuse_ids(pd.Series(["7", None]), "id", "a.csv")
    Traceback (most recent call last):
    ...
    dbnchurn.core.errors.DataError: a.csv: 1 rows have no id in column 'id' (the first is row 2): \
name each customer
    """
    wrong = []
    absent = ids.isna().to_numpy()
    if absent.any():
        wrong.append(
            f"{int(absent.sum())} rows have no id in column {column!r} (the first is row "
            f"{int(np.argmax(absent)) + 1}): name each customer"
        )
    known = ids[~absent]
    if repeated := int(known.duplicated().sum()):
        wrong.append(
            f"{repeated} rows of {where} repeat an id of column {column!r}; personas need one row "
            "per customer: take the newest row of each"
        )
    if wrong:
        raise DataError(f"{where}: {'; '.join(wrong)}")


def totals_text(rows: int) -> str:
    """A sentence on rows that are totals of others.

    Examples
    --------
    >>> totals_text(1), totals_text(2)
    ('1 row is left out: a total, not a customer', '2 rows are left out: a total, not a customer')
    """
    return f"{rows} {'row is' if rows == 1 else 'rows are'} left out: {TOTAL}"
