"""Labels of months in which a campaign ran, weighted as if nobody had been contacted.

A contact keeps customers who would have left, and a model that learns from such labels takes the
riskiest customers for safe ones. The control group says by which share contacts lowered the rate of
leaving. Contacted leavers are weighted by one over what is left of the rate, and contacted stayers
so that each group keeps its size; controls stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from dbnchurn.campaign.arm_names import CONTROL
from dbnchurn.campaign.contacts_in_windows import matched
from dbnchurn.campaign.kept_share import (
    KEEP_ALL,
    SMALLEST_ARM,
    Group,
    KeptShare,
    measured_shares,
    unmeasured,
)
from dbnchurn.campaign.label_weights import weights_without_contact
from dbnchurn.campaign.limits import Option
from dbnchurn.campaign.log import ContactLog
from dbnchurn.campaign.outcomes import Outcomes, join_outcomes
from dbnchurn.campaign.source import CampaignSource
from dbnchurn.config import Section
from dbnchurn.core.errors import ConfigError, DataError, did_you_mean
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.typing import Dates, Floats, Labels, Rows

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
else:
    pd = LazyModule("pandas")

Share = Annotated[float, Field(lt=KEEP_ALL)]


class FeedbackSection(Section):
    """Campaigns that ran in the outcome windows of the rows."""

    log: str | CampaignSource = Field(
        description="Contact log: the path of a file, or how a file or a database is read."
    )
    outcomes: str | CampaignSource | None = Field(
        default=None,
        description="Outcomes that the effect is measured on; by default the labels of the rows.",
    )
    effect: Share | dict[str, Share] | None = Field(
        default=None,
        description="Share of the leavers that contacts kept, from an earlier measurement; one "
        "number, or campaign → number. By default it is measured against the control group.",
    )
    exclude: tuple[str, ...] = Field(
        default=(), description="Campaigns whose contacted customers are left out of the training."
    )
    since: date | None = Field(
        default=None,
        description="First day of the outcome window, where the table has no dates of its own.",
    )
    days: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="Length of the outcome window, where 'data.windows' does not say it.",
    )

    @model_validator(mode="after")
    def _one_origin(self) -> FeedbackSection:
        if self.outcomes is not None and self.effect is not None:
            raise ValueError("feedback: give 'outcomes' to measure the effect on, or 'effect'")
        return self

    @property
    def paths(self) -> list[str | Path]:
        """Files of log and outcomes."""
        return [path for given in (self.log, self.outcomes) if (path := _path(given)) is not None]


def _path(given: str | CampaignSource | None) -> str | None:
    return given.path if isinstance(given, CampaignSource) else given


@dataclass(frozen=True, eq=False)
class WeightedLabels:
    """What was done to the labels of some rows.

    Parameters
    ----------
    weight : float64 array of shape (n,)
        1 for controls and customers on no list, 0 for those that are left out.
    kept : tuple of KeptShare
    counts : dict
        ``contacted``, ``controls``, ``left_out``, ``untouched``: rows.
    notes : tuple of str
        All of it in sentences.
    """

    weight: Floats
    kept: tuple[KeptShare, ...]
    counts: dict[str, int]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain data for reports."""
        return {
            "counts": self.counts,
            "kept": [share.as_dict() for share in self.kept],
            "notes": list(self.notes),
        }


