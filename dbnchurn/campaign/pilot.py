"""The rows of a pilot campaign on which a plan's rule is valued."""

from __future__ import annotations

import numpy as np
import pandas as pd

from dbnchurn.campaign.allocation import Allocation
from dbnchurn.campaign.arm_names import CONTACT, CONTROL
from dbnchurn.campaign.conditions import all_hold
from dbnchurn.campaign.eligibility import open_options, rule_problems
from dbnchurn.campaign.log import ContactLog
from dbnchurn.campaign.options import AllocateConfig, PilotSection
from dbnchurn.campaign.outcomes import JoinedLog, Outcomes, join_outcomes
from dbnchurn.campaign.promise import Promise, promised_value
from dbnchurn.campaign.source import CampaignSource, read_source, unique_ids
from dbnchurn.campaign.values import numbers_of, value_customers, value_problems
from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Bools, Floats, Ints


def value_on_pilot(config: AllocateConfig, plan: Allocation) -> tuple[Promise, list[str]]:
    """Value the plan's rule on the rows of the pilot that no effect was estimated on.

    Parameters
    ----------
    config : AllocateConfig
        With ``pilot``.
    plan : Allocation

    Returns
    -------
    promise : Promise
    notes : list of str
        What was left out or assumed.

    Raises
    ------
    DataError
        If a table of the pilot cannot be used, or no row is left.
    """
    pilot = config.pilot
    assert pilot is not None
    log, outcomes = ContactLog.read(pilot.log), Outcomes.read(pilot.outcomes)
    joined = join_outcomes(log, outcomes, window=pilot.window, as_of=pilot.as_of)
    rows, customers, notes = _fresh_rows(config, pilot, joined)
    if joined.window != joined.wanted_window:
        notes.append(
            f"pilot: windows of {joined.wanted_window} days are not over, and leaving within "
            f"{joined.window} days alone counts in the promise; say pilot.as_of if outcomes are "
            "complete up to a later day"
        )
    # The pilot may have been among customers who have none of a value that a rule names.
    rules = rule_problems(customers, config, levels=False)
    if problems := [*value_problems(customers, config), *rules]:
        raise DataError(
            f"pilot: {pilot.customers.name}: {'; '.join(problems)}; the pilot's customers need the "
            "columns by which the plan chooses, as they were then"
        )
    pairs = list(config.pairs)
    worths = value_customers(customers, config)
    reduced = worths.values - plan.prices_by_option
    reduced -= plan.price_of_money * worths.costs
    may, _ = open_options(customers, config)
    reduced[~(may & all_hold(config.when, customers)[:, None])] = -np.inf
    chosen = np.where(reduced.max(axis=1) > 0, reduced.argmax(axis=1), -1)
    numbers = {(pair.offer, pair.channel): k for k, pair in enumerate(pairs)}
    given = np.array(
        [numbers.get(pair, -1) for pair in zip(rows["offer"], rows["channel"], strict=True)]
    )
    contacted = (rows["arm"] != CONTROL).to_numpy(bool)
    money = _money(config, rows, customers, given, contacted, notes)
    promise = promised_value(
        pairs,
        plan.counts,
        chosen,
        given,
        contacted,
        rows["propensity"].to_numpy(float),
        money,
        drawn=not (rows["arm"] == CONTACT).any(),
        expected=-customers[config.probability].to_numpy(float)
        * numbers_of(config.worth, customers),
    )
    return promise, notes


def _fresh_rows(
    config: AllocateConfig, pilot: PilotSection, joined: JoinedLog
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """The pilot's rows with known outcome that made no effect, and their customers, row by row."""
    notes = [f"pilot: {note}" for note in joined.notes]
    rows = joined.frame
    if joined.without_outcome or joined.not_over:
        notes.append(
            f"pilot: {joined.without_outcome} customers have no outcome and the windows of "
            f"{joined.not_over} are not over: left out"
        )
    if pilot.used_for_effects != "none":
        used = CampaignSource(path=str(pilot.used_for_effects))
        listed = read_source(used, texts=["customer"], kinds={}).frame
        if "customer" not in listed:
            raise DataError(f"{pilot.used_for_effects}: the list has no column 'customer'")
        fresh = ~rows["customer"].isin(listed["customer"])
        if fresh.all():
            raise DataError(
                f"{pilot.used_for_effects}: none of its customers is in the pilot's log "
                f"{pilot.log.name}; write the ids in the same way in both, or say "
                "used_for_effects: none"
            )
        notes.append(f"pilot: {int((~fresh).sum())} rows made the effects and promise nothing")
        rows = rows[fresh]
    table = read_source(pilot.customers, texts=[config.id], kinds={}).frame
    ids = unique_ids(table, config.id, pilot.customers.name)
    at = rows["customer"].map(pd.Series(np.arange(len(table)), ids.to_numpy()))
    met = rows[at.notna()].reset_index(drop=True)
    customers = table.iloc[at.dropna().astype(int)].reset_index(drop=True)
    if len(met) < len(rows):
        notes.append(
            f"pilot: {len(rows) - len(met)} customers are not in {pilot.customers.name}: left out"
        )
    if not len(met):
        raise DataError(
            f"pilot: no customer is left of {len(joined.log)}: log, outcomes and customers have no "
            "customer in common who made no effect; mend the ids, or take 'pilot' out"
        )
    return met, customers, notes


def _money(
    config: AllocateConfig,
    rows: pd.DataFrame,
    customers: pd.DataFrame,
    given: Ints,
    contacted: Bools,
    notes: list[str],
) -> Floats:
    """What came of each customer: less what leaving cost, and of the contact."""
    money = -rows["left"].to_numpy(float) * numbers_of(config.worth, customers)
    told = "accepted" in rows
    assumed = False
    for k, pair in enumerate(config.pairs):
        offer, channel = config.offers[pair.offer], config.channels[pair.channel]
        share = numbers_of(config.effect_of_pair(pair).acceptance or 0.0, customers)
        accepted = rows["accepted"].to_numpy(float) if told else np.full(len(rows), np.nan)
        unknown, mine = np.isnan(accepted), (given == k) & contacted
        assumed |= config.needs_acceptance(pair) and bool((unknown & mine).any())
        accepted = np.where(unknown, share, accepted)
        gain = accepted * (numbers_of(offer.margin, customers) - offer.cost) - channel.cost
        money = money + np.where(mine, gain, 0.0)
    if assumed:
        notes.append(
            "pilot: where the outcomes do not say who accepted, the given acceptance is used"
        )
    return np.asarray(money)
