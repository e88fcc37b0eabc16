"""Who may get which option: conditions, suppression list and the contacts of the past."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dbnchurn.campaign.arm_names import CONTROL
from dbnchurn.campaign.conditions import all_hold, condition_problems
from dbnchurn.campaign.id_match import CLEARLY_MORE, comparable
from dbnchurn.campaign.log import ContactLog
from dbnchurn.campaign.options import AllocateConfig, FrequencySection
from dbnchurn.campaign.other_campaigns import held_out_elsewhere
from dbnchurn.campaign.suppression import readable, suppress
from dbnchurn.core.errors import DataError
from dbnchurn.core.typing import Bools
from dbnchurn.tables.duckdb import Session


@dataclass(frozen=True, eq=False)
class Eligibility:
    """Who may get which option, and why the others may not.

    Parameters
    ----------
    open : array of bool of shape (n, m)
    excluded : tuple of (str, int)
        A reason → customers who may get nothing for it; each customer counts once, at the first.
    closed : tuple of (str, int)
        A rule of an offer or a channel → customers whom it keeps off.
    notes : tuple of str
    """

    open: Bools
    excluded: tuple[tuple[str, int], ...]
    closed: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]


def find_eligible(
    frame: pd.DataFrame,
    ids: pd.Series[Any],
    config: AllocateConfig,
    log: ContactLog | None,
    *,
    added_to: ContactLog | None = None,
) -> Eligibility:
    """Apply all rules.

    Parameters
    ----------
    frame : DataFrame of n rows
    ids : Series of n texts
    config : AllocateConfig
    log : ContactLog or None
        Contacts of the past.
    added_to : ContactLog, optional
        Where `log` is None, the log that the list will be added to: its control groups are left
        alone, and nothing else is taken from it.

    Returns
    -------
    Eligibility

    Raises
    ------
    DataError
        If a condition, the suppression list or the log cannot be used.
    """
    if problems := [*rule_problems(frame, config)]:
        raise DataError(f"{config.customers.name}: {'; '.join(problems)}")
    reasons: list[tuple[str, Bools]] = []
    notes: list[str] = []
    if config.suppress is not None:
        reasons.append(
            (f"on the suppression list {config.suppress.name}", _suppressed(ids, config))
        )
    if config.when:
        reasons.append((f"not {_words(config.when)}", ~all_hold(config.when, frame)))
    pairs = config.pairs
    may, closed = open_options(frame, config)
    for rule in config.frequency:
        assert log is not None
        often = too_often(log, ids, config, rule)
        words = f"more than {rule.contacts} contacts in {rule.days} days"
        if rule.channel is None:
            reasons.append((words, often))
        else:
            may[np.ix_(often, np.array([p.channel == rule.channel for p in pairs]))] = False
            closed.append((f"channel {rule.channel}: {words}", int(often.sum())))
    if log is not None:
        notes += _past_ids(log, ids, config.customers.name)
        same = ids.isin(log.frame.loc[log.frame["campaign"] == config.campaign, "customer"])
        reasons.append((f"in the campaign {config.campaign} already", same.to_numpy(bool)))
    elif added_to is not None:
        notes += _past_ids(added_to, ids, config.customers.name)
    running = added_to if log is None else log
    if running is not None and config.keep_control:
        days = config.keep_control
        held = held_out_elsewhere(running, ids, config.campaign, config.contact_date, days)
        if held.any():  # a log that holds this very list alone changes nothing
            reasons.append((f"held out in another campaign within {days} days", held))
    excluded, left = [], np.ones(len(frame), bool)
    for words, rows in reasons:
        excluded.append((words, int((rows & left).sum())))
        left &= ~rows
    may &= left[:, None]
    nothing = left & ~may.any(axis=1)
    if nothing.any():
        excluded.append(("no offer and no channel is open to them", int(nothing.sum())))
    if not may.any():
        said = "; ".join(f"{count} {words}" for words, count in (*excluded, *closed) if count)
        raise DataError(f"{config.customers.name}: nobody may be contacted: {said}; open a rule")
    return Eligibility(may, tuple(excluded), tuple(closed), tuple(notes))


def rule_problems(
    frame: pd.DataFrame, config: AllocateConfig, *, levels: bool = True
) -> Iterator[str]:
    """What keeps the conditions of a config from being used on customers.

    Parameters
    ----------
    frame : DataFrame
    config : AllocateConfig
    levels : bool, default True
        Whether values that a column nowhere holds are a problem.

    Yields
    ------
    str
    """
    sections = [("when", config.when)]
    sections += [(f"offers.{name}.when", offer.when) for name, offer in config.offers.items()]
    sections += [(f"channels.{name}.when", own.when) for name, own in config.channels.items()]
    for where, when in sections:
        yield from condition_problems(when, frame, where, levels=levels)


def open_options(
    frame: pd.DataFrame, config: AllocateConfig
) -> tuple[Bools, list[tuple[str, int]]]:
    """Which options the conditions of offers and channels leave open.

    Parameters
    ----------
    frame : DataFrame of n rows
        Customers.
    config : AllocateConfig
        Of m options.

    Returns
    -------
    may : bool array of shape (n, m)
    closed : list of (str, int)
        Every condition in words, and for how many customers it does not hold.
    """
    pairs, closed = config.pairs, []
    may = np.ones((len(frame), len(pairs)), bool)
    for kind, names, sections in (
        ("offer", [p.offer for p in pairs], config.offers),
        ("channel", [p.channel for p in pairs], config.channels),
    ):
        for name, section in sections.items():
            if section.when:
                kept = all_hold(section.when, frame)
                may[np.ix_(~kept, np.array(names) == name)] = False
                closed.append((f"{kind} {name}: not {_words(section.when)}", int((~kept).sum())))
    return may, closed


def too_often(
    log: ContactLog, ids: pd.Series[Any], config: AllocateConfig, rule: FrequencySection
) -> Bools:
    """The customers whom a rule of frequency keeps off.

    Parameters
    ----------
    log : ContactLog
    ids : Series of n texts
    config : AllocateConfig
    rule : FrequencySection

    Returns
    -------
    array of bool
    """
    rows = log.frame[log.frame["arm"] != CONTROL]
    day = pd.Timestamp(config.contact_date)
    # The days before and after: a contact that is planned for later counts as well.
    rows = rows[(rows["contact_date"] - day).abs() <= pd.Timedelta(days=rule.days)]
    if rule.channel is not None:
        rows = rows[rows["channel"] == rule.channel]
    counts = ids.map(rows["customer"].value_counts()).fillna(0).to_numpy(float)
    # One more is planned now.
    return np.asarray(counts + 1 > rule.contacts)


def _past_ids(log: ContactLog, ids: pd.Series[Any], name: str) -> list[str]:
    """What is said of the log's customers; refuses ids that are written otherwise in it."""
    logged = log.frame["customer"].drop_duplicates()
    unmatched = logged[~logged.isin(ids)]
    if len(logged) and not len(unmatched):
        return []
    near = unmatched[comparable(unmatched, "loose").isin(comparable(ids.astype(object), "loose"))]
    if len(near) >= max(1, CLEARLY_MORE * min(len(logged), len(ids))):
        raise DataError(
            f"{log.name}: {len(near)} of its customers are in {name} with ids written otherwise, "
            f"such as {near.iloc[0]!r}; write the ids in the same way in both, or past contacts "
            "are not found"
        )
    found = len(unmatched) < len(logged)
    return [] if found else [f"{log.name}: none of its customers is in {name}"]


def _words(when: Any) -> str:
    """Conditions in words."""
    texts = []
    for column, condition in when.items():
        for name in type(condition).model_fields:
            value = getattr(condition, name)
            if value is not None:
                shown = ", ".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}"
                texts.append(f"{column} {name.replace('_', ' ')} {shown}")
    return " and ".join(texts)


def _suppressed(ids: pd.Series[Any], config: AllocateConfig) -> Bools:
    """The customers whom the suppression list keeps off."""
    assert config.suppress is not None
    with Session("400MB", n_threads=1) as session, readable(config.suppress):
        table = pa.table({"name": pa.array(ids.tolist(), pa.string())})
        session.store("known", table.to_reader())
        suppress(
            session,
            config.suppress,
            config.id,
            config.suppress_match,
            allow_unmatched=config.allow_unmatched,
            csv=config.suppress_csv.settings() if config.suppress_csv is not None else None,
            sheet=config.suppress_sheet,
        )
        kept = {name for (name,) in session.rows("SELECT name FROM eligible")}
    return ~ids.isin(kept).to_numpy(bool)
