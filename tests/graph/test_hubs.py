"""Hubs: many partners and hardly any both ways, or named; a popular person is none."""

import numpy as np
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.data.neighbour_plan import HubRule
from dbnchurn.graph.call_graph import graph_of
from dbnchurn.graph.hubs import find_hubs

PEOPLE = 60
HUB, STAR = PEOPLE, PEOPLE + 1


def ring_with_two(ids):
    """A ring of people, a hub whom all call, and a star whom all call and who calls all."""
    people = np.arange(PEOPLE)
    after, hub, star = (people + 1) % PEOPLE, np.full(PEOPLE, HUB), np.full(PEOPLE, STAR)
    callers = np.r_[people, after, people, people, star]
    callees = np.r_[after, people, hub, star, people]
    return graph_of(ids, callers, callees, np.ones(len(callers)))


def test_who_calls_back_is_no_hub():
    graph = ring_with_two(np.arange(PEOPLE + 2))
    rule = HubRule(quantile=0.9)
    found = find_hubs(graph, rule)
    assert graph.ids[found.nodes].tolist() == [HUB]
    assert graph.partners[STAR] == graph.partners[HUB]
    assert not find_hubs(graph, HubRule(quantile=0.9, times=1000)).nodes.any()
    assert not find_hubs(graph, HubRule(cut=False)).nodes.any()


@pytest.mark.parametrize("text", [False, True])
def test_ids_are_named_as_the_calls_write_them(text):
    ids = np.arange(100, 102 + PEOPLE)
    ids = ids.astype(str).astype(object) if text else ids
    rule = HubRule(quantile=0.9, also=(100, "101"), never=(100 + HUB,))
    found = find_hubs(ring_with_two(ids), rule)
    assert np.flatnonzero(found.nodes).tolist() == [0, 1]
    with pytest.raises(DataError, match="name 'nobody', and no call has such an id"):
        find_hubs(ring_with_two(ids), HubRule(never=("nobody",)))
