"""Whom to address first: seeds by expected reach, and the reach of any seeds by simulation.

The model is the independent cascade (Kempe, Kleinberg and Tardos, 2003): who is reached moves each
contact once, with a probability that grows with the weight of their calls. Seeds are chosen one
after another by the people whom they are expected to reach in two steps and whom earlier seeds are
not expected to reach; the discount is that of Chen, Wang and Yang (2009), extended to two steps.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from dbnchurn.core.typing import Floats, Ints, Rows
from dbnchurn.graph.call_graph import CallGraph
from dbnchurn.graph.measures import neighbours_of

CLOSE = 1e-4  # relative error of the mean number of contacts that one person moves
SORTED = 16  # times as many as seeds: those who may become one, nearly always
STEPS = 60  # of the bisection


@dataclass(frozen=True, eq=False)
class Spread:
    """Probability that each person moves each contact.

    Parameters
    ----------
    ties : csr_array of shape (n, n)
        Probabilities; symmetric.
    per_call : float
        Probability for a weight of 1.
    passes_on : float
        Contacts whom a person moves on average.
    """

    ties: Any  # scipy has no types
    per_call: float
    passes_on: float

    def __len__(self) -> int:
        return int(self.ties.shape[0])


def spread_of(graph: CallGraph, passes_on: float) -> Spread:
    """Probabilities under which a person moves so many contacts on average.

    A contact of weight w is moved with 1 - (1 - p)^w; p is the same for all.

    Parameters
    ----------
    graph : CallGraph
    passes_on : float
        Positive; more than half of the partners that people have on average becomes that half.

    Returns
    -------
    Spread

    Examples
    --------
    >>> from dbnchurn.graph.call_graph import graph_of
    >>> spread = spread_of(graph_of(["a", "b"], [0], [1], [2.0]), 0.19)
    >>> round(spread.per_call, 3), round(float(spread.ties.sum()) / 2, 3)
    (0.1, 0.19)
    """
    both = graph.both
    weights, times = graph.weights
    people = max(len(graph), 1)
    passes_on = min(passes_on, 0.5 * float(times.sum()) / people)
    wanted = passes_on * people
    low, high = -50.0, 10.0  # of log(-log(1 - p))
    for _ in range(STEPS):
        middle = (low + high) / 2
        moved = float(-(np.expm1(-np.exp(middle) * weights) * times).sum())
        if abs(moved - wanted) <= CLOSE * max(wanted, 1e-12):
            break
        low, high = (middle, high) if moved < wanted else (low, middle)
    rate = np.exp(middle)
    moved_each = -np.expm1(-rate * both.data)
    ties = sp.csr_array((moved_each, both.indices, both.indptr), shape=both.shape)
    return Spread(ties, float(-np.expm1(-rate)), passes_on)


@dataclass(frozen=True, eq=False)
class Seeds:
    """People in the order in which they are chosen.

    Parameters
    ----------
    people : int array of shape (k,)
        Positions.
    reach : float64 array of shape (k,)
        Further people whom each is expected to reach in two steps, the person among them.
    alone : float64 array of shape (k,)
        The same if nobody were chosen before.
    """

    people: Rows
    reach: Floats
    alone: Floats


def choose_seeds(spread: Spread, number: int, among: Rows | None = None) -> Seeds:
    """Choose people by discounted expected reach.

    Parameters
    ----------
    spread : Spread
        Of n people.
    number : int
        Of seeds; fewer if there are fewer people.
    among : int array, optional
        Positions of those who may be chosen; by default all.

    Returns
    -------
    Seeds
        Of equal people, the earlier comes first.

    Examples
    --------
    >>> from dbnchurn.graph.call_graph import graph_of
    >>> pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (4, 5)]
    >>> graph = graph_of(list("abcdef"), *np.array(pairs).T, np.ones(5))
    >>> choose_seeds(spread_of(graph, 0.5), 2).people.tolist()
    [0, 4]
    """
    chooser = _Chooser(spread)
    people = np.arange(len(spread))
    if among is not None:
        may = np.zeros(len(spread), bool)  # sorts positions sooner than numpy.unique
        may[among] = True
        people = np.flatnonzero(may)
    ties = spread.ties
    back = _row_sums(ties.data**2, ties.indptr)  # ways that return at once
    alone = 1.0 + ties @ chooser.onward - back
    ranked = _by_reach(people, alone, SORTED * number)
    person = next(ranked, None)
    waiting: list[tuple[float, int, int]] = []  # negative reach, person, seeds it is known for
    chosen: list[int] = []
    reach: list[float] = []
    while len(chosen) < min(number, len(people)):
        # A reach only falls while seeds are added, so that an old one is an upper bound.
        while person is not None and (not waiting or -waiting[0][0] <= alone[person]):
            heapq.heappush(waiting, (-float(alone[person]), person, 0))
            person = next(ranked, None)
        value, best, known = heapq.heappop(waiting)
        if known < len(chosen):
            heapq.heappush(waiting, (-chooser.reach(best), best, len(chosen)))
            continue
        chosen.append(best)
        reach.append(-value)
        chooser.add(best)
    found = np.array(chosen, np.intp)
    return Seeds(found, np.array(reach), alone[found])


def _by_reach(people: Rows, alone: Floats, first: int) -> Iterator[int]:
    """People in descending order of their reach, sorted no further than they are asked for."""
    reach = alone[people]
    first = min(max(first, 0), len(people))
    least = np.partition(reach, -first)[-first] if first else np.inf
    for some in (reach >= least, ~(reach >= least)):
        yield from people[some][np.argsort(-reach[some], kind="stable")].tolist()


def _row_sums(data: Floats, indptr: Ints) -> Floats:
    """Sums of the rows of a csr_array: a product with ones would look each one up by its column."""
    sums = np.zeros(len(indptr) - 1)
    filled = np.diff(indptr) > 0
    if len(data):
        sums[filled] = np.add.reduceat(data, indptr[:-1][filled])
    return sums


class _Chooser:
    """What is left to reach while seeds are added."""

    def __init__(self, spread: Spread) -> None:
        self.ties = spread.ties
        self.free = np.ones(len(spread))  # probability that no seed has reached the person
        # A person, and the contacts that it moves and nobody has reached yet.
        self.onward = 1.0 + _row_sums(self.ties.data, self.ties.indptr)

    def reach(self, person: int) -> float:
        """Further people whom a seed reaches in two steps."""
        own = slice(self.ties.indptr[person], self.ties.indptr[person + 1])
        friends, moved = self.ties.indices[own], self.ties.data[own]
        free = float(self.free[person])
        further = self.onward[friends] - moved * free  # without the way back to the person
        return free * (1.0 + float((moved * self.free[friends] * further).sum()))

    def add(self, person: int) -> None:
        """Take off the people whom a new seed reaches in two steps."""
        own = slice(self.ties.indptr[person], self.ties.indptr[person + 1])
        friends, moved = self.ties.indices[own], self.ties.data[own]
        positions, counts = neighbours_of(self.ties, friends)
        further = self.ties.indices[positions]
        both = np.repeat(moved, counts) * self.ties.data[positions]
        missed = np.r_[0.0, np.log1p(-np.minimum(moved, 1 - 1e-12)),
                       np.log1p(-np.minimum(both, 1 - 1e-12))]  # fmt: skip
        met, place = np.unique(np.r_[person, friends, further], return_inverse=True)
        left = np.exp(np.bincount(place, missed))
        left[np.searchsorted(met, person)] = 0.0
        lost = self.free[met] * (1.0 - left)
        self.free[met] -= lost
        positions, counts = neighbours_of(self.ties, met)
        np.subtract.at(
            self.onward, self.ties.indices[positions],
            np.repeat(lost, counts) * self.ties.data[positions],
        )  # fmt: skip


def simulated_reach(
    spread: Spread, seeds: Rows, counts: Ints, *, cascades: int, random_state: int
) -> tuple[Floats, Floats]:
    """People reached by the first seeds, in simulated cascades.

    Parameters
    ----------
    spread : Spread
    seeds : int array of shape (k,)
        Positions, in order.
    counts : int array of shape (m,)
        Ascending numbers of seeds, at most k.
    cascades : int
        Number of simulations.
    random_state : int

    Returns
    -------
    mean, standard_error : float64 array of shape (m,)
        Seeds are counted among those who are reached.
    """
    found = np.zeros((cascades, len(counts)))
    for number in range(cascades):
        generator = np.random.default_rng([random_state, number])
        reached = np.zeros(len(spread), bool)
        before = 0
        for column, count in enumerate(counts):
            new = seeds[before:count]
            new = np.unique(new[~reached[new]])
            before = int(count)
            reached[new] = True
            while len(new):
                positions, _ = neighbours_of(spread.ties, new)
                lucky = generator.random(len(positions)) < spread.ties.data[positions]
                met = spread.ties.indices[positions[lucky]]
                new = np.unique(met[~reached[met]])
                reached[new] = True
            found[number, column] = reached.sum()
    error = found.std(axis=0, ddof=1) / np.sqrt(cascades) if cascades > 1 else np.zeros(len(counts))
    return found.mean(axis=0), np.asarray(error)
