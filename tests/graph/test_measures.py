"""Measures of a graph: against their definitions, and whatever the names of the people."""

import numpy as np
import pytest

from dbnchurn.core.errors import DataError
from dbnchurn.graph import CallGraph, clustering, core_numbers, graph_of, pagerank
from tests.graph.conftest import random_graph

SEEDS = [0, 1, 2, pytest.param(3, marks=pytest.mark.long)]


def dense(graph):
    return (graph.both.toarray() > 0).astype(int)


@pytest.mark.parametrize("seed", SEEDS)
def test_core_numbers_are_those_of_the_definition(seed):
    graph = random_graph(seed)
    ties, expected = dense(graph), np.zeros(len(graph), int)
    for k in range(1, len(graph)):
        alive = np.ones(len(graph), bool)
        while (off := alive & (ties[:, alive].sum(1) < k)).any():
            alive &= ~off
        expected[alive] = k
    np.testing.assert_array_equal(core_numbers(graph), expected)


def test_core_numbers_equal_those_of_igraph():
    igraph = pytest.importorskip("igraph")
    graph = random_graph(5, 2_000, 12_000)
    pairs = np.column_stack(graph.both.nonzero())
    other = igraph.Graph(len(graph), pairs[pairs[:, 0] < pairs[:, 1]].tolist())
    np.testing.assert_array_equal(core_numbers(graph), other.coreness())


@pytest.mark.parametrize("seed", SEEDS)
def test_pagerank_is_a_fixed_point(seed):
    graph = random_graph(seed)
    rank, ties = pagerank(graph), graph.ties.toarray()
    out = ties.sum(1)
    moves = np.where(out[:, None] > 0, ties / np.maximum(out[:, None], 1), 1 / len(graph))
    np.testing.assert_allclose(rank, 0.85 * moves.T @ rank + 0.15 / len(graph), atol=1e-8)
    assert rank.sum() == pytest.approx(1)


