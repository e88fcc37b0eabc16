"""Gradients against autograd and enumeration, and samplers that must not drift."""

import numpy as np
import pytest
import torch

from dbnchurn.dbn.contrastive_divergence import (
    CenteringOffsets,
    GradientAscent,
    Phase,
    cd_gradient,
    gibbs,
)
from dbnchurn.dbn.likelihood import bits, log_likelihood, visible_states
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.visible import Visible
from dbnchurn.dbn.visible_units import Gaussian, State, UnitState
from tests.dbn.machines import discrete, mixed, some_rows


def repeat(state: State, index: torch.Tensor) -> State:
    """The given rows of a state."""
    return {
        kind: UnitState(part.values[index], None if part.known is None else part.known[index])
        for kind, part in state.items()
    }


def exact_draws(rbm: RBM, n: int, generator: DeviceGenerator) -> State:
    """Rows drawn exactly from the model, by way of the distribution of the hidden layer."""
    h = bits(torch.arange(2**rbm.n_hidden), rbm.n_hidden).to(rbm.dtype)
    mass = -rbm.hidden.energy(h)
    for kind, unit in rbm.visible.items():
        mass = mass + unit.log_normalizer(rbm.field_v_from_h(h, kind))
    running = mass.softmax(0).cumsum(0)
    pick = torch.searchsorted(
        running, generator.uniform(n, dtype=rbm.dtype) * running[-1], right=True
    )
    return rbm.sample_v_from_h(h[pick], generator)


def log_likelihood_by_parameters(rbm: RBM, rows: State, offsets: CenteringOffsets | None = None):
    """Mean exact log-likelihood and its derivatives by the parameters, from autograd.

    With offsets the parameters are those of the centred machine.
    """
    leaves = {name: p.clone().requires_grad_() for name, p in rbm.parameters().items()}
    plain = dict(leaves)
    if offsets is not None:
        for kind in rbm.visible:
            moved = leaves[f"{kind}.weights"]
            fixed = rbm.parameters()[f"{kind}.weights"]
            centre = offsets.visible[kind]
            if kind == "gaussian":
                # The centred machine is defined at fixed variances.
                centre = centre * rbm.visible[kind].precision
            plain[f"{kind}.bias"] = leaves[f"{kind}.bias"] - (moved - fixed) @ offsets.hidden
            plain["hidden.bias"] = plain["hidden.bias"] - centre @ (moved - fixed)
    machine = mixed_like(rbm, plain)
    value = (-machine.free_energy(rows)).mean() - log_partition(machine)
    names = list(leaves)
    return dict(zip(names, torch.autograd.grad(value, [leaves[n] for n in names]), strict=True))


def mixed_like(rbm: RBM, parameters) -> RBM:
    """A machine of the same shape over the given tensors."""
    visible = {}
    for kind, unit in rbm.visible.items():
        new = type(unit).__new__(type(unit))
        new.__dict__.update(unit.__dict__)
        new.bias = parameters[f"{kind}.bias"]
        if kind == "gaussian":
            new.log_variance = parameters["gaussian.log_variance"]
        visible[kind] = new
    hidden = type(rbm.hidden)(parameters["hidden.bias"])
    return RBM(visible, {kind: parameters[f"{kind}.weights"] for kind in visible}, hidden)


def log_partition(rbm: RBM) -> torch.Tensor:
    """Exact log Z with a graph."""
    h = bits(torch.arange(2**rbm.n_hidden), rbm.n_hidden).to(rbm.dtype)
    mass = -rbm.hidden.energy(h)
    for kind, unit in rbm.visible.items():
        mass = mass + unit.log_normalizer(rbm.field_v_from_h(h, kind))
    return torch.logsumexp(mass, 0)


def model_phase(rbm: RBM) -> tuple[Phase, torch.Tensor]:
    """Every visible state with its hidden mean, and its probability."""
    v = next(iter(visible_states(rbm)))
    return Phase(v, rbm.mean_h_from_v(v)), (-rbm.free_energy(v)).softmax(0)


