"""Seeds and cascades: known probabilities, bounds and ties."""

import numpy as np
import pytest

from dbnchurn.graph.call_graph import graph_of
from dbnchurn.graph.measures import pagerank
from dbnchurn.graph.reach import choose_seeds, simulated_reach, spread_of
from tests.graph.conftest import random_graph


@pytest.mark.parametrize("passes_on", [0.1, 0.5, 2.0])
def test_people_pass_on_as_much_as_said(passes_on):
    spread = spread_of(random_graph(0), passes_on)
    assert spread.ties.sum() / len(spread) == pytest.approx(passes_on, rel=1e-3)
    assert 0 < spread.ties.data.min() <= spread.ties.data.max() < 1


def test_no_more_than_half_of_all_partners_are_moved():
    graph = random_graph(0)
    spread = spread_of(graph, 10.0)
    assert spread.ties.sum() == pytest.approx(graph.partners.sum() / 2, rel=1e-3)
    assert spread.passes_on == pytest.approx(graph.partners.mean() / 2)
    assert spread_of(graph, 0.5).passes_on == 0.5


def test_a_tie_of_two_calls_moves_as_two_independent_calls_do():
    graph = graph_of(np.arange(4), [0, 2], [1, 3], [1.0, 2.0])
    spread = spread_of(graph, 0.2)
    one, two = spread.ties[[0], [1]][0], spread.ties[[2], [3]][0]
    assert two == pytest.approx(1 - (1 - one) ** 2)
    assert one == pytest.approx(spread.per_call)


def test_the_reach_of_a_star_is_exact():
    graph = graph_of(np.arange(9), np.zeros(8, int), np.arange(1, 9), np.ones(8))
    spread = spread_of(graph, 0.4)
    p = spread.per_call
    seeds = choose_seeds(spread, 2)
    assert seeds.people[0] == 0
    assert seeds.reach[0] == pytest.approx(1 + 8 * p)  # and the centre moves everybody at once
    assert seeds.alone[1] == pytest.approx(1 + p * (1 + 7 * p))
    # The centre is a seed: a leaf adds itself where the centre has not moved it.
    assert seeds.reach[1] == pytest.approx(1 - p)
    mean, error = simulated_reach(
        spread, np.array([0]), np.array([1]), cascades=2_000, random_state=0
    )
    assert abs(mean[0] - (1 + 8 * p)) < 4 * error[0]


def test_reach_falls_from_seed_to_seed_and_never_exceeds_that_alone():
    for seed in range(4):
        seeds = choose_seeds(spread_of(random_graph(seed), 0.7), 30)
        assert (np.diff(seeds.reach) <= 1e-9).all()
        assert (seeds.reach <= seeds.alone + 1e-9).all()
        assert len(set(seeds.people)) == 30


def test_more_seeds_begin_with_the_fewer():
    spread = spread_of(random_graph(1), 0.7)
    few, many = choose_seeds(spread, 5), choose_seeds(spread, 20)
    np.testing.assert_array_equal(few.people, many.people[:5])
    counts = np.array([1, 5, 20])
    mean, _ = simulated_reach(spread, many.people, counts, cascades=20, random_state=1)
    assert (np.diff(mean) > 0).all()
    assert (mean >= counts).all()
    again, _ = simulated_reach(spread, many.people, counts, cascades=20, random_state=1)
    np.testing.assert_array_equal(mean, again)


def test_only_those_who_may_be_chosen_are():
    among = np.arange(10, 20)
    seeds = choose_seeds(spread_of(random_graph(2), 0.5), 40, among)
    assert sorted(seeds.people) == list(among)


def communities(n, seed):
    """Communities of 50, a heavy tail of activity and popularity."""
    generator = np.random.default_rng(seed)
    activity = generator.pareto(2.5, n) + 0.3
    caller = generator.choice(n, 6 * n, p=activity / activity.sum())
    near = np.minimum(caller // 50 * 50 + generator.integers(0, 50, 6 * n), n - 1)
    callee = np.where(generator.random(6 * n) < 0.7, near, generator.integers(0, n, 6 * n))
    return graph_of(np.arange(n), caller, callee, generator.geometric(0.4, 6 * n))


@pytest.mark.parametrize("n", [3_000, pytest.param(50_000, marks=pytest.mark.long)])
def test_expected_reach_gets_as_far_as_pagerank(n):
    graph = communities(n, 0)
    spread, number = spread_of(graph, 0.5), n // 100
    rank = np.argsort(-pagerank(graph), kind="stable")[:number]
    orders = [choose_seeds(spread, number).people, rank]
    (own, a), (other, b) = (
        simulated_reach(spread, order, np.array([number]), cascades=60, random_state=0)
        for order in orders
    )
    assert own[0] > other[0] + 3 * np.hypot(a[0], b[0])


def test_the_front_of_the_order_is_the_same_however_many_are_asked_for():
    """Of one seed only the front of the people is sorted, of three hundred all are."""
    spread = spread_of(random_graph(4, n=300, ties=900), 0.5)
    everybody = choose_seeds(spread, 500)
    assert len(set(everybody.people.tolist())) == 300
    for number in (0, 1, 7):
        np.testing.assert_array_equal(
            choose_seeds(spread, number).people, everybody.people[:number]
        )
