"""Measure a campaign: a log and its outcomes in, what it did out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from dbnchurn.campaign.arm_names import CONTACT, CONTROL, EXPLORE
from dbnchurn.campaign.balance import Balance, balance_of
from dbnchurn.campaign.breakdown import (
    BREAKDOWNS,
    MOST_GROUPS,
    arm_effect,
    differences,
    group_effects,
    scores_of,
)
from dbnchurn.campaign.claim import claim_of, no_claim
from dbnchurn.campaign.config import LiftSection
from dbnchurn.campaign.effect import (
    Effect,
    SampleRatio,
    planned_deviation,
    same_share,
    sample_ratio,
)
from dbnchurn.campaign.lift import Lift, MoneyKept, Planned
from dbnchurn.campaign.log import ContactLog
from dbnchurn.campaign.other_campaigns import contacts_elsewhere
from dbnchurn.campaign.outcomes import JoinedLog, Outcomes, counts_by_arm, join_outcomes
from dbnchurn.campaign.scored_customers import Described, ScoredCustomers
from dbnchurn.core.errors import ConfigError, DataError, listed
from dbnchurn.core.statistics import normal_quantile, wilson

NO_EFFECT = (
    "The rate before and the rate after differ for many reasons, season, audience and what else "
    "changed among them, so their difference is no effect of the campaign: only the difference "
    "between contacted and control of the same time is."
)


OPTIONS_DRAWN = (
    "every option was drawn at random (arm explore): the effect is that of the options as drawn"
)


def measure(
    log: ContactLog,
    outcomes: Outcomes,
    settings: LiftSection,
    *,
    scores: ScoredCustomers | None = None,
) -> Lift:
    """What a campaign did.

    Parameters
    ----------
    log : ContactLog
        May hold several campaigns; `settings` names one.
    outcomes : Outcomes
    settings : LiftSection
    scores : ScoredCustomers, optional
        What was known of the customers before the campaign: their score, in place of the log's,
        and the columns of ``settings.by``.

    Returns
    -------
    Lift

    Raises
    ------
    DataError, ConfigError
        If there is no control group, an arm has no outcome, or log and outcomes do not fit.

    Examples
    --------
    >>> arm = ["contact", "control"] * 500
    >>> log = ContactLog.of(pd.DataFrame({
    ...     "customer": range(1000), "campaign": "spring", "offer": "discount", "channel": "mail",
    ...     "arm": arm, "propensity": 0.5, "contact_date": "2026-03-01"}))
    >>> left = [k % 10 == 0 or k % 10 == 1 or k % 20 == 3 for k in range(1000)]
    >>> outcomes = Outcomes.of(pd.DataFrame({"customer": range(1000), "left": left}))
    >>> lift = measure(log, outcomes, LiftSection())
    >>> lift.claim, round(lift.effect.value, 2)
    ('kept', -0.1)
    """
    whole = log.frame
    log, described, certain = _measured_log(log, settings, scores)
    joined = join_outcomes(
        log, outcomes, window=settings.days, as_of=settings.as_of, match=settings.match
    )
    _check_arms(joined, log, outcomes)
    effect = arm_effect(joined.frame, CONTACT, settings.confidence)
    counts = counts_by_arm(joined)
    ratio, outcomes_p, balance = _arms_alike(log, counts)
    stopped = no_claim(ratio, outcomes_p, balance)
    sequence = None
    if settings.looks > 1 or joined.preliminary:
        sequence = effect.sequence(_final_deviation(log, effect, settings.confidence))
    elsewhere = contacts_elsewhere(whole, log.frame, settings.days)
    claim, verdict = claim_of(effect, sequence, stopped, joined)
    if not stopped and elsewhere.unlike:
        verdict = f"{verdict} {elsewhere.unlike}"
    rows = joined.frame if described is None else described.beside(joined.frame)
    groups = group_effects(rows, log.frame, settings.by, settings.confidence)
    ends = (effect.low, effect.high) if sequence is None else sequence
    money = _money(joined.frame, effect.value, ends, settings)
    return Lift(
        campaign=" + ".join(log.campaigns),
        claim=claim,
        verdict=verdict,
        effect=effect,
        sequence=sequence,
        explore=arm_effect(joined.frame, EXPLORE, settings.confidence)
        if (joined.frame["arm"] == EXPLORE).any()
        else None,
        ratio=ratio,
        outcomes_p=outcomes_p,
        counts=counts,
        window=joined.window,
        preliminary=joined.preliminary,
        groups=groups,
        differences=differences(groups),
        money=money,
        revenue=_revenue(joined.frame, settings.confidence),
        acceptance=_acceptance(joined.frame, settings.confidence),
        planned=_planned(joined.frame, effect.value, ends, money, settings),
        before=settings.before,
        before_sentence=NO_EFFECT if settings.before is not None else "",
        balance=balance,
        elsewhere=elsewhere.contacted if elsewhere.campaigns else {},
        warnings=_warnings(joined, log, stopped, elsewhere.sentence),
        notes=(*certain, *_notes(joined, rows, effect, settings)),
    )


def _measured_log(
    log: ContactLog, settings: LiftSection, scores: ScoredCustomers | None
) -> tuple[ContactLog, Described | None, tuple[str, ...]]:
    """The rows of the campaign that chance has drawn, what is known of them, and notes."""
    log = log.of_campaign(settings.campaign, every=settings.every)
    if not (log.frame["arm"] == CONTROL).any():
        raise DataError(
            f"{log.name}: the campaign has no control group, so no effect can be told: nobody "
            "knows how many would have stayed anyway; next time hold out a share at random, "
            "--control 0.1 of 'dbnchurn score' does so ('dbnchurn plan' says how large)"
        )
    log, certain = drawn_rows(log)
    if not (log.frame["arm"] == CONTACT).any():
        log, certain = _explorers_contacted(log), (*certain, OPTIONS_DRAWN)
    described = None
    if scores is not None:
        described = scores.described(log, settings.by, settings.match)
        log, certain = described.log, (*certain, *described.notes)
    elif settings.by:
        raise ConfigError(
            f"by: the columns {listed(settings.by)} are those of a table of the customers before "
            "the campaign; name it with --scores FILE (lift.scores)"
        )
    return log, described, certain


def _explorers_contacted(log: ContactLog) -> ContactLog:
    """The log of a random test, in which all who were contacted explore.

    Propensities become those of the arm within the option, so that an option counts as often as it
    was drawn; where the log's have the chance of the option in them, it is taken out.
    """
    frame = log.frame
    arm = frame["arm"].where(frame["arm"] == CONTROL, CONTACT)
    options = [frame[name] for name in ("campaign", "offer", "channel")]
    of_option = sum(
        frame["propensity"].where(arm == name).groupby(options).transform("mean")
        for name in (CONTACT, CONTROL)
    )
    propensity = (frame["propensity"] / of_option).fillna(frame["propensity"]).clip(upper=1.0)
    return replace(log, frame=frame.assign(arm=arm, propensity=propensity))


def _check_arms(joined: JoinedLog, log: ContactLog, outcomes: Outcomes) -> None:
    for arm in (CONTACT, CONTROL):
        if not (joined.frame["arm"] == arm).any():
            there = int((log.frame["arm"] == arm).sum())
            raise DataError(
                f"{outcomes.name}: no outcome is known of the arm {arm!r} ({there} customers of "
                f"{log.name}), so there is nothing to compare; give outcomes of both arms"
            )


def drawn_rows(log: ContactLog) -> tuple[ContactLog, tuple[str, ...]]:
    """The customers who could have come into the other arm too; the others tell nothing.

    Parameters
    ----------
    log : ContactLog

    Returns
    -------
    log : ContactLog
    notes : tuple of str
        How many were left out.

    Raises
    ------
    DataError
        If an arm has nobody who was drawn at random.
    """
    drawn = (log.frame["propensity"] < 1).to_numpy()
    if drawn.all():
        return log, ()
    left = log.frame[drawn]
    if CONTROL not in set(left["arm"]) or left["arm"].nunique() < 2:
        raise DataError(
            f"{log.name}: the log has a control group, but propensity 1 for all of an arm: nobody "
            "of it was drawn at random; give the probability of the draw, such as 0.9 for those "
            "contacted and 0.1 for those held out"
        )
    count = int((~drawn).sum())
    note = f"{count:,} customers were in their arm in any case (propensity 1): left out"
    return ContactLog(left.reset_index(drop=True), log.name, log.notes), (note,)


def _arms_alike(
    log: ContactLog, counts: Mapping[str, tuple[int, int]]
) -> tuple[SampleRatio, float, Balance | None]:
    """Whether both arms are still as drawn: their sizes, known outcomes, and scores before."""
    contact, control = ((log.frame["arm"] == arm).to_numpy() for arm in (CONTACT, CONTROL))
    ratio = sample_ratio(contact, control, log.frame["propensity"].to_numpy())
    known = (counts.get(CONTACT, (0, 0)), counts.get(CONTROL, (0, 0)))
    outcomes_p = same_share((known[0][1], known[1][1]), (known[0][0], known[1][0]))
    return ratio, outcomes_p, balance_of(log.frame)


def _final_deviation(log: ContactLog, effect: Effect, confidence: float) -> float:
    """Of the difference when all customers of the log are counted; from what was known before."""
    scores = scores_of(log.frame)
    pooled = (effect.contact.left + effect.control.left) / (
        effect.contact.rows + effect.control.rows
    )
    rate = pooled if scores is None else float(scores.mean())
    arms = log.frame["arm"]
    return planned_deviation(
        rate, int((arms == CONTACT).sum()), int((arms == CONTROL).sum()), confidence
    )


def _cost(contacted: pd.DataFrame, settings: LiftSection) -> float | None:
    if "cost" in contacted and contacted["cost"].notna().all():
        return float(contacted["cost"].sum())
    return None if settings.contact_cost is None else settings.contact_cost * len(contacted)


def _money(
    rows: pd.DataFrame, effect: float, ends: tuple[float, float], settings: LiftSection
) -> MoneyKept | None:
    if settings.worth is None:
        return None
    contacted = rows[rows["arm"] == CONTACT]
    cost, n, worth = _cost(contacted, settings), len(contacted), settings.worth
    kept = (-effect * n, -ends[1] * n, -ends[0] * n)
    value, low, high = (worth * customers - (cost or 0.0) for customers in kept)
    return MoneyKept(
        contacted=n,
        customers=kept[0],
        customers_low=kept[1],
        customers_high=kept[2],
        value=value,
        low=low,
        high=high,
        cost=cost,
        worth=worth,
        currency=settings.currency,
    )


def _revenue(rows: pd.DataFrame, confidence: float) -> dict[str, float] | None:
    if "revenue" not in rows:
        return None
    known = rows[rows["revenue"].notna()]
    means, variances = [], []
    for arm in (CONTACT, CONTROL):
        part = known[known["arm"] == arm]
        if len(part) < 2:
            return None
        share = (1 / part["propensity"]).to_numpy()
        share = share / share.sum()
        values = part["revenue"].to_numpy()
        mean = float(share @ values)
        means.append(mean)
        variances.append(float(np.square(share * (values - mean)).sum()))
    value, half = means[0] - means[1], normal_quantile(confidence) * np.sqrt(sum(variances))
    return {"value": value, "low": float(value - half), "high": float(value + half)}


def _acceptance(rows: pd.DataFrame, confidence: float) -> dict[str, float] | None:
    if "accepted" not in rows:
        return None
    known = rows.loc[rows["arm"] == CONTACT, "accepted"].dropna()
    if not len(known):
        return None
    low, high = wilson(known.sum(), len(known), confidence)
    return {"value": float(known.mean()), "low": float(low), "high": float(high)}


def _planned(
    rows: pd.DataFrame,
    effect: float,
    ends: tuple[float, float],
    money: MoneyKept | None,
    settings: LiftSection,
) -> tuple[Planned, ...]:
    found = []
    if settings.planned_effect is not None:
        planned = settings.planned_effect
        found.append(Planned("effect", planned, effect, *ends))
    values = rows.loc[rows["arm"] == CONTACT, "value"] if "value" in rows else pd.Series([np.nan])
    if money is not None and values.notna().all():
        total = float(values.sum())
        found.append(Planned("net value", total, money.value, money.low, money.high))
    return tuple(found)


def _warnings(joined: JoinedLog, log: ContactLog, stopped: str, elsewhere: str) -> tuple[str, ...]:
    found = [] if not elsewhere else [elsewhere]
    if stopped:
        found.append(f"No effect is claimed: {stopped}.")
    if joined.without_outcome:
        found.append(
            f"{joined.without_outcome:,} of {len(log.frame):,} customers have no outcome; they are "
            "left out, not taken as stayed."
        )
    if joined.preliminary:
        rest = f"{joined.not_over:,} customers are not counted yet. " if joined.not_over else ""
        found.append(
            f"The outcome window of {joined.wanted_window} days is not over: {rest}Outcomes "
            f"within {joined.window} days, known up to {joined.as_of}, are counted; judge by the "
            "interval that holds however often one looks."
        )
    return tuple(found)


def _notes(
    joined: JoinedLog, rows: pd.DataFrame, effect: Effect, settings: LiftSection
) -> tuple[str, ...]:
    notes = list(joined.notes)
    if joined.others:
        notes.append(
            f"{joined.others:,} outcomes are of nobody in the log of this campaign: left out"
        )
    if effect.unadjusted is None:
        notes.append(
            "the effect is not adjusted: the log has no scores, or an arm has few customers"
        )
    missing = joined.frame["score"].isna().sum() if "score" in joined.frame else 0
    if effect.unadjusted is not None and missing:
        notes.append(f"{missing:,} customers have no score; the mean stands for it")
    contacted = joined.frame[joined.frame["arm"] == CONTACT]
    if joined.log["customer"].duplicated().any():
        notes.append(
            "customers who are in several campaigns count in each, as if they were others; the "
            "intervals of all campaigns together are then a little too narrow"
        )
    for name in (*BREAKDOWNS, *settings.by):
        if name in rows and (groups := rows[name].nunique()) > MOST_GROUPS:
            notes.append(f"of {groups} groups by {name} the {MOST_GROUPS} largest are shown")
    if settings.worth is not None and "value" in joined.frame:
        notes.append(
            "the planned net value is the log's: it has the margins of accepted offers, where the "
            "plan had any; the measured one is customers kept times worth minus cost, so the page "
            "does not hold one against the other"
        )
    if settings.worth is None:
        notes.append("no money: say what keeping a customer brings with --worth (lift.worth)")
    elif _cost(contacted, settings) is None:
        notes.append(
            "no cost is taken off: the log has no complete column cost and no --contact-cost"
        )
    return tuple(notes)