def exact_gradient(rbm: RBM, rows: State, offsets: CenteringOffsets | None = None):
    """The gradient from `cd_gradient`, with enumerated model statistics."""
    model, chance = model_phase(rbm)
    n = len(chance)
    data_v = repeat(rows, torch.arange(n) % len(next(iter(rows.values())).values))
    data = Phase(data_v, rbm.mean_h_from_v(data_v))
    return cd_gradient(
        rbm,
        data,
        model,
        model_weight=chance * n,
        sample_weight=torch.ones(n).double(),
        offsets=offsets,
    )


def test_statistics_give_the_gradient_of_the_exact_log_likelihood():
    rbm = discrete()
    model, _ = model_phase(rbm)
    rows = repeat(model.v, torch.arange(24) % 5)
    by_autograd = log_likelihood_by_parameters(rbm, rows)
    for name, change in exact_gradient(rbm, rows).items():
        torch.testing.assert_close(change, by_autograd[name], rtol=0, atol=4e-15)


def test_data_statistics_of_every_kind_are_derivatives_of_the_free_energy():
    """σ and missing entries included: mean statistics = -∂F/∂θ."""
    rbm = mixed()
    first = second = rbm.state(some_rows(rbm, 40, missing=0.3))
    other = rbm.state(some_rows(rbm, 40, seed=2))
    second = {
        kind: UnitState(torch.where(part.known > 0, other[kind].values, part.values), part.known)
        for kind, part in second.items()
    }
    leaves = {name: p.clone().requires_grad_() for name, p in rbm.parameters().items()}
    machine = mixed_like(rbm, leaves)
    value = (machine.free_energy(second) - machine.free_energy(first)).mean()
    slopes = torch.autograd.grad(value, list(leaves.values()))
    change = cd_gradient(
        rbm, Phase(first, rbm.mean_h_from_v(first)), Phase(second, rbm.mean_h_from_v(second))
    )
    for name, slope in zip(leaves, slopes, strict=True):
        torch.testing.assert_close(change[name], slope, rtol=0, atol=4e-15)


def test_centred_statistics_are_the_gradient_of_the_centred_machine():
    rbm = discrete()
    model, _ = model_phase(rbm)
    rows = repeat(model.v, torch.arange(24) % 7)
    centre = {"binary": torch.tensor([0.3, 0.6]).double(), "codes": torch.full((5,), 0.4).double()}
    centre["codes"][:3] = 1 / 3
    centre["codes"][3:] = 1 / 2
    offsets = CenteringOffsets(centre, torch.full((4,), 0.45).double())
    by_autograd = log_likelihood_by_parameters(rbm, rows, offsets)
    for name, change in exact_gradient(rbm, rows, offsets).items():
        torch.testing.assert_close(change, by_autograd[name], rtol=0, atol=4e-15)


def test_centred_gaussian_statistics_shift_by_the_offsets():
    rbm = mixed()
    first, second = (rbm.state(some_rows(rbm, 30, seed=s)) for s in (1, 2))
    data = Phase(first, rbm.mean_h_from_v(first))
    model = Phase(second, rbm.mean_h_from_v(second))
    centre = {
        kind: DeviceGenerator(3).uniform(len(u.bias), dtype=torch.float64)
        for kind, u in rbm.visible.items()
    }
    offsets = CenteringOffsets(centre, torch.full((4,), 0.3).double())
    plain, centred = cd_gradient(rbm, data, model), cd_gradient(rbm, data, model, offsets=offsets)
    for kind, unit in rbm.visible.items():
        signal = centre[kind] * (unit.precision if isinstance(unit, Gaussian) else 1)
        expected = (
            plain[f"{kind}.weights"]
            - torch.outer(plain[f"{kind}.bias"], offsets.hidden)
            - torch.outer(signal, plain["hidden.bias"])
        )
        torch.testing.assert_close(centred[f"{kind}.weights"], expected, rtol=1e-12, atol=1e-14)
    for name in ("hidden.bias", "binary.bias", "gaussian.bias", "gaussian.log_variance"):
        torch.testing.assert_close(centred[name], plain[name], rtol=1e-12, atol=1e-14)


