"""State of a fine-tuning: all that changes from epoch to epoch, saved and restored whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from torch import Tensor

from dbnchurn.core import checkpoints
from dbnchurn.dbn.checkpoint import flattened, nested
from dbnchurn.dbn.network import Network
from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.sparse_adamw import SparseAdamW
from dbnchurn.dbn.training import Record


@dataclass
class BestWeights:
    """Weights of the epoch with the smallest validation loss.

    Attributes
    ----------
    loss : float
        The smallest validation loss.
    epochs_since : int
        Number of epochs since it.
    weights : dict
        Name of a parameter → Tensor; empty before the first epoch.
    """

    loss: float = inf
    epochs_since: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def update(self, network: Network, loss: float) -> None:
        """Keep the weights if the loss is the smallest so far.

        Parameters
        ----------
        network : Network
        loss : float
            Its validation loss.
        """
        self.epochs_since += 1
        if loss < self.loss:
            self.keep(network, loss)

    def keep(self, network: Network, loss: float) -> None:
        """Keep the weights as the best so far.

        Parameters
        ----------
        network : Network
        loss : float
            Its validation loss.
        """
        self.loss, self.epochs_since = loss, 0
        self.weights = {name: p.clone() for name, p in network.named_parameters()}

    def restore(self, network: Network) -> None:
        """Copy the weights into a network, if there are any."""
        for name, parameter in network.named_parameters():
            if name in self.weights:
                parameter.copy_(self.weights[name])


@dataclass
class FineTuningState:
    """State of fine-tuning: all that changes from epoch to epoch.

    Attributes
    ----------
    network : Network
    optimiser : SparseAdamW
    generator : DeviceGenerator
    curve : list of dict
        One record per epoch.
    best : BestWeights
    """

    network: Network
    optimiser: SparseAdamW
    generator: DeviceGenerator
    curve: list[Record]
    best: BestWeights

    def _tensors(self) -> dict[str, dict[str, Tensor]]:
        return {
            "parameters": self.optimiser.parameters,
            "first": self.optimiser.first,
            "second": self.optimiser.second,
            "steps": self.optimiser.steps,
        }

    def save(self, path: Path) -> None:
        """Write a checkpoint, from which :meth:`restore` continues bit for bit."""
        generator = self.generator.state()
        facts = {
            "curve": self.curve,
            "random": generator["numpy"],
            "since": self.best.epochs_since,
            "loss": self.best.loss,
        }
        arrays = flattened(self._tensors() | {"best": self.best.weights})
        checkpoints.save(path, arrays | {"random/torch": generator["torch"]}, facts)

    def restore(self, path: Path) -> None:
        """Continue from a checkpoint of :meth:`save`."""
        arrays, facts = checkpoints.load(path)
        self.generator.restore({"numpy": facts["random"], "torch": arrays.pop("random/torch")})
        groups = nested(arrays, self.network.bias.device)
        self.curve = facts["curve"]
        self.best = BestWeights(facts["loss"], facts["since"], groups.pop("best", {}))
        current = self._tensors()
        for group, tensors in groups.items():
            for name, tensor in tensors.items():
                current[group][name].copy_(tensor)
