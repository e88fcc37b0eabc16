"""The plan: customers × (offer × channel) under a budget and limits, with prices and a bound.

A linear programme whose prices are found by cutting planes on its dual
(:mod:`dbnchurn.campaign.dual`), and whole numbers by a small mixed-integer programme for the
customers near another choice (:mod:`dbnchurn.campaign.integral`). The gap is certified: the dual is
a bound on every plan.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dbnchurn.campaign.allocation import Allocation, LimitUse
from dbnchurn.campaign.arm_names import ARMS
from dbnchurn.campaign.arms import IN_CONTROL, Drawn, draw_arms
from dbnchurn.campaign.draw import Hashes, hashes
from dbnchurn.campaign.dual import Bound, find_prices
from dbnchurn.campaign.integral import Contacts, solve_near, solve_whole, value_of
from dbnchurn.campaign.limits import Limits, Option, limit_problems, make_limits
from dbnchurn.campaign.margins import CHUNK, Margins, exact_sum
from dbnchurn.core.errors import ConfigError, DataError, listed
from dbnchurn.core.typing import Floats, Ints

CURVE = 20_000  # customers from whom other budgets are valued
PROVED = 2_000  # customers × options up to which the plan is proved to be the best
EXACT = 4_000_000  # customers × options up to which values are kept in float64
DRAW, ORDER = 0, 1  # purposes of random numbers


class Allocate:
    """Choose who is contacted with which offer through which channel.

    Parameters
    ----------
    budget : float, optional
        Money that the contacts may cost; by default without limit.
    capacities : mapping of channel → int, optional
        Contacts at most.
    stock : mapping of offer → int, optional
        Contacts at most.
    minimums : mapping of channel or offer → int, optional
        Contacts at least.
    max_contacts : int, default 1
        Options of a customer at most.
    control : float, default 0
        Share of the list, drawn at random within the chosen options, that is not contacted. It
        comes on top of budget and limits, which hold for those who are contacted.
    explore : float, default 0
        Share of the contacted who exchange their options at random, so that the next plan can
        learn what other options would have done.
    gap : float, default 5e-5
        Share of the best plan's value that may be given up for speed.
    random_state : int, default 0
        Seed of all draws.

    Attributes
    ----------
    allocation_ : Allocation
        The plan, its prices, and a bound on the value of any plan.

    Examples
    --------
    >>> options = [Option("discount", "call"), Option("discount", "mail")]
    >>> values = [[9.0, 5.0], [8.0, 7.0], [6.0, 1.0], [2.0, -1.0]]
    >>> plan = Allocate(capacities={"call": 1, "mail": 1}).fit(values, [3.0, 0.5], options)
    >>> made = plan.allocation_
    >>> [(int(i), str(options[j])) for i, j in zip(made.customer, made.option)]
    [(0, 'discount by call'), (1, 'discount by mail')]
    >>> made.planned, made.gap < 1e-9
    (16.0, True)
    """

    def __init__(
        self,
        *,
        budget: float | None = None,
        capacities: Mapping[str, int] | None = None,
        stock: Mapping[str, int] | None = None,
        minimums: Mapping[str, int] | None = None,
        max_contacts: int = 1,
        control: float = 0.0,
        explore: float = 0.0,
        gap: float = 5e-5,
        random_state: int = 0,
    ) -> None:
        self.budget = budget
        self.capacities = capacities
        self.stock = stock
        self.minimums = minimums
        self.max_contacts = max_contacts
        self.control = control
        self.explore = explore
        self.gap = gap
        self.random_state = random_state

    def fit(
        self,
        values: npt.ArrayLike,
        costs: npt.ArrayLike,
        options: Sequence[Option | tuple[str, str]],
        *,
        eligible: npt.ArrayLike | None = None,
        ids: npt.ArrayLike | None = None,
    ) -> Allocate:
        """Make the plan.

        Parameters
        ----------
        values : array of shape (n, m)
            Money that a contact is expected to bring, its own cost taken off.
        costs : array of shape (m,) or (n, m)
            Money that it costs, which the budget has to cover.
        options : sequence of m options
        eligible : array of bool of shape (n, m), optional
            Whether the customer may get the option; by default every customer may get all.
        ids : array of shape (n,), optional
            Names of the customers, on which the draws depend; by default the numbers of the rows.
            With ids the plan does not depend on the order of the rows.

        Returns
        -------
        Allocate
            Itself.

        Raises
        ------
        ConfigError
            If a parameter is out of its range, names an unknown channel or offer, or the minimums
            cannot be kept.
        DataError
            If values, costs or ids cannot be used.
        """
        chosen = tuple(Option(*option) for option in options)
        if problems := [*self._problems(chosen)]:
            raise ConfigError("; ".join(problems))
        value_array, cost_array = np.asarray(values), np.asarray(costs)
        allowed = None if eligible is None else np.asarray(eligible)
        names = np.asarray(np.arange(len(value_array)) if ids is None else ids).astype(np.str_)
        if problems := [*_table_problems(value_array, cost_array, allowed, names, len(chosen))]:
            raise DataError("; ".join(problems))
        limits = make_limits(
            chosen,
            self.budget,
            self.capacities or {},
            self.stock or {},
            self.minimums or {},
        )
        n = len(value_array)
        order = np.argsort(hashes(names, self.random_state, ORDER), kind="stable")
        margins = _margins(value_array, cost_array, allowed, order, limits, self.max_contacts)
        _check_minimums(margins, limits)
        draw = hashes(names, self.random_state, DRAW)[order]
        contacts, bound, drawn = self._planned(margins, limits, draw)
        self.allocation_ = _record(chosen, margins, limits, contacts, bound, drawn, order)
        self._sample = margins.part(np.arange(min(n, CURVE))), min(1.0, CURVE / max(n, 1)), limits
        return self

    def best_values(self, budgets: Sequence[float]) -> list[float]:
        """What the best plan within other budgets is worth, at most.

        Parameters
        ----------
        budgets : sequence of float

        Returns
        -------
        list of float
            Bounds of the linear programme, of those who are contacted; with more than 20,000
            customers scaled up from as many, drawn at random.

        Examples
        --------
        >>> plan = Allocate(budget=2.0).fit([[9.0], [4.0]], [1.0], [("discount", "call")])
        >>> [round(value, 6) for value in plan.best_values([1.0, 2.0])]
        [9.0, 13.0]
        """
        margins, share, limits = self._sample
        found = []
        for budget in budgets:
            scaled = replace(limits, budget=budget).of_list(self.control)
            scaled = replace(
                scaled,
                most=scaled.most * share,
                least=scaled.least * share,
                budget=scaled.budget * share,
            )
            bound = find_prices(margins, scaled, 1e-4)
            found.append(bound.value / share * (1 - self.control))
        return found

    def _problems(self, options: Sequence[Option]) -> Iterator[str]:
        """What is wrong with the parameters."""
        if not options:
            yield "there are no options: give at least one offer and one channel"
        yield from limit_problems(
            options, self.budget, self.capacities or {}, self.stock or {}, self.minimums or {}
        )
        if self.max_contacts < 1 or self.max_contacts != int(self.max_contacts):
            yield f"max_contacts {self.max_contacts}: give a whole number from 1 on"
        for name in ("control", "explore"):
            share = getattr(self, name)
            if not 0 <= share < 1:
                yield f"{name} {share:g}: give a share from 0 to below 1"
        if self.explore and self.max_contacts > 1:
            yield "explore needs max_contacts 1: customers exchange one option each"
        if not 0 < self.gap < 1:
            yield f"gap {self.gap:g}: give a share between 0 and 1"
        if self.random_state < 0:
            yield f"random_state {self.random_state}: give a number from 0 on"

    def _planned(
        self, margins: Margins, limits: Limits, keys: Hashes
    ) -> tuple[Contacts, Bound, Drawn]:
        """List and draw; without room for a control group on top where the numbers forbid it."""
        tightest = Limits(
            limits.names,
            limits.members,
            limits.most,
            limits.of_list(self.control).least
            + (len(margins.values) if self.control else 0) * (limits.least > 0),
            limits.budget,
        )
        for of_list in (limits.of_list(self.control), tightest)[: 2 if self.control else 1]:
            contacts, bound = solve(margins, of_list, self.gap)
            if contacts.shortage:
                continue
            drawn = draw_arms(margins, contacts, limits, keys, self.control, self.explore)
            if drawn is not None:
                return contacts, bound, drawn
        minimums = listed(self.minimums or {})
        raise ConfigError(
            f"no plan keeps the minimums of {minimums} within budget, capacities, stock and "
            f"eligibility{f' with a control share of {self.control:g}' * bool(self.control)}; "
            "lower the minimums, or raise what limits them"
        )


def solve(margins: Margins, limits: Limits, gap: float) -> tuple[Contacts, Bound]:
    """The contacts of a plan and a bound on what any plan is worth.

    Parameters
    ----------
    margins : Margins
        Its customers are in random order.
    limits : Limits
    gap : float
        Share of the value that may be given up.

    Returns
    -------
    contacts : Contacts
    bound : Bound
    """
    cells = margins.n * margins.m
    fine = 1e-8 if cells <= PROVED else min(gap, 5e-6) / 10 if cells <= EXACT else gap / 10
    bound = find_prices(margins, limits, fine)
    if cells <= PROVED:
        contacts = solve_whole(margins, limits, 1e-7)
        return contacts, Bound(bound.prices, min(bound.value, contacts.bound))
    return solve_near(margins, limits, bound, gap), bound


def _table_problems(
    values: npt.NDArray[Any],
    costs: npt.NDArray[Any],
    eligible: npt.NDArray[Any] | None,
    ids: npt.NDArray[np.str_],
    m: int,
) -> Iterator[str]:
    """What is wrong with the arrays."""
    if values.ndim != 2 or values.shape[1] != m:
        yield f"values have the shape {values.shape}; give a column for each of the {m} options"
        return
    n = len(values)
    if not n:
        yield "there are no customers; give at least one row of values"
        return
    if costs.shape not in ((m,), (n, m)):
        yield f"costs have the shape {costs.shape}; give ({m},), or ({n}, {m}) as of the values"
        return
    if eligible is not None and (eligible.shape != (n, m) or eligible.dtype != bool):
        yield f"eligible has the shape {eligible.shape}; give True or False, of shape ({n}, {m})"
        return
    wrong = [k for k in range(0, n, CHUNK) if not np.isfinite(values[k : k + CHUNK]).all()]
    if wrong:
        rows = np.flatnonzero(~np.isfinite(values).all(axis=1))
        yield (
            f"values: {len(rows)} rows have a value that is missing or infinite, the first is row "
            f"{rows[0]}; leave options out with eligible, not with NaN"
        )
    if not np.isfinite(costs).all() or (costs < 0).any():
        bad = ~np.isfinite(costs) | (costs < 0)
        yield f"costs: {int(bad.sum())} are missing, infinite or negative; give money from 0 on"
    if ids.shape != (n,):
        yield f"ids have the shape {ids.shape}; give one for each of the {n} rows"
    elif len(different := np.unique(ids, return_counts=True)[1]) < n:
        repeated = int((different > 1).sum())
        yield f"ids: {repeated} customers have several rows; give one row a customer"


def _margins(
    values: npt.NDArray[Any],
    costs: npt.NDArray[Any],
    eligible: npt.NDArray[Any] | None,
    order: Ints,
    limits: Limits,
    most: int,
) -> Margins:
    """Values and costs by option, customers in the given order; what nobody can get is left out."""
    n, m = values.shape
    kind = np.float64 if n * m <= EXACT else np.float32
    own = np.empty((m, n), kind)
    paid = np.asarray(costs, float) if costs.ndim == 1 else np.empty((m, n), kind)
    closed = (limits.members & (limits.most == 0)[:, None]).any(axis=0)
    for start in range(0, n, CHUNK):
        rows = order[start : start + CHUNK]
        piece = slice(start, start + CHUNK)
        money = costs if costs.ndim == 1 else np.asarray(costs[rows], float)
        part = np.asarray(values[rows], float)
        part[(np.zeros(part.shape) + money > limits.budget) | closed] = -np.inf
        if eligible is not None:
            part[~eligible[rows]] = -np.inf
        own[:, piece] = part.T
        if costs.ndim == 2:
            paid[:, piece] = _rounded_up(money, kind).T
    return Margins(own, paid, min(most, m))


def _rounded_up(money: Floats, kind: type[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
    """Costs that are never below those given, so that a budget that holds, holds exactly."""
    rounded = money.astype(kind)
    return np.where(rounded < money, np.nextafter(rounded, kind(np.inf)), rounded)


def _check_minimums(margins: Margins, limits: Limits) -> None:
    """Refuse minimums for which there are too few customers."""
    problems = []
    for name, members, least in zip(limits.names, limits.members, limits.least, strict=True):
        if least:
            may = np.isfinite(margins.values[members]).sum(axis=0)
            reachable = int(np.minimum(may, margins.most).sum())
            if reachable < least:
                problems.append(
                    f"minimums: at least {least:.0f} contacts are asked for of {name}, and only "
                    f"{reachable} are possible within eligibility, stock and budget"
                )
    if problems:
        raise ConfigError("; ".join(problems) + "; lower the minimums, or open more options")


def _record(
    options: tuple[Option, ...],
    margins: Margins,
    limits: Limits,
    contacts: Contacts,
    bound: Bound,
    drawn: Drawn,
    order: Ints,
) -> Allocation:
    """The plan in the order of the customers' rows."""
    rows = order[drawn.rows]
    place = np.lexsort((drawn.options, rows))
    values = np.asarray(margins.values[drawn.options, drawn.rows], float)
    costs = margins.costs_of(drawn.rows, drawn.options)
    made = drawn.arms != IN_CONTROL
    counts = np.bincount(drawn.options[made], minlength=margins.m)
    spent = exact_sum(costs[made])
    if broken := limits.broken(counts, spent):
        raise AssertionError(f"the plan breaks {'; '.join(broken)}")
    return Allocation(
        options,
        rows[place],
        drawn.options[place],
        np.array(ARMS)[drawn.arms[place]],
        drawn.propensity[place],
        values[place],
        costs[place],
        value_of(margins, contacts),
        bound.value,
        _uses(limits, counts, spent, bound),
        drawn.set_aside,
        bound.prices.by_option(limits),
        bound.prices.money,
    )


def _uses(limits: Limits, counts: Ints, spent: float, bound: Bound) -> tuple[LimitUse, ...]:
    used = limits.members @ counts
    prices = bound.prices
    uses = [
        LimitUse(
            name,
            float(used[k]),
            float(limits.most[k]),
            float(limits.least[k]),
            float(prices.most[k]),
            float(prices.least[k]),
        )
        for k, name in enumerate(limits.names)
    ]
    if math.isfinite(limits.budget):
        uses.append(LimitUse("budget", spent, limits.budget, 0.0, prices.money, 0.0))
    return tuple(uses)
