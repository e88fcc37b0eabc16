"""Slopes that are written out, against automatic differentiation of the same loss."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from dbnchurn.dbn import Visible
from dbnchurn.dbn.backpropagation import backpropagate
from dbnchurn.dbn.groups import select_levels
from dbnchurn.dbn.network import Network
from dbnchurn.dbn.network_batch import NetworkBatch
from dbnchurn.dbn.random import DeviceGenerator

SIZES = (3, 4, 2)


def some_rows(n: int, missing: float, absent: int | None = None) -> Visible:
    """Numbers, flags and codes of three groups, of which one may be missing in all rows."""
    draw = np.random.default_rng(1)
    codes = np.column_stack([draw.integers(0, size, n) for size in SIZES]).astype(np.int32)
    codes[draw.random(codes.shape) < missing] = -1
    if absent is not None:
        codes[:, absent] = -1
    gaussian = draw.normal(size=(n, 2))
    gaussian[draw.random(gaussian.shape) < missing] = np.nan
    return Visible.of(
        gaussian=gaussian, binary=draw.integers(0, 2, (n, 1)), codes=codes, sizes=SIZES
    )


def by_autograd(network, batch, y, weight, generator):
    """Loss and slopes as automatic differentiation finds them, by whole parameters."""
    parameters = dict(network.named_parameters())
    for parameter in parameters.values():
        parameter.requires_grad_()
    logits = network(batch, generator=generator)
    loss = F.binary_cross_entropy_with_logits(logits, y, weight=weight)
    slopes = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    for parameter in parameters.values():
        parameter.requires_grad_(False)
    return loss.detach(), dict(zip(parameters, slopes, strict=True))


@pytest.mark.parametrize("activations", ["relu", "sigmoid", ("relu", "sigmoid", "relu")])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize(
    ("missing", "absent", "skip", "hidden_groups", "scaled"),
    [
        (0.0, None, None, None, False),
        (0.3, None, np.linspace(-1, 1, 9), None, True),
        (0.3, 1, np.linspace(-1, 1, 9), 2, True),
        (0.0, None, np.linspace(-1, 1, 9), 0, False),
    ],
)
def test_slopes_are_those_of_automatic_differentiation(
    activations, dropout, missing, absent, skip, hidden_groups, scaled
):
    network = Network.from_random_weights(
        (2, 1, 9),
        SIZES,
        (5, 4, 3),
        activation=activations,
        dropout=dropout,
        skip=skip,
        scaled=scaled,
        hidden_groups=hidden_groups,
    )
    batch = NetworkBatch(some_rows(40, missing, absent), network.groups)
    draw = np.random.default_rng(2)
    y = torch.as_tensor(draw.integers(0, 2, 40).astype(np.float32))
    weight = torch.as_tensor(draw.random(40).astype(np.float32))
    loss, slopes = backpropagate(network, batch, y, weight, DeviceGenerator(3))
    expected_loss, expected = by_autograd(network, batch, y, weight, DeviceGenerator(3))
    torch.testing.assert_close(loss, expected_loss)
    given = set(network.tables(batch.ranges))
    for name, slope in expected.items():
        if name in ("code_weights", "skip") and name not in given:
            assert name not in slopes
            assert slope is None or not slope.any()
            continue
        if name in given:  # rows of the levels that the batch has
            among = network.ranges_of(name, batch.ranges)
            slope = select_levels(slope, network.groups, among)
        torch.testing.assert_close(slopes[name], slope, rtol=2e-5, atol=2e-7)


def test_a_step_against_the_slopes_lowers_the_loss():
    network = Network.from_random_weights((2, 1, 9), SIZES, (5,), scaled=True)
    batch = NetworkBatch(some_rows(40, 0.2), network.groups)
    y = torch.as_tensor(np.random.default_rng(0).integers(0, 2, 40).astype(np.float32))
    loss, slopes = backpropagate(network, batch, y)
    for name, parameter in network.named_parameters():
        if name in slopes:
            parameter -= 0.01 * slopes[name]
    assert backpropagate(network, batch, y)[0] < loss
