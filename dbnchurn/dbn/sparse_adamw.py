"""AdamW with steps on some rows of a parameter: the optimiser of fine-tuning."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim.adamw import adamw

from dbnchurn.dbn.network import Network


class SparseAdamW:
    """Adam with decoupled weight decay, where a step may be limited to some rows of a parameter.

    Weights of groups that are missing in a whole mini-batch keep their value, their moments and
    their number of steps, so that a step costs no more than the present groups.

    Parameters
    ----------
    network : Network
    weight_decay : float
        Of weights, not of biases, the skip or the factors of inputs.

    Attributes
    ----------
    parameters, first, second, steps : dict
        Name of a parameter → its values, first and second moments, and steps per row.

    References
    ----------
    Loshchilov and Hutter (2019), Decoupled weight decay regularization.
    """

    BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
    SCALE_RATE = 6.0
    """Factor on the learning rate for the factors of inputs (Holzmüller et al., 2024)."""

    def __init__(self, network: Network, weight_decay: float) -> None:
        self.parameters: dict[str, Tensor] = dict(network.named_parameters())
        self.decay = {
            name: 0.0 if name.startswith(("bias", "skip", "scale")) else weight_decay
            for name in self.parameters
        }
        self.first = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        self.second = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        # On the CPU: reading them from a GPU would make every mini-batch wait.
        self.steps = {name: torch.zeros(len(p)) for name, p in self.parameters.items()}

    @torch.no_grad()
    def step(
        self, name: str, gradient: Tensor, learning_rate: float, rows: slice = slice(None)
    ) -> None:
        """Change some rows of a parameter.

        Parameters
        ----------
        name : str
            Of the parameter.
        gradient : Tensor
            Of the shape of these rows.
        learning_rate : float
        rows : slice, default all
        """
        states = (self.parameters, self.first, self.second, self.steps)
        value, first, second, steps = (state[name].detach()[rows] for state in states)
        learning_rate *= self.SCALE_RATE if name == "scale" else 1.0
        # One pass over memory for all rows with the same number of steps: mostly all rows.
        counts, lengths = torch.unique_consecutive(steps, return_counts=True)
        tensors = (value, gradient.contiguous(), first, second)
        pieces = (torch.split(tensor, lengths.tolist()) for tensor in tensors)
        for count, v, g, m1, m2 in zip(counts.tolist(), *pieces, strict=True):
            adamw(
                [v], [g], [m1], [m2], [], [torch.full((), count, device=v.device)],
                fused=True, amsgrad=False, beta1=self.BETA1, beta2=self.BETA2, lr=learning_rate,
                weight_decay=self.decay[name], eps=self.EPSILON, maximize=False,
            )  # fmt: skip
        steps += 1
