"""The machine: its energies and conditional distributions, against their definitions."""

from itertools import product
from typing import get_args

import numpy as np
import pytest
import torch
from scipy import integrate
from scipy.stats import norm

from dbnchurn.dbn.groups import (
    Groups,
    draw_levels,
    gather_sum,
    group_logsumexp,
    group_softmax,
    scatter_sum,
)
from dbnchurn.dbn.hidden_units import HIDDEN, BernoulliHidden, HiddenKind, RectifiedHidden
from dbnchurn.dbn.likelihood import bits, log_partition, visible_states
from dbnchurn.dbn.network_record import ACTIVATIONS
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.visible import Visible
from dbnchurn.dbn.visible_units import UnitState, softplus
from tests.dbn.machines import SIZES, all_weights, discrete, mixed, one_hot, some_rows


def every_h(n: int) -> torch.Tensor:
    return bits(torch.arange(2**n), n).double()


def test_energy_is_its_formula():
    rbm = mixed()
    rows = some_rows(rbm, 20)
    v, h = rbm.state(rows), DeviceGenerator(3).uniform(20, 4, dtype=torch.float64).round()
    gaussian = rbm.visible["gaussian"]
    variance = torch.exp(gaussian.log_variance)
    by_hand = (
        ((v["gaussian"].values - gaussian.bias) ** 2 / (2 * variance)).sum(1)
        - v["binary"].values @ rbm.visible["binary"].bias
        - rbm.visible["codes"].bias[v["codes"].values.long()].sum(1)
        - h @ rbm.hidden.bias
        - ((one_hot(v, rbm) @ all_weights(rbm)) * h).sum(1)
    )
    torch.testing.assert_close(rbm.energy(rows, h), by_hand, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_free_energy_sums_the_hidden_units_out(missing):
    rbm = mixed()
    rows = some_rows(rbm, 20, missing=missing)
    energies = torch.stack([rbm.energy(rows, h.expand(20, -1)) for h in every_h(4)])
    by_sum = -torch.logsumexp(-energies, 0)
    torch.testing.assert_close(rbm.free_energy(rows), by_sum, rtol=2e-15, atol=4e-15)


def test_rectified_free_energy_integrates_the_hidden_unit_out():
    rbm = mixed(n_hidden=1, hidden="relu")
    rows = some_rows(rbm, 6)

    def weight(h: float, row: int) -> float:
        state = torch.tensor([[h]], dtype=torch.float64)
        return float(torch.exp(-rbm.energy(rows.take(np.array([row])), state)))

    for row in range(6):
        mass, _ = integrate.quad(weight, 0, 30, args=(row,), epsabs=0, epsrel=1e-10, limit=200)
        free = float(rbm.free_energy(rows.take(np.array([row]))))
        assert free == pytest.approx(-np.log(mass), rel=1e-9)


def test_every_hidden_unit_has_its_name_and_its_place_in_the_network():
    assert set(HIDDEN) == set(get_args(HiddenKind))
    assert {units.function for units in HIDDEN.values()} <= set(ACTIVATIONS)


@pytest.mark.parametrize("hidden", HIDDEN.values())
def test_hidden_mean_is_the_derivative_of_the_log_mass(hidden):
    field = torch.linspace(-25, 40, 400, dtype=torch.float64)[None].requires_grad_()
    units = hidden(torch.zeros(400, dtype=torch.float64))
    (slope,) = torch.autograd.grad(units.log_normalizer(field).sum(), field)
    torch.testing.assert_close(slope, units.mean(field.detach()), rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("kind", ["gaussian", "binary", "codes"])
def test_visible_mean_is_the_derivative_of_the_log_mass(kind):
    rbm = mixed()
    unit = rbm.visible[kind]
    field = rbm.field_v_from_h(every_h(4), kind).requires_grad_()
    (slope,) = torch.autograd.grad(unit.log_normalizer(field).sum(), field)
    signal = unit.precision if kind == "gaussian" else 1.0
    torch.testing.assert_close(slope, unit.mean(field.detach()) * signal, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("hidden", HIDDEN)
def test_samples_have_the_mean_that_the_layer_promises(hidden):
    rbm = mixed(hidden=hidden)
    rows = some_rows(rbm, 1)
    n = 100_000
    many = rows.take(np.zeros(n, dtype=np.intp))
    mean = rbm.mean_h_from_v(rows)[0]
    drawn = rbm.sample_h_from_v(many, DeviceGenerator(5))
    error = drawn.std(0) / n**0.5
    assert ((drawn.mean(0) - mean).abs() < 4.5 * error + 1e-9).all()
    h = drawn[:1].expand(n, -1)
    state = rbm.sample_v_from_h(h, DeviceGenerator(6))
    for kind, expected in rbm.mean_v_from_h(h[:1]).items():
        values = state[kind].values
        if kind == "codes":
            values = one_hot({kind: state[kind]}, RBM({kind: rbm.visible[kind]}, {}, rbm.hidden))
        error = values.double().std(0) / n**0.5
        assert ((values.double().mean(0) - expected[0]).abs() < 4.5 * error + 1e-9).all(), kind


def test_rectified_samples_follow_the_cut_normal():
    for x in (-40.0, -6.0, -1.0, 0.0, 2.0, 30.0):
        units = RectifiedHidden(torch.zeros(1, dtype=torch.float64))
        field = torch.full((50_000, 1), x, dtype=torch.float64)
        drawn = units.sample(field, DeviceGenerator(1))[:, 0].numpy()
        assert (drawn >= 0).all()
        uniform = np.exp(
            norm.logsf(drawn - x) - norm.logsf(-x)
        )  # exactly uniform under the cut normal
        largest = np.abs(np.sort(uniform) - (np.arange(50_000) + 0.5) / 50_000).max()
        assert largest < 1.95 / 50_000**0.5, x  # Kolmogorov at 0.1 %


def test_log_partition_by_both_layers_and_by_quadrature():
    rbm = discrete()
    over_h = float(log_partition(rbm).value)
    over_v = float(torch.logsumexp(-rbm.free_energy(next(iter(visible_states(rbm)))), 0))
    assert over_h == pytest.approx(over_v, rel=1e-14)
    real = mixed(n_gaussian=1, n_binary=1, sizes=(3,))

    def mass(x: float) -> float:
        rows = Visible.of(
            gaussian=np.full((6, 1), x),
            binary=[[0], [0], [0], [1], [1], [1]],
            codes=[[0], [1], [2]] * 2,
            sizes=(3,),
        )
        state = real.state(rows)
        state["gaussian"] = UnitState(torch.full((6, 1), x, dtype=torch.float64))
        return float(torch.exp(-real.free_energy(state)).sum())

    total, _ = integrate.quad(mass, -25, 25, epsabs=0, epsrel=1e-12, limit=400)
    assert log_partition(real).value == pytest.approx(np.log(total), rel=1e-11)


def test_flipping_a_unit_renames_the_states():
    """1 - v in place of v, with -b, -W and c + W: the same machine."""
    rbm = mixed()
    rows = some_rows(rbm)
    flipped = mixed()
    flipped.weights["binary"].neg_()
    flipped.visible["binary"].bias.neg_()
    flipped.hidden.bias.add_(rbm.weights["binary"].sum(0))
    turned = Visible(rows.gaussian, 1 - rows.binary, rows.codes, rows.sizes)
    shift = rbm.free_energy(rows) - flipped.free_energy(turned)
    torch.testing.assert_close(shift, shift[:1].expand_as(shift), rtol=0, atol=1e-12)
    torch.testing.assert_close(rbm.mean_h_from_v(rows), flipped.mean_h_from_v(turned))


def test_softmax_gauge_moves_a_shift_into_the_hidden_bias():
    rbm, moved = mixed(), mixed()
    shift = torch.arange(4).double()
    moved.weights["codes"][:3].add_(shift)
    moved.hidden.bias.sub_(shift)
    rows = some_rows(rbm)
    torch.testing.assert_close(rbm.mean_h_from_v(rows), moved.mean_h_from_v(rows))
    assert log_partition(moved).value == pytest.approx(log_partition(rbm).value, rel=1e-13)


def test_fresh_group_weights_and_biases_sum_to_zero():
    weights = RBM.create((0, 0, 9), sizes=SIZES, n_hidden=5).weights["codes"]
    for part in weights.split(SIZES):
        torch.testing.assert_close(part.sum(0), torch.zeros(5), rtol=0, atol=1e-7)


def test_the_order_of_hidden_units_does_not_matter():
    rbm, other = mixed(), mixed()
    order = torch.tensor([2, 0, 3, 1])
    other.hidden.bias.copy_(rbm.hidden.bias[order])
    for kind in other.weights:
        other.weights[kind].copy_(rbm.weights[kind][:, order])
    rows = some_rows(rbm, missing=0.2)
    torch.testing.assert_close(rbm.free_energy(rows), other.free_energy(rows))


def test_a_group_of_two_is_a_bernoulli_unit():
    softmax = mixed(n_gaussian=0, n_binary=0, sizes=(2, 2, 2))
    bernoulli = mixed(n_gaussian=0, n_binary=3, sizes=())
    weights, bias = softmax.weights["codes"], softmax.visible["codes"].bias
    bernoulli.weights["binary"].copy_(weights[1::2] - weights[::2])
    bernoulli.visible["binary"].bias.copy_(bias[1::2] - bias[::2])
    bernoulli.hidden.bias.copy_(softmax.hidden.bias + weights[::2].sum(0))
    codes = np.array(list(product((0, 1), repeat=3)))
    shift = softmax.free_energy(Visible.of(codes=codes, sizes=(2, 2, 2)))
    shift = shift - bernoulli.free_energy(Visible.of(binary=codes))
    torch.testing.assert_close(shift, -bias[::2].sum().expand(8), rtol=0, atol=1e-12)


def test_equal_levels_merge_into_one():
    """Two levels of the same weights are one level whose bias has the mass of both."""
    rbm = mixed(n_gaussian=0, n_binary=2, sizes=(3,))
    weights, bias = rbm.weights["codes"], rbm.visible["codes"].bias
    weights[2] = weights[1]
    merged = mixed(n_gaussian=0, n_binary=2, sizes=(2,))
    merged.weights["codes"].copy_(weights[:2])
    merged.weights["binary"].copy_(rbm.weights["binary"])
    merged.visible["binary"].bias.copy_(rbm.visible["binary"].bias)
    merged.hidden.bias.copy_(rbm.hidden.bias)
    merged.visible["codes"].bias.copy_(torch.stack([bias[0], torch.logaddexp(bias[1], bias[2])]))
    assert log_partition(merged).value == pytest.approx(log_partition(rbm).value, rel=1e-13)


def test_a_missing_entry_is_a_smaller_machine_not_a_marginal():
    rbm = mixed()
    rows = some_rows(rbm, 30, missing=0.4)
    v = rbm.state(rows)
    for row in range(30):
        one = {
            kind: UnitState(p.values[row : row + 1], p.known[row : row + 1])
            for kind, p in v.items()
        }
        kept = {kind: part.known[0] > 0 for kind, part in one.items()}
        smaller = rbm.without_missing(kept)
        alone = {
            kind: UnitState(one[kind].values[:, kept[kind]])
            for kind in smaller.visible
            if kind != "codes"
        }
        if "codes" in smaller.visible:
            codes = rbm.groups.codes(one["codes"].values)[:, kept["codes"]]
            alone["codes"] = UnitState(smaller.groups.levels(codes))
        torch.testing.assert_close(rbm.free_energy(one), smaller.free_energy(alone))
        torch.testing.assert_close(rbm.mean_h_from_v(one), smaller.mean_h_from_v(alone))
    marginal = -torch.logsumexp(
        -torch.stack([rbm.free_energy(_with_code(rows, code)) for code in range(3)]), 0
    )
    some = rows.codes[:, 0] == -1
    assert (marginal - rbm.free_energy(rows))[torch.from_numpy(some)].std() > 0.01


def _with_code(rows, code):
    codes = rows.codes.copy()
    codes[:, 0] = np.where(codes[:, 0] == -1, code, codes[:, 0])
    return Visible(rows.gaussian, rows.binary, codes, rows.sizes)


@pytest.mark.parametrize("sizes", [(3, 3, 3), (2, 5, 3)])
@pytest.mark.parametrize("missing", [0.0, 0.5])
def test_codes_by_index_equal_dense_products(sizes, missing):
    rbm = mixed(n_gaussian=0, n_binary=0, sizes=sizes)
    part = rbm.state(some_rows(rbm, 40, missing=missing))["codes"]
    dense = one_hot({"codes": part}, rbm)
    table, values = rbm.weights["codes"], DeviceGenerator(2).normal(40, 7, dtype=torch.float64)
    torch.testing.assert_close(gather_sum(table, part.values, part.known), dense @ table)
    scattered = scatter_sum(part.values, values, rbm.groups.n_levels, part.known)
    torch.testing.assert_close(scattered, dense.T @ values)


@pytest.mark.parametrize("sizes", [(4, 4, 4), (2, 5, 3)])
def test_group_softmax_sums_to_one_at_any_size_of_logits(sizes):
    groups = Groups(sizes)
    for scale in (1.0, 1e4):
        logits = DeviceGenerator(0).normal(20, sum(sizes), dtype=torch.float64) * scale
        chance = group_softmax(logits, groups)
        assert torch.isfinite(group_logsumexp(logits, groups)).all()
        for part in chance.split(sizes, dim=1):
            torch.testing.assert_close(part.sum(1), torch.ones(20).double())


@pytest.mark.parametrize("sizes", [(4, 4, 4), (2, 5, 3)])
@pytest.mark.parametrize("shift", [0.0, 25.0, 1e4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_drawn_levels_have_the_frequencies_of_the_softmax(sizes, shift, dtype):
    """The three ways to draw: by group, along the row, and apart for logits of any size."""
    groups, n = Groups(sizes), 60_000
    logits = DeviceGenerator(4).normal(1, sum(sizes), dtype=dtype) * 1.5
    logits[:, : sizes[0]] += shift
    chance = group_softmax(logits, groups)[0].double()
    levels = draw_levels(logits.expand(n, -1).clone(), groups, DeviceGenerator(9))
    counts = torch.bincount(levels.flatten().long(), minlength=sum(sizes)).double() / n
    error = (chance * (1 - chance) / n).sqrt()
    assert ((counts - chance).abs() < 4.5 * error + 1e-6).all()
    assert (levels >= groups.first).all()
    assert (levels < groups.end).all()


def test_numbers_stay_finite_and_float32_agrees_at_extreme_fields():
    single, double = mixed(dtype=torch.float32), mixed()
    single.load(double.parameters())
    for machine in (single, double):
        for bias in (machine.hidden.bias, machine.visible["binary"].bias):
            bias[0], bias[1] = 1e4, -1e4
        machine.visible["codes"].bias[0] = 1e4
    rows = some_rows(double, 200)
    close = {"rtol": 2e-6, "atol": 2e-3}
    torch.testing.assert_close(single.free_energy(rows).double(), double.free_energy(rows), **close)
    h = single.sample_h_from_v(rows, DeviceGenerator(0))
    v = single.sample_v_from_h(h, DeviceGenerator(1))
    assert (v["codes"].values[:, 0] == 0).all()
    assert (v["binary"].values[:, :2] == torch.tensor([1.0, 0.0])).all()
    for mean in single.mean_v_from_h(h).values():
        assert torch.isfinite(mean).all()


def test_softplus_has_no_jump():
    x = torch.linspace(5, 40, 100_001, dtype=torch.float64)
    slope = softplus(x).diff() / x.diff()
    assert ((slope - torch.sigmoid(x[1:])).abs() < 1e-4).all()
    assert (softplus(x) - x - torch.log1p(torch.exp(-x))).abs().max() < 1e-14


def test_rows_survive_the_way_to_the_device_and_back():
    rbm = mixed(dtype=torch.float32)
    rows = some_rows(rbm, missing=0.3)
    back = rbm.visible_rows(rbm.state(rows))
    np.testing.assert_array_equal(back.gaussian, rows.gaussian)
    np.testing.assert_array_equal(back.binary, rows.binary)
    np.testing.assert_array_equal(back.codes, rows.codes)


def test_coins_are_uniform_and_probabilities_zero_and_one_are_certain():
    generator = DeviceGenerator(0)
    coins = torch.cat(
        [generator.lattice_uniform(1000, 100).flatten().clone() for _ in range(50)]
    ).double()
    assert coins.min() >= 0
    assert coins.max() < 1
    for p in (0.001, 0.1, 0.5, 0.999):
        spread = (p * (1 - p) / len(coins)) ** 0.5
        assert abs(float((coins < p).double().mean()) - p) < 4 * spread
        drawn = torch.cat([generator.bernoulli(torch.full((1000, 100), p)) for _ in range(50)])
        assert set(drawn.unique().tolist()) <= {0.0, 1.0}
        assert abs(float(drawn.double().mean()) - p) < 4 * spread
    sure = BernoulliHidden(torch.zeros(2))
    field = torch.tensor([[200.0, -200.0]]).expand(100_000, 2)
    assert (sure.sample(field.clone(), generator) == torch.tensor([1.0, 0.0])).all()


def test_create_refuses_sizes_that_contradict_the_widths():
    with pytest.raises(ValueError, match=r"sizes sum to 5, but widths say 6"):
        RBM.create((0, 0, 6), sizes=(3, 2), n_hidden=2)
    with pytest.raises(ValueError, match="no units"):
        RBM.create((0, 0, 0), n_hidden=2)
