"""Weights with which contacted customers stand for the same customers without a contact."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dbnchurn.core.typing import Floats, Labels, Rows

TIERS = 5  # of the log's score, in which contacted stayers are weighted
LEAVERS_OF_TIER = 20
LIGHTEST_STAYER = 0.05


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
