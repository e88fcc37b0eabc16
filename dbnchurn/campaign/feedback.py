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
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, model_validator

from dbnchurn.campaign.effect import measured_effect
from dbnchurn.campaign.id_match import check_ids, id_keys
from dbnchurn.campaign.log import CONTROL, ContactLog
from dbnchurn.campaign.outcomes import Outcomes, join_outcomes
from dbnchurn.campaign.source import CampaignSource, as_words
from dbnchurn.config import Section
from dbnchurn.core.errors import ConfigError, DataError, did_you_mean, listed
from dbnchurn.core.typing import Dates, Floats, Labels, Rows

SMALLEST_ARM = 100  # customers of an arm whose effect is measured
FEWEST_LEAVERS = 10  # of the control group
TIERS = 5  # of the log's score, in which contacted stayers are weighted
LEAVERS_OF_TIER = 20
LIGHTEST_STAYER = 0.05
KEEP_ALL = 0.95  # an effect above this would weigh leavers by more than twenty

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


@dataclass(frozen=True)
class KeptShare:
    """Which share of the leavers the contacts of one arm of a campaign kept.

    Parameters
    ----------
    campaign, arm : str
    value : float
        0.3 where contacts lowered the rate of leaving by 30 %; below 0 where they raised it.
    low, high : float or None
        95 % interval; None where the effect was given.
    contacted, controls : int
        Customers that measured it.

    Examples
    --------
    >>> print(KeptShare("spring", "contact", 0.3))
    campaign 'spring': contacts lowered the rate of leaving by 30.0 %, as 'effect' says
    """

    campaign: str
    arm: str
    value: float
    low: float | None = None
    high: float | None = None
    contacted: int = 0
    controls: int = 0

    def __str__(self) -> str:
        arm = "" if self.arm == "contact" else f", arm '{self.arm}'"
        verb = "lowered" if self.value >= 0 else "raised"
        told = f"campaign {self.campaign!r}{arm}: contacts {verb} the rate of leaving by "
        told += f"{abs(self.value):.1%}".replace("%", " %")
        if self.low is None or self.high is None:
            return f"{told}, as 'effect' says"
        told += f" (95 % interval {100 * self.low:.1f} to {100 * self.high:.1f} %; "
        told += f"{self.contacted} contacted, {self.controls} controls)"
        return told if self.low > 0 or self.high < 0 else f"{told}, which may be chance"


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
            "kept": [vars(share) for share in self.kept],
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
        arms, campaigns = table["arm"].to_numpy(str), table["campaign"].to_numpy(str)
        contacted = arms != CONTROL
        labels = self.y[rows][touched]
        weight = np.ones(len(place))
        own = np.ones(len(table))
        own[contacted & np.isin(campaigns, self.exclude)] = 0.0
        basis = self._basis(rows if measured_on is None else measured_on)
        kept: list[KeptShare] = []
        notes: list[str] = []
        named = zip(campaigns[contacted].tolist(), arms[contacted].tolist(), strict=True)
        for campaign, arm in sorted(set(named)):
            if campaign in self.exclude:
                continue
            group = (campaigns == campaign) & (arms == arm)
            share = self._kept(campaign, arm, basis)
            if share is None:
                own[group] = 0.0
                notes.append(
                    f"campaign {campaign!r}, arm {arm!r}: fewer than {SMALLEST_ARM} customers, too "
                    f"few for an effect of their own: {int(group.sum())} are left out"
                )
                continue
            kept.append(share)
            score = table["score"].to_numpy(np.float64)[group] if "score" in table else None
            own[group], light = weights_without_contact(labels[group], share.value, score)
            notes += [f"campaign {campaign!r}: {light}"] if light else []
        weight[touched] = own
        counts = {
            "contacted": int((contacted & (own > 0)).sum()),
            "controls": int((~contacted).sum()),
            "left_out": int((own == 0).sum()),
            "untouched": int((~touched).sum()),
        }
        told = [*map(str, kept), *notes, *_counted(counts, weight, self.y[rows])]
        return WeightedLabels(weight, tuple(kept), counts, tuple(told))

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

    def _kept(self, campaign: str, arm: str, basis: pd.DataFrame) -> KeptShare | None:
        """The share that one arm of a campaign kept; None if too few customers say it."""
        given = self.effect.get(campaign) if isinstance(self.effect, Mapping) else self.effect
        if given is not None:
            return KeptShare(campaign, arm, float(given))
        # Customers who were contacted in any case have nobody to be compared with.
        frame = basis[(basis["campaign"] == campaign) & (basis["propensity"] < 1)]
        control = frame[frame["arm"] == CONTROL]
        own = frame[frame["arm"] == arm]
        remedy = (
            f"say what is known as feedback.effect: {{{campaign!r}: 0.2}}, or leave its contacted "
            f"customers out with feedback.exclude: [{campaign!r}]"
        )
        if not len(control):
            raise DataError(
                f"campaign {campaign!r} has no control group among the rows that are measured: "
                f"{len(own)} customers were drawn and contacted and none held out, so nothing says "
                f"who would have left without it; {remedy}"
            )
        leavers = int(control["left"].sum())
        if len(control) < SMALLEST_ARM or leavers < FEWEST_LEAVERS:
            raise DataError(
                f"campaign {campaign!r}: of its {len(control)} controls {leavers} left; an effect "
                f"needs at least {SMALLEST_ARM} controls, of whom {FEWEST_LEAVERS} left; {remedy}"
            )
        if len(own) < SMALLEST_ARM:
            contacts = frame[frame["arm"] != CONTROL]
            if len(contacts) < SMALLEST_ARM:
                return None
            own = contacts  # the campaign's one effect, of all that were contacted
        both = pd.concat([own, control])
        effect = measured_effect(
            both["left"].to_numpy(np.float64),
            (both["arm"] != CONTROL).to_numpy(),
            _chances(both),
        )
        rate = effect.control.rate
        share = KeptShare(
            campaign,
            arm,
            -effect.value / rate,
            -effect.high / rate,
            -effect.low / rate,
            len(own),
            len(control),
        )
        if share.value >= KEEP_ALL:
            raise DataError(
                f"campaign {campaign!r}: contacts seem to keep {share.value:.0%} of the leavers, "
                f"so hardly any of them left and the others cannot stand for all; {remedy}"
            )
        return share


