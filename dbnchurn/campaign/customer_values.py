"""Columns of another table of the customers, such as their values, beside those of their scores."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dbnchurn.campaign.id_match import check_ids, id_keys
from dbnchurn.campaign.options import AllocateConfig
from dbnchurn.campaign.source import read_source, unique_ids
from dbnchurn.core.errors import DataError, listed

CUSTOMER = "customer"  # as `dbnchurn values` calls it
SHOWN = 3


def with_values(
    frame: pd.DataFrame, ids: pd.Series[Any], config: AllocateConfig
) -> tuple[pd.DataFrame, list[str]]:
    """The customers with the columns of the table ``values``, if the config names one.

    Parameters
    ----------
    frame : DataFrame of n rows
    ids : Series of n texts
        The customers.
    config : AllocateConfig

    Returns
    -------
    frame : DataFrame of n rows
        In the same order.
    notes : list of str
        What was converted, and how many customers of the table are not planned for.

    Raises
    ------
    DataError
        If a customer has no row and should have one, or both tables have a column.
    """
    source = config.values
    if source is None:
        return frame, []
    table = read_source(source, texts=[CUSTOMER], kinds={})
    others = unique_ids(table.frame, CUSTOMER, source.name, key="values.columns.customer")
    rows, found = pd.DataFrame({CUSTOMER: ids}), pd.DataFrame({CUSTOMER: others})
    names = config.customers.name, source.name
    rows["key"], found["key"] = id_keys(rows, found, *names, "exact")
    check_ids(rows, found, names, "exact", what=("customers", "values"), option=False)
    absent = ids[~rows["key"].isin(found["key"])]
    problems = []
    if len(absent) and config.values_of == "all":
        problems.append(
            f"{len(absent)} of the {len(ids)} customers of {names[0]} have no row, such as "
            f"{listed(absent[:SHOWN])}: add them, leave them out of the customers, or say that the "
            "table is of some customers (allocate.values_of: some)"
        )
    columns = table.frame.drop(columns=CUSTOMER)
    if both := [str(name) for name in columns if name in frame]:
        problems.append(
            f"{names[0]} has a column {listed(both)} too; rename one of each (values.columns)"
        )
    if problems:
        raise DataError(f"{names[1]}: {'; '.join(problems)}")
    joined = columns.set_index(found["key"]).reindex(rows["key"]).set_index(frame.index)
    notes = list(table.notes)
    if len(absent):
        notes.append(
            f"{len(absent):,} of {len(ids):,} customers are not in {names[1]}: empty there"
        )
    if more := int((~found["key"].isin(rows["key"])).sum()):
        notes.append(f"{more:,} customers of {names[1]} are not among those of {names[0]}")
    return pd.concat([frame, joined], axis=1), notes
