"""Customers of a campaign whom another campaign of the same log contacts or holds out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.campaign.arm_names import CONTACT, CONTROL
from dbnchurn.campaign.effect import MISMATCH, same_share
from dbnchurn.campaign.log import ContactLog
from dbnchurn.core.errors import listed
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Bools

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
else:
    pd = LazyModule("pandas")


RUNNING = 90  # days in which a campaign's control group is left alone, unless said otherwise


def held_out_elsewhere(
    log: ContactLog, ids: pd.Series[Any], campaign: str, day: date, days: int = RUNNING
) -> Bools:
    """Customers who are in the control group of another campaign that still runs.

    Parameters
    ----------
    log : ContactLog
    ids : Series of n texts
    campaign : str
        The campaign that is planned.
    day : date
        Of its contacts.
    days : int, default 90
        How long a campaign runs; those that begin as many days later count too.

    Returns
    -------
    array of bool
    """
    rows = log.frame[(log.frame["arm"] == CONTROL) & (log.frame["campaign"] != campaign)]
    apart = (rows["contact_date"] - pd.Timestamp(day)).abs()
    return ids.isin(rows.loc[apart < pd.Timedelta(days=days), "customer"]).to_numpy(bool)


@dataclass(frozen=True)
class ContactsElsewhere:
    """Customers of a campaign whom other campaigns contacted while it ran.

    Parameters
    ----------
    contacted : mapping of arm → (customers with such a contact, customers)
    campaigns : tuple of str
        The other campaigns.
    """

    contacted: Mapping[str, tuple[int, int]]
    campaigns: tuple[str, ...]

    @property
    def unlike(self) -> str:
        """What the verdict adds where they reached another share of either group."""
        (hit, rows), (held, controls) = (self.contacted.get(a, (0, 0)) for a in (CONTACT, CONTROL))
        if same_share((hit, held), (rows, controls)) >= MISMATCH:
            return ""
        return (
            f"But other campaigns contacted {100 * held / controls:.1f} % of the control group "
            f"meanwhile, and {100 * hit / rows:.1f} % of the contacted: this is not the effect of "
            "the campaign alone."
        )

    @property
    def sentence(self) -> str:
        """What that means for the effect; empty where there are none."""
        if not self.campaigns:
            return ""
        parts = [
            f"{count:,} of {rows:,} in arm {arm} ({100 * count / rows:.1f} %)"
            for arm, (count, rows) in self.contacted.items()
        ]
        return (
            f"While this campaign ran, the log has contacts of other campaigns "
            f"({listed(self.campaigns)}) with its customers: {', '.join(parts)}. The difference "
            "holds their effect too: it is that of this campaign alone only if they reached both "
            "groups alike and did nothing to them."
        )


def contacts_elsewhere(
    whole: pd.DataFrame, rows: pd.DataFrame, window: int | None
) -> ContactsElsewhere:
    """Find contacts of other campaigns in the outcome windows of one.

    Parameters
    ----------
    whole : DataFrame
        The log with all campaigns.
    rows : DataFrame
        The campaign's rows of it.
    window : int or None
        Days from the contact on; None counts all later contacts.

    Returns
    -------
    ContactsElsewhere
    """
    columns = ["customer", "campaign", "contact_date"]
    contacts = whole.loc[whole["arm"] != CONTROL, columns]
    own = rows[[*columns, "arm"]].reset_index(drop=True)
    pairs = own.reset_index().merge(contacts, on="customer", suffixes=("", "_other"))
    later = (pairs["contact_date_other"] - pairs["contact_date"]).dt.days
    met = (pairs["campaign"] != pairs["campaign_other"]) & (later >= 0)
    if window is not None:
        met &= later < window
    touched = np.zeros(len(own), bool)
    touched[pairs.loc[met, "index"].to_numpy(np.int64)] = True
    counts = {
        str(arm): (int(touched[(own["arm"] == arm).to_numpy()].sum()), int(size))
        for arm, size in own["arm"].value_counts().sort_index().items()
    }
    names = tuple(sorted(pairs.loc[met, "campaign_other"].unique()))
    return ContactsElsewhere(counts, names)