def test_centred_and_plain_steps_agree_on_where_the_centre_is_zero():
    """With all offsets zero, centred training is plain training."""
    machines = [mixed(), mixed()]
    zero = CenteringOffsets(
        {kind: torch.zeros_like(u.bias) for kind, u in machines[0].visible.items()},
        torch.zeros(4).double(),
    )
    for machine, offsets in zip(machines, (None, zero), strict=True):
        v, w = (machine.state(some_rows(machine, 30, seed=s)) for s in (1, 2))
        data, model = Phase(v, machine.mean_h_from_v(v)), Phase(w, machine.mean_h_from_v(w))
        change = cd_gradient(machine, data, model, offsets=offsets)
        GradientAscent(machine).step(change, 0.1, momentum=0.5, offsets=offsets)
    for name, value in machines[0].parameters().items():
        torch.testing.assert_close(value, machines[1].parameters()[name])


def test_centred_training_does_not_see_a_flip():
    """Training on 1 - v gives the flipped machine; plain training does not."""
    gaps = {}
    for centred in (True, False):
        rbm, flipped = (mixed(n_gaussian=0, sizes=(), scale=0.3) for _ in range(2))
        flipped.weights["binary"].neg_()
        flipped.visible["binary"].bias.neg_()
        flipped.hidden.bias.add_(rbm.weights["binary"].sum(0))
        rows, other = some_rows(rbm, 64, seed=1), some_rows(rbm, 64, seed=2)
        for machine, turn in ((rbm, False), (flipped, True)):
            v, w = (
                machine.state(Visible.of(binary=1 - r.binary if turn else r.binary))
                for r in (rows, other)
            )
            mean = v["binary"].values.mean(0)
            offsets = CenteringOffsets({"binary": mean}, torch.full((4,), 0.4).double())
            offsets = offsets if centred else None
            data, model = Phase(v, machine.mean_h_from_v(v)), Phase(w, machine.mean_h_from_v(w))
            change = cd_gradient(machine, data, model, offsets=offsets)
            GradientAscent(machine).step(change, 0.5, offsets=offsets)
        gaps[centred] = float((rbm.weights["binary"] + flipped.weights["binary"]).abs().max())
    assert gaps[True] < 1e-14
    assert gaps[False] > 1e-3


def test_zero_sum_weights_stay_so_under_centred_steps():
    rbm = RBM.create((0, 0, 9), sizes=(3, 2, 4), n_hidden=4, weight_scale=0.5)
    v, w = (rbm.state(some_rows(rbm, 60, missing=0.3, seed=1)) for _ in range(2))
    w["codes"] = UnitState(
        torch.where(w["codes"].known, rbm.groups.first.expand(60, -1), -1), w["codes"].known
    )
    shares = torch.cat([torch.full((size,), 1 / size) for size in (3, 2, 4)])
    offsets = CenteringOffsets({"codes": shares}, torch.full((4,), 0.5))
    change = cd_gradient(
        rbm, Phase(v, rbm.mean_h_from_v(v)), Phase(w, rbm.mean_h_from_v(w)), offsets=offsets
    )
    GradientAscent(rbm).step(change, 0.5, offsets=offsets, ranges=((0, 3),))
    for part in rbm.weights["codes"].split((3, 2, 4)):
        torch.testing.assert_close(part.sum(0), torch.zeros(4), rtol=0, atol=1e-6)


