"""One plan: config in; list, log rows, page and facts out."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.campaign.allocate import Allocate
from dbnchurn.campaign.allocation import Allocation
from dbnchurn.campaign.allocation_result import AllocationResult
from dbnchurn.campaign.arm_names import CONTROL
from dbnchurn.campaign.customer_values import with_values
from dbnchurn.campaign.draw import campaign_seed
from dbnchurn.campaign.eligibility import find_eligible
from dbnchurn.campaign.log import ContactLog
from dbnchurn.campaign.options import AllocateConfig
from dbnchurn.campaign.pilot import value_on_pilot
from dbnchurn.campaign.source import read_source, unique_ids
from dbnchurn.campaign.values import Worths, value_customers
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.places import check_places
from dbnchurn.core.progress import stage
from dbnchurn.tables.output_files import output_files
from dbnchurn.tables.writing import ending_of

log = logging.getLogger(__name__)
FACTORS = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)  # of the budget, for the curve


def allocate_customers(
    config: AllocateConfig,
    output: Path,
    *,
    log_to: Path | None = None,
    page: Path | None = None,
    facts: Path | None = None,
    mkdir: bool = False,
    raw_text: bool = False,
) -> AllocationResult:
    """Plan whom to contact, and write the list.

    Parameters
    ----------
    config : AllocateConfig
    output : Path
        The list, ``.csv`` or ``.parquet``: customer, offer, channel, arm, propensity, value, cost
        and reason.
    log_to : Path, optional
        Contact log to which the list is added.
    page : Path, optional
        HTML page.
    facts : Path, optional
        The plan in numbers, as JSON.
    mkdir : bool, default False
        Make folders of outputs that are not there.
    raw_text : bool, default False
        Leave texts of CSV as they are.

    Returns
    -------
    AllocationResult

    Raises
    ------
    ConfigError, DataError
        With everything that is wrong. Then nothing is written.
    """
    if log_to is not None and config.max_contacts > 1:
        raise ConfigError(
            "--log: a contact log has one row a customer and campaign, and max_contacts is "
            f"{config.max_contacts}; plan every wave as a campaign of its own, with max_contacts 1"
        )
    ending_of(output)
    written = {"--output": output, "--log": log_to, "--page": page, "--facts": facts}
    check_places(written, _read(config, log_to), mkdir=mkdir)
    result = plan_campaign(config, added_to=log_to)
    texts: dict[Path, str] = {}
    if page is not None:
        from dbnchurn.campaign.allocation_page import allocation_page

        texts[page] = allocation_page(result)
    if facts is not None:
        texts[facts] = json.dumps(result.facts(), indent=2, ensure_ascii=False) + "\n"
    with output_files({output: result.contacts}, texts, mkdir=mkdir, raw_text=raw_text):
        if log_to is not None:
            log_rows(result).append_to(log_to, mkdir=mkdir)
    return result


def _read(config: AllocateConfig, log_to: Path | None) -> dict[str, list[str | Path]]:
    """Files that are read; the log may be read and added to."""
    sources = {"customers": config.customers}
    if config.values is not None:
        sources["values"] = config.values
    if config.pilot is not None:
        pilot = config.pilot
        sources |= {
            "pilot.log": pilot.log,
            "pilot.outcomes": pilot.outcomes,
            "pilot.customers": pilot.customers,
        }
    if config.log is not None and (log_to is None or config.log.path != str(log_to)):
        sources["log"] = config.log
    found: dict[str, list[str | Path]] = {
        name: [source.path] for name, source in sources.items() if source.path is not None
    }
    if config.pilot is not None and config.pilot.used_for_effects != "none":
        found["pilot.used_for_effects"] = [config.pilot.used_for_effects]
    if config.suppress is not None:
        found["suppress"] = [config.suppress]
    return found


def plan_campaign(config: AllocateConfig, *, added_to: Path | None = None) -> AllocationResult:
    """Read the tables of a campaign and make its plan.

    Parameters
    ----------
    config : AllocateConfig
    added_to : Path, optional
        Contact log that the list will be added to; where the config names no log, the control
        groups of its other campaigns are left alone.

    Returns
    -------
    AllocationResult

    Raises
    ------
    ConfigError, DataError
        If the config or a table cannot be used.
    """
    with stage("read"):
        table = read_source(config.customers, texts=[config.id], kinds={})
        ids = unique_ids(table.frame, config.id, config.customers.name)
        past = None if config.log is None else ContactLog.read(config.log)
        running = None
        if past is None and added_to is not None and added_to.exists() and added_to.stat().st_size:
            running = ContactLog.read(added_to)
        customers, joined = with_values(table.frame, ids, config)
    with stage("values"):
        worths = value_customers(customers, config)
        eligibility = find_eligible(customers, ids, config, past, added_to=running)
    with stage("allocate"):
        stage_ = stage_of(config)
        stage_.fit(
            worths.values,
            worths.costs,
            config.pairs,
            eligible=eligibility.open,
            ids=ids.to_numpy(),
        )
        plan = stage_.allocation_
        curve: list[tuple[float, float]] = []
        if config.budget:
            budgets = [factor * config.budget for factor in FACTORS]
            curve = [*zip(budgets, stage_.best_values(budgets), strict=True)]
    notes = [*table.notes, *joined, *worths.notes, *eligibility.notes]
    notes += [] if past is None else [f"log: {note}" for note in past.notes]
    promise = None
    if config.pilot is not None:
        promise, more = value_on_pilot(config, plan)
        notes += more
    if not len(plan.customer):
        notes.append("no contact is worth its cost within the limits: the list is empty")
    elif not (plan.arm == CONTROL).any():
        notes.append(
            "no control group: nobody of the list is held out, so the effect of this campaign can "
            "never be told; 'control: 0.1' holds out a tenth at random"
        )
    else:
        notes += without_control(plan)
    for note in notes:
        log.warning("%s", note)
    contacts = contact_list(customers, ids, worths, plan, config)
    return AllocationResult(
        config, plan, len(ids), contacts, eligibility, tuple(curve), promise, tuple(notes)
    )


def without_control(plan: Allocation) -> list[str]:
    """A note on the options of which so few are on the list that nobody is held out."""
    held = np.bincount(plan.option[~plan.contacted], minlength=len(plan.options))
    bare = [
        f"{option} ({count})"
        for option, count, none in zip(plan.options, plan.counts, held == 0, strict=True)
        if count and none
    ]
    if not bare:
        return []
    return [
        f"nobody is held out of {', '.join(bare)}, so few are on the list: the effect of these "
        "contacts alone can never be told; a larger 'control' holds some out, and 'excluded: true' "
        "takes an option off the list"
    ]


def stage_of(config: AllocateConfig) -> Allocate:
    """The stage that the config describes."""
    channels, offers = config.channels, config.offers
    minimums = {n: s.minimum for n, s in channels.items()}
    minimums |= {n: s.minimum for n, s in offers.items()}
    return Allocate(
        budget=config.budget,
        capacities={n: s.capacity for n, s in channels.items() if s.capacity is not None},
        stock={n: s.stock for n, s in offers.items() if s.stock is not None},
        minimums={name: least for name, least in minimums.items() if least},
        max_contacts=config.max_contacts,
        control=config.control,
        explore=config.explore,
        # Every campaign draws anew, or the same customers would be held out each time.
        random_state=campaign_seed(config.campaign, config.seed),
    )


def contact_list(
    frame: pd.DataFrame,
    ids: pd.Series[Any],
    worths: Worths,
    plan: Allocation,
    config: AllocateConfig,
) -> pd.DataFrame:
    """The list, highest value first.

    Parameters
    ----------
    frame : DataFrame of n rows
    ids : Series of n texts
    worths : Worths
    plan : Allocation
    config : AllocateConfig

    Returns
    -------
    DataFrame
        ``customer``, ``offer``, ``channel``, ``arm``, ``propensity``, ``value``, ``cost``,
        ``score`` and ``reason``.
    """
    rows = plan.customer
    probability = frame[config.probability].to_numpy(float)[rows]
    saved = worths.saved[rows, plan.option]
    words = {
        "contact": "",
        "control": "; drawn to be held out",
        "explore": "; option drawn at random to learn from",
    }
    reasons = [
        f"leaves with {100 * p:.1f} %, a contact saves {100 * s:.1f} points{words[arm]}"
        for p, s, arm in zip(probability, saved, plan.arm.tolist(), strict=True)
    ]
    made = pd.DataFrame(
        {
            "customer": ids.to_numpy()[rows],
            "offer": np.array([option.offer for option in plan.options])[plan.option],
            "channel": np.array([option.channel for option in plan.options])[plan.option],
            "arm": plan.arm.astype(object),
            "propensity": plan.propensity,
            "value": plan.value.round(4),
            "cost": plan.cost.round(4),
            "score": probability,
            "reason": reasons,
        }
    )
    made = made.sort_values(
        ["value", "customer", "offer", "channel"], ascending=[False, *[True] * 3]
    )
    return made.reset_index(drop=True)


def log_rows(result: AllocationResult) -> ContactLog:
    """The list as rows of a contact log."""
    config = result.config
    frame = result.contacts.drop(columns="reason").assign(
        campaign=config.campaign, contact_date=pd.Timestamp(config.contact_date)
    )
    return ContactLog.of(frame, f"campaign {config.campaign}")
