"""Campaigns that ran in the outcome windows of a run's rows: the rows are weighted accordingly."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import numpy as np

from dbnchurn.campaign.feedback import Feedback, FeedbackSection, WeightedLabels
from dbnchurn.core.errors import ConfigError
from dbnchurn.core.typing import Dates
from dbnchurn.runs.config import RunConfig
from dbnchurn.tables import Customers
from dbnchurn.tables.splitting import Split
from dbnchurn.tables.unused_columns import say

FITTED, TESTED = "training and validation", "test"


def with_feedback(
    config: RunConfig, table: Customers, parts: Split
) -> tuple[Customers, dict[str, WeightedLabels]]:
    """Weights of all rows, as if nobody had been contacted.

    Effects for the training and validation rows come from these alone, so that nothing that is
    learned depends on a test row; effects for the test rows from all rows.

    Parameters
    ----------
    config : RunConfig
        With ``feedback``, or without: then the table stays as it is.
    table : Customers
    parts : Split

    Returns
    -------
    table : Customers
        With ``sample_weight``, and what was done as notes.
    done : dict of part → WeightedLabels

    Raises
    ------
    DataError, ConfigError
        If the log cannot be used, a campaign has no control group, or the table does not say when
        its outcome windows are.
    """
    section = config.feedback
    if section is None:
        return table, {}
    if table.id is None:
        raise ConfigError(
            "feedback: the customers of the log are found by their id, and the table has none; "
            "name the column in columns.id"
        )
    opens, closes = outcome_windows(config, table, section)
    feedback = Feedback.read(section, table.ids, table.y, opens, closes)
    learned = np.sort(np.concatenate([parts.train, parts.validation]))
    every = np.sort(np.concatenate([learned, parts.test]))
    done = {
        FITTED: feedback.weigh(learned),
        TESTED: feedback.weigh(parts.test, measured_on=every),
    }
    weight = np.ones(len(table))
    weight[learned], weight[parts.test] = done[FITTED].weight, done[TESTED].weight
    notes = [*feedback.notes]
    notes += [f"Feedback, {part} rows: {note}." for part, d in done.items() for note in d.notes]
    say(notes, logging.WARNING)
    return replace(table, sample_weight=weight, notes=(*table.notes, *notes)), done


def outcome_windows(
    config: RunConfig, table: Customers, section: FeedbackSection
) -> tuple[Dates, Dates]:
    """First day of each row's outcome window, and the day after its last.

    A contact between the cutoff and the window, in the gap, changes the label too, so a window of
    source tables begins at the cutoff.

    Parameters
    ----------
    config : RunConfig
    table : Customers of n rows
    section : FeedbackSection

    Returns
    -------
    opens, closes : datetime64 arrays of shape (n,)

    Raises
    ------
    ConfigError
        If neither the table nor the section says it, or both do.
    """
    if table.closed is not None and table.dates is not None and config.data is not None:
        if section.since is not None or (section.days is not None and section.outcomes is None):
            raise ConfigError(
                "feedback: data.windows says when the outcome windows are; leave 'since' and 'days'"
                " out"
            )
        return table.dates, table.closed
    if section.days is None:
        raise ConfigError(
            "feedback: nothing says how long after the snapshot a customer counts as having left; "
            "give feedback.days, such as 30"
        )
    if table.dates is not None:
        if section.since is not None:
            raise ConfigError(
                "feedback: the table has a date for every row (columns.date), so leave 'since' out"
            )
        opens = table.dates
    elif section.since is None:
        raise ConfigError(
            "feedback: the table has no dates, so nothing says which contacts lie in its outcome "
            "window; give feedback.since, its first day, such as 2026-03-01"
        )
    else:
        opens = np.full(len(table), np.datetime64(section.since, "ns"))
    return opens, opens + np.timedelta64(section.days, "D")


def plain(done: dict[str, WeightedLabels]) -> dict[str, Any]:
    """What was done to the labels of each part, as plain data."""
    return {part: weighted.as_dict() for part, weighted in done.items()}
