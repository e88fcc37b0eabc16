"""The optimiser of fine-tuning."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim.adamw import adamw

from dbnchurn.dbn.network import Network


class AdamW:
    """Adam with decoupled weight decay, by rows of a table where only some took part.

    Levels of groups that a mini-batch does not have keep their moments, their step count and their
    value, so that a table costs what the present groups cost.

    Parameters
    ----------
    network : Network
    weight_decay : float
        On weights and tables, not on biases, the skip or factors of inputs.

    References
    ----------
    Loshchilov and Hutter (2019), Decoupled weight decay regularization.
    """

    BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
    SCALE_RATE = 6.0
    """Factor of the learning rate of the inputs' factors (Holzmüller et al., 2024)."""

    def __init__(self, network: Network, weight_decay: float) -> None:
        self.parameters: dict[str, Tensor] = dict(network.named_parameters())
        self.decay = {
            name: 0.0 if name.startswith(("bias", "skip", "scale")) else weight_decay
            for name in self.parameters
        }
        self.first = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        self.second = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        # Counted beside the GPU: to read them there would make every mini-batch wait.
        self.steps = {name: torch.zeros(len(p)) for name, p in self.parameters.items()}

    @torch.no_grad()
    def step(
        self, name: str, gradient: Tensor, learning_rate: float, rows: slice = slice(None)
    ) -> None:
        """Move the given rows of a parameter."""
        moving = (self.parameters, self.first, self.second, self.steps)
        value, first, second, steps = (of[name].detach()[rows] for of in moving)
        learning_rate *= self.SCALE_RATE if name == "scale" else 1.0
        # One pass over memory for all rows with the same number of steps, mostly all there are.
        done, alike = torch.unique_consecutive(steps, return_counts=True)
        tensors = (value, gradient.contiguous(), first, second)
        parts = (torch.split(tensor, alike.tolist()) for tensor in tensors)
        for count, v, g, m1, m2 in zip(done.tolist(), *parts, strict=True):
            adamw(
                [v], [g], [m1], [m2], [], [torch.full((), count, device=v.device)],
                fused=True, amsgrad=False, beta1=self.BETA1, beta2=self.BETA2, lr=learning_rate,
                weight_decay=self.decay[name], eps=self.EPSILON, maximize=False,
            )  # fmt: skip
        steps += 1
