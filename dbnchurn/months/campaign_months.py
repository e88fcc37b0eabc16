"""What campaigns did, kept in a history beside the months in which they ran."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dbnchurn.campaign.lift import Lift
from dbnchurn.core.errors import DataError
from dbnchurn.core.html.format import percent, points, thousands
from dbnchurn.months.history import history_at, read_entries
from dbnchurn.months.history_store import Entry, HistoryStore
from dbnchurn.months.month_names import month_name
from dbnchurn.months.stored_facts import StoredCampaigns, parse_stored

FORMAT = 1


@dataclass(frozen=True)
class CampaignMonth:
    """What a campaign of a month did.

    Parameters
    ----------
    month : date
        The cutoff of the scores that its customers were chosen by.
    campaign : str
    claim : str
        ``kept``, ``lost``, ``not told`` or ``stopped``.
    effect, low, high : float or None
        Share that left, contacted minus control, with the interval that the claim stands on; None
        where the draw does not fit.
    confidence : float
        Of the interval.
    contacted, control : int
        Customers of each arm whose outcome is counted.
    preliminary : bool
        Whether outcome windows are not over.
    """

    month: date
    campaign: str
    claim: str
    effect: float | None
    low: float | None
    high: float | None
    confidence: float
    contacted: int
    control: int
    preliminary: bool

    @property
    def interval(self) -> str:
        """The effect's interval in percentage points; a dash where no effect is told."""
        if self.low is None or self.high is None:
            return "–"
        return f"{points(self.low)} to {points(self.high)}"

    @property
    def sentence(self) -> str:
        """What it did, in a sentence."""
        month = month_name(self.month)
        rows = (
            f"{thousands(self.contacted)} contacted and {thousands(self.control)} held-out "
            "customers"
        )
        if self.effect is None:
            return (
                f"The campaign {self.campaign} of {month} has no effect that could be told: "
                f"its draw does not fit ({rows})."
            )
        words = {"kept": "kept customers", "lost": "lost customers"}
        what = words.get(self.claim, "has no effect that chance could not explain")
        early = "; preliminary, as outcome windows are not over" if self.preliminary else ""
        return (
            f"The campaign {self.campaign} of {month} {what}: {points(self.effect)} points "
            f"among those contacted, {percent(self.confidence, 0)} interval {self.interval} "
            f"({rows}){early}."
        )


def campaign_facts(lift: Lift) -> dict[str, Any]:
    """What a history keeps of a measured campaign.

    Parameters
    ----------
    lift : Lift

    Returns
    -------
    dict
        The fields of :class:`CampaignMonth`, without the month.
    """
    told = lift.as_dict()
    effect, often = told["effect"], told["always_valid"]
    ends = effect if often is None else often
    return {
        "campaign": lift.campaign,
        "claim": lift.claim,
        "effect": effect["value"],
        "low": ends["low"],
        "high": ends["high"],
        "confidence": told["confidence"],
        "contacted": effect["contact"]["rows"],
        "control": effect["control"]["rows"],
        "preliminary": lift.preliminary,
    }


def add_campaign(place: str | Path, month: date, facts: Mapping[str, Any]) -> str:
    """Add what a campaign did to a history; measured again, the newer result takes its place.

    Parameters
    ----------
    place : path or str
        As :func:`~dbnchurn.months.history.history_at` takes it. A folder or table is made if it is
        not there; the folder above it has to exist.
    month : date
        The cutoff of the scores that its customers were chosen by.
    facts : mapping
        As :func:`campaign_facts` gives it.

    Returns
    -------
    str
        What was done, in a sentence: added, already there, or replaced.

    Raises
    ------
    ConfigError, DataError, ResourceError
        If the history cannot be used or its month cannot be read, or another process holds it.
    """
    store, entry = history_at(place), Entry(month, "")
    store.check({}, {}, mkdir=False)
    name, facts = str(facts["campaign"]), json.loads(json.dumps(facts))
    found: list[dict[str, Any]] = []

    def change(text: str | None) -> str | None:
        found.append({} if text is None else _parsed(store, entry, text))
        if found[0].get(name) == facts:
            return None
        content = {"format": FORMAT, "month": str(month), "campaigns": {**found[0], name: facts}}
        return json.dumps(content, indent=1, sort_keys=True) + "\n"

    store.update(entry, change)
    before = found[0].get(name)
    if before == facts:
        return f"history: the campaign {name} of {month} is there already, and the same"
    done = "added" if before is None else "replaced by another result"
    return f"history: the campaign {name} of {month} was {done}: {store.where(entry)}"


def read_campaigns(place: str | Path) -> tuple[CampaignMonth, ...]:
    """All campaigns of a history, the earliest month first.

    Parameters
    ----------
    place : path or str
        As :func:`~dbnchurn.months.history.history_at` takes it.

    Returns
    -------
    tuple of CampaignMonth

    Raises
    ------
    ConfigError, DataError
        If there is no such history, or an entry cannot be read.
    """
    return campaigns_of(*read_entries(place))


def campaigns_of(store: HistoryStore, texts: Mapping[Entry, str]) -> tuple[CampaignMonth, ...]:
    """The campaigns among the entries of a history.

    Parameters
    ----------
    store : HistoryStore
    texts : mapping of Entry → str
        As :func:`~dbnchurn.months.history.read_entries` gives it.

    Returns
    -------
    tuple of CampaignMonth

    Raises
    ------
    DataError
        If an entry cannot be read.
    """
    found = []
    for entry, text in texts.items():
        if not entry.model:
            stored = _parsed(store, entry, text)
            found += [CampaignMonth(entry.month, **facts) for _, facts in sorted(stored.items())]
    return tuple(found)


def _parsed(store: HistoryStore, entry: Entry, text: str) -> dict[str, dict[str, Any]]:
    """Campaign → facts."""
    where = store.where(entry)
    stored = parse_stored(text, where, StoredCampaigns, FORMAT)
    if stored["month"] != str(entry.month):
        raise DataError(f"{where} holds the month {stored['month']}; it was renamed, so name it so")
    if other := [name for name, facts in stored["campaigns"].items() if facts["campaign"] != name]:
        raise DataError(f"{where} holds another campaign than {other[0]!r} under this name")
    return dict(stored["campaigns"])
