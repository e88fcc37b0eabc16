"""Key users: whom to address so that word reaches most people, and how far it reaches."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from dbnchurn.core.errors import DataError
from dbnchurn.core.progress import stage
from dbnchurn.core.typing import Floats, Ints, Rows
from dbnchurn.graph.call_graph import CallGraph
from dbnchurn.graph.config import GraphConfig
from dbnchurn.graph.measures import clustering, core_numbers, pagerank
from dbnchurn.graph.reach import Seeds, Spread, choose_seeds, simulated_reach, spread_of
from dbnchurn.graph.reading import Calls, read_calls

REACH, PAGERANK, PARTNERS, CHANCE = "expected reach", "PageRank", "partners", "chance"
RANKINGS = (REACH, PAGERANK, PARTNERS, CHANCE)
POINTS = 8  # of a curve
OTHER_ASSUMPTIONS = (0.5, 2.0)  # times passes_on


@dataclass(frozen=True, eq=False)
class Curve:
    """Reach against the number of seeds, for several ways to choose them.

    Parameters
    ----------
    seeds : int array of shape (m,)
    reach, errors : dict of ranking → float64 array of shape (m,)
        Mean of simulated cascades, and its standard error.
    held_out : bool
        Whether seeds were chosen from earlier calls than those in which they reach.
    passes_on : float
        Contacts whom a person moves on average in the simulation.
    """

    seeds: Ints
    reach: dict[str, Floats]
    errors: dict[str, Floats]
    held_out: bool
    passes_on: float

    @property
    def over_pagerank(self) -> float:
        """Reach of all seeds by expected reach, over that of as many by PageRank."""
        return float(self.reach[REACH][-1] / self.reach[PAGERANK][-1])


@dataclass(frozen=True, eq=False)
class KeyUsers:
    """Key users of a call graph.

    Parameters
    ----------
    config : GraphConfig
    calls : Calls
    seeds : Seeds
        In the order in which they are chosen.
    pagerank : float64 array of shape (n,)
    core : int array of shape (n,)
    spread : Spread
    curve : Curve
    agreement : dict of passes_on → float
        Share of the key users that are chosen under another assumption too.

    Examples
    --------
    >>> import tempfile
    >>> pairs = pd.DataFrame({"from": list("aaabde"), "to": list("bcdaaf")})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pairs.to_csv(f"{folder}/calls.csv", index=False)
    ...     source = {"path": f"{folder}/calls.csv"}
    ...     found = key_users(GraphConfig(calls=source, caller="from", callee="to", seeds=2))
    >>> found.measures()["partners"].tolist()
    [3, 1, 1, 1, 1, 1]
    """

    config: GraphConfig
    calls: Calls
    seeds: Seeds
    pagerank: Floats
    core: Ints
    spread: Spread
    curve: Curve
    agreement: dict[float, float]

    @cached_property
    def among(self) -> Rows:
        """Positions of those who can be key users."""
        return candidates(self.calls.graph, self.calls)

    def table(self) -> pd.DataFrame:
        """One row for each key user, in the order in which to address them."""
        graph, people = self.calls.graph, self.seeds.people
        frame = self._measured(people)
        frame.insert(0, "place", np.arange(1, len(people) + 1))
        frame.insert(2, "reach", self.seeds.reach)
        frame.insert(3, "reach_alone", self.seeds.alone)
        frame.insert(4, "pagerank_place", _places(self.pagerank, self.among)[people])
        frame.insert(5, "partners_place", _places(graph.partners, self.among)[people])
        frame["clustering"] = clustering(graph, people)
        return frame

    def measures(self) -> pd.DataFrame:
        """One row for each person of the graph, hubs excepted."""
        return self._measured(np.arange(len(self.calls.graph)))

    def _measured(self, people: Rows) -> pd.DataFrame:
        graph = self.calls.graph
        return pd.DataFrame(
            {
                "id": graph.ids[people],
                "partners": graph.partners[people],
                "called": graph.called[people],
                "callers": graph.callers[people],
                "reciprocity": graph.reciprocity[people],
                self.config.weight: graph.strength[people],
                "core": self.core[people],
                "pagerank": self.pagerank[people],
                "component": graph.component[people],
            }
        )

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        graph, table = self.calls.graph, self.calls.table
        curve = self.curve
        return {
            "people": len(graph),
            "ties": int(graph.ties.nnz),
            "rows": table.rows,
            "first": None if table.first is None else str(table.first),
            "last": None if table.last is None else str(table.last),
            "components": int(graph.component.max() + 1) if len(graph) else 0,
            "largest_component": int((graph.component == 0).sum()),
            "hubs": [
                {"id": hub.id, "partners": hub.partners, "reciprocity": hub.reciprocity}
                for hub in self.calls.hubs
            ],
            "passes_on": self.spread.passes_on,
            "per_call": self.spread.per_call,
            "weight": self.config.weight,
            "seeds": [_plain(row) for row in self.table().to_dict("records")],
            "curve": {
                "seeds": curve.seeds.tolist(),
                "reach": {name: values.tolist() for name, values in curve.reach.items()},
                "standard_error": {name: values.tolist() for name, values in curve.errors.items()},
                "held_out": curve.held_out,
                "passes_on": curve.passes_on,
                "over_pagerank": curve.over_pagerank,
            },
            "agreement": {f"{other:g}": share for other, share in self.agreement.items()},
            "notes": list(self.calls.notes),
        }


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    """A row of a table as JSON has it; NaN is None."""
    found = {}
    for name, value in row.items():
        value = value.item() if isinstance(value, np.generic) else value
        found[str(name)] = None if isinstance(value, float) and np.isnan(value) else value
    return found


def candidates(graph: CallGraph, calls: Calls) -> Rows:
    """Positions of those who can be key users: with partners, and customers if these are known.

    Parameters
    ----------
    graph : CallGraph
        Of the people of `calls`.
    calls : Calls

    Returns
    -------
    int array
    """
    can = graph.partners > 0
    if calls.customers is not None:
        can = can & calls.customers
    return np.flatnonzero(can)


def key_users(config: GraphConfig) -> KeyUsers:
    """Find the key users of the calls of a config.

    Parameters
    ----------
    config : GraphConfig

    Returns
    -------
    KeyUsers

    Raises
    ------
    DataError
        If the calls cannot be used, or nobody can be a key user.

    Examples
    --------
    >>> import tempfile
    >>> pairs = pd.DataFrame({"from": list("aaabde"), "to": list("bcdaaf")})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pairs.to_csv(f"{folder}/calls.csv", index=False)
    ...     source = {"path": f"{folder}/calls.csv"}
    ...     found = key_users(GraphConfig(calls=source, caller="from", callee="to", seeds=2))
    >>> found.table()["id"].tolist()
    ['a', 'e']
    """
    calls = read_calls(config)
    graph = calls.graph
    among = candidates(graph, calls)
    if not len(among):
        raise DataError(
            f"{config.calls.name}: nobody can be a key user: after {len(calls.hubs)} hubs were cut "
            "out, no customer has calls; look at hubs and customers"
        )
    with stage("measure the graph and choose the key users"):
        rank, core, ((spread, seeds), *others) = measured(
            graph, config, among, (1.0, *OTHER_ASSUMPTIONS)
        )
    agreement = {
        other.passes_on: _overlap(seeds, by_other)
        for other, by_other in others
        if other.passes_on != spread.passes_on
    }
    with stage("simulate their reach"):
        curve = reach_curve(calls, config, spread, seeds, rank)
    return KeyUsers(config, calls, seeds, rank, core, spread, curve, agreement)


def measured(
    graph: CallGraph, config: GraphConfig, among: Rows, assumptions: Sequence[float] = (1.0,)
) -> tuple[Floats, Ints, list[tuple[Spread, Seeds]]]:
    """PageRank, core numbers and seeds, on the threads of the config.

    Parameters
    ----------
    graph : CallGraph
        Of n people.
    config : GraphConfig
    among : int array
        Positions of those who can be key users.
    assumptions : sequence of float, default (1.0,)
        Times the contacts that the config says a person moves on average.

    Returns
    -------
    rank : float64 array of shape (n,)
    core : int array of shape (n,)
    chosen : list of (Spread, Seeds)
        One for each of the assumptions.
    """
    _ = graph.both, graph.weights  # all threads read them, so they are made before

    def choose(times: float) -> tuple[Spread, Seeds]:
        spread = spread_of(graph, config.passes_on * times)
        return spread, choose_seeds(spread, config.seeds, among)

    with ThreadPoolExecutor(config.threads) as pool:
        rank, core = pool.submit(pagerank, graph), pool.submit(core_numbers, graph)
        chosen = [pool.submit(choose, times) for times in assumptions]
        return rank.result(), core.result(), [pair.result() for pair in chosen]


def reach_curve(
    calls: Calls, config: GraphConfig, spread: Spread, seeds: Seeds, rank: Floats
) -> Curve:
    """Reach against the number of seeds, by expected reach, PageRank, partners and chance.

    With dates, seeds are chosen from the calls of the first half of the time, and reach people by
    those of the second half, for calls that chose the seeds would flatter them.

    Parameters
    ----------
    calls : Calls
    config : GraphConfig
    spread : Spread
    seeds : Seeds
    rank : float64 array of shape (n,)
        PageRank; as spread and seeds, of all calls.

    Returns
    -------
    Curve
    """
    held_out, chosen_from, reached_by = False, calls.graph, calls.graph
    if calls.early is not None and calls.late is not None:
        # All calls of one half may be those of hubs.
        held_out = bool(len(candidates(calls.early, calls))) and calls.late.ties.nnz > 0
        if held_out:
            chosen_from, reached_by = calls.early, calls.late
    among = candidates(chosen_from, calls)
    number = min(config.seeds, len(among))
    if held_out:
        earlier = spread_of(chosen_from, config.passes_on)
        seeds = choose_seeds(earlier, number, among)
        rank = pagerank(chosen_from, threads=config.threads)
        spread = spread_of(reached_by, config.passes_on)
    orders = {
        REACH: seeds.people,
        PAGERANK: _first(rank, among, number),
        PARTNERS: _first(chosen_from.partners, among, number),
        CHANCE: np.random.default_rng(config.seed).permutation(among)[:number],
    }
    counts = np.unique(np.round(np.linspace(1, number, POINTS)).astype(np.int64))
    found = {
        name: simulated_reach(
            spread, order, counts, cascades=config.cascades, random_state=config.seed
        )
        for name, order in orders.items()
    }
    return Curve(
        counts,
        {name: mean for name, (mean, _) in found.items()},
        {name: error for name, (_, error) in found.items()},
        held_out,
        spread.passes_on,
    )


def _first(values: Floats | Ints, among: Rows, number: int) -> Rows:
    """Those with the largest values; of equal ones, the earlier."""
    return np.asarray(among[np.argsort(-values[among], kind="stable")[:number]])


def _places(values: Floats | Ints, among: Rows) -> Ints:
    """Place of each of some people, 1 for the largest value; equal values share a place."""
    ordered = np.sort(values[among])
    places = len(among) - np.searchsorted(ordered, values, side="right") + 1
    return np.asarray(places, np.int64)


def _overlap(one: Seeds, other: Seeds) -> float:
    return len(np.intersect1d(one.people, other.people)) / max(len(one.people), 1)
