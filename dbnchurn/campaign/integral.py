"""Whole numbers: a plan that keeps every limit, from the choices at the prices of the dual.

Where the next best choice is far away, the linear programme has whole numbers already. Customers
for whom it is near, some thousands of a million, are given to a mixed-integer programme with what
the others leave of every limit. A table that is small altogether is one such programme.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import Bounds, LinearConstraint
from scipy.sparse import coo_array, csr_array, hstack, vstack

from dbnchurn.campaign.dual import Bound
from dbnchurn.campaign.limits import Limits
from dbnchurn.campaign.margins import NONE, Margins, choices, exact_sum
from dbnchurn.campaign.mixed_integer import solve_programme
from dbnchurn.core.typing import Floats, Ints

CORE = 1_500  # customers near another choice that are decided together at first
MOST = 60_000  # customers that are decided together at most
# Customers near another choice that are decided together; whether from the fractions of the linear
# programme; and the gap, in units of the wanted one, above which it is tried.
TRIALS = ((CORE, True, 0), (4 * CORE, True, 1), (4 * CORE, False, 10), (MOST, True, 20))
FEW = 150  # customers that are decided with those whom the linear programme leaves in fractions
SURE = 1e-6  # rounding of the solver
NODES = 200  # of the search tree; not a time, so that machines of other speed give the same plan


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


def solve_near(margins: Margins, limits: Limits, bound: Bound, gap: float) -> Contacts:
    """A plan from the choices at some prices, in which customers near another choice are decided.

    Parameters
    ----------
    margins : Margins
    limits : Limits
    bound : Bound
        With the prices.
    gap : float
        Share of the bound that the plan may lack; more customers are decided until it holds.

    Returns
    -------
    Contacts
    """
    prices = bound.prices
    by_option = prices.by_option(limits)
    chosen, distance = choices(margins, by_option, prices.money)
    order = np.argsort(distance, kind="stable")
    plan: Contacts | None = None
    allowed = gap / 2 * max(bound.value, 0)  # money that a search may give up
    for core, rounded, enough in TRIALS:
        if plan is not None and not _lacks(margins, plan, bound, enough * gap):
            break
        near = order[:core]
        fixed = np.ones(margins.n, bool)
        fixed[near] = False
        turns, rows = np.nonzero((chosen != NONE) & fixed)
        kept = Contacts(rows, chosen[turns, rows])
        left = _left(margins, kept, limits)
        if not _has_room(left):
            continue
        possible = _near_options(margins, near, by_option, prices.money, distance, limits)
        if rounded:
            found = _rounded(margins, possible, near[:FEW], left, allowed)
        else:
            found = _programme(margins, *possible, left, allowed / _most(margins, near))
        better = _joined(kept, found)
        if plan is None or _is_better(margins, better, plan):
            plan = better
    return solve_whole(margins, limits, gap) if plan is None else plan


def _joined(one: Contacts, other: Contacts) -> Contacts:
    return Contacts(np.r_[one.rows, other.rows], np.r_[one.options, other.options], other.shortage)


def _rounded(
    margins: Margins, possible: tuple[Ints, Ints], few: Ints, limits: Limits, allowed: float
) -> Contacts:
    """A plan from the linear programme, whose few fractions are decided with some others."""
    rows, options = possible
    solved, _ = _solved(margins, rows, options, limits, None)
    if solved is None:
        return _programme(margins, rows, options, limits, allowed / _most(margins, rows))
    share = solved[: len(rows)]
    open_rows = np.union1d(few, rows[(share > SURE) & (share < 1 - SURE)])
    is_open = np.isin(rows, open_rows)
    kept = Contacts(rows[~is_open & (share > 0.5)], options[~is_open & (share > 0.5)])
    left = _left(margins, kept, limits)
    if not _has_room(left):
        return _programme(margins, rows, options, limits, allowed / _most(margins, rows))
    gap = allowed / _most(margins, open_rows)
    return _joined(kept, _programme(margins, rows[is_open], options[is_open], left, gap))


def _most(margins: Margins, near: Ints) -> float:
    """What some customers can be worth without any limit; above zero."""
    top = np.asarray(margins.values[:, near].max(axis=0), float)
    return margins.most * float(np.maximum(top, 0).sum()) + 1e-300


def _is_better(margins: Margins, one: Contacts, other: Contacts) -> bool:
    if one.shortage != other.shortage:
        return one.shortage < other.shortage
    return value_of(margins, one) > value_of(margins, other)


def value_of(margins: Margins, contacts: Contacts) -> float:
    """The value of contacts, in float64.

    Parameters
    ----------
    margins : Margins
    contacts : Contacts

    Returns
    -------
    float
    """
    return exact_sum(np.asarray(margins.values[contacts.options, contacts.rows], float))


def _lacks(margins: Margins, plan: Contacts, bound: Bound, gap: float) -> bool:
    """Whether a plan misses a minimum or lacks more of the bound than it may."""
    missing = bound.value - value_of(margins, plan)
    return plan.shortage > 0 or missing > gap * max(bound.value, 0)


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


def _programme(margins: Margins, rows: Ints, options: Ints, limits: Limits, gap: float) -> Contacts:
    """Decide which of some possible contacts are made."""
    none = np.empty(0, np.int64)
    if not len(rows):
        return Contacts(none, none, float(limits.least.sum()), 0.0)
    solved, bound = _solved(margins, rows, options, limits, gap)
    if solved is None:
        return Contacts(none, none, max(float(limits.least.sum()), 1.0))
    taken, shortage = solved[: len(rows)] > 0.5, np.round(solved[len(rows) :]).sum()
    found = Contacts(rows[taken], options[taken], float(shortage), bound)
    return _within_budget(margins, found, limits)


def _solved(
    margins: Margins, rows: Ints, options: Ints, limits: Limits, gap: float | None
) -> tuple[Floats | None, float]:
    """The programme's solution and bound; of the linear programme without a gap."""
    values = np.asarray(margins.values[options, rows], float)
    unit = max(float(np.abs(values).max(initial=0)), 1e-300)
    short = np.flatnonzero(limits.least > 0)
    if not len(rows):  # nobody is worth a contact: every minimum is missed, whole
        return np.asarray(limits.least[short], float), 0.0
    # A minimum that cannot be kept is missed at a price that no value outweighs.
    penalty = 2.0 * len(limits.names) + 10
    matrix, low, high = _constraints(margins, rows, options, limits, short)
    whole = gap is not None
    solved = solve_programme(
        np.concatenate([-values / unit, np.full(len(short), penalty)]),
        integrality=np.full(len(rows) + len(short), int(whole)),
        bounds=Bounds(0, np.concatenate([np.ones(len(rows)), limits.least[short]])),
        constraints=LinearConstraint(matrix, low, high),
        options={} if gap is None else {"mip_rel_gap": min(gap, 0.05), "node_limit": NODES},
    )
    if solved.x is None:
        return None, np.inf
    return solved.x, -unit * float(solved.mip_dual_bound if whole else solved.fun)


def _constraints(
    margins: Margins, rows: Ints, options: Ints, limits: Limits, short: Ints
) -> tuple[csr_array, Floats, Floats]:
    """Contacts of a customer, of every group, and money, as rows of a matrix."""
    count, each = len(rows), np.arange(len(rows))
    # A customer with no more options than he may have needs no row.
    crowded = np.flatnonzero(np.bincount(rows) > margins.most)
    inside = np.flatnonzero(np.isin(rows, crowded))
    customers, place = crowded, np.searchsorted(crowded, rows[inside])
    parts = [
        csr_array(coo_array((np.ones(len(inside)), (place, each[inside])), (len(customers), count)))
    ]
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
