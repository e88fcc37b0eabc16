"""Hidden units of a Boltzmann machine: Bernoulli and rectified, both with one contract.

:class:`HiddenUnits` is the contract; the classes below it give the formulas. The *field* of a layer
is its bias plus the input from the visible units, shape (n, units).
"""

from __future__ import annotations

from dataclasses import Field, dataclass
from math import log, pi, sqrt
from typing import Any, ClassVar, Literal, Protocol

import torch
from torch import Tensor

from dbnchurn.dbn.random import DeviceGenerator
from dbnchurn.dbn.visible_units import softplus

HiddenKind = Literal["bernoulli", "relu"]


class HiddenUnits(Protocol):
    """What an RBM needs of its hidden layer: a dataclass, made of its bias.

    Attributes
    ----------
    kind : {"bernoulli", "relu"}
        Name in settings and checkpoints.
    function : str
        Activation function of the layer in the unrolled network.
    seen_as : {"binary", "gaussian"}
        Kind of visible unit that the next machine of a stack has for it.
    bias : Tensor of shape (units,)
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    kind: ClassVar[HiddenKind]
    function: ClassVar[str]
    seen_as: ClassVar[Literal["binary", "gaussian"]]
    bias: Tensor

    def energy(self, h: Tensor) -> Tensor:
        """Energy of the hidden states `h` of shape (n, units), without weights; shape (n,)."""

    def log_normalizer(self, field: Tensor) -> Tensor:
        """``log Σ exp(-energy + input·h)`` over all hidden states, shape (n,)."""

    def mean(self, field: Tensor) -> Tensor:
        """Expected state given the field, shape (n, units)."""

    def mean_(self, field: Tensor) -> Tensor:
        """:meth:`mean`, allowed to overwrite `field` where :meth:`sample` then needs it no more."""

    def activation(self, field: Tensor) -> Tensor:
        """Value passed to the next layer, shape (n, units)."""

    def sample(
        self, field: Tensor, generator: DeviceGenerator, mean: Tensor | None = None
    ) -> Tensor:
        """Draw a state given the field.

        Parameters
        ----------
        field : Tensor of shape (n, units)
            May be overwritten.
        generator : DeviceGenerator
        mean : Tensor of shape (n, units), optional
            Result of :meth:`mean_`, where it is known already.

        Returns
        -------
        Tensor of shape (n, units)
        """


@dataclass
class BernoulliHidden:
    """Hidden units that are 0 or 1: energy ``-c·h``."""

    kind: ClassVar[HiddenKind] = "bernoulli"
    function: ClassVar[str] = "sigmoid"
    seen_as: ClassVar[Literal["binary", "gaussian"]] = "binary"
    bias: Tensor

    def energy(self, h: Tensor) -> Tensor:
        """``-c·h``."""
        return -(h @ self.bias)

    def log_normalizer(self, field: Tensor) -> Tensor:
        """``Σ log(1 + exp(x))`` for fields x."""
        return softplus(field).sum(-1)

    def mean(self, field: Tensor) -> Tensor:
        """``sigmoid(x)``, the probability of 1."""
        return torch.sigmoid(field)

    def mean_(self, field: Tensor) -> Tensor:
        """The mean, written over `field`; :meth:`sample` then takes it as `mean`."""
        return field.sigmoid_()

    def activation(self, field: Tensor) -> Tensor:
        """The mean is passed to the next layer."""
        return torch.sigmoid(field)

    def sample(
        self, field: Tensor, generator: DeviceGenerator, mean: Tensor | None = None
    ) -> Tensor:
        """1 with probability `mean`, else 0."""
        return generator.bernoulli(self.mean(field) if mean is None else mean)


@dataclass
class RectifiedHidden:
    """Noisy rectified linear units: energy ``h²/2 - c·h`` on h ≥ 0.

    Given its field x a unit follows the normal distribution N(x, 1) truncated to h ≥ 0; its mode
    max(0, x) is passed to the next layer. Nair and Hinton (2010) draw
    max(0, x + N(0, sigmoid(x))) instead, which is the conditional of no energy function; with the
    truncated normal the free energy, the likelihood and Gibbs sampling are exact.
    """

    kind: ClassVar[HiddenKind] = "relu"
    function: ClassVar[str] = "relu"
    seen_as: ClassVar[Literal["binary", "gaussian"]] = "gaussian"
    bias: Tensor

    def energy(self, h: Tensor) -> Tensor:
        """``Σ h²/2 - c·h``."""
        return (0.5 * h * h - h * self.bias).sum(-1)

    def log_normalizer(self, field: Tensor) -> Tensor:
        """``log ∫ exp(-h²/2 + xh) dh = log √(π/2) + log erfcx(-x/√2)``, for large x by log Φ."""
        terms = torch.where(
            field < 0,
            torch.special.erfcx(-torch.clamp(field, max=0.0) / sqrt(2)).log() + 0.5 * log(pi / 2),
            0.5 * field * field + torch.special.log_ndtr(field) + 0.5 * log(2 * pi),
        )
        return terms.sum(-1)

    def mean(self, field: Tensor) -> Tensor:
        """``x + φ(x)/Φ(x)``; the ratio is √(2/π) / erfcx(-x/√2)."""
        ratio = sqrt(2 / pi) / torch.special.erfcx(-field / sqrt(2))
        # Far below zero the two terms cancel; 1/|x| (1 - 2/x²) is then exact to float32.
        far = torch.clamp(field, max=-1.0)
        tail = (-1 / far) * (1 - 2 / (far * far))
        return torch.where(field < -30, tail, field + ratio)

    def mean_(self, field: Tensor) -> Tensor:
        """The mean; `field` is not overwritten, since :meth:`sample` needs it."""
        return self.mean(field)

    def activation(self, field: Tensor) -> Tensor:
        """The mode, max(0, x), is passed to the next layer."""
        return torch.relu(field)

    def sample(
        self, field: Tensor, generator: DeviceGenerator, mean: Tensor | None = None
    ) -> Tensor:
        """A draw by inversion of the upper tail, ``P(H > h) = Φ(x - h)/Φ(x)``."""
        field64 = field.to(torch.float64)
        uniform = 1 - generator.uniform(*field.shape, dtype=torch.float64)
        inside = torch.special.ndtr(field64) * uniform
        # Below -30 the tail is exponential with rate |x|; ndtri of such tiny numbers is inexact.
        tail = -uniform.log() / torch.clamp(-field64, min=1.0)
        drawn = torch.where(field64 < -30, tail, field64 - torch.special.ndtri(inside))
        return drawn.clamp_(min=0).to(field.dtype)


HIDDEN: dict[str, type[BernoulliHidden] | type[RectifiedHidden]] = {
    layer.kind: layer for layer in (BernoulliHidden, RectifiedHidden)
}
