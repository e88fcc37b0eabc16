"""Log partition, likelihoods and pseudo-likelihood against enumeration."""

import numpy as np
import pytest
import torch

from dbnchurn.dbn.likelihood import log_likelihood, log_partition, pseudo_likelihood, visible_states
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.visible import Visible
from dbnchurn.dbn.visible_units import State, UnitState
from tests.dbn.machines import discrete, mixed, some_rows


@pytest.mark.parametrize(
    "rbm",
    [mixed(), mixed(n_hidden=10, scale=0.8, seed=2), discrete(scale=1.2), mixed(n_binary=0)],
    ids=["mixed", "wide", "discrete", "no binary"],
)
def test_annealed_importance_sampling_finds_the_exact_value(rbm):
    exact = log_partition(rbm)
    found = log_partition(
        rbm, exact=False, chains=400, temperatures=800, generator=DeviceGenerator(1)
    )
    assert exact.error == 0
    assert 0 < found.error < 0.2
    assert found.effective_samples > 40
    assert abs(found.value - exact.value) < 4 * found.error


def test_annealing_also_takes_rectified_units():
    rbm = discrete(hidden="relu", scale=0.4)
    exact = log_partition(rbm)
    found = log_partition(
        rbm, exact=False, chains=400, temperatures=800, generator=DeviceGenerator(1)
    )
    assert abs(found.value - exact.value) < 4 * found.error < 0.5


def test_error_estimate_shrinks_with_chains_and_matches_the_spread():
    rbm = mixed(scale=1.0)
    runs = [
        log_partition(rbm, exact=False, chains=64, temperatures=60, generator=DeviceGenerator(seed))
        for seed in range(40)
    ]
    spread = np.std([run.value for run in runs])
    claimed = np.mean([run.error for run in runs])
    assert 0.5 < claimed / spread < 2


def test_probabilities_of_all_rows_sum_to_one():
    rbm = discrete()
    total = sum(float(log_likelihood(rbm, v).exp().sum()) for v in visible_states(rbm))
    assert total == pytest.approx(1, abs=1e-13)


def test_a_row_with_missing_entries_is_judged_by_the_smaller_machine():
    rbm = discrete()
    rows = Visible.of(binary=[[1, np.nan], [1, 0]], codes=[[2, -1], [2, 1]], sizes=(3, 2))
    found = log_likelihood(rbm, rows)
    known = {"binary": torch.tensor([True, False]), "codes": torch.tensor([True, False])}
    smaller = rbm.without_missing(known)
    alone = log_likelihood(smaller, Visible.of(binary=[[1]], codes=[[2]], sizes=(3,)))
    torch.testing.assert_close(found[0], alone[0])
    whole = log_likelihood(rbm, rows.take(np.array([1])))
    torch.testing.assert_close(found[1], whole[0])


def test_pseudo_likelihood_is_the_product_of_the_conditionals():
    """Against a slow reference that changes one unit at a time and asks for free energies."""
    rbm = mixed()
    rows = some_rows(rbm, 12, missing=0.2)
    v = rbm.state(rows)
    expected = torch.zeros(12, dtype=torch.float64)
    for row in range(12):
        one = {k: UnitState(p.values[row : row + 1], p.known[row : row + 1]) for k, p in v.items()}
        for unit in range(3):
            if one["binary"].known[0, unit]:
                expected[row] += conditional(rbm, one, "binary", unit, [0.0, 1.0])
        for group in range(3):
            if one["codes"].known[0, group]:
                first = int(rbm.groups.first[group])
                levels = [first + code for code in range(rbm.groups.sizes[group])]
                expected[row] += conditional(rbm, one, "codes", group, levels)
    torch.testing.assert_close(pseudo_likelihood(rbm, rows), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("scale", [0.3, 3.0, 30.0])
def test_pseudo_likelihood_of_small_and_of_large_weights(scale):
    """Logarithms of products for small weights, and of every factor for large ones."""
    rbm = RBM.create((0, 6, 0), n_hidden=12, weight_scale=scale, dtype=torch.float64)
    v = {"binary": UnitState(torch.eye(6, dtype=torch.float64))}
    expected = torch.zeros(6, dtype=torch.float64)
    for unit in range(6):
        flipped = v["binary"].values.clone()
        flipped[:, unit] = 1 - flipped[:, unit]
        change = rbm.free_energy(v) - rbm.free_energy({"binary": UnitState(flipped)})
        expected -= torch.log1p(torch.exp(change))
    torch.testing.assert_close(pseudo_likelihood(rbm, v), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("weight", [0.5, 5.9])
def test_pseudo_likelihood_in_float32_is_finite_and_that_in_float64(weight):
    """Products of all factors of 64 hidden units would leave the range of float32."""
    found = []
    for dtype in (torch.float32, torch.float64):
        rbm = RBM.create((0, 6, 0), n_hidden=64, weight_scale=1.0, dtype=dtype)
        rbm.weights["binary"].copy_(torch.full((6, 64), weight, dtype=dtype))
        rbm.hidden.bias.fill_(-2.0)
        found.append(pseudo_likelihood(rbm, {"binary": UnitState(torch.eye(6, dtype=dtype))}))
    # A factor of the float32 machine is within 8 roundings of its value, of 64 x 6 factors.
    torch.testing.assert_close(found[0].double(), found[1], rtol=0, atol=64 * 6 * 8 * 2.0**-24)


def conditional(rbm, one: State, kind: str, column: int, values: list) -> float:
    masses = []
    for value in values:
        changed = one[kind].values.clone()
        changed[0, column] = value
        masses.append(-rbm.free_energy(one | {kind: UnitState(changed, one[kind].known)}))
    chance = torch.cat(masses).log_softmax(0)
    return float(chance[values.index(one[kind].values[0, column].item())])


def test_a_sum_without_end_is_refused():
    with pytest.raises(ValueError, match="use exact=False"):
        log_partition(mixed(hidden="relu"), exact=True)


def test_gibbs_samples_come_from_the_model():
    rbm = discrete(scale=0.8)
    drawn = rbm.sample(40_000, DeviceGenerator(0), sweeps=60)
    state = next(iter(visible_states(rbm)))
    chance = log_likelihood(rbm, state).exp()
    for kind in ("binary", "codes"):
        for column in range(2):
            for value in state[kind].values[:, column].unique():
                share = float(chance[state[kind].values[:, column] == value].sum())
                seen = float((drawn[kind].values[:, column] == value).double().mean())
                assert abs(seen - share) < 4.5 * (share * (1 - share) / 40_000) ** 0.5