def test_integer_weights_are_repeated_rows():
    rbm = mixed()
    counts = torch.tensor([1, 3, 2, 1, 5])
    v = rbm.state(some_rows(rbm, 5, missing=0.2))
    binary, known = v["binary"]
    w = v | {"binary": UnitState((1 - binary) * known, known)}
    index = torch.arange(5).repeat_interleave(counts)
    weight = counts / counts.double().mean()
    offsets = CenteringOffsets(
        {kind: torch.full_like(u.bias, 0.2) for kind, u in rbm.visible.items()},
        torch.full((4,), 0.3).double(),
    )
    phases = [Phase(s, rbm.mean_h_from_v(s)) for s in (v, w)]
    repeated = [Phase(repeat(p.v, index), p.h[index]) for p in phases]
    one = cd_gradient(rbm, *phases, sample_weight=weight, offsets=offsets)
    two = cd_gradient(rbm, *repeated, offsets=offsets)
    for name in one:
        torch.testing.assert_close(one[name], two[name], rtol=1e-12, atol=1e-14)


def test_a_missing_unit_is_not_moved():
    rbm = mixed()
    rows = some_rows(rbm, 10)
    rows.binary[:, 1] = np.nan
    rows.codes[:, 2] = -1
    v = rbm.state(rows)
    model = gibbs(rbm, rbm.mean_h_from_v(v).round(), v, 2, DeviceGenerator(0))
    change = cd_gradient(rbm, Phase(v, rbm.mean_h_from_v(v)), model)
    assert not change["binary.weights"][1].any()
    assert not change["codes.weights"][5:].any()
    assert change["codes.weights"][:5].any()


def test_contrastive_divergence_tends_to_the_exact_gradient():
    """Relative error falls with every doubling of k and ends at the Monte Carlo floor."""
    rbm, n, generator = discrete(scale=1.0), 100_000, DeviceGenerator(7)
    states, _ = model_phase(rbm)
    rows = repeat(states.v, torch.tensor([0, 5, 11, 17]))
    exact = exact_gradient(rbm, rows)["binary.weights"]
    many = repeat(rows, torch.arange(n) % 4)
    data = Phase(many, rbm.mean_h_from_v(many))
    errors = []
    for k in (1, 4, 16):
        model = gibbs(rbm, rbm.sample_h_from_v(many, generator), many, k, generator)
        found = cd_gradient(rbm, data, model)["binary.weights"]
        errors.append(float((found - exact).norm() / exact.norm()))
    assert errors[0] > 0.1
    assert errors[1] < errors[0] / 1.5
    assert errors[2] < 0.03


def drift(rbm: RBM, sampler: RBM, sweeps: int = 20, n: int = 40_000) -> float:
    """Distance to the model, after sweeps from an exact start, over the distance of exact draws.

    Distances are total variations between histograms of binary and code states and of Gaussian
    units cut into bins; `sampler` makes the sweeps.
    """
    generator = DeviceGenerator(11)
    start, fresh = exact_draws(rbm, n, generator), exact_draws(rbm, n, generator)
    moved = sampler.sample(n, generator, sweeps=sweeps, start=start)
    reference = histogram(exact_draws(rbm, 20 * n, generator))
    return total_variation(histogram(moved), reference) / total_variation(
        histogram(fresh), reference
    )


def histogram(v: State) -> dict[int, float]:
    """Shares of the joint states, Gaussian units cut at -1, 0 and 1."""
    number = torch.zeros(len(next(iter(v.values())).values), dtype=torch.int64)
    for kind, part in v.items():
        for column in part.values.T.contiguous():
            digit, base = column.long(), 9
            if kind == "gaussian":
                digit = torch.bucketize(column, torch.tensor([-1.0, 0.0, 1.0]).double())
                base = 4
            elif kind == "binary":
                base = 2
            number = number * base + digit
    cells, counts = number.unique(return_counts=True)
    return dict(zip(cells.tolist(), (counts / len(number)).tolist(), strict=True))


