"""The state of a fine-tuning: what is best so far, and what a checkpoint restores."""

import pytest
import torch

from dbnchurn.dbn.finetuning_state import BestWeights, FineTuningState
from dbnchurn.dbn.network import Network
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.sparse_adamw import SparseAdamW


def network(seed: int) -> Network:
    return Network.from_random_weights((2, 3, 7), (3, 4), [4, 2], scaled=True, random_state=seed)


def state(seed: int) -> FineTuningState:
    net = network(seed)
    optimiser = SparseAdamW(net, weight_decay=0.1)
    return FineTuningState(net, optimiser, DeviceGenerator(seed), [], BestWeights())


def weights(net: Network) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in net.named_parameters()}


def change(net: Network) -> None:
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(1.0)


def test_the_weights_of_the_smallest_loss_are_kept_and_copied_back():
    net, best = network(0), BestWeights()
    losses = [0.9, 0.5, 0.7, 0.5]
    kept = []
    for loss in losses:
        kept.append(weights(net))
        best.update(net, loss)
        change(net)
    assert (best.loss, best.epochs_since) == (0.5, 2)
    best.restore(net)
    for name, value in weights(net).items():
        assert torch.equal(value, kept[1][name])


def test_before_the_first_epoch_nothing_is_copied_back():
    net = network(0)
    before = weights(net)
    BestWeights().restore(net)
    assert all(torch.equal(value, before[name]) for name, value in weights(net).items())


@pytest.mark.parametrize("epochs", [0, 2])
def test_a_checkpoint_restores_all_that_changes(tmp_path, epochs):
    stored, other = state(0), state(1)
    for epoch in range(epochs):
        stored.curve.append({"epoch": epoch})
        stored.best.update(stored.network, 1.0 + epoch)
        change(stored.network)
        for tensors in (stored.optimiser.first, stored.optimiser.second, stored.optimiser.steps):
            for tensor in tensors.values():
                tensor.add_(1.0)
        stored.generator.uniform(3)
    stored.save(tmp_path / "state.npz")
    following = stored.generator.uniform(5)

    other.restore(tmp_path / "state.npz")

    assert torch.equal(other.generator.uniform(5), following)
    assert other.curve == stored.curve
    assert (other.best.loss, other.best.epochs_since) == (
        stored.best.loss,
        stored.best.epochs_since,
    )
    assert list(other.best.weights) == list(stored.best.weights)
    for group in ("parameters", "first", "second", "steps"):
        ours, theirs = getattr(other.optimiser, group), getattr(stored.optimiser, group)
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    for name, value in stored.best.weights.items():
        assert torch.equal(other.best.weights[name], value)
