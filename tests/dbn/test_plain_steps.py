"""A plain step is the step along the gradient of contrastive divergence, to rounding."""

import pytest
import torch

from dbnchurn.dbn.contrastive_divergence import GradientAscent, Phase, cd_gradient, gibbs
from dbnchurn.dbn.plain_steps import PlainSteps
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.rbm import RBM
from dbnchurn.dbn.visible_units import UnitState

UNITS, N_HIDDEN = 7, 5


def machine() -> RBM:
    return RBM.create((0, UNITS, 0), n_hidden=N_HIDDEN, weight_scale=0.5)


def batches(*sizes: int) -> list[torch.Tensor]:
    generator = DeviceGenerator(3)
    return [generator.bernoulli(torch.full((n, UNITS), 0.4)) for n in sizes]


@pytest.mark.parametrize("sweeps", [1, 3])
@pytest.mark.parametrize("mean_field", [True, False])
def test_a_plain_step_is_the_step_along_the_gradient(sweeps, mean_field):
    plain, general = machine(), machine()
    steps, ascent = PlainSteps(plain), GradientAscent(general)
    ours, theirs = DeviceGenerator(1), DeviceGenerator(1)
    for v in batches(12, 12, 5):  # the last mini-batch of an epoch is smaller
        steps.step(v, 0.3, ours, sweeps=sweeps, mean_field=mean_field)
        state = {"binary": UnitState(v)}
        data = Phase(state, general.mean_h_from_v(state))
        start = theirs.bernoulli(data.h)
        model = gibbs(general, start, state, sweeps, theirs, mean_field)
        ascent.step(cd_gradient(general, data, model), 0.3)
        for name, value in general.parameters().items():
            torch.testing.assert_close(plain.parameters()[name], value, rtol=0, atol=1e-6)


def test_the_statistics_of_a_step_say_what_it_added():
    rbm, (v,) = machine(), batches(12)
    before = {name: value.clone() for name, value in rbm.parameters().items()}
    found = PlainSteps(rbm).step(v, 0.3, DeviceGenerator(1))
    data = Phase({"binary": UnitState(v)}, found.data_h)
    gradient = cd_gradient(rbm, data, Phase({"binary": UnitState(found.model_v)}, found.model_h))
    for name, value in rbm.parameters().items():
        added = value - before[name]
        torch.testing.assert_close(added, 0.3 * gradient[name], rtol=0, atol=1e-6)


def test_drawn_states_have_the_type_of_their_probabilities():
    """Whatever type new tensors have by default."""
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        for dtype in (torch.float32, torch.float64):
            assert DeviceGenerator(0).bernoulli(torch.full((3,), 0.5, dtype=dtype)).dtype == dtype
    finally:
        torch.set_default_dtype(before)
