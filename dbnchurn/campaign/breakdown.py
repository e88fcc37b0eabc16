"""Effects of one arm, and among groups of customers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dbnchurn.campaign.arm_names import CONTACT, CONTROL, EXPLORE
from dbnchurn.campaign.effect import Effect, differ, measured_effect
from dbnchurn.campaign.lift import GroupEffect
from dbnchurn.core.lazy import LazyModule
from dbnchurn.core.statistics import adjusted_p_values
from dbnchurn.core.typing import Floats

if TYPE_CHECKING:  # the config of a verb is checked before these are imported
    import pandas as pd
else:
    pd = LazyModule("pandas")

TIERS = ("lowest third", "middle third", "highest third")
BREAKDOWNS = ("campaign", "offer", "channel", "segment", "risk")
MOST_GROUPS = 12


def arm_effect(rows: pd.DataFrame, arm: str, confidence: float) -> Effect:
    """The effect of one arm against the control group.

    Parameters
    ----------
    rows : DataFrame
        A log with ``left``.
    arm : {"contact", "explore"}
    confidence : float

    Returns
    -------
    Effect
    """
    both = rows[rows["arm"].isin([arm, CONTROL])]
    return measured_effect(
        both["left"].to_numpy(np.float64),
        (both["arm"] == arm).to_numpy(),
        _chances_as_drawn(both, arm),
        scores_of(both),
        confidence=confidence,
    )


def _chances_as_drawn(rows: pd.DataFrame, arm: str) -> Floats:
    """Propensities; of explorers without the chance of their option, which counts as drawn."""
    chance = rows["propensity"].to_numpy(np.float64).copy()
    own = (rows["arm"] == EXPLORE).to_numpy()
    if arm == EXPLORE and own.any():
        part = rows[own]
        size = part.groupby(["campaign", "offer", "channel"])["arm"].transform("size")
        whole = part.groupby("campaign")["arm"].transform("size")
        chance[own] /= (size / whole).to_numpy()
    return chance


def scores_of(rows: pd.DataFrame) -> Floats | None:
    """Scores of the rows, the mean where there is none; None where nobody has one."""
    if "score" not in rows or rows["score"].isna().all():
        return None
    return rows["score"].fillna(rows["score"].mean()).to_numpy(np.float64)


def group_effects(
    rows: pd.DataFrame, log: pd.DataFrame, by: Sequence[str], confidence: float
) -> tuple[GroupEffect, ...]:
    """Effects by offer, channel, segment, risk and further columns, all judged together.

    Parameters
    ----------
    rows : DataFrame
        A log with ``left``.
    log : DataFrame
        All rows of the log.
    by : sequence of str
        Further columns of `rows`.
    confidence : float

    Returns
    -------
    tuple of GroupEffect
    """
    found: list[GroupEffect] = []
    for breakdown in (*BREAKDOWNS, *by):
        names = group_names(rows, log, breakdown)
        if names is None or names.nunique() < 2:
            continue
        largest = set(names.value_counts().index[:MOST_GROUPS])
        order = [tier for tier in TIERS if tier in largest] if breakdown == "risk" else None
        for group in order or sorted(largest):
            part = rows[(names == group).to_numpy() & (rows["arm"] != EXPLORE).to_numpy()]
            both = part["arm"].nunique() == 2
            effect = arm_effect(part, CONTACT, confidence) if both else None
            found.append(GroupEffect(breakdown, str(group), len(part), effect))
    p_values = [group.effect.p_value for group in found if group.effect is not None]
    adjusted = iter(adjusted_p_values(p_values))
    return tuple(
        group
        if group.effect is None
        else GroupEffect(
            group.breakdown, group.group, group.rows, group.effect, float(next(adjusted))
        )
        for group in found
    )


def group_names(rows: pd.DataFrame, log: pd.DataFrame, breakdown: str) -> pd.Series[Any] | None:
    """The group of every row; None where the log does not say it.

    Parameters
    ----------
    rows : DataFrame
    log : DataFrame
        All rows of the log, whose scores divide customers into thirds.
    breakdown : str
        ``risk`` or a column.

    Returns
    -------
    Series or None
    """
    if breakdown != "risk":
        return rows.get(breakdown, None)
    if "score" not in rows or log["score"].nunique() < len(TIERS):
        return None
    edges = np.nanquantile(log["score"], [1 / 3, 2 / 3])
    tier = np.searchsorted(edges, rows["score"].to_numpy(), side="right")
    names = pd.Series(np.array(TIERS, object)[tier], rows.index)
    return names.where(rows["score"].notna())


def differences(groups: tuple[GroupEffect, ...]) -> dict[str, float]:
    """Breakdown → p-value that all its groups have one effect."""
    by: dict[str, list[Effect]] = {}
    for group in groups:
        if group.effect is not None:
            by.setdefault(group.breakdown, []).append(group.effect)
    return {name: differ(effects) for name, effects in by.items() if len(effects) > 1}
