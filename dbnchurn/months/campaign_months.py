"""What campaigns did, kept in a history beside the months in which they ran."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from dbnchurn.campaign.lift import Lift
from dbnchurn.core.errors import DataError
from dbnchurn.core.files import write_whole
from dbnchurn.core.html.format import percent, points, thousands
from dbnchurn.core.locks import folder_lock
from dbnchurn.months.history import WAIT, check_history
from dbnchurn.months.month_names import month_name
from dbnchurn.months.stored_facts import StoredCampaigns, read_stored

FORMAT = 1
NAME = re.compile(r"campaigns\.(\d{4}-\d{2}-\d{2})\.json")


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


def add_campaign(folder: str | Path, month: date, facts: Mapping[str, Any]) -> str:
    """Add what a campaign did to a history; measured again, the newer result takes its place.

    Parameters
    ----------
    folder : path
        Made if it is not there; the folder above it has to exist.
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
        If the folder cannot be used or its month cannot be read, or another process holds it.
    """
    folder = Path(folder)
    check_history(folder)
    folder.mkdir(exist_ok=True)
    name, facts = str(facts["campaign"]), json.loads(json.dumps(facts))
    with folder_lock(folder, WAIT):
        path = folder / f"campaigns.{month}.json"
        stored = _read(path) if path.exists() else {}
        before = stored.get(name)
        if before == facts:
            return f"history: the campaign {name} of {month} is there already, and the same"
        content = {"format": FORMAT, "month": str(month), "campaigns": {**stored, name: facts}}
        write_whole(path, json.dumps(content, indent=1, sort_keys=True) + "\n")
    done = "added" if before is None else "replaced by another result"
    return f"history: the campaign {name} of {month} was {done}: {path}"


def read_campaigns(folder: str | Path) -> tuple[CampaignMonth, ...]:
    """All campaigns of a history, the earliest month first.

    Parameters
    ----------
    folder : path

    Returns
    -------
    tuple of CampaignMonth

    Raises
    ------
    DataError
        If a file cannot be read.
    """
    found = []
    for path in sorted(Path(folder).iterdir()):
        if (named := NAME.fullmatch(path.name)) is None:
            continue
        stored = _read(path)
        month = date.fromisoformat(named[1])
        found += [CampaignMonth(month, **facts) for _, facts in sorted(stored.items())]
    return tuple(found)


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """Campaign → facts."""
    stored = read_stored(path, StoredCampaigns, FORMAT)
    if path.name != f"campaigns.{stored['month']}.json":
        raise DataError(f"{path} holds the month {stored['month']}; it was renamed, so name it so")
    if other := [name for name, facts in stored["campaigns"].items() if facts["campaign"] != name]:
        raise DataError(f"{path} holds another campaign than {other[0]!r} under this name")
    return dict(stored["campaigns"])
