"""Draws by customer id: which customers of a list are the control group, and who explores.

A customer's number comes from his id and the seed alone, so that neither the order of the rows nor
what else is in the table changes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint

from dbnchurn.campaign.limits import Limits
from dbnchurn.campaign.mixed_integer import solve_programme
from dbnchurn.core.typing import Floats, Ints

Hashes = npt.NDArray[np.uint64]


def hashes(ids: npt.NDArray[Any], seed: int, purpose: int = 0) -> Hashes:
    """A number for every id that looks random.

    Parameters
    ----------
    ids : array of shape (n,)
        Whole numbers or texts; 7 and "7" are the same.
    seed : int
    purpose : int, default 0
        Different draws of one plan have different purposes.

    Returns
    -------
    uint64 array of shape (n,)

    Examples
    --------
    >>> hashes(np.array([7, 8]), 0).tolist() == hashes(np.array(["7", "8"]), 0).tolist()
    True
    """
    texts = np.ascontiguousarray(np.asarray(ids).astype(np.str_, copy=False))
    letters = texts.view(np.uint32).reshape(len(texts), -1)
    start = np.array([seed % 2**64 * 4 + purpose + 1], np.uint64)
    state = np.repeat(_mixed(start), len(texts))
    for column in letters.T:
        written = column != 0  # texts are padded with zeros to the longest
        state[written] = _mixed(state[written] ^ column[written])
    return state


def campaign_seed(campaign: str, seed: int) -> int:
    """The seed of one campaign's draws, so that two campaigns hold out different customers.

    Parameters
    ----------
    campaign : str
    seed : int

    Returns
    -------
    int
    """
    return int(hashes(np.array([campaign]), seed)[0] >> np.uint64(2))


def _mixed(state: Hashes) -> Hashes:
    """The finalizer of SplitMix64 (Steele, Lea and Flood, 2014)."""
    with np.errstate(over="ignore"):
        state = state + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def share_of_each(
    groups: Ints, patterns: Sequence[tuple[int, ...]], share: float, limits: Limits, costs: Floats
) -> Ints | None:
    """How many customers of every group are contacted, so that the limits hold.

    Parameters
    ----------
    groups : int array
        Customers by group.
    patterns : sequence of tuple of int
        Options that a customer of the group is contacted with.
    share : float
        Share of every group that should be contacted.
    limits : Limits
        Of those who are contacted.
    costs : array of shape (m,)
        Money of a contact by option; zeros where it differs between customers.

    Returns
    -------
    int array, or None
        As near to the share as whole numbers and the limits allow; None if they allow none.
    """
    size = len(groups)
    if not size:
        return groups if not limits.least.any() else None
    uses = np.zeros((limits.members.shape[1], size))
    for number, pattern in enumerate(patterns):
        np.add.at(uses[:, number], list(pattern), 1.0)
    rows = [limits.members @ uses, (costs @ uses)[None]]
    unit = max(float(np.abs(rows[1]).max(initial=0)), 1e-300)
    matrix = np.vstack([rows[0], rows[1] / unit])
    wanted = share * groups
    # Counts near the shares, and how far each is from its share.
    near = np.hstack([np.eye(size), -np.eye(size)]), np.hstack([np.eye(size), np.eye(size)])
    solved = solve_programme(
        np.concatenate([np.zeros(size), np.ones(size)]),
        integrality=np.concatenate([np.ones(size), np.zeros(size)]),
        bounds=Bounds(0, np.concatenate([groups, np.full(size, np.inf)])),
        constraints=[
            LinearConstraint(
                np.hstack([matrix, np.zeros_like(matrix)]),
                np.concatenate([limits.least, [-np.inf]]),
                np.concatenate([limits.most, [limits.budget / unit]]),
            ),
            LinearConstraint(near[0], -np.inf, wanted),
            LinearConstraint(near[1], wanted, np.inf),
        ],
        options={"node_limit": 10_000},
    )
    return None if solved.x is None else np.round(solved.x[:size]).astype(np.int64)
