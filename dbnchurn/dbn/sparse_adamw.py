"""AdamW with steps on some rows of a parameter: the optimiser of fine-tuning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim.adamw import adamw

from dbnchurn.dbn.network import Network

Piece = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
BY_ROWS = ("code_weights", "skip")
"""Parameters with a row per level, of which a mini-batch may step some."""


@dataclass(frozen=True, eq=False)
class RowGradient:
    """The gradient of some rows of a parameter.

    Parameters
    ----------
    name : str
        Of the parameter.
    values : Tensor
        Of the shape of these rows.
    learning_rate : float
    rows : slice, default None
        Only of a parameter with a row per level; all if not given.
    """

    name: str
    values: Tensor
    learning_rate: float
    rows: slice | None = None


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
        Name of a parameter → its values, first and second moments, and the number of its steps (of
        each row, where it has a row per level).

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
        # Those per row on the CPU: reading them from a GPU would make every mini-batch wait.
        self.steps = {
            name: torch.zeros(len(p)) if name in BY_ROWS else torch.zeros((), device=p.device)
            for name, p in self.parameters.items()
        }

    def step(self, gradients: Sequence[RowGradient]) -> None:
        """Change some rows of some parameters.

        All that have the same rate and decay are changed in one call: for the small tensors of a
        network a call costs more than its arithmetic.

        Parameters
        ----------
        gradients : sequence of RowGradient
            No row of a parameter twice.
        """
        together: defaultdict[tuple[float, float], list[Piece]] = defaultdict(list)
        for each in gradients:
            rate = each.learning_rate * (self.SCALE_RATE if each.name == "scale" else 1.0)
            together[rate, self.decay[each.name]] += self._pieces(each)
        for (rate, decay), pieces in together.items():
            values, slopes, first, second, counts = map(list, zip(*pieces, strict=True))
            adamw(
                values, slopes, first, second, [], counts,
                fused=True, amsgrad=False, beta1=self.BETA1, beta2=self.BETA2, lr=rate,
                weight_decay=decay, eps=self.EPSILON, maximize=False,
            )  # fmt: skip

    def _pieces(self, gradient: RowGradient) -> list[Piece]:
        """Values, gradient, moments and steps of rows that have the same number of steps."""
        name, rows, slopes = gradient.name, gradient.rows, gradient.values.contiguous()
        states = (self.parameters[name], self.first[name], self.second[name])
        if name not in BY_ROWS:
            value, first, second = states
            return [(value, slopes, first, second, self.steps[name])]
        value, first, second = (state if rows is None else state[rows] for state in states)
        steps = self.steps[name] if rows is None else self.steps[name][rows]
        counts, lengths = torch.unique_consecutive(steps, return_counts=True)
        pieces = (torch.split(t, lengths.tolist()) for t in (value, slopes, first, second))
        taken = [torch.full((), count, device=value.device) for count in counts.tolist()]
        steps += 1
        return list(zip(*pieces, taken, strict=True))
