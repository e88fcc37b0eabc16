"""Whole numbers: a plan that keeps every limit, from the choices at the prices of the dual.

Where the next best choice is far away, the linear programme has whole numbers already. Customers
for whom it is near, some thousands of a million, are given to a mixed-integer programme with what
the others leave of every limit. A table that is small altogether is one such programme.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, hstack, vstack

from dbnchurn.campaign.dual import Prices
from dbnchurn.campaign.limits import Limits
from dbnchurn.campaign.margins import NONE, Margins, choices, exact_sum
from dbnchurn.core.typing import Floats, Ints

CELLS = 40_000  # customers × options of a programme that is solved whole
CORE = 1_500  # customers near another choice that are decided together at first
NODES = 500  # of the search tree; not a time, so that machines of other speed give the same plan


@dataclass(frozen=True, eq=False)
class Contacts:
    """Contacts of a plan: rows of customers and numbers of options, of the same length.

    Parameters
    ----------
    rows, options : int arrays
    shortage : float
        Contacts by which the minimums are missed, summed.
    bound : float
        No plan is worth more; infinite where this was not shown.
    """

    rows: Ints
    options: Ints
    shortage: float = 0.0
    bound: float = np.inf


def solve_whole(margins: Margins, limits: Limits, gap: float) -> Contacts:
    """The best plan for all customers at once.

    Parameters
    ----------
    margins : Margins
    limits : Limits
    gap : float
        Share of the value at which the search ends.

    Returns
    -------
    Contacts
    """
    options, rows = np.nonzero(np.isfinite(margins.values))
    useful = (margins.values[options, rows] > 0) | bool(limits.least.any())
    rows, options = rows[useful], options[useful]
    order = np.lexsort((options, rows))
    return _programme(margins, rows[order], options[order], limits, gap)


def solve_near(margins: Margins, limits: Limits, prices: Prices, gap: float) -> Contacts:
    """A plan from the choices at some prices, in which customers near another choice are decided.

    Parameters
    ----------
    margins : Margins
    limits : Limits
    prices : Prices
    gap : float
        Share of the value at which the search ends.

    Returns
    -------
    Contacts
    """
    by_option = prices.by_option(limits)
    chosen, distance = choices(margins, by_option, prices.money)
    order = np.argsort(distance, kind="stable")
    core = CORE
    while True:
        near = np.sort(order[:core])
        fixed = np.ones(margins.n, bool)
        fixed[near] = False
        kept_turns, kept_rows = np.nonzero((chosen != NONE) & fixed)
        kept = Contacts(kept_rows, chosen[kept_turns, kept_rows])
        left = _left(margins, kept, limits)
        last = core >= margins.n
        if last or _has_room(left):
            rows, options = _near_options(margins, near, by_option, prices.money, distance, limits)
            found = _programme(margins, rows, options, left, gap)
            if last or not found.shortage:
                break
        core *= 4
    return Contacts(
        np.concatenate([kept.rows, found.rows]),
        np.concatenate([kept.options, found.options]),
        found.shortage,
    )


def _left(margins: Margins, kept: Contacts, limits: Limits) -> Limits:
    """What some contacts leave of the limits."""
    used = limits.members @ np.bincount(kept.options, minlength=margins.m)
    spent = exact_sum(margins.costs_of(kept.rows, kept.options))
    return Limits(
        limits.names,
        limits.members,
        limits.most - used,
        np.maximum(limits.least - used, 0),
        limits.budget - spent,
    )


def _has_room(left: Limits) -> bool:
    return bool((left.most >= 0).all()) and left.budget >= 0


def _near_options(
    margins: Margins,
    near: Ints,
    by_option: Floats,
    money: float,
    distance: Floats,
    limits: Limits,
) -> tuple[Ints, Ints]:
    """Customers and options that the best plan may have, of those near another choice."""
    part = margins.part(near)
    reduced = np.asarray(part.reduced(slice(0, part.n), by_option, money), float)
    ranked = -np.sort(-reduced, axis=0)
    lowest = np.maximum(ranked[min(margins.most, margins.m) - 1], 0)
    reach = 4 * float(distance[near].max(initial=0)) + 1e-9 * float(np.abs(ranked[0]).max())
    wanted = np.isfinite(reduced)
    if len(near) < margins.n or not limits.least.any():
        wanted &= reduced >= lowest - reach
    rows, options = np.nonzero(wanted.T)
    return near[rows], options


def _programme(
    margins: Margins, rows: Ints, options: Ints, limits: Limits, gap: float
) -> Contacts:
    """Decide which of some possible contacts are made."""
    none = np.empty(0, np.int64)
    if not len(rows):
        return Contacts(none, none, float(limits.least.sum()), 0.0)
    values = np.asarray(margins.values[options, rows], float)
    unit = max(float(np.abs(values).max()), 1e-300)
    short = np.flatnonzero(limits.least > 0)
    # A minimum that cannot be kept is missed at a price that no value outweighs.
    penalty = 2.0 * len(limits.names) + 10
    matrix, low, high = _constraints(margins, rows, options, limits, short)
    solved = milp(
        np.concatenate([-values / unit, np.full(len(short), penalty)]),
        integrality=np.ones(len(rows) + len(short)),
        bounds=Bounds(0, np.concatenate([np.ones(len(rows)), limits.least[short]])),
        constraints=LinearConstraint(matrix, low, high),
        options={"mip_rel_gap": gap, "node_limit": NODES},
    )
    if solved.x is None:
        taken, shortage = np.zeros(len(rows), bool), limits.least.sum()
    else:
        taken, shortage = solved.x[: len(rows)] > 0.5, np.round(solved.x[len(rows) :]).sum()
    bound = np.inf if solved.x is None else -unit * float(solved.mip_dual_bound)
    found = Contacts(rows[taken], options[taken], float(shortage), bound)
    return _within_budget(margins, found, limits)


def _constraints(
    margins: Margins, rows: Ints, options: Ints, limits: Limits, short: Ints
) -> tuple[csr_array, Floats, Floats]:
    """Contacts of a customer, of every group, and money, as rows of a matrix."""
    customers, place = np.unique(rows, return_inverse=True)
    count, each = len(rows), np.arange(len(rows))
    parts = [csr_array(coo_array((np.ones(count), (place, each)), (len(customers), count)))]
    low, high = [np.zeros(len(customers))], [np.full(len(customers), float(margins.most))]
    parts.append(csr_array(limits.members[:, options].astype(float)))
    low.append(limits.least)
    high.append(limits.most)
    if np.isfinite(limits.budget):
        costs = margins.costs_of(rows, options)
        unit = max(float(costs.max()), 1e-300)
        parts.append(csr_array(costs[None] / unit))
        low.append(np.array([-np.inf]))
        high.append(np.array([limits.budget / unit]))
    matrix = vstack(parts)
    slack = coo_array(
        (np.ones(len(short)), (len(customers) + short, np.arange(len(short)))),
        (matrix.shape[0], len(short)),
    )
    return csr_array(hstack([matrix, slack])), np.concatenate(low), np.concatenate(high)


def _within_budget(margins: Margins, found: Contacts, limits: Limits) -> Contacts:
    """The same contacts less those by which the solver's tolerance overspent the budget."""
    rows, options = found.rows, found.options
    costs = margins.costs_of(rows, options)
    values = np.asarray(margins.values[options, rows], float)
    kept = np.ones(len(rows), bool)
    if exact_sum(costs) > limits.budget:
        counts = limits.members @ np.bincount(options, minlength=margins.m)
        for number in np.argsort(values, kind="stable"):
            groups = limits.members[:, options[number]]
            if costs[number] > 0 and (counts[groups] > limits.least[groups]).all():
                kept[number] = False
                counts -= groups
                if exact_sum(costs[kept]) <= limits.budget:
                    break
    over = exact_sum(costs[kept]) > limits.budget
    shortage = found.shortage + float(over)  # the minimums alone cost more than there is
    return Contacts(rows[kept], options[kept], shortage, found.bound)
