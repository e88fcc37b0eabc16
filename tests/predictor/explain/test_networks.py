"""Contributions of columns to one network's logit, against the logits of replaced inputs."""

import numpy as np
import pytest

from dbnchurn.dbn.network_record import NetworkRecord, logits_from_first_layer
from dbnchurn.predictor.explain.networks import Average, ColumnNetwork, LeafNetwork
from dbnchurn.predictor.explain.tree_paths import NumberTests, RawColumnTests, TreePaths

UNITS, LEVELS = 2, 3  # dense units and levels of the columns
LEAVES = (2, 2)  # of two boosters


def make_network(activations: tuple[str, ...], leaves: int = 0, skip: bool = True) -> NetworkRecord:
    """Random layers of 4 units each; code weights of the levels and then of the leaves."""
    generator = np.random.default_rng(5)

    def normal(*shape: int) -> np.ndarray:
        return generator.normal(size=shape).astype(np.float32)

    codes = LEVELS + leaves
    return NetworkRecord(
        sizes=(LEVELS, *LEAVES)[: 1 + (leaves > 0) * len(LEAVES)],
        dense_weights=normal(UNITS, 4),
        code_weights=normal(codes, 4),
        weights=tuple(normal(4, 4) for _ in activations[1:]),
        biases=tuple(normal(4) for _ in activations),
        head=normal(4),
        bias=0.7,
        skip=normal(codes) if skip else np.empty(0, np.float32),
        activations=activations,
    )


def logit_of(network: NetworkRecord, inputs: np.ndarray) -> np.ndarray:
    """The logits of rows of dense units, levels and leaves."""
    first = np.vstack([network.dense_weights, network.code_weights]).astype(np.float64)
    skip = np.append(np.zeros(UNITS), network.table[:, -1])
    layer_input = np.column_stack([inputs @ first, inputs @ skip]) + network.start
    return logits_from_first_layer(network, layer_input)


@pytest.fixture
def units() -> np.ndarray:
    """Six rows: two dense units and a category, which one row lacks."""
    generator = np.random.default_rng(1)
    codes = np.array([0, 1, 2, 0, -1, 2])
    levels = codes[:, None] == np.arange(LEVELS)
    return np.hstack([generator.normal(size=(6, UNITS)), levels]).astype(np.float32)


def average(place: list[int], units: list[float], passed: list[np.ndarray] | None = None):
    return Average(np.array(place, np.int64), np.array([units], np.float32), passed or [])


# --- A network of the columns alone ---------------------------------------------------------------


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("activations", [("relu",), ("sigmoid",), ("sigmoid", "relu")])
def test_a_contribution_is_the_logit_less_that_of_the_averaged_input(units, activations, skip):
    network = make_network(activations, skip=skip)
    averages = [average([0], [0.4]), average([1], [-0.2]), average([2, 3, 4], [0.5, 0.3, 0.2])]
    contributions = ColumnNetwork(network).contributions(units, averages, [])
    for column, averaged in enumerate(averages):
        replaced = units.copy()
        replaced[:, averaged.place] = averaged.units
        expected = logit_of(network, units) - logit_of(network, replaced)
        np.testing.assert_allclose(contributions[:, column], expected, atol=1e-5)


def test_a_column_at_its_average_or_without_units_contributes_nothing(units):
    rows = np.repeat(units[:1], 3, axis=0)
    averages = [average([0], [rows[0, 0]]), average([], []), average([1], [rows[0, 1] + 1])]
    contributions = ColumnNetwork(make_network(("relu",))).contributions(rows, averages, [])
    assert not contributions[:, :2].any()
    assert contributions[:, 2].all()


# --- A network with leaves ------------------------------------------------------------------------


@pytest.fixture
def paths() -> TreePaths:
    """One tree that divides raw column 0 at 0.5; a missing value goes left."""
    both = np.array([0, 1])
    tests = {
        0: NumberTests(
            both,
            np.array([0.5], np.float32),
            np.array([0, 1], np.int32),
            np.array([1, 2], np.int32),
            np.array([True, False]),
        )
    }
    return TreePaths(2, tests, [RawColumnTests.of(tests, [0]), RawColumnTests.of(tests, [])])


def leaf_inputs(units: np.ndarray, leaf: np.ndarray, booster: int) -> np.ndarray:
    """Units with the one-hot leaves of one booster; those of the other booster are 0."""
    leaves = np.zeros((len(units), sum(LEAVES)))
    leaves[np.arange(len(units)), 2 * booster + leaf] = 1
    return np.hstack([units, leaves])


def leaf_contributions(network, paths, units, values, shares):
    """Contributions of raw column 0, which has dense unit 0 and the leaves, and of the category."""
    walk = paths.walk(values[:, None].astype(np.float32))
    passed = np.array([[share] for share in shares], np.float32)
    averages = [
        average([0], [0.4], [passed, passed]),
        average([2, 3, 4], [0.5, 0.3, 0.2], [np.empty((0, 1), np.float32)] * 2),
    ]
    return LeafNetwork(network, LEVELS, LEAVES).contributions(units, averages, [walk, walk])


def test_of_a_linear_network_contributions_are_exact_means_over_the_boosters(units, paths):
    """Biases so large that every rectifier is on: the logit is linear in units and leaves."""
    network = make_network(("relu", "relu"), leaves=sum(LEAVES))
    for bias in network.biases:
        bias += 100
    network.weights[0][:] = np.abs(network.weights[0])
    values = np.array([0.0, 0.7, np.nan, 0.5, 3.0, -2.0])
    leaf = np.array([0, 1, 0, 1, 1, 0])
    shares = (0.25, 0.75)  # of the background values, by leaf
    contributions = leaf_contributions(network, paths, units, values, shares)
    expected = np.zeros((6, 2))
    for booster in (0, 1):
        inputs = leaf_inputs(units, leaf, booster)
        for column, (place, typical) in enumerate([([0], [0.4]), ([2, 3, 4], [0.5, 0.3, 0.2])]):
            replaced = inputs.copy()
            replaced[:, place] = typical
            if column == 0:
                replaced[:, UNITS + LEVELS + 2 * booster + np.arange(2)] = shares
            expected[:, column] += logit_of(network, inputs) - logit_of(network, replaced)
    np.testing.assert_allclose(contributions, expected / 2, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "activations", [("sigmoid",), ("relu",), ("sigmoid", "relu"), ("relu", "sigmoid", "sigmoid")]
)
def test_small_changes_have_the_slope_of_the_logit_at_the_row(units, paths, activations):
    network = make_network(activations, leaves=sum(LEAVES))
    values, leaf, step = np.zeros(6), np.zeros(6, int), 1e-3
    walk = paths.walk(values[:, None].astype(np.float32))
    near = Average(np.array([1]), units[:, [1]] - np.float32(step), [np.empty((0, 1))] * 2)
    contributions = LeafNetwork(network, LEVELS, LEAVES).contributions(
        units, [average([], [], [np.array([[1.0], [0.0]])] * 2), near], [walk, walk]
    )
    replaced = units.copy()
    replaced[:, 1] -= step
    change = [
        logit_of(network, leaf_inputs(units, leaf, k))
        - logit_of(network, leaf_inputs(replaced, leaf, k))
        for k in (0, 1)
    ]
    assert not contributions[:, 0].any()  # all background values fall into the row's own leaf
    np.testing.assert_allclose(contributions[:, 1], np.mean(change, axis=0), rtol=0.02, atol=1e-6)
