"""Contacts of a log that lie in the outcome windows of a table's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dbnchurn.campaign.id_match import check_ids, id_keys
from dbnchurn.campaign.log import ContactLog
from dbnchurn.campaign.source import as_words
from dbnchurn.core.errors import DataError, listed
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Dates, Rows

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
else:
    pd = LazyModule("pandas")


def matched(log: ContactLog, ids: npt.NDArray[Any], opens: Dates, closes: Dates) -> Rows:
    """Position in the log of the contact in each row's outcome window; -1 where there is none.

    Parameters
    ----------
    log : ContactLog
    ids : array of shape (n,)
    opens, closes : datetime64 arrays of shape (n,)

    Returns
    -------
    int array of shape (n,)

    Raises
    ------
    DataError
        If no row is in the log, or a customer was in two campaigns within one window.
    """
    frame = log.frame
    rows = pd.DataFrame(
        {
            "customer": as_words(pd.Series(ids, name="id"), "the table").to_numpy(object),
            "row": np.arange(len(ids)),
            "opens": opens.astype("datetime64[s]"),
            "closes": closes.astype("datetime64[s]"),
        }
    )
    contacts = frame[["customer", "campaign", "contact_date"]].assign(place=np.arange(len(frame)))
    pairs = rows.merge(contacts, on="customer")
    if not len(pairs):
        raise DataError(
            f"feedback: no customer of the table is in {log.name}: the table has ids such as "
            f"{listed(rows['customer'][:3])}, the log such as {listed(frame['customer'][:3])}"
        )
    logged = frame[["customer"]].drop_duplicates().reset_index(drop=True)
    known = rows[["customer"]].drop_duplicates().reset_index(drop=True)
    logged["key"], known["key"] = id_keys(logged, known, log.name, "the table", "exact")
    check_ids(
        logged, known, (log.name, "the table"), "exact", what=("the log", "the table"), option=False
    )
    inside = pairs[
        (pairs["contact_date"] >= pairs["opens"]) & (pairs["contact_date"] < pairs["closes"])
    ]
    if not len(inside):
        first, last = pairs["contact_date"].min().date(), pairs["contact_date"].max().date()
        raise DataError(
            f"feedback: no contact of {log.name} ({first} to {last}) lies in an outcome window of "
            f"the table ({rows['opens'].min().date()} to {rows['closes'].max().date()}); check the "
            "dates, or leave 'feedback' out"
        )
    twice = inside["row"].duplicated(keep=False)
    if twice.any():
        customer = inside[twice]["customer"].iloc[0]
        several = inside[twice & (inside["customer"] == customer)]["campaign"]
        raise DataError(
            f"feedback: {inside[twice]['row'].nunique()} customers were in several campaigns "
            f"within one outcome window, such as {customer!r} in {listed(several.unique())}: no "
            "campaign alone stands for the label; shorten the window, or keep one campaign in the "
            "log"
        )
    row = np.full(len(ids), -1, np.intp)
    row[inside["row"]] = inside["place"]
    return row