def total_variation(one: dict, other: dict) -> float:
    return sum(abs(one.get(cell, 0.0) - other.get(cell, 0.0)) for cell in one | other) / 2


@pytest.mark.parametrize("sizes", [(3, 3), (2, 4)])
def test_gibbs_sampling_does_not_drift(sizes):
    rbm = mixed(sizes=sizes, scale=0.9)
    assert drift(rbm, rbm) < 1.15


def test_a_planted_bug_drifts():
    """σ left out of the samples of Gaussian units: the test above would see it."""
    rbm = mixed(sizes=(3, 3), scale=0.9)
    broken = mixed(sizes=(3, 3), scale=0.9)

    class WithoutSigma(Gaussian):
        def sample(self, field, generator, known=None):
            return field + generator.normal(*field.shape, dtype=field.dtype)

    right = rbm.visible["gaussian"]
    broken.visible["gaussian"] = WithoutSigma(right.bias, right.log_variance)
    assert drift(rbm, broken) > 1.5


def test_mean_field_reconstructions_are_probabilities():
    rbm = mixed()
    v = rbm.state(some_rows(rbm, 30, missing=0.2))
    h = rbm.mean_h_from_v(v).round()
    model = gibbs(rbm, h, v, 1, DeviceGenerator(0), mean_field=True)
    mean = rbm.mean_v_from_h(h, like=v)
    torch.testing.assert_close(model.v["binary"].values, mean["binary"])
    assert not torch.equal(model.v["gaussian"].values, mean["gaussian"])


def test_exact_gradient_ascent_never_loses_likelihood():
    rbm = discrete(scale=0.1)
    states, _ = model_phase(rbm)
    rows = repeat(states.v, torch.arange(24) % 3)
    ascent, values = GradientAscent(rbm), []
    for _ in range(600):
        values.append(float(log_likelihood(rbm, rows).mean()))
        ascent.step(exact_gradient(rbm, rows), 0.5)
    assert (np.diff(values) > -1e-12).all()
    assert values[-1] > -np.log(3) - 0.15  # the best any model can do is -log 3


def test_weight_decay_spares_the_biases_and_variances_stay_in_bounds():
    rbm = mixed()
    before = {name: p.clone() for name, p in rbm.parameters().items()}
    nothing = {name: torch.zeros_like(p) for name, p in before.items()}
    GradientAscent(rbm).step(nothing, 0.1, weight_decay=0.5, ranges=((0, 3),))
    for name, value in rbm.parameters().items():
        kept = 0.95 if name.endswith("weights") else 1.0
        torch.testing.assert_close(value, before[name] * kept)
    nothing["gaussian.log_variance"] = torch.full((2,), -1e6).double()
    ascent = GradientAscent(rbm)
    ascent.step(nothing, 1.0, ranges=((0, 3),))
    ratio = torch.exp(
        0.5 * (rbm.visible["gaussian"].log_variance - before["gaussian.log_variance"])
    )
    torch.testing.assert_close(ratio, torch.full((2,), 0.1).double())


def test_momentum_remembers_gradients_and_the_updates_say_what_was_added():
    rbm = mixed()
    ascent = GradientAscent(rbm, gaussian_rate=1.0)
    gradient = {name: torch.ones_like(p) for name, p in rbm.parameters().items()}
    del gradient["gaussian.weights"], gradient["gaussian.bias"], gradient["gaussian.log_variance"]
    for rate, factor in ((0.1, 1.0), (0.1, 1.5), (0.2, 1.75)):
        before = {name: rbm.parameters()[name].clone() for name in gradient}
        copies = {name: change.clone() for name, change in gradient.items()}
        ascent.step(copies, rate, momentum=0.5, ranges=((0, 3),))
        for name in gradient:
            added = rbm.parameters()[name] - before[name]
            torch.testing.assert_close(added, torch.full_like(added, rate * factor))
            torch.testing.assert_close(ascent.updates()[name], added)