def test_pagerank_solves_its_equations_whatever_the_threads():
    """Clusters in a chain, on which plain iteration takes most steps; some people call nobody."""
    generator = np.random.default_rng(0)
    caller = generator.integers(0, 2_000, 12_000)
    callee = np.minimum(caller // 50 * 50 + generator.integers(0, 52, 12_000), 1_999)
    graph = graph_of(np.arange(2_000), caller, callee, generator.integers(1, 9, 12_000))
    ties = graph.ties.toarray()
    out = ties.sum(1)
    assert (out == 0).any()
    moves = np.where(out[:, None] > 0, ties / np.maximum(out[:, None], 1), 1 / 2_000)
    exact = np.linalg.solve(np.eye(2_000) - 0.85 * moves.T, np.full(2_000, 0.15 / 2_000))
    # What is left after changes of 1e-8 is at most 1e-8 * 0.85 / 0.15.
    assert np.abs(pagerank(graph) - exact).sum() < 6e-8
    np.testing.assert_array_equal(pagerank(graph, threads=1), pagerank(graph, threads=3))


@pytest.mark.parametrize("scale", [1e-100, 1e-46, 1e38, 1e45, 1e100])
def test_pagerank_is_the_same_in_any_unit(scale):
    graph = random_graph(3)
    ties = graph.ties.tocoo()
    other = graph_of(graph.ids, ties.row, ties.col, ties.data * scale)
    np.testing.assert_allclose(pagerank(other), pagerank(graph), atol=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_clustering_is_the_share_of_closed_pairs(seed):
    graph = random_graph(seed)
    ties = dense(graph)
    degree = ties.sum(1)
    closed = np.einsum("ij,jk,ki->i", ties, ties, ties)
    with np.errstate(invalid="ignore"):
        expected = np.where(degree > 1, closed / (degree * (degree - 1)), np.nan)
    np.testing.assert_allclose(clustering(graph), expected, atol=1e-6)
    some = np.array([3, 7, 59])
    np.testing.assert_allclose(clustering(graph, some), expected[some], atol=1e-6)


def test_degrees_reciprocity_and_components_are_those_of_the_matrix():
    graph = random_graph(4)
    ties = graph.ties.toarray() > 0
    mutual, either = (ties & ties.T).sum(1), (ties | ties.T).sum(1)
    np.testing.assert_array_equal(graph.partners, either)
    np.testing.assert_array_equal(graph.called, ties.sum(1))
    np.testing.assert_array_equal(graph.callers, ties.sum(0))
    np.testing.assert_allclose(graph.reciprocity, mutual / np.maximum(either, 1))
    sizes = np.bincount(graph.component)
    assert (np.diff(sizes) <= 0).all()
    alone = graph.partners == 0
    assert (sizes[graph.component[alone]] == 1).all()


def test_the_names_of_the_people_do_not_matter():
    graph = random_graph(6)
    order = np.random.default_rng(0).permutation(len(graph))
    ties = graph.ties.tocoo()
    place = np.argsort(order)
    other = graph_of(np.arange(len(graph)), place[ties.row], place[ties.col], ties.data)
    np.testing.assert_array_equal(core_numbers(graph)[order], core_numbers(other))
    np.testing.assert_allclose(pagerank(graph)[order], pagerank(other), atol=1e-12)
    np.testing.assert_allclose(clustering(graph)[order], clustering(other))


def test_without_people_the_rest_is_as_if_they_had_never_been():
    graph = random_graph(7)
    nodes = np.arange(len(graph)) % 7 == 0
    rest = graph.without(nodes)
    dense_rest = graph.ties.toarray()[~nodes][:, ~nodes]
    np.testing.assert_array_equal(rest.ties.toarray(), dense_rest)
    assert graph.partners.sum() > 0  # now that both directions are known
    again = graph.without(nodes)
    np.testing.assert_array_equal(again.both.toarray(), rest.both.toarray())
    assert isinstance(again, CallGraph)


def test_a_graph_of_nobody_has_no_measures():
    graph = graph_of(np.zeros(0, np.int64), [], [], [])
    assert not len(pagerank(graph)) + len(core_numbers(graph)) + len(clustering(graph))
    assert not len(graph.component)


def test_what_makes_no_graph_is_refused_at_once():
    with pytest.raises(DataError, match="ascending") as told:
        graph_of(["b", "a"], [0, 1, 2], [1.0, 0.0, 1.0], [1.0, 0.0, np.nan])
    assert "callers have to be positions in ids, whole numbers from 0 to 1" in str(told.value)
    assert "callees have to be positions" in str(told.value)
    assert "2 of 3 weights are not positive" in str(told.value)
    with pytest.raises(DataError, match=r"shapes \(2,\), \(1,\) and \(2,\)"):
        graph_of(["a", "b"], [0, 1], [1], [1.0, 1.0])


@pytest.mark.parametrize("seed", range(3))
def test_core_numbers_and_pagerank_are_those_of_igraph(seed):
    igraph = pytest.importorskip("igraph")
    graph = random_graph(seed, n=400, ties=2_500)
    ties, both = graph.ties.tocoo(), graph.both.tocoo()
    once = both.row < both.col
    undirected = igraph.Graph(len(graph), list(zip(both.row[once], both.col[once], strict=True)))
    np.testing.assert_array_equal(core_numbers(graph), undirected.coreness())
    directed = igraph.Graph(len(graph), list(zip(ties.row, ties.col, strict=True)), directed=True)
    rank = directed.pagerank(weights=ties.data.tolist())
    np.testing.assert_allclose(pagerank(graph), rank, atol=1e-8)


@pytest.mark.parametrize("threads", [2, 3, 100])
def test_threads_change_no_pagerank(threads):
    graph = random_graph(4)
    np.testing.assert_array_equal(pagerank(graph, threads=threads), pagerank(graph))
