"""The tables of simulated customers: one row a month, or an event, as long as each is there."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dbnchurn.core.typing import Ints
from dbnchurn.data.simulate.dirt import CATEGORIES, Table, spellings
from dbnchurn.data.simulate.world import World


def monthly_records(world: World, left_in: Ints, joined: Ints | None = None) -> Table:
    """One row per customer and month up to the one in which the customer leaves.

    Parameters
    ----------
    world : World
        Of n customers.
    left_in : int array of shape (n,)
        Position of the month in which each leaves; the number of months for those who stay.
    joined : int array of shape (n,), optional
        Position of the month in which each joins; by default all are there from the first on.

    Returns
    -------
    dict of column → array
        With ``status``, 1 in the month in which the customer leaves.
    """
    n, m = len(world.ids), len(world.months)
    customer, month = np.divmod(np.arange(n * m), m)
    there = month <= left_in[customer]
    if joined is not None:
        there &= month >= joined[customer]
    customer, month = customer[there], month[there]
    columns: Table = {
        "customer_id": world.ids[customer],
        "month": world.months[month].astype("datetime64[D]"),
    }
    columns |= {
        name: values[customer] for name, values in world.fixed.items() if name != "contract_months"
    }
    columns |= {name: values[customer, month] for name, values in world.monthly.items()}
    columns["status"] = (month == left_in[customer]).astype(np.int8)
    return columns


def event_records(
    world: World, events: Table, left_in: Ints, date: str, joined: Ints | None = None
) -> Table:
    """Events of customers that are there.

    Parameters
    ----------
    world : World
        Of n customers.
    events : dict of column → array
        ``world.complaints`` or ``world.readings``.
    left_in, joined : int arrays of shape (n,)
        As in :func:`monthly_records`.
    date : str
        Name of the column with the day.

    Returns
    -------
    dict of column → array
    """
    month = (events["day"].astype("datetime64[M]") - world.months[0]).astype(np.int64)
    there = month <= left_in[events["customer"]]
    if joined is not None:
        there &= month >= joined[events["customer"]]
    kept = {name: values[there] for name, values in events.items()}
    columns = {"customer_id": world.ids[kept.pop("customer")], date: kept.pop("day")}
    return columns | kept


def to_arrow(columns: Table) -> pa.Table:
    """Columns as an Arrow table: codes of categories become their words, NaN an empty cell."""
    return pa.table({name: _column(name, values) for name, values in columns.items()})


def _column(name: str, values: npt.NDArray[Any]) -> pa.Array:
    if name in CATEGORIES:
        codes = pa.array(values, mask=values < 0)
        return pa.DictionaryArray.from_arrays(codes, pa.array(spellings(name)))
    if name == "customer_id":
        return pa.array(values, mask=np.isnan(values)).cast(pa.int64())
    return pa.array(values, from_pandas=True)