@dataclass(frozen=True, eq=False)
class Feedback:
    """A contact log beside the rows of a table.

    Parameters
    ----------
    log : DataFrame
        As ``ContactLog.frame``.
    row : int array of shape (n,)
        Position in the log of the contact in the outcome window of each row of the table; -1 where
        there is none.
    y : int array of shape (n,)
        1 for those who left.
    outcomes : float64 array, one a row of the log, or None
        Known outcomes, NaN where there is none; None for the labels of the table.
    effect : float, mapping of campaign → float, or None
        Known shares that contacts kept.
    exclude : tuple of str
        Campaigns whose contacted customers are left out.
    notes : tuple of str
        Of the reading.

    Examples
    --------
    >>> left = np.arange(4000) % 2000 < np.where(np.arange(4000) < 2000, 200, 400)
    >>> log = ContactLog.of(pd.DataFrame({
    ...     "customer": np.arange(4000), "campaign": "spring", "offer": "discount",
    ...     "channel": "mail", "arm": ["contact"] * 2000 + ["control"] * 2000, "propensity": 0.5,
    ...     "contact_date": "2026-03-01"}))
    >>> found = Feedback(log.frame, np.arange(4000), left.astype(int)).weigh(np.arange(4000))
    >>> round(found.kept[0].value, 2), round(float(found.weight[:2000] @ left[:2000]))
    (0.5, 400)
    """

    log: pd.DataFrame
    row: Rows
    y: Labels
    outcomes: Floats | None = None
    effect: float | Mapping[str, float] | None = None
    exclude: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def read(
        cls,
        section: FeedbackSection,
        ids: npt.NDArray[Any],
        y: Labels,
        opens: Dates,
        closes: Dates,
    ) -> Feedback:
        """Read the log, and find each row's contact.

        Parameters
        ----------
        section : FeedbackSection
        ids : array of shape (n,)
            Customer of each row.
        y : int array of shape (n,)
        opens, closes : datetime64 arrays of shape (n,)
            The time in which a contact changes the label: from the first day up to, without it,
            the last.

        Returns
        -------
        Feedback

        Raises
        ------
        DataError
            If log or outcomes cannot be used, or no customer is in the log.
        ConfigError
            If a campaign that the section names is not in the log.
        """
        log = ContactLog.read(section.log)
        named = set(section.exclude) | (
            set(section.effect) if isinstance(section.effect, Mapping) else set()
        )
        for name in sorted(named - set(log.campaigns)):
            raise ConfigError(
                f"feedback: {log.name} has no campaign {name!r}: "
                f"{did_you_mean(name, log.campaigns)}"
            )
        row = matched(log, ids, opens, closes)
        outcomes, notes = None, list(log.notes)
        if section.outcomes is not None:
            joined = join_outcomes(log, Outcomes.read(section.outcomes), window=section.days)
            keys = ["customer", "campaign"]
            together = log.frame[keys].merge(joined.frame[[*keys, "left"]], on=keys, how="left")
            outcomes, notes = together["left"].to_numpy(np.float64), list(joined.notes)
            if joined.without_outcome:
                notes.append(
                    f"{joined.without_outcome} customers of {log.name} have no outcome yet"
                )
            if joined.preliminary:
                notes.append(
                    f"windows of {joined.wanted_window} days are not all over: {joined.not_over} "
                    f"customers are left out, and leaving within {joined.window} days is counted"
                )
        return cls(log.frame, row, y, outcomes, section.effect, section.exclude, tuple(notes))

    def weigh(self, rows: Rows, *, measured_on: Rows | None = None) -> WeightedLabels:
        """Weights of some rows of the table.

        Parameters
        ----------
        rows : int array of shape (m,)
            Row numbers.
        measured_on : int array, optional
            Rows of the table on which effects are measured; by default `rows`. Of outcomes that
            were given, those of all other rows of the table are left out.

        Returns
        -------
        WeightedLabels
            Of m rows.

        Raises
        ------
        DataError
            If a campaign has no control group, or one so small that it says nothing.
        """
        place = self.row[rows]
        touched = place >= 0
        table = self.log.iloc[place[touched]].reset_index(drop=True)
        contacted = (table["arm"] != CONTROL).to_numpy()
        campaigns = table["campaign"].to_numpy(str)
        labels = self.y[rows][touched]
        weight, own = np.ones(len(place)), np.ones(len(table))
        basis = self._basis(rows if measured_on is None else measured_on)
        kept: list[KeptShare] = []
        notes: list[str] = []
        for campaign in sorted({*campaigns[contacted].tolist()}):
            mine = np.flatnonzero(contacted & (campaigns == campaign))
            if campaign in self.exclude:
                own[mine] = 0.0
                continue
            contacts = table.iloc[mine].reset_index(drop=True)
            own[mine], shares, told = self._weigh_contacts(campaign, contacts, labels[mine], basis)
            kept, notes = kept + shares, notes + told
        weight[touched] = own
        counts = {
            "contacted": int((contacted & (own > 0)).sum()),
            "controls": int((~contacted).sum()),
            "left_out": int((own == 0).sum()),
            "untouched": int((~touched).sum()),
        }
        said = [*map(str, kept), *notes, *_counted(counts, weight, self.y[rows])]
        return WeightedLabels(weight, tuple(kept), counts, tuple(said))

    def _weigh_contacts(
        self, campaign: str, contacts: pd.DataFrame, y: Labels, basis: pd.DataFrame
    ) -> tuple[Floats, list[KeptShare], list[str]]:
        """Weights of the contacted customers of a campaign, the shares behind them, and notes."""
        places: dict[Group, list[int]] = {}
        columns = (contacts[name].to_numpy(str).tolist() for name in ("arm", "offer", "channel"))
        for row, (arm, *option) in enumerate(zip(*columns, strict=True)):
            places.setdefault((arm, Option(*option)), []).append(row)
        given = self.effect.get(campaign) if isinstance(self.effect, Mapping) else self.effect
        shares: dict[Group, KeptShare | None]
        if given is None:
            shares = measured_shares(campaign, basis, sorted(places))
        else:
            shares = {group: KeptShare(campaign, group[0], float(given)) for group in places}
        said = unmeasured(shares) if given is None else ()
        notes = [f"campaign {campaign!r}, {note}" for note in said]
        weight = np.zeros(len(contacts))
        for share in dict.fromkeys(shares.values()):
            # Options that have one share are weighted together.
            group = np.sort(np.concatenate([places[g] for g in shares if shares[g] == share]))
            if share is None:
                notes.append(
                    f"campaign {campaign!r}: fewer than {SMALLEST_ARM} customers were contacted, "
                    f"too few for an effect: {len(group)} are left out"
                )
                continue
            score = contacts["score"].to_numpy(np.float64)[group] if "score" in contacts else None
            weight[group], light = weights_without_contact(y[group], share.value, score)
            notes += [f"campaign {campaign!r}: {light}"] if light else []
        return weight, [share for share in dict.fromkeys(shares.values()) if share], notes

    def _basis(self, rows: Rows) -> pd.DataFrame:
        """Rows of the log that effects are measured on, with the outcome as ``left``."""
        if self.outcomes is None:
            used = rows[self.row[rows] >= 0]
            # One row a contact, where it lies in the windows of several.
            used = used[np.unique(self.row[used], return_index=True)[1]]
            return self.log.iloc[self.row[used]].assign(left=self.y[used].astype(np.float64))
        others = np.ones(len(self.row), bool)
        others[rows] = False
        away = np.zeros(len(self.log), bool)
        away[self.row[others & (self.row >= 0)]] = True
        frame = self.log.assign(left=self.outcomes)[~away]
        return frame[frame["left"].notna()]


def _counted(counts: Mapping[str, int], weight: Floats, y: Labels) -> Iterator[str]:
    left_out = f", {counts['left_out']} left out" if counts["left_out"] else ""
    if not weight.any():
        raise DataError(
            "feedback: every row is left out by feedback.exclude; keep a campaign, or drop the rows"
        )
    before, after = float(y.mean()), float(np.average(y, weights=weight))
    yield (
        f"labels of {counts['contacted']} contacted customers were weighted as if nobody had been "
        f"contacted, {counts['controls']} controls and {counts['untouched']} on no list count as "
        f"they are{left_out}: {before:.2%} left, {after:.2%} would have without contacts"
    )