def _chances(rows: pd.DataFrame) -> Floats:
    """Propensities; 1 where the contacted of several arms stand for themselves, as they are."""
    chance = rows["propensity"].to_numpy(np.float64)
    return np.ones(len(rows)) if rows["arm"].nunique() > 2 else chance


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


def weights_without_contact(
    y: Labels, kept: float, score: Floats | None = None
) -> tuple[Floats, str]:
    """Weights with which contacted customers stand for the same customers without a contact.

    Leavers get ``1 / (1 - kept)``. Stayers get what keeps the size of their tier, so that the share
    of leavers is that without a contact, in each tier and in all.

    Parameters
    ----------
    y : int array of shape (n,)
        1 for those who left.
    kept : float
        Share of the leavers that the contact kept.
    score : float array of shape (n,), optional
        Made before the contact; tiers of it are weighted apart, since more of the risky stayers are
        there because of the contact.

    Returns
    -------
    weight : float64 array of shape (n,)
    note : str
        Where a tier has so many leavers that it cannot keep its size; else empty.

    Examples
    --------
    >>> weight, _ = weights_without_contact(np.array([1, 0, 0, 0]), 0.5)
    >>> weight.round(2).tolist(), round(float(weight.sum()), 6)
    ([2.0, 0.67, 0.67, 0.67], 4.0)
    """
    weight = np.empty(len(y))
    full = 0
    for tier in _tiers(y, score):
        leavers = y[tier].astype(bool)
        heavy = 1 / (1 - kept)
        stayers = int((~leavers).sum())
        rest = len(tier) - heavy * leavers.sum()
        light = rest / stayers if stayers else 1.0
        full += bool(light < LIGHTEST_STAYER)
        weight[tier] = np.where(leavers, heavy, max(light, LIGHTEST_STAYER))
    note = (
        f"in {full} tiers of the score more would have left than there are customers, so the share "
        "that was kept is smaller there; stayers count by 0.05"
    )
    return weight, note if full else ""


def _tiers(y: Labels, score: Floats | None) -> Iterator[Rows]:
    """Positions of the customers of each tier; one tier where there are few leavers or no score."""
    parts = min(TIERS, int(y.sum()) // LEAVERS_OF_TIER)
    if score is None or np.isnan(score).any() or parts < 2:
        yield np.arange(len(y))
        return
    edges = np.quantile(score, np.linspace(0, 1, parts + 1)[1:-1])
    tier = np.searchsorted(edges, score, side="right")
    for number in np.unique(tier):
        yield np.flatnonzero(tier == number)


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
