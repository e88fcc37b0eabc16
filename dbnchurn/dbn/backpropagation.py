"""Slopes of a network's cross-entropy by all its weights, layer by layer from the logit down."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from dbnchurn.dbn.groups import scatter_sum
from dbnchurn.dbn.network import Network
from dbnchurn.dbn.network_batch import NetworkBatch
from dbnchurn.dbn.random import DeviceGenerator


def backpropagate(
    network: Network,
    batch: NetworkBatch,
    y: Tensor,
    sample_weight: Tensor | None = None,
    generator: DeviceGenerator | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The mean cross-entropy of a mini-batch and its derivatives by the weights.

    Written out rather than recorded by automatic differentiation: in networks of this size the
    recording takes longer than the arithmetic.

    Parameters
    ----------
    network : Network
    batch : NetworkBatch of n rows
    y : Tensor of shape (n,)
        0 or 1.
    sample_weight : Tensor of shape (n,), optional
        The weighted losses are summed and divided by n.
    generator : DeviceGenerator, optional
        For dropout; without it nothing is dropped.

    Returns
    -------
    loss : Tensor of shape ()
        On the device; reading it makes the CPU wait for a GPU.
    slopes : dict
        Name of a parameter → Tensor of its shape. `code_weights` and `skip` have the rows of the
        levels that ``network.tables(batch.ranges)`` has, and are absent where it has none.

    References
    ----------
    Rumelhart, Hinton and Williams, 1986. Learning representations by back-propagating errors.
    Nature 323.

    Examples
    --------
    >>> import torch
    >>> from dbnchurn.dbn import Visible
    >>> network = Network.from_random_weights((1, 0, 0), (), (4,), random_state=0)
    >>> rows = NetworkBatch(Visible.of(gaussian=[[0.5], [1.0]]), network.groups)
    >>> loss, slopes = backpropagate(network, rows, torch.tensor([0.0, 1.0]))
    >>> {name: tuple(slope.shape) for name, slope in slopes.items()}
    {'head': (4,), 'bias': (1,), 'dense_weights': (1, 4), 'biases.0': (4,)}
    """
    tables = network.tables(batch.ranges)
    hidden = network.hidden(batch, tables, generator)
    logits = network.direct(batch, tables) + hidden[-1] @ network.head
    loss = F.binary_cross_entropy_with_logits(logits, y, weight=sample_weight)
    by_logit = (logits.sigmoid_() - y).div_(len(y))
    if sample_weight is not None:
        by_logit *= sample_weight
    slopes = {"head": by_logit @ hidden[-1], "bias": by_logit.sum(0, keepdim=True)}
    if "skip" in tables:
        slopes["skip"] = scatter_sum(
            batch.levels, by_logit[:, None], len(tables["skip"]), batch.known
        )
    below = by_logit[:, None] * network.head
    share = network.dropout if generator is not None else 0.0
    for layer in range(len(hidden) - 1, 0, -1):
        by_field = _through(network.activations[layer], hidden[layer], below, share)
        slopes[f"weights.{layer - 1}"] = hidden[layer - 1].T @ by_field
        slopes[f"biases.{layer}"] = by_field.sum(0)
        below = by_field @ network.weights[layer - 1].T
    by_field = _through(network.activations[0], hidden[0], below, share)
    slopes["dense_weights"] = batch.dense.T @ by_field
    slopes["biases.0"] = by_field.sum(0)
    if network.scale is not None:
        by_product = slopes["dense_weights"]
        slopes["scale"] = (by_product * network.dense_weights).sum(1)
        slopes["dense_weights"] = by_product * network.scale[:, None]
    if "code_weights" in tables:
        levels, known = network.hidden_levels(batch)
        slopes["code_weights"] = scatter_sum(levels, by_field, len(tables["code_weights"]), known)
    return loss, slopes


def _through(activation: str, hidden: Tensor, slope: Tensor, dropout: float) -> Tensor:
    """The slope by the field of a layer, from that by its activations after dropout; in place.

    Kept activations are the function's values divided by 1 - `dropout`, dropped ones 0.
    """
    if activation == "relu":
        return slope.mul_(hidden.sign()).div_(1 - dropout)
    return slope.mul_(hidden).mul_(1 - (1 - dropout) * hidden)
