"""Hubs: numbers that many call and that are no person, such as call centres and short codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dbnchurn.core.errors import DataError, listed
from dbnchurn.core.typing import Bools
from dbnchurn.data.neighbour_plan import HubRule
from dbnchurn.graph.call_graph import CallGraph


@dataclass(frozen=True, eq=False)
class Hubs:
    """Who is cut out of a graph.

    Parameters
    ----------
    nodes : bool array of shape (n,)
        True for a hub.
    notes : tuple of str
        What the rule assumed, or why it could not be used.
    """

    nodes: Bools
    notes: tuple[str, ...]


def find_hubs(graph: CallGraph, rule: HubRule) -> Hubs:
    """Find the hubs of a graph: more partners than nearly all, and hardly any of them both ways.

    Where hardly anybody calls back at all, such as where only own customers' calls are recorded,
    one-way ties do not set hubs apart, and none is cut by the rule.

    Parameters
    ----------
    graph : CallGraph
        Of n people.
    rule : HubRule

    Returns
    -------
    Hubs

    Raises
    ------
    DataError
        If ids that the rule names are not in the graph.

    Examples
    --------
    >>> from dbnchurn.graph.call_graph import graph_of
    >>> people = np.arange(30)  # who calls the neighbour in a ring, both ways, and number 30
    >>> callers = np.r_[people, people, people]
    >>> callees = np.r_[(people + 1) % 30, (people - 1) % 30, np.full(30, 30)]
    >>> graph = graph_of(np.arange(31), callers, callees, np.ones(90))
    >>> np.flatnonzero(find_hubs(graph, HubRule(times=5)).nodes).tolist()
    [30]
    """
    also, never = _positions(graph, rule)
    nodes = np.zeros(len(graph), bool)
    notes: list[str] = []
    pairs = graph.partners.sum() / 2
    mutual = graph.ties.nnz - pairs
    if rule.cut and mutual <= rule.reciprocity * pairs:
        notes.append(
            f"hardly any tie goes both ways ({mutual / max(pairs, 1):.1%}), so that hubs cannot be "
            "found by reciprocity: none is cut but those in hubs.also"
        )
    elif rule.cut:
        usual = float(np.median(graph.partners))
        many = graph.partners > max(
            float(np.quantile(graph.partners, rule.quantile)), rule.times * usual
        )
        nodes = many & (graph.reciprocity <= rule.reciprocity)
    nodes[also] = True
    nodes[never] = False
    return Hubs(nodes, tuple(notes))


def _positions(graph: CallGraph, rule: HubRule) -> tuple[list[int], list[int]]:
    """Positions of the ids in ``also`` and ``never``."""
    found: list[list[int]] = []
    absent: list[str] = []
    for names in (rule.also, rule.never):
        places = []
        for name in names:
            place = _position(graph, name)
            if place is None:
                absent.append(str(name))
            else:
                places.append(place)
        found.append(places)
    if absent:
        raise DataError(
            f"hubs.also and hubs.never name {listed(absent)}, and no call has such an id; remove "
            "them, or write them as the table of calls does"
        )
    return found[0], found[1]


def _position(graph: CallGraph, name: str | int) -> int | None:
    if graph.ids.dtype.kind in "iu":
        try:
            wanted: object = int(name)
        except ValueError:
            return None
    else:
        wanted = str(name)
    place = int(np.searchsorted(graph.ids, wanted))  # type: ignore[call-overload]
    return place if place < len(graph) and graph.ids[place] == wanted else None
